//! The seat pool through the bus, on both databases.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that cannot go on fails"
)]

mod admission;
mod bulk;
mod bulk_trail;
mod domains;
mod erased;
mod found;
mod house;
mod interleavings;
mod invited;
mod jobs;
mod ledger;
mod lookups;
mod memberships;
mod offers;
mod plans;
mod retags;
mod settling;
mod stamps;
mod sweeping;
mod verify;
mod waiting;
