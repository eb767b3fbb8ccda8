//! The people of an organisation.

use contract::{
    EmailAddress, Timestamp,
    ids::{LinkId, MembershipId, PlanId},
    seats::Status,
    text::{Name, PersonName, Tag},
    users::{self, GetUser, ListUsers, UserFilter, UserSort},
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    Answer, List,
    bearer::Within,
    body::Given,
    ok,
    query::{self, Query, Several},
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

/// Which people, in which order; the filters combine with AND.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Asked {
    /// Only in this state.
    #[serde(default)]
    #[param(value_type = Option<StatusName>)]
    status: Given<String>,
    /// Only with this tag; given several times, with every one of them.
    #[serde(default)]
    #[param(value_type = Option<Vec<schema::Tag>>, max_items = 20)]
    tag: Several,
    /// Only where first name, last name or address contains this, whatever the case.
    #[serde(default)]
    #[param(value_type = Option<String>, max_length = 100)]
    q: Given<String>,
    /// Only who came through this door.
    #[serde(default)]
    #[param(value_type = Option<DoorName>)]
    door: Given<String>,
    /// Only who came through this link.
    #[serde(default)]
    #[param(value_type = Option<schema::LinkId>)]
    link: Given<String>,
    /// Only of this plan.
    #[serde(default)]
    #[param(value_type = Option<schema::PlanId>)]
    plan: Given<String>,
    /// Only who was not seen since this instant; who was never seen is one of them.
    #[serde(default)]
    #[param(value_type = Option<schema::Instant>)]
    inactive_since: Given<String>,
    /// In which order. A cursor belongs to the order it was answered in.
    #[serde(default)]
    #[param(value_type = Option<SortName>, default = "newest")]
    sort: Given<String>,
    /// The `next_cursor` of the page before; none for the first page.
    #[serde(default)]
    #[param(value_type = Option<schema::Cursor>)]
    cursor: Given<String>,
    /// How many rows; 50 unless said.
    #[serde(default)]
    #[param(value_type = Option<u32>, minimum = 1, maximum = 200, default = 50)]
    limit: Given<String>,
}

/// Through which door somebody came.
#[derive(Debug, ToSchema)]
#[schema(as = Door, rename_all = "kebab-case")]
#[expect(dead_code, reason = "only described")]
pub(super) enum DoorName {
    Link,
}

/// In which order.
#[derive(Debug, ToSchema)]
#[schema(as = UserSort, rename_all = "snake_case")]
#[expect(dead_code, reason = "only described")]
pub(super) enum SortName {
    /// Who joined last comes first.
    Newest,
    /// Who joined first comes first.
    Oldest,
    /// By first name, then last name.
    Name,
    /// By address.
    Email,
    /// Whose seat was given last comes first.
    Redeemed,
    /// Who was seen last comes first.
    LastActive,
}

fn door(text: &str) -> Result<String, Reason> {
    match text {
        "link" => Ok(text.to_owned()),
        _ => Err(Reason("unknown", "must be link".into())),
    }
}

fn sort(text: &str) -> Result<UserSort, Reason> {
    let detail = "must be one of newest, oldest, name, email, redeemed, last_active";
    UserSort::parse(text).ok_or(Reason("unknown", detail.into()))
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
    params(("organisation" = schema::OrganisationId, Path), Asked),
    responses((status = 200, description = "A page.", body = List<User>), Reading),
)]
pub(super) async fn list(at: Within, query: Query<Asked>) -> Answer {
    let (asked, mut form) = query.open()?;
    let filter = UserFilter {
        status: form.field("status", asked.status).parse(status).optional(),
        tags: form
            .field("tag", Given::Value(asked.tag.into()))
            .each(Tag::MOST_PER_ROW, texts::tag)
            .optional()
            .unwrap_or_default(),
        q: form.field("q", asked.q).parse(search).optional(),
        door: form.field("door", asked.door).parse(door).optional(),
        link: form.field("link", asked.link).parse(texts::id).optional(),
        plan: form.field("plan", asked.plan).parse(texts::id).optional(),
        inactive_since: form
            .field("inactive_since", asked.inactive_since)
            .parse(texts::instant)
            .optional(),
    };
    let sort = form.field("sort", asked.sort).parse(sort).optional();
    let list = ListUsers {
        organisation: at.organisation,
        filter,
        sort: sort.unwrap_or_default(),
        page: query::page(&mut form, asked.cursor, asked.limit),
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
