//! Files, byte by byte.

use contract::batches::GivenRow;
use intake::{Encoding, FileProblem, Reason};

use crate::{read_column, read_file, read_pieces, refused, taken};

#[test]
fn names_come_from_their_columns() {
    for (file, name) in [
        ("Vorname;Nachname;E-Mail\nAnn;Lee;a@x.co\n", "Ann Lee"),
        ("Name;Vorname;E-Mail\nLee;Ann;a@x.co\n", "Ann Lee"),
        ("Full name,Email\n\"Lee, Ann\",a@x.co\n", "Lee, Ann"),
        ("Prénom,Nom,Courriel\nAnn,,a@x.co\n", "Ann"),
        ("Name,Email\nwrong,Ann Lee <a@x.co>\n", "Ann Lee"),
    ] {
        let file = read_file(file.as_bytes()).unwrap();
        assert_eq!(file.given[0].name.as_ref().unwrap().as_str(), name);
    }
}

#[test]
fn every_row_is_answered_and_keeps_its_line() {
    let file = read_file(b"name,email\nAnn,a@x.co\n\nBob,\nCarl,carl\n,,\nDan,a@X.co\n").unwrap();
    let rows: Vec<_> = file
        .given
        .iter()
        .map(|given| (given.line, given.reason()))
        .collect();
    let wanted = [
        (2, None),
        (4, Some(Reason::Missing)),
        (5, Some(Reason::NotAnAddress)),
        (7, Some(Reason::Duplicate)),
    ];
    assert_eq!(rows, wanted);
    assert_eq!((file.summary.given, file.summary.taken), (4, 1));
}

#[test]
fn an_address_in_another_cell_is_suggested_and_not_taken() {
    let file = read_file(b"email,note\na@x.co,\nb@x.co,\nc@x.co,\n,d@x.co\n").unwrap();
    assert_eq!(refused(&file.given), [Reason::Missing]);
    assert_eq!(file.given[3].suggestion().unwrap().as_str(), "d@x.co");
}

#[test]
fn who_is_asked_names_the_column() {
    let two = b"email,parent email\na@x.co,p@x.co\nb@x.co,q@x.co\n";
    for column in ["parent email", "Parent E-Mail", "2"] {
        let file = read_column(two, Some(column)).unwrap();
        assert_eq!(taken(&file.given), ["p@x.co", "q@x.co"], "{column}");
        assert_eq!(file.summary.column.as_deref(), Some("parent email"));
    }
    let columns = vec!["email".to_owned(), "parent email".to_owned()];
    let column = "phone".to_owned();
    assert_eq!(
        read_column(two, Some("phone")),
        Err(FileProblem::NoSuchColumn { column, columns })
    );
}

#[test]
fn columns_without_a_header_are_asked_for_by_number() {
    let columns = vec!["1".to_owned(), "2".to_owned()];
    let two = b"a@x.co,p@x.co\nb@x.co,q@x.co\n";
    assert_eq!(read_file(two), Err(FileProblem::WhichColumn { columns }));
    let file = read_column(two, Some("1")).unwrap();
    assert_eq!(taken(&file.given), ["a@x.co", "b@x.co"]);
}

#[test]
fn a_list_that_runs_through_rows_is_a_list() {
    let file = read_file(b"a@x.co,b@x.co,c@x.co\nd@x.co").unwrap();
    assert_eq!(taken(&file.given), ["a@x.co", "b@x.co", "c@x.co", "d@x.co"]);
}

#[test]
fn several_in_a_cell_are_not_mistaken_for_columns() {
    let all = ["a@x.co", "b@x.co", "c@x.co"];
    for file in [
        "email\na@x.co; b@x.co\nc@x.co\n",
        "name,email\nAnn,a@x.co; b@x.co\nBob,c@x.co\n",
        "Ann,a@x.co; b@x.co\nBob,c@x.co\n",
        "a@x.co; b@x.co\nc@x.co\n",
    ] {
        assert_eq!(
            taken(&read_file(file.as_bytes()).unwrap().given),
            all,
            "{file}"
        );
    }
}

#[test]
fn an_address_in_a_display_name_is_no_column() {
    let file = read_file(b"E-mail Display Name,E-mail Address\nAnn (a@x.co),a@x.co\n").unwrap();
    assert_eq!(taken(&file.given), ["a@x.co"]);
}

#[test]
fn a_file_is_decoded_as_it_was_written() {
    let name = |bytes: &[u8]| {
        let file = read_file(bytes).unwrap();
        let name = file.given[0].name.as_ref().unwrap().as_str().to_owned();
        (name, file.summary.encoding, file.summary.damaged)
    };
    let text = "Name;E-Mail\r\nMüller €;a@x.co\r\n";
    let wanted = |encoding| ("Müller €".to_owned(), encoding, None);
    assert_eq!(name(text.as_bytes()), wanted(Encoding::Utf8));
    let windows = b"Name;E-Mail\r\nM\xfcller \x80;a@x.co\r\n";
    assert_eq!(name(windows), wanted(Encoding::Windows1252));
    let little: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let big: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
    assert_eq!(
        name(&[b"\xff\xfe".as_slice(), &little].concat()),
        wanted(Encoding::Utf16)
    );
    assert_eq!(
        name(&[b"\xfe\xff".as_slice(), &big].concat()),
        wanted(Encoding::Utf16)
    );
    assert_eq!(name(&little), wanted(Encoding::Utf16));
    // It was UTF-8 before: one broken letter does not make it another.
    let broken = "Name;E-Mail\nMüller".as_bytes();
    let (_, encoding, damaged) = name(&[broken, b"\xfc;a@x.co\n"].concat());
    assert_eq!((encoding, damaged), (Encoding::Utf8, Some(2)));
}

#[test]
fn what_is_broken_late_is_still_read() {
    let rows: Vec<_> = (0..9_000).map(|i| format!("Ann;p{i}@x.co\n")).collect();
    let rows = rows.concat();
    let file = [
        b"Name;E-Mail\n".as_slice(),
        rows.as_bytes(),
        b"M\xfcller;z@x.co\n",
    ]
    .concat();
    let file = read_pieces(&file, 1_000, None).unwrap();
    assert_eq!(file.summary.encoding, Encoding::Windows1252);
    assert_eq!(
        file.given.last().unwrap().name.as_ref().unwrap().as_str(),
        "Müller"
    );
    assert_eq!(file.given.last().unwrap().line, 9_002);
}

#[test]
fn lines_are_counted_however_they_end() {
    for end in ["\n", "\r\n", "\r"] {
        let file = ["email", "a@x.co", "", "b@x.co", "c@x.co"].join(end);
        let file = read_file(file.as_bytes()).unwrap();
        let lines: Vec<_> = file.given.iter().map(|given| given.line).collect();
        assert_eq!(lines, [2, 4, 5], "{end:?}");
    }
}

#[test]
fn a_quote_that_is_never_closed_loses_nobody_or_is_told() {
    let file = read_file(b"email\na@x.co\n\"b@x.co\nc@x.co\n").unwrap();
    assert_eq!(taken(&file.given), ["a@x.co", "b@x.co", "c@x.co"]);
    let rows = "p@x.co\n".repeat(20_000);
    let file = format!("email\na@x.co\n\"{rows}");
    assert_eq!(
        read_file(file.as_bytes()),
        Err(FileProblem::LineTooLong { line: 3 })
    );
}

#[test]
fn a_row_too_long_right_below_the_header_is_told_by_its_line() {
    let (long, most) = ("x".repeat(3_000_000), "x".repeat(65_500));
    for (above, line) in [
        ("email,name\n", 2),
        ("\n\nemail,name\n\n", 5),
        ("sep=;\nemail;name\n", 3),
        ("first name,last name\n", 2),
    ] {
        let file = format!("{above}a@x.co,\"{long}\"\nb@x.co,Bo\n");
        let problem = FileProblem::LineTooLong { line };
        assert_eq!(read_file(file.as_bytes()), Err(problem), "{above:?}");
    }
    // In UTF-8 it is longer.
    let file = [b"email,name\na@x.co,".as_slice(), &vec![0xe9; 40_000]].concat();
    let problem = FileProblem::LineTooLong { line: 2 };
    assert_eq!(read_file(&file), Err(problem));
    let file = read_file(format!("email,name\na@x.co,{most}\nb@x.co,Bo\n").as_bytes());
    assert_eq!(taken(&file.unwrap().given), ["a@x.co", "b@x.co"]);
    let none = read_file(b"email,name\n\n,\n");
    assert_eq!(none, Err(FileProblem::Empty), "there is none at all");
}

#[test]
fn a_problem_stays_one() {
    let mut reader = intake::CsvReader::new(intake::Rules {
        most: 1,
        column: None,
    });
    let rows = "p@x.co\n".repeat(20_000);
    let problem = FileProblem::TooMany { most: 1 };
    assert_eq!(reader.push(rows.as_bytes()), Err(problem.clone()));
    assert_eq!(reader.push(b"q@x.co\n"), Err(problem.clone()));
    assert_eq!(reader.finish(), Err(problem));
}

#[test]
fn a_file_without_addresses_says_so() {
    let problem = Err(FileProblem::NoAddresses);
    assert_eq!(read_file(b"Law,2026\nArts,2027\n"), problem);
}

#[test]
fn a_piece_becomes_a_row_of_a_batch() {
    let file = read_file(b"email\na@gmial.com\nb@@x.co\ninfo@x.co\n").unwrap();
    let rows: Vec<GivenRow> = file.given.into_iter().map(GivenRow::from).collect();
    assert_eq!(rows[0].email.as_ref().unwrap().as_str(), "a@gmial.com");
    assert_eq!(rows[0].suggestion.as_deref(), Some("a@gmail.com"));
    assert_eq!(rows[1].reason.as_deref(), Some("multiple-at"));
    assert_eq!(rows[1].suggestion.as_deref(), Some("b@x.co"));
    assert_eq!(rows[2].reason, None);
    assert!(
        rows[2]
            .suggestion
            .as_deref()
            .unwrap()
            .contains("Several people")
    );
}
