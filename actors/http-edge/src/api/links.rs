//! Access links.

use actix_web::HttpResponse;
use contract::{
    DomainName, Timestamp,
    ids::{BulkId, LinkId, PlanId},
    links::{self, CreateLink, GetLink, LinkSwitch, ListLinks, RotateLink, SwitchLink, UpdateLink},
    text::{Name, Tag},
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
    texts::Reason,
};
use crate::{edge::Edge, link};

/// The most uses that a link can be bounded to.
const MOST_USES: u64 = 1_000_000_000;

/// An access link.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Link {
    #[schema(value_type = schema::LinkId)]
    id: LinkId,
    /// A memorable name; several links may bear the same.
    #[schema(value_type = schema::Name)]
    name: Name,
    /// The plan whose seats it gives.
    #[schema(value_type = schema::PlanId)]
    plan_id: PlanId,
    /// What that plan is called.
    #[schema(value_type = schema::Name)]
    plan_name: Name,
    /// The URL to hand out; null in a replay.
    #[schema(required)]
    url: Option<String>,
    /// The secret in that URL; null in a replay.
    #[schema(required)]
    token: Option<String>,
    /// Copied to whoever joins through it.
    #[schema(value_type = Vec<schema::Tag>)]
    tags: Vec<Tag>,
    /// How many seats were given through it; never falls.
    uses: u64,
    /// After how many uses it is used up.
    #[schema(required)]
    max_uses: Option<u64>,
    /// When it stops working.
    #[schema(value_type = Option<schema::Instant>, required)]
    expires_at: Option<Timestamp>,
    /// Only addresses of these domains may use it, and must be proved; empty: any.
    #[schema(value_type = Vec<schema::Domain>)]
    allowed_domains: Vec<DomainName>,
    /// Since when it is switched off.
    #[schema(value_type = Option<schema::Instant>, required)]
    disabled_at: Option<Timestamp>,
    /// Since when it is deleted: kept for its name in reports, works no more.
    #[schema(value_type = Option<schema::Instant>, required)]
    archived_at: Option<Timestamp>,
    /// Since when it exists.
    #[schema(value_type = schema::Instant)]
    created_at: Timestamp,
    /// Who made it, as in the audit trail.
    created_by: String,
}

impl Link {
    fn of(edge: &Edge, link: links::Link) -> Self {
        Self {
            url: Some(link::url(edge, &link.token)),
            token: Some(link.token.expose().to_owned()),
            id: link.id,
            name: link.name,
            plan_id: link.plan_id,
            plan_name: link.plan_name,
            tags: link.tags,
            uses: link.uses,
            max_uses: link.max_uses,
            expires_at: link.expires_at,
            allowed_domains: link.allowed_domains,
            disabled_at: link.disabled_at,
            archived_at: link.archived_at,
            created_at: link.created_at,
            created_by: link.created_by,
        }
    }
}

/// A new link.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewLink {
    /// A memorable name.
    #[serde(default)]
    #[schema(value_type = schema::Name, required)]
    name: Given<String>,
    /// The plan whose seats it gives.
    #[serde(default)]
    #[schema(value_type = schema::PlanId, required)]
    plan_id: Given<String>,
    /// Copied to whoever joins through it.
    #[serde(default)]
    #[schema(value_type = Option<Vec<schema::Tag>>, max_items = 20)]
    tags: Given<Vec<String>>,
    /// When it stops working; in the future.
    #[serde(default)]
    #[schema(value_type = Option<schema::Instant>)]
    expires_at: Given<String>,
    /// After how many uses it is used up.
    #[serde(default)]
    #[schema(value_type = Option<u64>, minimum = 1, maximum = 1_000_000_000)]
    max_uses: Given<u64>,
    /// Only addresses of these domains may use it, and must be proved; none: any.
    #[serde(default)]
    #[schema(value_type = Option<Vec<schema::Domain>>, max_items = 50)]
    allowed_domains: Given<Vec<String>>,
}

/// What changes about a link.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct LinkChange {
    /// A new name.
    #[serde(default)]
    #[schema(value_type = schema::Name)]
    name: Given<String>,
    /// All tags from now on.
    #[serde(default)]
    #[schema(value_type = Vec<schema::Tag>, max_items = 20)]
    tags: Given<Vec<String>>,
    /// Whose tags change: of those who join later, or also of all who joined already, which is a job.
    /// Jobs of a link come one after the other, and whoever would bear more than 20 tags keeps theirs.
    #[serde(default)]
    #[schema(value_type = ApplyTags, default = "later")]
    apply_tags: Given<String>,
    /// When it stops working; null takes the end away.
    #[serde(default)]
    #[schema(value_type = Option<schema::Instant>)]
    expires_at: Given<String>,
    /// After how many uses it is used up; null takes the bound away. Below `uses` it closes the
    /// link.
    #[serde(default)]
    #[schema(value_type = Option<u64>, minimum = 1, maximum = 1_000_000_000)]
    max_uses: Given<u64>,
    /// All domains from now on; empty: any.
    #[serde(default)]
    #[schema(value_type = Vec<schema::Domain>, max_items = 50)]
    allowed_domains: Given<Vec<String>>,
}

/// A link, as it is after a change.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ChangedLink {
    #[serde(flatten)]
    link: Link,
    /// With `apply_tags` `all`, the job that brings the tags to whoever joined already. Up to some 2,000
    /// people it is usually finished with this answer, and otherwise goes on by itself.
    #[schema(value_type = Option<schema::BulkId>, required)]
    job_id: Option<BulkId>,
}

/// Whose tags change.
#[derive(Debug, PartialEq, ToSchema)]
#[schema(rename_all = "kebab-case")]
pub(super) enum ApplyTags {
    Later,
    All,
}

fn apply_tags(text: &str) -> Result<ApplyTags, Reason> {
    match text {
        "later" => Ok(ApplyTags::Later),
        "all" => Ok(ApplyTags::All),
        _ => Err(Reason("unknown", "must be one of later, all".into())),
    }
}

/// Makes a link. For managers.
#[utoipa::path(
    post, path = "/api/v1/organisations/{organisation}/links", tag = "Links",
    security(("bearer" = [])),
    params(("organisation" = schema::OrganisationId, Path)),
    request_body = NewLink,
    responses((status = 201, description = "Made.", body = Link), Writing),
)]
pub(super) async fn create(at: Within, body: Body<NewLink>) -> Answer {
    let (new, mut form) = body.open()?;
    let name = form.field("name", new.name).parse(texts::name).required();
    let plan_id = form.field("plan_id", new.plan_id).parse(texts::id);
    let plan_id = plan_id.required();
    let tags = form
        .field("tags", new.tags)
        .each(Tag::MOST_PER_ROW, texts::tag)
        .optional();
    let expires_at = form
        .field("expires_at", new.expires_at)
        .parse(texts::instant)
        .after(at.now(), "past")
        .optional();
    let max_uses = form
        .field("max_uses", new.max_uses)
        .within(1..=MOST_USES)
        .optional();
    let allowed_domains = form
        .field("allowed_domains", new.allowed_domains)
        .each(DomainName::MOST_PER_LINK, DomainName::parse)
        .optional();
    let organisation = at.organisation;
    let create = form.finish(|| {
        Some(CreateLink {
            organisation,
            name: name?,
            plan_id: plan_id?,
            tags: tags.unwrap_or_default(),
            expires_at,
            max_uses,
            allowed_domains: allowed_domains.unwrap_or_default(),
        })
    })?;
    let link = Link::of(at.edge(), at.call(&create).await?);
    let path = at.path(format_args!("/links/{}", link.id));
    Ok(created(&path, &link))
}

/// Every link of the organisation that is not deleted, the newest first.
#[utoipa::path(
    get, path = "/api/v1/organisations/{organisation}/links", tag = "Links",
    security(("bearer" = [])),
    params(("organisation" = schema::OrganisationId, Path), Paging),
    responses((status = 200, description = "A page.", body = List<Link>), Reading),
)]
pub(super) async fn list(at: Within, query: Query<Paging>) -> Answer {
    let organisation = at.organisation;
    let page = query.page()?;
    let page = at.call(&ListLinks { organisation, page }).await?;
    Ok(ok(&List::of(page, |link| Link::of(at.edge(), link))))
}

/// One link, deleted or not.
#[utoipa::path(
    get, path = "/api/v1/organisations/{organisation}/links/{link}", tag = "Links",
    security(("bearer" = [])),
    params(
        ("organisation" = schema::OrganisationId, Path),
        ("link" = schema::LinkId, Path),
    ),
    responses((status = 200, description = "The link.", body = Link), Reading),
)]
pub(super) async fn show(at: Within) -> Answer {
    let link = find(&at).await?;
    Ok(answer(&at, link))
}

async fn find(at: &Within) -> Result<links::Link, crate::problem::Refused> {
    let get = GetLink {
        organisation: at.organisation,
        link_id: at.id("link")?,
    };
    Ok(at.call(&get).await?)
}

fn answer(at: &Within, link: links::Link) -> HttpResponse {
    ok(&Link::of(at.edge(), link))
}

/// Changes what is given and leaves the rest. For managers.
#[utoipa::path(
    patch, path = "/api/v1/organisations/{organisation}/links/{link}", tag = "Links",
    security(("bearer" = [])),
    params(
        ("organisation" = schema::OrganisationId, Path),
        ("link" = schema::LinkId, Path),
    ),
    request_body = LinkChange,
    responses((status = 200, description = "As it is now.", body = ChangedLink), Writing),
)]
pub(super) async fn update(at: Within, body: Body<LinkChange>) -> Answer {
    let link_id = at.id("link")?;
    let (change, mut form) = body.open()?;
    let whose = form.field("apply_tags", change.apply_tags);
    let to_all = whose.parse(apply_tags).set() == Some(ApplyTags::All);
    let update = UpdateLink {
        organisation: at.organisation,
        link_id,
        name: form.field("name", change.name).parse(texts::name).set(),
        tags: form
            .field("tags", change.tags)
            .each(Tag::MOST_PER_ROW, texts::tag)
            .set(),
        expires_at: form
            .field("expires_at", change.expires_at)
            .parse(texts::instant)
            .change(),
        max_uses: form
            .field("max_uses", change.max_uses)
            .within(1..=MOST_USES)
            .change(),
        allowed_domains: form
            .field("allowed_domains", change.allowed_domains)
            .each(DomainName::MOST_PER_LINK, DomainName::parse)
            .set(),
        to_all: to_all.then(|| BulkId::new(at.edge().bus.clock().ulid())),
    };
    let update = form.finish(|| Some(update))?;
    let job_id = update.to_all;
    let (link, _) = link::update(at.edge(), at.cx(), update).await?;
    Ok(ok(&ChangedLink {
        link: Link::of(at.edge(), link),
        job_id,
    }))
}

/// Gives the link a new secret: the old URL is dead at once. For managers.
#[utoipa::path(
    post, path = "/api/v1/organisations/{organisation}/links/{link}/rotate", tag = "Links",
    security(("bearer" = [])),
    params(
        ("organisation" = schema::OrganisationId, Path),
        ("link" = schema::LinkId, Path),
    ),
    responses((status = 200, description = "With its new URL.", body = Link), Writing),
)]
pub(super) async fn rotate(at: Within) -> Answer {
    let rotate = RotateLink {
        organisation: at.organisation,
        link_id: at.id("link")?,
    };
    let link = at.call(&rotate).await?;
    Ok(answer(&at, link))
}

async fn switch(at: &Within, switch: LinkSwitch) -> Result<links::Link, crate::problem::Refused> {
    let message = SwitchLink {
        organisation: at.organisation,
        link_id: at.id("link")?,
        switch,
    };
    Ok(at.call(&message).await?)
}

/// Switches the link off. For managers.
#[utoipa::path(
    post, path = "/api/v1/organisations/{organisation}/links/{link}/disable", tag = "Links",
    security(("bearer" = [])),
    params(
        ("organisation" = schema::OrganisationId, Path),
        ("link" = schema::LinkId, Path),
    ),
    responses((status = 200, description = "As it is now.", body = Link), Writing),
)]
pub(super) async fn disable(at: Within) -> Answer {
    let link = switch(&at, LinkSwitch::Disable).await?;
    Ok(answer(&at, link))
}

/// Switches the link on again. For managers.
#[utoipa::path(
    post, path = "/api/v1/organisations/{organisation}/links/{link}/enable", tag = "Links",
    security(("bearer" = [])),
    params(
        ("organisation" = schema::OrganisationId, Path),
        ("link" = schema::LinkId, Path),
    ),
    responses((status = 200, description = "As it is now.", body = Link), Writing),
)]
pub(super) async fn enable(at: Within) -> Answer {
    let link = switch(&at, LinkSwitch::Enable).await?;
    Ok(answer(&at, link))
}

/// Deletes the link: who joined keeps seat and tags, reports keep its name. For managers.
#[utoipa::path(
    delete, path = "/api/v1/organisations/{organisation}/links/{link}", tag = "Links",
    security(("bearer" = [])),
    params(
        ("organisation" = schema::OrganisationId, Path),
        ("link" = schema::LinkId, Path),
    ),
    responses((status = 204, description = "Deleted."), Writing),
)]
pub(super) async fn archive(at: Within) -> Answer {
    switch(&at, LinkSwitch::Archive).await?;
    Ok(HttpResponse::NoContent().finish())
}
