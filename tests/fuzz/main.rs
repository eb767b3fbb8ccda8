//! Requests that schemathesis makes up from the description of the API, valid ones and broken ones,
//! sent to a node: every answer is a described one, none is an accident.
//!
//! - `answers`: who asks.
//! - `ground`: a node, an institution, and the ids that a request can be about.
//! - `fuzzer`: what schemathesis is told; `checks.py`: what it checks beside its own checks.
//!
//! The seed is fixed, and so is how many requests are made up; ids and instants differ between runs.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "tests fail this way"
)]

mod answers;
mod fuzzer;
mod ground;
