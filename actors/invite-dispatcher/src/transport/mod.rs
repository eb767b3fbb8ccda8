//! The way out: a directory, or connections to a relay. A verdict is what the other side said of this
//! very message.

mod classify;
mod file;
mod smtp;

pub(crate) use self::{file::keep, smtp::Session};
