//! The people of an organisation.

use contract::{
    EmailAddress, Timestamp,
    ids::{LinkId, MembershipId, PlanId},
    seats::Status,
    text::{Name, PersonName, Tag},
    users::{self, GetUser, ListUsers},
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    Answer, List,
    bearer::Within,
    body::Given,
    ok,
    query::{self, Query},
    refusals::Reading,
    schema, texts,
    texts::Reason,
};

/// The most characters of a search.
const SEARCH_MOST: usize = 100;

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

/// A plan of which somebody has, had or awaits a seat.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct HeldPlan {
    #[schema(value_type = schema::PlanId)]
    id: PlanId,
    #[schema(value_type = schema::Name)]
    name: Name,
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
        let link = user.link.map(|link| UsedLink {
            id: link.id,
            name: link.name,
        });
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
            link,
            plan: HeldPlan {
                id: user.plan_id,
                name: user.plan_name,
            },
        }
    }
}

/// Which people; the filters combine with AND.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Filter {
    /// Only in this state.
    #[serde(default)]
    #[param(value_type = Option<StatusName>)]
    status: Given<String>,
    /// Only with this tag.
    #[serde(default)]
    #[param(value_type = Option<schema::Tag>)]
    tag: Given<String>,
    /// Only where first name, last name or address contains this, whatever the case.
    #[serde(default)]
    #[param(value_type = Option<String>, max_length = 100)]
    q: Given<String>,
    /// Only who came through this link.
    #[serde(default)]
    #[param(value_type = Option<schema::LinkId>)]
    link: Given<String>,
    /// Only of this plan.
    #[serde(default)]
    #[param(value_type = Option<schema::PlanId>)]
    plan: Given<String>,
    /// The `next_cursor` of the page before; none for the first page.
    #[serde(default)]
    #[param(value_type = Option<schema::Cursor>)]
    cursor: Given<String>,
    /// How many rows; 50 unless said.
    #[serde(default)]
    #[param(value_type = Option<u32>, minimum = 1, maximum = 200, default = 50)]
    limit: Given<String>,
}

fn status(text: &str) -> Result<Status, Reason> {
    let detail = "must be one of assigned, held, waiting, revoked";
    Status::parse(text).ok_or(Reason("unknown", detail.into()))
}

fn search(text: &str) -> Result<String, Reason> {
    if text.chars().take(SEARCH_MOST + 1).count() > SEARCH_MOST {
        let detail = format!("must be at most {SEARCH_MOST} characters long");
        return Err(Reason("too-long", detail.into()));
    }
    Ok(text.to_owned())
}

/// The people of the organisation, the newest first.
#[utoipa::path(
    get, path = "/api/v1/organisations/{organisation}/users", tag = "Users",
    security(("bearer" = [])),
    params(("organisation" = schema::OrganisationId, Path), Filter),
    responses((status = 200, description = "A page.", body = List<User>), Reading),
)]
pub(super) async fn list(at: Within, query: Query<Filter>) -> Answer {
    let (filter, mut form) = query.open()?;
    let list = ListUsers {
        organisation: at.organisation,
        status: form.field("status", filter.status).parse(status).optional(),
        tag: form.field("tag", filter.tag).parse(texts::tag).optional(),
        q: form.field("q", filter.q).parse(search).optional(),
        link: form.field("link", filter.link).parse(texts::id).optional(),
        plan: form.field("plan", filter.plan).parse(texts::id).optional(),
        page: query::page(&mut form, filter.cursor, filter.limit),
    };
    let list = form.finish(|| Some(list))?;
    Ok(ok(&List::of(at.call(&list).await?, User::from)))
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
    let get = GetUser {
        organisation: at.organisation,
        membership_id: at.id("user")?,
    };
    Ok(ok(&User::from(at.call(&get).await?)))
}
