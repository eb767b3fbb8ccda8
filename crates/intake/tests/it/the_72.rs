//! The seventy-two ways in which people hand in addresses: one function a row, in their order.

use intake::{FileProblem, Given, Oddity, Reason, read_text};

use crate::{read_file, refused, taken};

/// What a text is read as: the addresses, then the reasons of what was not taken.
#[track_caller]
fn reads(row: u8, text: &str, addresses: &[&str], reasons: &[Reason]) -> Vec<Given> {
    let given = read_text(text).given;
    assert_eq!(taken(&given), addresses, "row {row}: {text:?}: {given:?}");
    assert_eq!(refused(&given), reasons, "row {row}: {text:?}: {given:?}");
    given
}

/// A text with one address, whose name and oddity are these.
#[track_caller]
fn is_one(row: u8, text: &str, address: &str, name: Option<&str>, oddity: Option<Oddity>) {
    let given = reads(row, text, &[address], &[]);
    let read = given[0]
        .name
        .as_ref()
        .map(contract::text::PersonName::as_str);
    assert_eq!(read, name, "row {row}: {text:?}");
    let odd = given[0].warning.as_ref().map(|warning| warning.oddity);
    assert_eq!(odd, oddity, "row {row}: {text:?}");
}

/// A text that is one refused piece.
#[track_caller]
fn is_refused(row: u8, text: &str, reason: Reason, suggestion: Option<&str>) {
    let given = reads(row, text, &[], &[reason]);
    let meant = given[0].suggestion().map(contract::EmailAddress::as_str);
    assert_eq!(meant, suggestion, "row {row}: {text:?}");
}

const J: &str = "j@x.co";

#[test]
fn rows_1_to_6_separators() {
    for (row, text) in [
        (1, "a@x.co b@x.co"),
        (2, "a@x.co\nb@x.co"),
        (2, "a@x.co\r\nb@x.co\r\n"),
        (2, "a@x.co\rb@x.co\r"),
        (3, "a@x.co;b@x.co"),
        (3, "a@x.co, b@x.co"),
        (3, ",a@x.co;; b@x.co,;,"),
        (4, "a@x.co\tb@x.co"),
        (4, "\n\n a@x.co\n \n\t\nb@x.co\n\n"),
        (4, "Ann\tLee\ta@x.co\t7\nBob\tRay\tb@x.co\t8"),
        (5, "a@x.co，b@x.co"),
        (5, "a@x.co；b@x.co"),
        (5, "a@x.co、b@x.co"),
        (5, "a@x.co،b@x.co"),
        (6, "a@x.co | b@x.co"),
    ] {
        reads(row, text, &["a@x.co", "b@x.co"], &[]);
    }
    reads(6, "a|b@x.co c/d@x.co", &["a|b@x.co", "c/d@x.co"], &[]);
}

#[test]
fn rows_7_to_14_names_quotes_and_brackets() {
    is_one(7, "User Name <u@x.co>", "u@x.co", Some("User Name"), None);
    is_one(8, "\"Doe, John\" <j@x.co>", J, Some("Doe, John"), None);
    let outlook = "Doe, John <j@x.co>; Roe, Jane <r@x.co>";
    let given = reads(9, outlook, &[J, "r@x.co"], &[]);
    let names: Vec<_> = given
        .iter()
        .map(|given| given.name.as_ref().unwrap().as_str())
        .collect();
    assert_eq!(names, ["Doe, John", "Roe, Jane"]);
    is_one(10, "Doe, John <j@x.co>", J, Some("Doe, John"), None);
    is_one(
        11,
        "John <j@x.co",
        J,
        Some("John"),
        Some(Oddity::Unbalanced),
    );
    is_one(11, "j@x.co>", J, None, Some(Oddity::Unbalanced));
    is_one(12, "<j@x.co>", J, None, None);
    is_one(12, "<<j@x.co>>", J, None, None);
    is_one(13, "“John” <j@x.co>", J, Some("John"), None);
    is_one(13, "„J“ <j@x.co>", J, Some("J"), None);
    is_one(13, "«J» <j@x.co>", J, Some("J"), None);
    for text in ["“j@x.co”", "'j@x.co'", "`j@x.co`"] {
        is_one(14, text, J, None, None);
    }
}

#[test]
fn rows_15_to_26_what_is_written_around_an_address() {
    is_one(15, "o'brien@x.co", "o'brien@x.co", None, None);
    is_refused(
        16,
        "o’brien@x.co",
        Reason::NonAsciiLocal,
        Some("o'brien@x.co"),
    );
    for text in ["mailto:j@x.co", "mailto:j@x.co?subject=Hi", "MAILTO:j@x.co"] {
        is_one(17, text, J, None, None);
    }
    let given = reads(
        18,
        "mailto:a@x.co,b@x.co?cc=c@x.co",
        &["a@x.co", "b@x.co"],
        &[],
    );
    assert_eq!(
        given[0].warning.as_ref().unwrap().oddity,
        Oddity::CopiesLeftOut
    );
    is_one(
        19,
        "<a href=\"mailto:j@x.co\">John</a>",
        J,
        Some("John"),
        None,
    );
    is_one(20, "[John](mailto:j@x.co)", J, Some("John"), None);
    for text in ["j@x.co.", "(j@x.co)", "j@x.co,", "j@x.co:"] {
        is_one(21, text, J, None, None);
    }
    is_one(22, "Email: j@x.co", J, None, None);
    is_one(22, "E-Mail – j@x.co", J, None, None);
    is_one(23, "j@x.co (John Doe)", J, Some("John Doe"), None);
    is_refused(24, "user(comment)@x.co", Reason::LocalPart, None);
    reads(25, "Group: a@x.co, b@x.co;", &["a@x.co", "b@x.co"], &[]);
    reads(26, "a@x.co and b@x.co", &["a@x.co", "b@x.co"], &[]);
    reads(26, "a@x.co & b@x.co", &["a@x.co", "b@x.co"], &[]);
}

#[test]
fn rows_27_to_31_what_is_hidden_or_apart() {
    is_refused(27, "j (at) x (dot) co", Reason::Obfuscated, Some(J));
    is_refused(27, "j[at]x.co", Reason::Obfuscated, Some(J));
    for space in [' ', '\u{a0}', '\u{202f}', '\u{3000}'] {
        is_one(28, &format!("{space}j@x.co{space}"), J, None, None);
    }
    for hidden in [
        '\u{feff}', '\u{200b}', '\u{200d}', '\u{ad}', '\u{200e}', '\u{200f}', '\u{202a}',
        '\u{202e}',
    ] {
        is_one(29, &format!("{hidden}j@x.co{hidden}"), J, None, None);
    }
    for hidden in ['\u{feff}', '\u{200b}', '\u{200d}', '\u{ad}'] {
        is_one(
            29,
            &format!("j@{hidden}x.co"),
            J,
            None,
            Some(Oddity::Invisible),
        );
        is_one(
            29,
            &format!("{hidden}jo{hidden}e@x.co"),
            "joe@x.co",
            None,
            Some(Oddity::Invisible),
        );
    }
    for bidi in ['\u{200e}', '\u{200f}', '\u{202a}', '\u{202e}'] {
        is_refused(
            29,
            &format!("j{bidi}oe@x.co"),
            Reason::ControlCharacter,
            None,
        );
    }
    is_one(30, "john＠x.co", "john@x.co", None, Some(Oddity::FullWidth));
    is_one(
        30,
        "user@ｅxample.co",
        "user@example.co",
        None,
        Some(Oddity::FullWidth),
    );
    is_one(
        30,
        "user@alma。com",
        "user@alma.com",
        None,
        Some(Oddity::FullWidth),
    );
    is_refused(31, "john @x.co", Reason::SpaceInside, Some("john@x.co"));
    is_refused(31, "john@ x.co", Reason::SpaceInside, Some("john@x.co"));
    is_refused(
        31,
        "john@alm a.com",
        Reason::SpaceInside,
        Some("john@alma.com"),
    );
}

#[test]
fn rows_32_to_39_what_no_address_has() {
    is_refused(32, "john@@x.co", Reason::MultipleAt, Some("john@x.co"));
    is_refused(32, "a@b@c.co", Reason::MultipleAt, None);
    is_refused(33, ".j@x.co", Reason::DotPlacement, Some(J));
    is_refused(33, "j.@x.co", Reason::DotPlacement, Some(J));
    is_refused(33, "j..k@x.co", Reason::DotPlacement, Some("j.k@x.co"));
    is_refused(34, "\"john doe\"@x.co", Reason::QuotedLocal, None);
    is_refused(34, "\"a@b\"@x.co", Reason::QuotedLocal, None);
    for text in [
        "user@[192.0.2.1]",
        "user@[IPv6:2001:db8::1]",
        "user@192.0.2.1",
    ] {
        is_refused(35, text, Reason::DomainLiteral, None);
    }
    is_refused(36, "user@localhost", Reason::NoTld, None);
    is_refused(36, "user@intranet", Reason::NoTld, None);
    is_refused(37, "john@example.c", Reason::Domain, None);
    is_refused(37, "john@example.123", Reason::Domain, None);
    for text in ["user@-x.co", "user@x-.co", "user@x..co"] {
        is_refused(38, text, Reason::Domain, None);
    }
    is_refused(39, "user@exa_mple.com", Reason::Underscore, None);
}

#[test]
fn rows_40_to_48_who_is_the_same() {
    let thrice = "USER@Alma.COM user@alma.com USER@Alma.COM";
    reads(
        40,
        thrice,
        &["USER@alma.com"],
        &[Reason::Duplicate, Reason::Duplicate],
    );
    reads(
        41,
        "user+a@x.co user+b@x.co",
        &["user+a@x.co", "user+b@x.co"],
        &[],
    );
    let given = reads(
        42,
        "j.doe@gmail.com jdoe@gmail.com jdoe@googlemail.com",
        &["j.doe@gmail.com", "jdoe@gmail.com", "jdoe@googlemail.com"],
        &[],
    );
    let odd: Vec<_> = given
        .iter()
        .map(|given| given.warning.as_ref().map(|odd| odd.oddity))
        .collect();
    assert_eq!(
        odd,
        [None, Some(Oddity::SameMailbox), Some(Oddity::SameMailbox)]
    );
    is_one(43, "user@münchen.de", "user@xn--mnchen-3ya.de", None, None);
    is_one(44, "user@faß.de", "user@xn--fa-hia.de", None, None);
    is_refused(45, "用户@例子.广告", Reason::NonAsciiLocal, None);
    is_refused(46, "josé@x.co", Reason::NonAsciiLocal, None);
    is_refused(46, "jose\u{301}@x.co", Reason::NonAsciiLocal, None);
    is_refused(47, "аdmin@x.co", Reason::Confusable, Some("admin@x.co"));
    is_refused(47, "ann@аlma.com", Reason::Confusable, Some("ann@alma.com"));
    for text in ["İ@x.co", "ſ@x.co", "\u{212a}@x.co"] {
        is_refused(48, text, Reason::NonAsciiLocal, None);
    }
    reads(
        48,
        "k@x.co \u{212a}@x.co",
        &["k@x.co"],
        &[Reason::NonAsciiLocal],
    );
}

#[test]
fn rows_49_to_52_how_long_and_how_odd() {
    let local = |length: usize| format!("{}@x.co", "a".repeat(length));
    is_one(49, &local(64), &local(64), None, None);
    is_refused(49, &local(65), Reason::TooLongLocal, None);
    let label = |length: usize| format!("j@{}.co", "a".repeat(length));
    is_one(50, &label(63), &label(63), None, None);
    is_refused(50, &label(64), Reason::Domain, None);
    // Three labels of 63, one to fill up, and `.com`.
    let whole = |local: usize, last: usize| {
        let label = "b".repeat(63);
        format!(
            "{}@{label}.{label}.{label}.{}.com",
            "a".repeat(local),
            "c".repeat(last)
        )
    };
    assert_eq!(whole(1, 56).len(), 254);
    is_one(50, &whole(1, 56), &whole(1, 56), None, None);
    is_refused(50, &whole(2, 56), Reason::TooLong, None);
    is_refused(50, &whole(1, 58), Reason::Domain, None);
    is_one(51, "-user@x.co", "-user@x.co", None, None);
    // Taken as it is written: a relay of ours sends to the domain after the `@`, and nowhere else.
    is_one(52, "user%x.co@relay.org", "user%x.co@relay.org", None, None);
    is_one(52, "a!b@c.org", "a!b@c.org", None, None);
}

#[test]
fn row_53_commands_to_a_mail_server() {
    let command = [Reason::ControlCharacter];
    // A line break parts pieces: what is before it is an address, what is after it is not.
    reads(53, "a@b.co\r\nBcc: x@y.za", &["a@b.co"], &command);
    reads(53, "a@b.co\nRCPT TO:<x>", &["a@b.co"], &command);
    is_refused(53, "a@b.co\0", Reason::ControlCharacter, None);
    is_refused(53, "<a@b.co> NOTIFY=NEVER", Reason::ControlCharacter, None);
}

#[test]
fn rows_54_and_55_names() {
    is_one(54, "=?utf-8?q?J?= <j@x.co>", J, Some("J"), None);
    is_one(
        54,
        "=?utf-8?b?Sg0KQmNjOiB4?= <j@x.co>",
        J,
        Some("J Bcc: x"),
        None,
    );
    // What is shown in HTML is escaped there.
    is_one(55, "A <script>b <j@x.co>", J, Some("A <script>b"), None);
    let long = format!("{} <j@x.co>", "N".repeat(500));
    is_one(55, &long, J, Some(&"N".repeat(80)), None);
    is_one(55, "🎓 Ann <j@x.co>", J, Some("🎓 Ann"), None);
    is_one(55, "\"   \" <j@x.co>", J, None, None);
    is_one(55, "j@x.co <j@x.co>", J, None, None);
    is_one(55, "'j@x.co' <j@x.co>", J, None, None);
    is_one(55, "A\u{202e}nn <j@x.co>", J, Some("Ann"), None);
}

/// A file that holds one address.
#[track_caller]
fn holds_one(row: u8, bytes: &[u8]) {
    let file = read_file(bytes).unwrap();
    assert_eq!(taken(&file.given), [J], "row {row}: {file:?}");
    assert_eq!(refused(&file.given), [], "row {row}: {file:?}");
}

#[test]
fn rows_56_to_60_headers_and_columns() {
    for header in [
        "email",
        "E-mail",
        "Email Address",
        "E-Mail-Adresse",
        "adresse e-mail",
        "correo",
        "メールアドレス",
    ] {
        reads(56, &format!("{header}\nj@x.co"), &[J], &[]);
        holds_one(56, format!("{header}\nj@x.co\n").as_bytes());
        holds_one(56, format!("Name;{header}\nAnn;j@x.co\n").as_bytes());
    }
    holds_one(57, b"Ann,Lee,j@x.co\n");
    let two = b"email,parent email\na@x.co,p@x.co\nb@x.co,q@x.co\n";
    let columns = vec!["email".to_owned(), "parent email".to_owned()];
    assert_eq!(read_file(two), Err(FileProblem::WhichColumn { columns }));
    holds_one(58, b"\xef\xbb\xbfemail\r\nj@x.co\r\n");
    holds_one(59, b"Name;E-Mail\n\"Lee; Ann, Dr.\";j@x.co\n");
    holds_one(59, b"Name\tE-Mail\nLee\tj@x.co\n");
    holds_one(59, b"Name|E-Mail\nLee|j@x.co\n");
    holds_one(60, b"sep=;\r\nName;E-Mail\r\nLee;j@x.co\r\n");
}

#[test]
fn rows_61_to_64_what_excel_writes() {
    let text = "Name\tE-Mail\r\nMüller\tj@x.co\r\n";
    let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    holds_one(61, &[b"\xff\xfe".as_slice(), &utf16].concat());
    holds_one(61, b"Name;E-Mail\r\nM\xfcller;j@x.co\r\n");
    let quoted =
        read_file(b"name,email\n\"A\nB \"\"C\"\"\",a@x.co\n\"D \\\" E\",b@x.co\n").unwrap();
    assert_eq!(taken(&quoted.given), ["a@x.co", "b@x.co"], "row 62");
    let lines: Vec<_> = quoted.given.iter().map(|given| given.line).collect();
    assert_eq!(lines, [2, 4], "row 62");
    holds_one(63, b"email   ,name\n  j@x.co   , Ann\n");
    holds_one(63, b"email;;;;\nj@x.co;;;;\n;;;;\n");
    let cell = read_file(b"name,email\nAnn,a@x.co; b@x.co\n").unwrap();
    assert_eq!(taken(&cell.given), ["a@x.co", "b@x.co"], "row 64");
}

#[test]
fn rows_65_to_67_where_there_is_nothing() {
    for text in [
        "#N/A",
        "NULL",
        "null@",
        "-",
        "n/a",
        "none@none",
        "test@test.com",
        "a@example.com",
    ] {
        is_refused(65, text, Reason::Placeholder, None);
        let file = read_file(format!("email\nj@x.co\n{text}\n").as_bytes()).unwrap();
        assert_eq!(
            refused(&file.given),
            [Reason::Placeholder],
            "row 65: {text}"
        );
    }
    let workbook = b"PK\x03\x04\x14\0\x06\0\x08\0\0\0!\0[Content_Types].xml";
    assert_eq!(read_file(workbook), Err(FileProblem::Workbook), "row 66");
    assert_eq!(
        read_file(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"),
        Err(FileProblem::Workbook),
        "row 66"
    );
    assert_eq!(
        read_file(b"PK\x03\x04 list.csv"),
        Err(FileProblem::Archive),
        "row 66"
    );
    assert_eq!(read_file(b"%PDF-1.7"), Err(FileProblem::Pdf), "row 66");
    for text in ["", "  \n\n", ",;,;\n;;", "E-Mail\n"] {
        reads(67, text, &[], &[]);
        assert!(
            matches!(
                read_file(text.as_bytes()),
                Err(FileProblem::Empty | FileProblem::NoAddresses)
            ),
            "row 67: {text:?}"
        );
    }
}

#[test]
fn row_68_limits() {
    // That 500 are taken and 501 are not is the caller's to say, by this number.
    let paste = |count: usize| {
        (0..count)
            .map(|i| format!("p{i}@x.co\n"))
            .collect::<Vec<_>>()
            .concat()
    };
    assert_eq!(read_text(&paste(501)).distinct(), 501);
    assert_eq!(
        read_text(&format!("{}{}", paste(500), paste(500))).distinct(),
        500
    );
    let whole = read_file(paste(100_000).as_bytes()).unwrap();
    assert_eq!(
        (whole.summary.given, whole.summary.taken),
        (100_000, 100_000)
    );
    let more = read_file(paste(100_001).as_bytes());
    assert_eq!(more, Err(FileProblem::TooMany { most: 100_000 }));
    let endless = "x".repeat(10 * 1024 * 1024);
    assert_eq!(
        read_file(endless.as_bytes()),
        Err(FileProblem::LineTooLong { line: 1 })
    );
}

// Row 69 (a member already, invited already, suppressed, opted out) is decided where those are known:
// by the dispatcher, when a row is added to a batch.

#[test]
fn rows_70_to_72_mailboxes_and_domains() {
    for local in ["info", "admin"] {
        let address = format!("{local}@x.co");
        is_one(70, &address, &address, None, Some(Oddity::RoleAddress));
    }
    for local in [
        "postmaster",
        "abuse",
        "noreply",
        "mailer-daemon",
        "No-Reply",
    ] {
        is_refused(70, &format!("{local}@x.co"), Reason::RoleAddress, None);
    }
    // Whether a domain takes mail is asked of DNS, which is not here.
    is_one(
        71,
        "a@mailinator.com",
        "a@mailinator.com",
        None,
        Some(Oddity::Disposable),
    );
    for (slip, meant) in [
        ("gmial.com", "gmail.com"),
        ("gmail.con", "gmail.com"),
        ("hotmial.com", "hotmail.com"),
        ("yaho.co", "yahoo.com"),
        ("outlok.com", "outlook.com"),
    ] {
        let address = format!("a@{slip}");
        is_one(72, &address, &address, None, Some(Oddity::Typo));
        let given = read_text(&address).given;
        assert_eq!(
            given[0].suggestion().unwrap().as_str(),
            format!("a@{meant}")
        );
    }
}
