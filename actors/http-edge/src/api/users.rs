//! The people of an organisation.

use actix_web::HttpResponse;
use contract::{
    EmailAddress, PageRequest, Timestamp,
    ids::{LinkId, MembershipId, PlanId},
    memberships::{EraseMembership, ReassignMembership, RetagMembership, RevokeMembership},
    seats::Status,
    text::{Name, PersonName, Tag},
    users::{self, GetUser, LinkName},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    Answer, List,
    bearer::Within,
    body::{Body, Given},
    filter::{DoorName, Exporting, Listing},
    ok,
    pending::Row,
    query::{self, Query},
    refusals::{Reading, Writing},
    schema, texts,
};
use crate::{csv, rows::Question};

/// A person in the organisation.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct User {
    #[schema(value_type = schema::UserId)]
    id: MembershipId,
    #[schema(value_type = schema::PersonName)]
    first_name: PersonName,
    #[schema(value_type = schema::PersonName)]
    last_name: PersonName,
    #[schema(value_type = schema::Email)]
    email: EmailAddress,
    /// Where it stands.
    #[schema(value_type = StatusName)]
    status: Status,
    /// When the seat was given.
    #[schema(value_type = Option<schema::Instant>, required)]
    redeemed_at: Option<Timestamp>,
    /// When the person was last seen.
    #[schema(value_type = Option<schema::Instant>, required)]
    last_active_at: Option<Timestamp>,
    /// Until when the address must be proved.
    #[schema(value_type = Option<schema::Instant>, required)]
    proof_due_at: Option<Timestamp>,
    /// Sorted.
    #[schema(value_type = Vec<schema::Tag>)]
    tags: Vec<Tag>,
    /// Through which door they came.
    #[schema(value_type = DoorName)]
    door: String,
    /// Through which link, where it was one.
    #[schema(required)]
    link: Option<UsedLink>,
    /// Of which plan the seat is, was, or is waited for.
    plan: HeldPlan,
}

/// A link that somebody came through.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct UsedLink {
    #[schema(value_type = schema::LinkId)]
    id: LinkId,
    /// Its name today; a deleted link keeps it.
    #[schema(value_type = schema::Name)]
    name: Name,
}

impl From<LinkName> for UsedLink {
    fn from(link: LinkName) -> Self {
        Self {
            id: link.id,
            name: link.name,
        }
    }
}

/// A plan of which somebody has, had or awaits a seat.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct HeldPlan {
    #[schema(value_type = schema::PlanId)]
    pub(super) id: PlanId,
    #[schema(value_type = schema::Name)]
    pub(super) name: Name,
}

/// Where a person stands.
#[derive(Debug, ToSchema)]
#[schema(as = Status, rename_all = "snake_case")]
#[expect(dead_code, reason = "only described")]
pub(super) enum StatusName {
    /// Has a seat.
    Assigned,
    /// A seat is kept until the address is proved.
    Held,
    /// No seat was free; is in the plan's queue.
    Waiting,
    /// The seat was withdrawn.
    Revoked,
}

impl From<users::User> for User {
    fn from(user: users::User) -> Self {
        Self {
            id: user.id,
            first_name: user.first_name,
            last_name: user.last_name,
            email: user.email,
            status: user.status,
            redeemed_at: user.redeemed_at,
            last_active_at: user.last_active_at,
            proof_due_at: user.proof_due_at,
            tags: user.tags,
            door: user.door,
            link: user.link.map(UsedLink::from),
            plan: HeldPlan {
                id: user.plan_id,
                name: user.plan_name,
            },
        }
    }
}

/// The people of the organisation; with the status `invite_pending` instead of them those who are
/// invited and have not answered.
#[utoipa::path(
    get, path = "/api/v1/organisations/{organisation}/users", tag = "Users",
    security(("bearer" = [])),
    params(("organisation" = schema::OrganisationId, Path), Listing),
    responses((status = 200, description = "A page.", body = List<Row>), Reading),
)]
pub(super) async fn list(at: Within, query: Query<Listing>) -> Answer {
    let (mut listing, mut form) = query.open()?;
    let (standing, filter, sort) = listing.read(&mut form);
    let page = query::page(&mut form, listing.cursor, listing.limit);
    let organisation = at.organisation;
    let question =
        form.finish(|| Some(Question::new(organisation, standing, filter, sort, page)))?;
    let page = question.ask(at.edge(), at.cx()).await?;
    Ok(ok(&List::of(page, Row::from)))
}

/// Everybody that is filtered, as a table: UTF-8, a line of names first, cells that a spreadsheet
/// would take for a formula begin with an apostrophe.
#[utoipa::path(
    get, path = "/api/v1/organisations/{organisation}/users.csv", tag = "Users",
    security(("bearer" = [])),
    params(("organisation" = schema::OrganisationId, Path), Exporting),
    responses(
        (status = 200, description = "The table.", body = String, content_type = "text/csv"),
        Reading,
    ),
)]
pub(super) async fn export(at: Within, query: Query<Exporting>) -> Answer {
    let (mut exporting, mut form) = query.open()?;
    let (standing, filter, sort) = exporting.read(&mut form);
    let (organisation, page) = (at.organisation, PageRequest::default());
    let question =
        form.finish(|| Some(Question::new(organisation, standing, filter, sort, page)))?;
    let (edge, cx) = (at.bearer.edge.clone(), at.cx().clone());
    Ok(csv::export(edge, cx, question, csv::Reader::Program).await?)
}

/// One person.
#[utoipa::path(
    get, path = "/api/v1/organisations/{organisation}/users/{user}", tag = "Users",
    security(("bearer" = [])),
    params(
        ("organisation" = schema::OrganisationId, Path),
        ("user" = schema::UserId, Path),
    ),
    responses((status = 200, description = "The person.", body = User), Reading),
)]
pub(super) async fn show(at: Within) -> Answer {
    answer(&at).await
}

/// The person of the path, as they stand now.
async fn answer(at: &Within) -> Answer {
    let get = GetUser {
        organisation: at.organisation,
        membership_id: at.id("user")?,
    };
    Ok(ok(&User::from(at.call(&get).await?)))
}

/// What changes about a person.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct UserChange {
    /// Tags to add.
    #[serde(default)]
    #[schema(value_type = Vec<schema::Tag>, max_items = 20)]
    add_tags: Given<Vec<String>>,
    /// Tags to take away.
    #[serde(default)]
    #[schema(value_type = Vec<schema::Tag>, max_items = 20)]
    remove_tags: Given<Vec<String>>,
}

/// Adds tags to the person and takes tags away. For managers.
#[utoipa::path(
    patch, path = "/api/v1/organisations/{organisation}/users/{user}", tag = "Users",
    security(("bearer" = [])),
    params(
        ("organisation" = schema::OrganisationId, Path),
        ("user" = schema::UserId, Path),
    ),
    request_body = UserChange,
    responses((status = 200, description = "As they stand now.", body = User), Writing),
)]
pub(super) async fn update(at: Within, body: Body<UserChange>) -> Answer {
    let membership_id = at.id("user")?;
    let (change, mut form) = body.open()?;
    let mut tags = |name, given| {
        let tags = form.field(name, given);
        tags.each(Tag::MOST_PER_ROW, texts::tag).set()
    };
    let add = tags("add_tags", change.add_tags).unwrap_or_default();
    let remove = tags("remove_tags", change.remove_tags).unwrap_or_default();
    let retag = RetagMembership {
        organisation: at.organisation,
        membership_id,
        add,
        remove,
    };
    let retag = form.finish(|| Some(retag))?;
    at.call(&retag).await?;
    answer(&at).await
}

/// Takes the person out of the organisation for good; a seat becomes free. For managers.
#[utoipa::path(
    delete, path = "/api/v1/organisations/{organisation}/users/{user}", tag = "Users",
    security(("bearer" = [])),
    params(
        ("organisation" = schema::OrganisationId, Path),
        ("user" = schema::UserId, Path),
    ),
    responses((status = 204, description = "Erased."), Writing),
)]
pub(super) async fn erase(at: Within) -> Answer {
    let erase = EraseMembership {
        organisation: at.organisation,
        membership_id: at.id("user")?,
    };
    at.call(&erase).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Withdraws the seat, or the place in the queue: every door is closed to the person until they are
/// reassigned. Twice is the same as once. For managers.
#[utoipa::path(
    post, path = "/api/v1/organisations/{organisation}/users/{user}/revoke", tag = "Users",
    security(("bearer" = [])),
    params(
        ("organisation" = schema::OrganisationId, Path),
        ("user" = schema::UserId, Path),
    ),
    responses((status = 200, description = "As they stand now.", body = User), Writing),
)]
pub(super) async fn revoke(at: Within) -> Answer {
    let revoke = RevokeMembership {
        organisation: at.organisation,
        membership_id: at.id("user")?,
    };
    at.call(&revoke).await?;
    answer(&at).await
}

/// Gives a seat to somebody who was revoked or waits; refused with `no-seats` when none is free.
/// For managers.
#[utoipa::path(
    post, path = "/api/v1/organisations/{organisation}/users/{user}/reassign", tag = "Users",
    security(("bearer" = [])),
    params(
        ("organisation" = schema::OrganisationId, Path),
        ("user" = schema::UserId, Path),
    ),
    responses((status = 200, description = "As they stand now.", body = User), Writing),
)]
pub(super) async fn reassign(at: Within) -> Answer {
    let reassign = ReassignMembership {
        organisation: at.organisation,
        membership_id: at.id("user")?,
    };
    at.call(&reassign).await?;
    answer(&at).await
}
