//! The seat pool through the bus, on both databases.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails"
)]

mod admission;
mod bulk;
mod erased;
mod found;
mod house;
mod interleavings;
mod invited;
mod jobs;
mod ledger;
mod memberships;
mod offers;
mod plans;
mod settling;
mod verify;
mod waiting;
