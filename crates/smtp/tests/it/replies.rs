use std::fmt::Write as _;

use proptest::prelude::*;
use smtp::{Decoder, Malformed, Reply};

fn decode(bytes: &[u8]) -> Result<Vec<Reply>, Malformed> {
    decode_in_pieces(bytes, &[])
}

/// Pushes the bytes in pieces of these sizes, the rest in one.
fn decode_in_pieces(bytes: &[u8], sizes: &[usize]) -> Result<Vec<Reply>, Malformed> {
    let mut decoder = Decoder::default();
    let mut replies = Vec::new();
    let mut rest = bytes;
    for size in sizes.iter().copied().chain([usize::MAX]) {
        let (piece, after) = rest.split_at(size.min(rest.len()));
        rest = after;
        decoder.push(piece);
        while let Some(reply) = decoder.next_reply()? {
            replies.push(reply);
        }
    }
    Ok(replies)
}

fn one(bytes: &[u8]) -> Reply {
    let mut replies = decode(bytes).unwrap();
    assert_eq!(replies.len(), 1, "{replies:?}");
    replies.remove(0)
}

#[test]
fn a_reply_is_code_enhanced_code_and_words() {
    for (bytes, code, enhanced, text) in [
        (&b"250 ok\r\n"[..], 250, None, "ok"),
        (b"250\r\n", 250, None, ""),
        (b"250 \r\n", 250, None, ""),
        (b"250 2.0.0\r\n", 250, Some((2, 0, 0)), ""),
        (b"250 ok\n", 250, None, "ok"),
        (b"550 5.1.1 nobody\r\n", 550, Some((5, 1, 1)), "nobody"),
        (b"550 5.1.10 null MX\r\n", 550, Some((5, 1, 10)), "null MX"),
        (b"250 4.2.0 odd\r\n", 250, Some((4, 2, 0)), "odd"),
        (b"550 #5.1.0 Address\r\n", 550, Some((5, 1, 0)), "Address"),
        (b"550 5.1.1: nobody\r\n", 550, Some((5, 1, 1)), "nobody"),
        (b"550 5.1 no code\r\n", 550, None, "5.1 no code"),
        (b"550 1.2.3.4 is listed\r\n", 550, None, "1.2.3.4 is listed"),
        (
            b"550-5.7.26 first\r\n550 5.7.26 second\r\n",
            550,
            Some((5, 7, 26)),
            "first second",
        ),
        (b"550-\r\n550 last\r\n", 550, None, "last"),
        (b"550 a\tb\x07c\x1b[31m\r\n", 550, None, "a b c [31m"),
    ] {
        let reply = one(bytes);
        assert_eq!(
            (reply.code, reply.enhanced, reply.text.as_str()),
            (code, enhanced, text)
        );
    }
}

#[test]
fn bytes_that_are_no_text_and_marks_that_turn_it_do_no_harm() {
    assert_eq!(one(b"550 caf\xe9\r\n").text, "caf\u{fffd}");
    assert_eq!(one("550 a\u{202e}b\r\n".as_bytes()).text, "a b");
}

#[test]
fn a_long_line_is_read_and_little_of_it_kept() {
    let bytes = format!("550 5.7.1 {}\r\n", "ä".repeat(5_000));
    assert_eq!(one(bytes.as_bytes()).text.chars().count(), 500);
    let lines = "550-word\r\n".repeat(1_000) + "550 end\r\n";
    assert!(one(lines.as_bytes()).text.chars().count() <= 500);
}

#[test]
fn what_is_no_reply_is_found_out() {
    for (bytes, expected) in [
        (&b"hello\r\n"[..], Malformed::NoCode),
        (b"\r\n", Malformed::NoCode),
        (b"25\r\n", Malformed::NoCode),
        (b"2500 ok\r\n", Malformed::NoCode),
        (b"150 ok\r\n", Malformed::NoCode),
        (b"650 ok\r\n", Malformed::NoCode),
        (b"250-a\r\n251 b\r\n", Malformed::TwoCodes),
        (&b"2".repeat(20_000), Malformed::TooLong),
        (&b"250-\r\n".repeat(20_000), Malformed::TooLong),
    ] {
        assert_eq!(decode(bytes), Err(expected));
    }
}

proptest! {
    #[test]
    fn any_bytes_in_any_pieces_say_the_same(
        bytes in prop::collection::vec(
            prop_oneof![any::<u8>(), prop::sample::select(b"245 -.\r\n".to_vec())], 0..400),
        sizes in prop::collection::vec(0_usize..40, 0..20),
    ) {
        let whole = decode(&bytes);
        let pieces = decode_in_pieces(&bytes, &sizes);
        prop_assert_eq!(&whole, &pieces);
    }

    #[test]
    fn what_is_written_is_read_again(
        code in 200_u16..600,
        lines in prop::collection::vec("[ -~äß€]{0,80}", 1..8),
        sizes in prop::collection::vec(0_usize..20, 0..40),
    ) {
        let mut bytes = String::new();
        for (at, line) in lines.iter().enumerate() {
            let mark = if at + 1 == lines.len() { ' ' } else { '-' };
            write!(bytes, "{code}{mark}{line}\r\n").unwrap();
        }
        let replies = decode_in_pieces(bytes.as_bytes(), &sizes).unwrap();
        prop_assert_eq!(replies.len(), 1);
        prop_assert_eq!(replies[0].code, code);
        prop_assert!(replies[0].text.chars().count() <= 500);
        prop_assert!(!replies[0].text.chars().any(char::is_control));
    }
}
