//! The rows of Manage Users, for pages, API and tables: people who are there, or who are invited.

use contract::{
    Page, PageRequest, Problem,
    ids::OrganisationId,
    invited::{ListPending, Pending},
    seats::Status,
    users::{ListUsers, User, UserFilter, UserSort},
};
use kernel::Cx;

use crate::edge::Edge;

/// What the status of a row can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Somebody's place in the organisation.
    Place(Status),
    /// Invited, and has not answered: takes no seat.
    InvitePending,
}

impl Standing {
    /// The name of the one that is no place.
    pub(crate) const INVITE_PENDING: &'static str = "invite_pending";

    /// Reads a name.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        if name == Self::INVITE_PENDING {
            return Some(Self::InvitePending);
        }
        Status::parse(name).map(Self::Place)
    }
}

/// A row.
#[derive(Clone, Debug)]
pub(crate) enum Row {
    /// Somebody who is there.
    Person(User),
    /// Somebody who is invited.
    Invited(Pending),
}

/// Which rows are asked for.
#[derive(Clone, Debug)]
pub(crate) enum Question {
    /// People.
    People(ListUsers),
    /// Pending invites.
    Invited(ListPending),
}

impl Question {
    /// About an organisation; people, unless the standing is that of invites.
    pub(crate) fn new(
        organisation: OrganisationId,
        standing: Option<Standing>,
        filter: UserFilter,
        sort: UserSort,
        page: PageRequest,
    ) -> Self {
        let status = match standing {
            Some(Standing::InvitePending) => {
                return Self::Invited(ListPending {
                    organisation,
                    filter,
                    sort,
                    page,
                });
            }
            Some(Standing::Place(status)) => Some(status),
            None => None,
        };
        Self::People(ListUsers {
            organisation,
            filter: UserFilter { status, ..filter },
            sort,
            page,
        })
    }

    /// Which page of them.
    pub(crate) const fn page(&mut self) -> &mut PageRequest {
        match self {
            Self::People(list) => &mut list.page,
            Self::Invited(list) => &mut list.page,
        }
    }

    /// The page that is asked for.
    pub(crate) async fn ask(&self, edge: &Edge, cx: &Cx) -> Result<Page<Row>, Problem> {
        Ok(match self {
            Self::People(list) => rows(edge.bus.call(list, cx).await?, Row::Person),
            Self::Invited(list) => rows(edge.bus.call(list, cx).await?, Row::Invited),
        })
    }
}

fn rows<T>(page: Page<T>, row: impl Fn(T) -> Row) -> Page<Row> {
    Page {
        items: page.items.into_iter().map(row).collect(),
        next_cursor: page.next_cursor,
    }
}
