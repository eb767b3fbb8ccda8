//! Text as it stands in a mail: what lettre would choose and write, in a fraction of its time where
//! that is quoted-printable (RFC 2045, section 6.7), as it is in every HTML.

use lettre::message::{Body, header::ContentTransferEncoding};

/// The longest line, without its end.
const LINE: usize = 76;
/// Ends a line that goes on.
const SOFT: &[u8] = b"=\r\n";

/// Encodes a text. Line ends become CRLF.
pub(crate) fn body(text: &str) -> Body {
    let mut lines = text.split('\n').enumerate();
    let is_short = lines.all(|(number, line)| line.len() + usize::from(number > 0) < LINE);
    let odd = text.bytes().filter(|byte| !is_graphic(*byte)).count();
    if is_short && text.is_ascii() || odd > text.len() / 3 {
        return Body::new(text.to_owned());
    }
    Body::dangerous_pre_encoded(encode(text), ContentTransferEncoding::QuotedPrintable)
}

/// What a printer shows, blanks included.
const fn is_graphic(byte: u8) -> bool {
    matches!(byte, b'\t' | b' '..=b'~')
}

/// Whether a byte stands for itself.
const fn is_literal(byte: u8) -> bool {
    is_graphic(byte) && byte != b'='
}

/// What would be lost at the end of a line.
const fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

/// How many bytes at the beginning stand for themselves.
fn literals(bytes: &[u8]) -> usize {
    // Sixteen that are all looked at are one step for the processor.
    let all = |piece: &&[u8; 16]| piece.iter().fold(true, |all, byte| all & is_literal(*byte));
    let plain = 16 * bytes.as_chunks().0.iter().take_while(all).count();
    let behind = bytes.iter().skip(plain);
    plain + behind.take_while(|byte| is_literal(**byte)).count()
}

fn encode(text: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() + text.len() / 8 + 16);
    for line in text.split_inclusive('\n') {
        let words = line.strip_suffix('\n');
        let words = words.map_or(line, |words| words.strip_suffix('\r').unwrap_or(words));
        encode_line(&mut out, words.as_bytes());
        if line.ends_with('\n') {
            out.extend_from_slice(b"\r\n");
        }
    }
    out
}

fn encode_line(out: &mut Vec<u8>, mut rest: &[u8]) {
    // A line that goes on ends with a sign of its own.
    const GOES_ON: usize = LINE - 1;
    let mut used = 0;
    while let Some((first, others)) = rest.split_first() {
        if used == GOES_ON {
            if others.is_empty() && is_literal(*first) && !is_blank(*first) {
                out.push(*first);
                return;
            }
            out.extend_from_slice(SOFT);
            used = 0;
        }
        let room = rest.get(..GOES_ON - used).unwrap_or(rest);
        let (run, behind) = rest.split_at(literals(room));
        match run.split_last() {
            None => {
                used = escape(out, *first, used, others.is_empty());
                rest = others;
            }
            Some((last, run)) if behind.is_empty() && is_blank(*last) => {
                out.extend_from_slice(run);
                escape(out, *last, used + run.len(), true);
                return;
            }
            Some(_) => {
                out.extend_from_slice(run);
                used += run.len();
                rest = behind;
            }
        }
    }
}

/// Writes a byte by its number, on the next line where it does not fit; how much of the line is used.
fn escape(out: &mut Vec<u8>, byte: u8, used: usize, is_last: bool) -> usize {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    let digit = |nibble: u8| DIGITS.get(usize::from(nibble)).copied().unwrap_or(b'0');
    let most = if is_last { LINE } else { LINE - 1 };
    let used = if used + 3 > most {
        out.extend_from_slice(SOFT);
        0
    } else {
        used
    };
    out.extend_from_slice(&[b'=', digit(byte >> 4), digit(byte & 15)]);
    used + 3
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What lettre makes of it is the measure.
    fn assert_same(text: &str) {
        let (ours, theirs) = (body(text), Body::new(text.to_owned()));
        assert_eq!(ours.encoding(), theirs.encoding(), "{text:?}");
        let (ours, theirs) = [ours, theirs]
            .map(|body| String::from_utf8(body.into_vec()).unwrap())
            .into();
        assert_eq!(ours, theirs, "{text:?}");
    }

    #[test]
    fn lines_break_where_lettre_breaks_them() {
        for length in 60..240 {
            for end in [
                "",
                "=",
                "é",
                " ",
                "\t",
                "==",
                "= ",
                "é\r",
                "a b",
                "\u{1f600}",
            ] {
                let line = "x".repeat(length);
                assert_same(&format!("{line}{end}"));
                assert_same(&format!("{line}{end}\nnext line\n"));
                assert_same(&format!("first\r\n{end}{line}\r\n{end}\r\n"));
                assert_same(&format!("{line}{end}{line}{end}{line}"));
            }
        }
    }

    #[test]
    fn any_mixture_is_written_as_lettre_writes_it() {
        const LETTERS: [&str; 12] = [
            "a",
            "b",
            " ",
            "\t",
            "=",
            "\n",
            "\r\n",
            "ü",
            "漢",
            "long words",
            ".",
            "\u{7f}",
        ];
        let mut drawn: u32 = 1;
        for _ in 0..2_000 {
            let mut text = String::new();
            for _ in 0..150 {
                drawn = drawn.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                text.push_str(LETTERS[(drawn >> 16) as usize % LETTERS.len()]);
            }
            assert_same(&text);
        }
    }
}
