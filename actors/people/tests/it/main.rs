//! People, asked over the bus, on both databases.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "tests fail this way"
)]

mod accounts;
mod anew;
mod enrol;
mod erased;
mod forgotten;
mod invited;
mod notices;
mod passwords;
mod prehijack;
mod proofs;
mod resolved;
mod scene;
mod secrets;
mod sql;
mod start;
mod trail;
