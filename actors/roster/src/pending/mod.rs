//! Who is invited and has not answered: rows of Manage Users that are no memberships.
//!
//! What makes an invite pending is what makes [`contract::invites::Life::Pending`]. Tags and plan are
//! those of the link, so a filter is first about [`links`]; then, as among the people who are there,
//! few are sorted and many are walked along an order.

mod count;
mod links;
mod list;
pub(crate) mod sql;
mod way;
