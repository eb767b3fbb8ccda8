//! People who are invited and have not answered, as rows beside those who are there.

use contract::{
    EmailAddress, Timestamp,
    ids::InviteId,
    invited,
    text::{PersonName, Tag},
};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    filter::DoorName,
    schema,
    users::{HeldPlan, UsedLink, User},
};
use crate::rows;

/// A row of the list.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
#[schema(as = UserRow)]
pub(super) enum Row {
    /// Somebody who is there.
    Person(User),
    /// Somebody who is invited.
    Invited(PendingUser),
}

impl From<rows::Row> for Row {
    fn from(row: rows::Row) -> Self {
        match row {
            rows::Row::Person(user) => Self::Person(user.into()),
            rows::Row::Invited(pending) => Self::Invited(pending.into()),
        }
    }
}

/// Somebody who is invited and has not answered: takes no seat.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PendingUser {
    /// The invite.
    #[schema(value_type = schema::InviteId)]
    id: InviteId,
    /// How they are called, whole, as the list said it that they were on.
    #[schema(value_type = Option<schema::PersonName>, required)]
    first_name: Option<PersonName>,
    /// Not known yet.
    #[schema(value_type = Option<schema::PersonName>, required)]
    last_name: Option<()>,
    #[schema(value_type = schema::Email)]
    email: EmailAddress,
    status: PendingStatus,
    /// Not yet.
    #[schema(value_type = Option<schema::Instant>, required)]
    redeemed_at: Option<()>,
    /// Not yet.
    #[schema(value_type = Option<schema::Instant>, required)]
    last_active_at: Option<()>,
    /// Accepting an invite proves its address.
    #[schema(value_type = Option<schema::Instant>, required)]
    proof_due_at: Option<()>,
    /// Those of the link, sorted.
    #[schema(value_type = Vec<schema::Tag>)]
    tags: Vec<Tag>,
    #[schema(value_type = DoorName)]
    door: &'static str,
    /// Whose plan and tags the invite has.
    link: UsedLink,
    /// Of which plan the seat will be.
    plan: HeldPlan,
    /// When the address was handed in.
    #[schema(value_type = schema::Instant)]
    invited_at: Timestamp,
    /// Until when the invite can be accepted.
    #[schema(value_type = Option<schema::Instant>, required)]
    expires_at: Option<Timestamp>,
}

/// Where everybody stands who is only invited.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum PendingStatus {
    /// Has not answered.
    InvitePending,
}

impl From<invited::Pending> for PendingUser {
    fn from(pending: invited::Pending) -> Self {
        Self {
            id: pending.id,
            first_name: pending.name,
            last_name: None,
            email: pending.email,
            status: PendingStatus::InvitePending,
            redeemed_at: None,
            last_active_at: None,
            proof_due_at: None,
            tags: pending.tags,
            door: "invite",
            link: pending.link.into(),
            plan: HeldPlan {
                id: pending.plan_id,
                name: pending.plan_name,
            },
            invited_at: pending.invited_at,
            expires_at: pending.expires_at,
        }
    }
}

/// Where a row stands.
#[derive(Debug, ToSchema)]
#[schema(as = UserStanding, rename_all = "snake_case")]
#[expect(dead_code, reason = "only described")]
pub(super) enum StandingName {
    /// Has a seat.
    Assigned,
    /// A seat is kept until the address is proved.
    Held,
    /// No seat was free; is in the plan's queue.
    Waiting,
    /// The seat was withdrawn.
    Revoked,
    /// Is invited, and has not answered. Only these are invites: their ids are those of invites.
    InvitePending,
}
