//! Plans: how many seats there are of what.

use contract::{
    Timestamp,
    ids::PlanId,
    plans::{self, CreatePlan, GetPlan, ListPlans, MOST_SEATS, SeatCount, UpdatePlan},
    text::Name,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    Answer, List,
    bearer::Within,
    body::{Body, Given},
    created, ok,
    query::{Paging, Query},
    refusals::{Reading, Writing},
    schema, texts,
};

/// A purchase of seats.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Plan {
    #[schema(value_type = schema::PlanId)]
    id: PlanId,
    /// What it is called.
    #[schema(value_type = schema::Name)]
    name: Name,
    seats: Seats,
    /// How many wait for a seat of it.
    waiting: u64,
    /// When it ends: nobody is admitted any more.
    #[schema(value_type = Option<schema::Instant>, required)]
    ends_at: Option<Timestamp>,
    /// Since when it is known.
    #[schema(value_type = schema::Instant)]
    created_at: Timestamp,
}

/// `purchased = free + held + assigned`, unless more are taken than purchased: then `free` is 0.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Seats {
    /// How many were bought.
    purchased: u64,
    /// How many can be given.
    free: u64,
    /// How many are kept for somebody who has yet to prove an address.
    held: u64,
    /// How many are somebody's.
    assigned: u64,
}

impl From<SeatCount> for Seats {
    fn from(count: SeatCount) -> Self {
        let SeatCount {
            purchased,
            free,
            held,
            assigned,
        } = count;
        Self {
            purchased,
            free,
            held,
            assigned,
        }
    }
}

impl From<plans::Plan> for Plan {
    fn from(plan: plans::Plan) -> Self {
        Self {
            id: plan.id,
            name: plan.name,
            seats: Seats::from(plan.seats),
            waiting: plan.waiting,
            ends_at: plan.ends_at,
            created_at: plan.created_at,
        }
    }
}

/// A new plan.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewPlan {
    /// What it is called.
    #[serde(default)]
    #[schema(value_type = schema::Name, required)]
    name: Given<String>,
    /// How many seats were bought.
    #[serde(default)]
    #[schema(value_type = u64, required, minimum = 0, maximum = 10_000_000)]
    seats: Given<u64>,
    /// When it ends; in the future.
    #[serde(default)]
    #[schema(value_type = Option<schema::Instant>)]
    ends_at: Given<String>,
}

/// What changes about a plan.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PlanChange {
    /// A new name.
    #[serde(default)]
    #[schema(value_type = schema::Name)]
    name: Given<String>,
    /// How many seats are bought from now on. Fewer than are taken drops nobody.
    #[serde(default)]
    #[schema(value_type = u64, minimum = 0, maximum = 10_000_000)]
    seats: Given<u64>,
    /// When it ends; null takes the end away.
    #[serde(default)]
    #[schema(value_type = Option<schema::Instant>)]
    ends_at: Given<String>,
}

/// Makes a plan. For owners.
#[utoipa::path(
    post, path = "/api/v1/organisations/{organisation}/plans", tag = "Plans",
    security(("bearer" = [])),
    params(("organisation" = schema::OrganisationId, Path)),
    request_body = NewPlan,
    responses((status = 201, description = "Made.", body = Plan), Writing),
)]
pub(super) async fn create(at: Within, body: Body<NewPlan>) -> Answer {
    let (new, mut form) = body.open()?;
    let name = form.field("name", new.name).parse(texts::name).required();
    let seats = form
        .field("seats", new.seats)
        .within(0..=MOST_SEATS)
        .required();
    let ends_at = form
        .field("ends_at", new.ends_at)
        .parse(texts::instant)
        .after(at.now(), "past")
        .optional();
    let organisation = at.organisation;
    let create = form.finish(|| {
        Some(CreatePlan {
            organisation,
            name: name?,
            seats: seats?,
            ends_at,
        })
    })?;
    let plan = Plan::from(at.call(&create).await?);
    let path = at.path(format_args!("/plans/{}", plan.id));
    Ok(created(&path, &plan))
}

/// Every plan of the organisation, the oldest first.
#[utoipa::path(
    get, path = "/api/v1/organisations/{organisation}/plans", tag = "Plans",
    security(("bearer" = [])),
    params(("organisation" = schema::OrganisationId, Path), Paging),
    responses((status = 200, description = "A page.", body = List<Plan>), Reading),
)]
pub(super) async fn list(at: Within, query: Query<Paging>) -> Answer {
    let organisation = at.organisation;
    let page = query.page()?;
    let page = at.call(&ListPlans { organisation, page }).await?;
    Ok(ok(&List::of(page, Plan::from)))
}

/// One plan.
#[utoipa::path(
    get, path = "/api/v1/organisations/{organisation}/plans/{plan}", tag = "Plans",
    security(("bearer" = [])),
    params(
        ("organisation" = schema::OrganisationId, Path),
        ("plan" = schema::PlanId, Path),
    ),
    responses((status = 200, description = "The plan.", body = Plan), Reading),
)]
pub(super) async fn show(at: Within) -> Answer {
    let (organisation, plan_id) = (at.organisation, at.id("plan")?);
    let get = GetPlan {
        organisation,
        plan_id,
    };
    Ok(ok(&Plan::from(at.call(&get).await?)))
}

/// Changes what is given and leaves the rest. For owners.
#[utoipa::path(
    patch, path = "/api/v1/organisations/{organisation}/plans/{plan}", tag = "Plans",
    security(("bearer" = [])),
    params(
        ("organisation" = schema::OrganisationId, Path),
        ("plan" = schema::PlanId, Path),
    ),
    request_body = PlanChange,
    responses((status = 200, description = "As it is now.", body = Plan), Writing),
)]
pub(super) async fn update(at: Within, body: Body<PlanChange>) -> Answer {
    let plan_id = at.id("plan")?;
    let (change, mut form) = body.open()?;
    let update = UpdatePlan {
        organisation: at.organisation,
        plan_id,
        name: form.field("name", change.name).parse(texts::name).set(),
        seats: form
            .field("seats", change.seats)
            .within(0..=MOST_SEATS)
            .set(),
        ends_at: form
            .field("ends_at", change.ends_at)
            .parse(texts::instant)
            .change(),
    };
    let update = form.finish(|| Some(update))?;
    Ok(ok(&Plan::from(at.call(&update).await?)))
}
