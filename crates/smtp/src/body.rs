//! A message as it goes over the wire.

/// Appends a message: every line ends in CRLF, a dot that begins one is doubled, no bare CR or LF.
/// The final dot is not in it.
pub(crate) fn append(out: &mut Vec<u8>, message: &[u8]) {
    out.reserve(message.len() + 64);
    let mut rest = message;
    while !rest.is_empty() {
        let end = memchr::memchr2(b'\r', b'\n', rest);
        let (line, after) = rest.split_at(end.unwrap_or(rest.len()));
        if line.first() == Some(&b'.') {
            out.push(b'.');
        }
        out.extend_from_slice(line);
        out.extend_from_slice(b"\r\n");
        rest = after
            .strip_prefix(b"\r\n")
            .or_else(|| after.strip_prefix(b"\r"))
            .or_else(|| after.strip_prefix(b"\n"))
            .unwrap_or(after);
    }
}

#[cfg(test)]
mod tests {
    use super::append;

    fn wire(message: &str) -> String {
        let mut out = Vec::new();
        append(&mut out, message.as_bytes());
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn lines_end_in_crlf_and_dots_are_doubled() {
        for (message, expected) in [
            ("", ""),
            (".", "..\r\n"),
            ("\r\n", "\r\n"),
            ("a\r\nb", "a\r\nb\r\n"),
            ("a\nb\n", "a\r\nb\r\n"),
            ("a\rb", "a\r\nb\r\n"),
            ("a\n\r\nb", "a\r\n\r\nb\r\n"),
            ("a\r\n.\r\nQUIT\r\n", "a\r\n..\r\nQUIT\r\n"),
            ("a\n.\nb", "a\r\n..\r\nb\r\n"),
            ("a\r.\rb", "a\r\n..\r\nb\r\n"),
            ("a\r\n..b", "a\r\n...b\r\n"),
            ("a.b", "a.b\r\n"),
        ] {
            assert_eq!(wire(message), expected, "{message:?}");
        }
    }
}
