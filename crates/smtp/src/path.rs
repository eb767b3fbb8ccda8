//! An address as it stands in an envelope.

use std::fmt;

use contract::EmailAddress;

/// Why a text is no path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is not an address that can stand in an envelope")]
pub struct PathError;

/// What goes between `<` and `>`: printable ASCII without spaces and angles, so that nothing in it can
/// end the command it stands in.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Path(String);

impl Path {
    /// Reads an address; one without dots in its domain is a path too (`usher@localhost`).
    pub fn parse(text: &str) -> Result<Self, PathError> {
        let (local, domain) = text.rsplit_once('@').ok_or(PathError)?;
        let is_plain = |b: u8| b.is_ascii_graphic() && !b"<>\"\\".contains(&b);
        let is_path = !local.is_empty()
            && !domain.is_empty()
            && local.len() <= 64
            && text.len() <= 254
            && text.bytes().all(is_plain);
        is_path.then(|| Self(text.to_owned())).ok_or(PathError)
    }

    /// Nobody: the sender of what must not be answered.
    pub const fn nobody() -> Self {
        Self(String::new())
    }
}

impl From<&EmailAddress> for Path {
    fn from(address: &EmailAddress) -> Self {
        Self(address.as_str().to_owned())
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
