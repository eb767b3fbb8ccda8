//! The queue of a plan.

use contract::{
    EmailAddress, Timestamp,
    ids::MembershipId,
    text::PersonName,
    users::{self, ListWaiting},
};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    Answer, List,
    bearer::Within,
    ok,
    query::{Paging, Query},
    refusals::Reading,
    schema,
};

/// Somebody who waits for a seat.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Waiting)]
pub(super) struct Queued {
    /// 1 is next.
    position: u64,
    #[schema(value_type = schema::UserId)]
    id: MembershipId,
    #[schema(value_type = schema::PersonName)]
    first_name: PersonName,
    #[schema(value_type = schema::PersonName)]
    last_name: PersonName,
    #[schema(value_type = schema::Email)]
    email: EmailAddress,
    /// Since when.
    #[schema(value_type = schema::Instant)]
    waiting_since: Timestamp,
}

impl From<users::Waiting> for Queued {
    fn from(waiting: users::Waiting) -> Self {
        let users::Waiting {
            position,
            id,
            first_name,
            last_name,
            email,
            waiting_since,
        } = waiting;
        Self {
            position,
            id,
            first_name,
            last_name,
            email,
            waiting_since,
        }
    }
}

/// The people who wait for a seat of the plan, in the order in which they get one.
#[utoipa::path(
    get, path = "/api/v1/organisations/{organisation}/plans/{plan}/waiting", tag = "Waiting",
    security(("bearer" = [])),
    params(
        ("organisation" = schema::OrganisationId, Path),
        ("plan" = schema::PlanId, Path),
        Paging,
    ),
    responses((status = 200, description = "A page.", body = List<Queued>), Reading),
)]
pub(super) async fn list(at: Within, query: Query<Paging>) -> Answer {
    let list = ListWaiting {
        organisation: at.organisation,
        plan_id: at.id("plan")?,
        page: query.page()?,
    };
    Ok(ok(&List::of(at.call(&list).await?, Queued::from)))
}
