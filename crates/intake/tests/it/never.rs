//! Whatever comes, it is answered.

use std::fmt::Write as _;

use intake::{CsvReader, FileProblem, Given, Rules, read_text};
use proptest::prelude::*;

use crate::read_pieces;

/// What breaks readers, in one string each.
const CORPUS: &str = include_str!("../corpus/pieces.txt");

fn file(bytes: &[u8], cuts: &[usize]) -> (Vec<Given>, Option<FileProblem>) {
    let mut reader = CsvReader::new(Rules {
        most: 500,
        column: None,
    });
    let mut given = Vec::new();
    let mut rest = bytes;
    for cut in cuts {
        let (piece, after) = rest.split_at(rest.len().min(*cut));
        rest = after;
        match reader.push(piece) {
            Ok(more) => given.extend(more),
            Err(problem) => return (given, Some(problem)),
        }
    }
    if let Err(problem) = reader.push(rest).map(|more| given.extend(more)) {
        return (given, Some(problem));
    }
    match reader.finish() {
        Ok(finished) => {
            given.extend(finished.given);
            (given, None)
        }
        Err(problem) => (given, Some(problem)),
    }
}

/// A text of what matters to a reader of lists.
fn lists() -> impl Strategy<Value = String> {
    let parts = prop_oneof![
        3 => "[a-c]{1,2}@[x-z]\\.(co|edu)",
        4 => prop::sample::select(vec![
            ",", ";", "\t", " ", "\n", "\r", "\r\n", "\"", "\"\"", "'", "<", ">", "(", ")", "[", "](", "@", "|", "“",
            "”", "mailto:", "?cc=", "=?utf-8?q?", "?=", "<a href=\"mailto:", "</a>", "<br>", "&lt;", "sep=;", "email",
            "Name", "\u{feff}", "\u{200b}", "\u{202e}", "é", "＠", "。", "%", "%4", "\\", ":", ".", "-", "and", "(at)", "\0",
        ]).prop_map(str::to_owned),
        1 => "\\PC{0,6}",
    ];
    prop::collection::vec(parts, 0..40).prop_map(|parts| parts.concat())
}

/// With nothing that is read as a tag: a browser shows `0<b>a@x.co` as `0a@x.co`, and so is it read.
fn without_tags(text: &str) -> String {
    let mut written = String::new();
    let mut after = false;
    for character in text.chars() {
        if after && (character == '/' || character.is_ascii_alphabetic()) {
            written.push(' ');
        }
        after = character == '<';
        written.push(character);
    }
    written
}

proptest! {
    #[test]
    fn a_text_is_answered_and_its_numbers_add_up(text in lists()) {
        let pasted = read_text(&text);
        let refused: usize = pasted.refused().values().sum();
        prop_assert_eq!(pasted.distinct() + refused, pasted.given.len());
        for given in &pasted.given {
            prop_assert!(given.input.chars().count() <= 200);
            prop_assert!(given.line >= 1);
            prop_assert!(given.outcome.is_ok() || given.warning.is_none());
        }
    }

    #[test]
    fn what_is_taken_was_written(text in lists()) {
        // Without what leaves characters out it must stand in the text as it was taken.
        let text = text.replace(|c: char| !c.is_ascii() || matches!(c, '%' | '&'), "");
        let text = without_tags(&text);
        let lower = text.to_lowercase();
        for given in read_text(&text).given {
            if let Some(email) = given.email() {
                prop_assert!(lower.contains(&email.key()), "{email} of {text:?}");
            }
        }
    }

    #[test]
    fn a_file_is_the_same_in_any_cut(text in lists(), cuts in prop::collection::vec(0_usize..9, 0..60)) {
        let whole = file(text.as_bytes(), &[]);
        prop_assert_eq!(&file(text.as_bytes(), &cuts), &whole);
        let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let utf16 = [b"\xff\xfe".as_slice(), &utf16].concat();
        prop_assert_eq!(file(&utf16, &cuts), file(&utf16, &[]));
    }

    #[test]
    fn any_bytes_are_answered_alike(bytes in prop::collection::vec(any::<u8>(), 0..400), cuts in prop::collection::vec(0_usize..9, 0..60)) {
        prop_assert_eq!(file(&bytes, &cuts), file(&bytes, &[]));
    }
}

#[test]
fn a_long_file_is_the_same_in_any_cut() {
    let mut text = "Name;E-Mail\r\n".to_owned();
    for i in 0..5_000 {
        write!(text, "\"Müller; {i}\r\n\";p{}@x.co\r\n", i % 4_000).unwrap();
    }
    let whole = read_pieces(text.as_bytes(), text.len(), None).unwrap();
    assert_eq!((whole.summary.given, whole.summary.taken), (5_000, 4_000));
    for size in [1, 7, 4_096, 65_535, 65_536, 65_537] {
        assert_eq!(
            read_pieces(text.as_bytes(), size, None).unwrap(),
            whole,
            "{size}"
        );
    }
}

#[test]
fn the_corpus_is_answered_in_any_order() {
    let pieces: Vec<_> = CORPUS.lines().filter(|line| !line.is_empty()).collect();
    assert!(pieces.len() > 40, "{}", pieces.len());
    for one in &pieces {
        for other in &pieces {
            let text = format!("{one}{other}\n{other} {one}");
            let pasted = read_text(&text);
            let refused: usize = pasted.refused().values().sum();
            assert_eq!(pasted.distinct() + refused, pasted.given.len(), "{text}");
            assert_eq!(
                file(text.as_bytes(), &[3, 5, 1]),
                file(text.as_bytes(), &[]),
                "{text}"
            );
        }
    }
}

#[test]
fn hostile_lengths_are_read_in_a_straight_line() {
    for piece in [
        "<",
        "\"",
        "' ",
        "( ",
        "“",
        "](",
        "<a ",
        "a@",
        "@",
        "=?",
        "(at) ",
        "<a@x.co> ",
        "mailto:",
        "a@x.co,b ",
    ] {
        let text = piece.repeat(100_000 / piece.len());
        let pasted = read_text(&text);
        let refused: usize = pasted.refused().values().sum();
        assert_eq!(pasted.distinct() + refused, pasted.given.len(), "{piece}");
    }
}
