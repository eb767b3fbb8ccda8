//! Bytes to text.

use encoding_rs::{Decoder, UTF_16BE, UTF_16LE, WINDOWS_1252};

/// How the text of a file was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// UTF-8, with or without a mark in front.
    Utf8,
    /// What Excel calls Unicode text.
    Utf16,
    /// What Excel writes in western Europe: guessed, because it is not UTF-8.
    Windows1252,
}

/// Reads bytes as they come.
pub(crate) struct Decode {
    form: Form,
    /// The start of a character whose rest has not come yet.
    carried: Vec<u8>,
    /// Whether it was seen to be UTF-8: something beyond ASCII was read as it.
    is_certain: bool,
    pub(crate) is_damaged: bool,
}

enum Form {
    Utf8,
    Utf16(Box<Decoder>),
    Windows1252,
}

impl std::fmt::Debug for Decode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Decode")
            .field("encoding", &self.encoding())
            .finish_non_exhaustive()
    }
}

impl Decode {
    /// Looks at the start of a file: how it is written, and how long its mark is.
    pub(crate) fn new(head: &[u8]) -> (Self, usize) {
        let utf16 = |encoding: &'static encoding_rs::Encoding| {
            Form::Utf16(Box::new(encoding.new_decoder_without_bom_handling()))
        };
        let (form, mark) = match head {
            [0xef, 0xbb, 0xbf, ..] => (Form::Utf8, 3),
            [0xff, 0xfe, ..] => (utf16(UTF_16LE), 2),
            [0xfe, 0xff, ..] => (utf16(UTF_16BE), 2),
            // Without a mark, but every other byte of what must be ASCII is nothing.
            [1..=0xff, 0, 1..=0xff, 0, ..] => (utf16(UTF_16LE), 0),
            [0, 1..=0xff, 0, 1..=0xff, ..] => (utf16(UTF_16BE), 0),
            _ => (Form::Utf8, 0),
        };
        let decode = Self {
            form,
            carried: Vec::new(),
            is_certain: mark == 3,
            is_damaged: false,
        };
        (decode, mark)
    }

    pub(crate) fn encoding(&self) -> Encoding {
        match self.form {
            Form::Utf8 => Encoding::Utf8,
            Form::Utf16(_) => Encoding::Utf16,
            Form::Windows1252 => Encoding::Windows1252,
        }
    }

    /// Appends what these bytes say; with `is_last`, also what is left of a character.
    pub(crate) fn read(&mut self, bytes: &[u8], is_last: bool, text: &mut String) {
        match &mut self.form {
            Form::Utf8 if self.carried.is_empty() => self.utf8(bytes, is_last, text),
            Form::Utf8 => {
                let mut whole = std::mem::take(&mut self.carried);
                whole.extend_from_slice(bytes);
                self.utf8(&whole, is_last, text);
            }
            Form::Utf16(decoder) => {
                let most = decoder
                    .max_utf8_buffer_length(bytes.len())
                    .unwrap_or(bytes.len() * 3 + 16);
                text.reserve(most);
                let (_, _, damaged) = decoder.decode_to_string(bytes, text, is_last);
                self.is_damaged |= damaged;
            }
            Form::Windows1252 => windows_1252(bytes, text),
        }
    }

    fn utf8(&mut self, bytes: &[u8], is_last: bool, text: &mut String) {
        let mut rest = bytes;
        loop {
            let error = match std::str::from_utf8(rest) {
                Ok(valid) => {
                    self.is_certain |= !valid.is_ascii();
                    text.push_str(valid);
                    return;
                }
                Err(error) => error,
            };
            let (valid, broken) = rest.split_at(error.valid_up_to());
            let valid = std::str::from_utf8(valid).unwrap_or_default();
            self.is_certain |= !valid.is_ascii();
            text.push_str(valid);
            if error.error_len().is_none() && !is_last {
                self.carried = broken.to_vec();
                return;
            }
            if !self.is_certain {
                self.form = Form::Windows1252;
                windows_1252(broken, text);
                return;
            }
            self.is_damaged = true;
            text.push('\u{fffd}');
            rest = broken
                .get(error.error_len().unwrap_or(broken.len())..)
                .unwrap_or_default();
        }
    }
}

fn windows_1252(bytes: &[u8], text: &mut String) {
    text.push_str(&WINDOWS_1252.decode_without_bom_handling(bytes).0);
}
