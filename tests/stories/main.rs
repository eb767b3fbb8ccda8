//! Stories through the whole node: people, administrators and operators, on both buses and both
//! databases. What happens inside has its tests inside.
//!
//! - `node`: nodes and commands as an operator runs them; `browser` and `html`: pages as a browser
//!   sees them; `institution`, `person`, `program`: who acts;
//!   `mailroom`: what becomes of mails.
//! - everything else is one part of the product a file.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail this way"
)]

mod accounts;
mod administrators;
mod alerts;
mod api;
mod authority;
mod away;
mod browser;
mod colleagues;
mod demo;
mod described;
mod doctor;
mod doubt;
mod erased;
mod events;
mod filters;
mod given_up;
mod guessed;
mod html;
mod imported;
mod institution;
mod invite_lists;
mod invite_page;
mod invite_pages;
mod invited;
mod invited_by_two;
mod invited_elsewhere;
mod invited_states;
mod join;
mod killed;
mod languages;
mod links;
mod logs;
mod lost_key;
mod mail;
mod mailroom;
mod nats;
mod node;
mod offices;
mod operations;
mod overheard;
mod paused;
mod person;
mod plain;
mod plan_changed;
mod prehijacked;
mod program;
mod questions;
mod race;
mod relay_faults;
mod reported;
mod reread;
mod revoked;
mod roles;
mod routes;
mod seats;
mod sessions;
mod settled;
mod steered;
mod stopped;
mod tenants;
mod terms;
mod throttle;
mod tokens;
mod told_of_seats;
mod who;
