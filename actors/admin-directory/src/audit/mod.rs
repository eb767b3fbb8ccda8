//! The audit trail, which every actor writes through the store.

mod list;
mod name;
