//! The rules of the house: who may lean on whom, what may be linked, who serves what, who writes
//! which table, how files are kept, and which test holds which promise.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail this way"
)]

mod arrows;
mod deeds;
mod files;
mod linked;
mod owners;
mod paths;
mod semantics;
mod tables;
mod workspace;
