//! The invite dispatcher and its courier, on both databases, against a mail server that behaves as
//! it is told.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail this way"
)]

mod anew;
mod authority;
mod batches;
mod beyond;
mod changed;
mod courier;
mod cycles;
mod dkim;
mod drafts;
mod ended;
mod erased;
mod erased_since;
mod fair;
mod first;
mod forgotten;
mod grown;
mod held;
mod held_back;
mod in_turn;
mod injection;
mod invitation;
mod invited;
mod invites;
mod kept;
mod lease;
mod letters;
mod locks;
mod look;
mod mailbox;
mod message;
mod mime;
mod nameless;
mod needless;
mod notices;
mod outage;
mod pace;
mod patience;
mod paused;
mod posted;
mod providers;
mod queue;
mod reader;
mod relays;
mod reminders;
mod renamed;
mod reports;
mod results;
mod scene;
mod sending;
mod silent;
mod sql;
mod stuck;
mod suppressions;
mod taken_back;
mod taken_over;
mod templates;
mod told_of_seats;
mod unanswered;
mod upgraded;
mod way;
mod withdrawn;
