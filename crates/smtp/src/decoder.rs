//! Finds replies in bytes, however they are cut.

use crate::Reply;

/// The longest line; RFC 5321 allows 512, and real ones go far beyond.
const LINE_MOST: usize = 16 * 1024;
/// The most of one reply.
const REPLY_MOST: usize = 128 * 1024;

/// What is no reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// A line that does not begin with a code.
    #[error("a line without a reply code")]
    NoCode,
    /// Another code on a following line.
    #[error("two codes in one reply")]
    TwoCodes,
    /// More than anybody has to say.
    #[error("a reply without end")]
    TooLong,
}

/// A reply with its lines apart, as EHLO needs them.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Lines {
    pub(crate) code: u16,
    pub(crate) texts: Vec<Vec<u8>>,
}

impl Lines {
    pub(crate) fn reply(&self) -> Reply {
        Reply::new(self.code, self.texts.iter().map(Vec::as_slice))
    }
}

/// Bytes that came and are no whole reply yet.
#[derive(Debug, Default)]
pub struct Decoder {
    pub(crate) bytes: Vec<u8>,
    code: Option<u16>,
    texts: Vec<Vec<u8>>,
    size: usize,
}

impl Decoder {
    /// Takes bytes.
    pub fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// The next reply, if it is whole.
    pub fn next_reply(&mut self) -> Result<Option<Reply>, Malformed> {
        Ok(self.next_lines()?.map(|lines| lines.reply()))
    }

    /// Nothing came that was not read.
    pub(crate) const fn is_empty(&self) -> bool {
        self.bytes.is_empty() && self.code.is_none()
    }

    pub(crate) fn next_lines(&mut self) -> Result<Option<Lines>, Malformed> {
        let mut begin = 0;
        let mut found = None;
        while found.is_none() {
            let rest = self.bytes.get(begin..).unwrap_or_default();
            let Some(end) = rest.iter().position(|byte| *byte == b'\n') else {
                if rest.len() > LINE_MOST {
                    return Err(Malformed::TooLong);
                }
                break;
            };
            let line = rest.get(..end).unwrap_or_default();
            begin += end + 1;
            if end > LINE_MOST || self.size + end > REPLY_MOST {
                return Err(Malformed::TooLong);
            }
            let (code, is_last, text) = split(line.strip_suffix(b"\r").unwrap_or(line))?;
            if self.code.is_some_and(|first| first != code) {
                return Err(Malformed::TwoCodes);
            }
            // A line counts although it is empty: there are not endlessly many.
            self.size += end + 32;
            self.texts.push(text.to_vec());
            self.code = Some(code);
            if is_last {
                self.size = 0;
                self.code = None;
                found = Some(Lines {
                    code,
                    texts: std::mem::take(&mut self.texts),
                });
            }
        }
        self.bytes.drain(..begin);
        Ok(found)
    }
}

/// A line as its code, whether it is the last, and its text.
fn split(line: &[u8]) -> Result<(u16, bool, &[u8]), Malformed> {
    let (code, rest) = line.split_at_checked(3).ok_or(Malformed::NoCode)?;
    let is_code = code.iter().all(u8::is_ascii_digit) && matches!(code.first(), Some(b'2'..=b'5'));
    let (is_last, text) = match rest.split_first() {
        None => (true, rest),
        Some((b' ' | b'\t', text)) => (true, text),
        Some((b'-', text)) => (false, text),
        Some(_) => return Err(Malformed::NoCode),
    };
    let code = code
        .iter()
        .fold(0, |code, digit| code * 10 + u16::from(digit & 0x0f));
    is_code
        .then_some((code, is_last, text))
        .ok_or(Malformed::NoCode)
}
