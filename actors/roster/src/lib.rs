//! Answers every question about people and seats: the rows of Manage Users.
//!
//! # Owns
//! No table. Reads `memberships`, `membership_tags`, `accounts`, `plans`, `links`, `batches`, `invites`,
//! `invite_uses` and `audit`; writes nothing, so that several instances may run, each on connections of
//! its own.
//!
//! # Promises
//! - A question names an organisation and no answer has a row of another one; the one exception is
//!   a person who asks about themself.
//! - Filters combine with AND. A search finds a part of first name, last name or address whatever
//!   the case; `%`, `_` and `\` mean themselves.
//! - Pages are stable: a page begins behind the place in the order that the last row seen had, so
//!   rows that come, go or change meanwhile neither repeat nor hide another one.
//! - A page costs the same few statements whatever its size: a filter that leaves few people, if there
//!   is one, the rows, and their tags. None of them looks at more than one range of one index.
//!
//! # Map
//! [`list`], [`ids`], [`get`], [`story`], [`name`], [`waiting`] and [`own`], a file for each question; [`pending`],
//! those about invites; [`filter`], which people; [`narrow`], which filter leaves few; [`way`], where they are
//! looked for; [`place`], where a page begins; [`search`], a text as a pattern; [`person`], a row and its tags; [`sql`] and [`orders`],
//! statements.
//!
//! # To add a question
//! 1. The message in `contract::users` or `contract::invited`, owned by `Service::Roster`.
//! 2. A file named after it with `impl Serve<TheMessage>`, and its line in `routes`.
//! 3. Its statement in [`sql`], with the organisation as its first condition. A new filter is one
//!    more `cast($n as ..) is null or ..` there, and one more value in [`filter`].

mod domains;
mod filter;
mod get;
mod ids;
mod list;
mod name;
mod narrow;
mod orders;
mod own;
mod pending;
mod person;
mod place;
mod search;
mod sql;
mod story;
mod waiting;
mod wanted;
mod way;

use std::sync::Arc;

use contract::{Clock, Service, accounts::ListOwnMemberships, invited, users};
use kernel::{Behaviour, Routes};
use store::Db;

/// Every statement, for the test that prepares them.
pub static STATEMENTS: &[&[&store::Statement]] =
    &[sql::STATEMENTS, own::STATEMENTS, pending::sql::STATEMENTS];

/// Answers questions; holds nothing but its connections and the time.
#[derive(Debug)]
pub struct Roster {
    db: Db,
    clock: Arc<dyn Clock>,
}

impl Roster {
    /// An instance that reads through these connections; `clock` says which invites are over.
    pub fn new(db: Db, clock: Arc<dyn Clock>) -> Self {
        Self { db, clock }
    }
}

impl Behaviour for Roster {
    const SERVICE: Service = Service::Roster;

    fn routes(routes: &mut Routes<Self>) {
        routes
            .one::<users::ListUsers>()
            .one::<users::GetUser>()
            .one::<users::ListUserIds>()
            .one::<users::ListWaiting>()
            .one::<users::ListUserStory>()
            .one::<users::NameUsers>()
            .one::<invited::ListPending>()
            .one::<invited::CountPending>()
            .one::<invited::ListInviteStory>()
            .one::<ListOwnMemberships>();
    }
}
