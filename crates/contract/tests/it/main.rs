//! What the contract promises to whoever is on the other end of the wire.

#![expect(clippy::unwrap_used, clippy::panic, reason = "tests fail this way")]

mod authorisation;
mod documents;
mod samples;
mod subjects;
mod values;
mod wire;
