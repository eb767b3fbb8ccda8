//! What is read off the wire: commands by the line, and the mail up to its final dot.
//!
//! A line ends with CRLF and with nothing else. Whoever also takes a bare LF for an end can be made to
//! see two mails where another server saw one ("SMTP smuggling").

/// The longest command, its CRLF counted.
const MOST_COMMAND: usize = 1_024;
/// The longest line of a mail. RFC 5321 allows 1,000; gateways are known to write more.
const MOST_LINE: usize = 16 * 1_024;

/// A command as far as it has come.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// A whole one, without its CRLF.
    Whole(Vec<u8>),
    /// Its end has not come yet.
    Open,
    /// Longer than any command is.
    TooLong,
}

/// What has come and was not yet used.
#[derive(Debug, Default)]
pub(super) struct Wire(Vec<u8>);

impl Wire {
    /// More has come.
    pub(super) fn feed(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    /// The next command.
    pub(super) fn line(&mut self) -> Line {
        match self.0.windows(2).position(|pair| pair == b"\r\n") {
            Some(end) if end + 2 > MOST_COMMAND => Line::TooLong,
            Some(end) => {
                let mut line: Vec<u8> = self.0.drain(..end + 2).collect();
                line.truncate(end);
                Line::Whole(line)
            }
            None if self.0.len() > MOST_COMMAND => Line::TooLong,
            None => Line::Open,
        }
    }

    /// All of it.
    pub(super) fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.0)
    }
}

/// Where in a line the next byte of a mail stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    Start,
    Inside,
    Cr,
    Dot,
    DotCr,
}

/// A mail as far as it has come.
#[derive(Debug)]
pub(super) struct Body {
    at: At,
    bytes: Vec<u8>,
    most: usize,
    /// All that came, kept or not.
    size: usize,
    line: usize,
    line_too_long: bool,
}

/// How a mail ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Taken {
    /// All of it.
    Whole(Vec<u8>),
    /// Larger than allowed; nothing is kept.
    TooLarge,
    /// One of its lines is longer than any should be.
    LineTooLong,
}

impl Body {
    /// An empty one of at most so many bytes.
    pub(super) fn new(most: usize) -> Self {
        Self {
            at: At::Start,
            bytes: Vec::new(),
            most,
            size: 0,
            line: 0,
            line_too_long: false,
        }
    }

    /// Takes more in; says how much of it belonged to the mail when its final dot was among it.
    pub(super) fn feed(&mut self, bytes: &[u8]) -> Option<usize> {
        for (index, byte) in bytes.iter().enumerate() {
            if self.step(*byte) {
                return Some(index + 1);
            }
        }
        None
    }

    /// Whether somebody goes on and on: what is too large is read to its end, within reason.
    pub(super) fn is_endless(&self) -> bool {
        self.size > self.most.saturating_mul(8)
    }

    /// The mail.
    pub(super) fn finish(self) -> Taken {
        if self.size > self.most {
            Taken::TooLarge
        } else if self.line_too_long {
            Taken::LineTooLong
        } else {
            Taken::Whole(self.bytes)
        }
    }

    /// Whether this byte ended the mail.
    fn step(&mut self, byte: u8) -> bool {
        self.at = match (self.at, byte) {
            (At::DotCr, b'\n') => return true,
            (At::Start, b'.') => At::Dot,
            (At::Dot, b'\r') => At::DotCr,
            (At::Start | At::Inside, b'\r') => At::Cr,
            (At::Cr, b'\n') => {
                self.keep(b'\r');
                self.keep(b'\n');
                self.line = 0;
                At::Start
            }
            (At::Cr | At::DotCr, b'\r') => {
                self.keep(b'\r');
                At::Cr
            }
            (At::Cr | At::DotCr, byte) => {
                self.keep(b'\r');
                self.keep(byte);
                At::Inside
            }
            // The first dot of a line was put there by the sender.
            (At::Start | At::Inside | At::Dot, byte) => {
                self.keep(byte);
                At::Inside
            }
        };
        false
    }

    fn keep(&mut self, byte: u8) {
        self.size = self.size.saturating_add(1);
        self.line = self.line.saturating_add(1);
        self.line_too_long |= self.line > MOST_LINE;
        if self.size <= self.most {
            self.bytes.push(byte);
        } else {
            self.bytes = Vec::new();
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn whole(input: &[u8]) -> Option<(Vec<u8>, usize)> {
        let mut body = Body::new(1_000);
        let end = body.feed(input)?;
        match body.finish() {
            Taken::Whole(bytes) => Some((bytes, end)),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn only_a_dot_between_two_whole_line_ends_ends_a_mail() {
        for input in [
            b"a\n.\nMAIL FROM:<x>\r\n".as_slice(),
            b"a\n.\r\n",
            b"a\r\n.\n",
            b"a\r.\r\n",
            b"a\r.\r",
            b"a\r\n.\r\r\n",
            b"a\r\n..\r\n",
            b"\n.\n",
            b"a\r\n\n.\r\n",
            b"a\0\r\n.\0\r\n",
        ] {
            assert_eq!(whole(input), None, "{}", input.escape_ascii());
        }
        assert_eq!(whole(b".\r\n"), Some((vec![], 3)));
        assert_eq!(whole(b"a\r\n.\r\nQUIT\r\n"), Some((b"a\r\n".to_vec(), 6)));
        assert_eq!(
            whole(b"..a\r\n.b\r\n.\r\n"),
            Some((b".a\r\nb\r\n".to_vec(), 12))
        );
    }

    #[test]
    fn a_command_ends_with_crlf_and_is_bounded() {
        let mut wire = Wire::default();
        wire.feed(b"NOOP\nRSET\r");
        assert_eq!(wire.line(), Line::Open);
        wire.feed(b"\nQUIT\r\n");
        assert_eq!(wire.line(), Line::Whole(b"NOOP\nRSET".to_vec()));
        assert_eq!(wire.line(), Line::Whole(b"QUIT".to_vec()));
        assert_eq!(wire.line(), Line::Open);
        wire.feed(&[b'a'; MOST_COMMAND + 1]);
        assert_eq!(wire.line(), Line::TooLong);
    }

    #[test]
    fn what_is_too_large_is_not_kept_and_its_end_is_still_found() {
        let mut body = Body::new(10);
        assert_eq!(body.feed(&[b'a'; 50]), None);
        assert!(body.bytes.is_empty());
        assert!(!body.is_endless());
        assert_eq!(body.feed(b"\r\n.\r\n"), Some(5));
        assert_eq!(body.finish(), Taken::TooLarge);

        let mut body = Body::new(MOST_LINE * 2);
        body.feed(&vec![b'a'; MOST_LINE + 1]);
        assert_eq!(body.feed(b"\r\n.\r\n"), Some(5));
        assert_eq!(body.finish(), Taken::LineTooLong);
    }

    fn stuffed(mail: &[u8]) -> Vec<u8> {
        let mut wire = Vec::new();
        let mut at_start = true;
        for (index, byte) in mail.iter().enumerate() {
            if at_start && *byte == b'.' {
                wire.push(b'.');
            }
            wire.push(*byte);
            at_start = mail[..=index].ends_with(b"\r\n");
        }
        if !at_start {
            wire.extend_from_slice(b"\r\n");
        }
        wire.extend_from_slice(b".\r\n");
        wire
    }

    proptest! {
        #[test]
        fn a_mail_comes_out_as_it_went_in_however_it_is_cut(
            mail in proptest::collection::vec(prop_oneof![
                Just(b'.'), Just(b'\r'), Just(b'\n'), any::<u8>()
            ], 0..200),
            piece in 1_usize..20,
        ) {
            // A last CR would be one with the CRLF that ends the mail.
            prop_assume!(!mail.ends_with(b"\r"));
            let wire = stuffed(&mail);
            let mut body = Body::new(1_000);
            let mut ended = false;
            for part in wire.chunks(piece) {
                prop_assert!(!ended, "it ended before its end");
                ended = body.feed(part).is_some();
            }
            prop_assert!(ended);
            let mut expected = mail.clone();
            if !expected.is_empty() && !expected.ends_with(b"\r\n") {
                expected.extend_from_slice(b"\r\n");
            }
            prop_assert_eq!(body.finish(), Taken::Whole(expected));
        }

        #[test]
        fn whatever_comes_the_reader_goes_on(
            parts in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..2_000), 0..8),
        ) {
            let (mut wire, mut body) = (Wire::default(), Body::new(500));
            for part in parts {
                wire.feed(&part);
                while let Line::Whole(line) = wire.line() {
                    prop_assert!(line.len() <= MOST_COMMAND);
                    prop_assert!(!line.windows(2).any(|pair| pair == b"\r\n"));
                }
                body.feed(&part);
                prop_assert!(body.bytes.len() <= 500);
            }
        }
    }
}
