//! E-mail invites.

use std::collections::BTreeMap;

use actix_web::{HttpResponse, http::StatusCode};
use contract::{
    EmailAddress, Timestamp,
    batches::{Batch, BatchRow},
    ids::{BatchId, InviteId, LinkId},
    invites::{
        self, CancelInvite, GetInvite, InviteFilter, InviteState, Life, ListInvites,
        ReaddressInvite, ResendInvite,
    },
    text::{InviteMessage, Name, PersonName},
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    Answer, List,
    bearer::Within,
    body::{Body, Given},
    ok,
    query::{Query, page},
    refusals::{Reading, Writing},
    schema, texts,
    texts::Reason,
};
use crate::{
    edge::Edge,
    invites::{NewBatch, paste, refusals, send_drafted, taken},
};

/// Addresses to be invited.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewInvites {
    /// The access link whose plan and tags the invites have.
    #[serde(default)]
    #[schema(value_type = schema::LinkId, required)]
    link_id: Given<String>,
    /// Addresses as pasted: between them white space, commas or semicolons. There is room for 120
    /// characters an address; more than this where the operator lets more be pasted.
    #[serde(default)]
    #[schema(
        value_type = String, min_length = 1, max_length = 60_000, required,
        example = "Ann Lee <ann@hill.edu>; bob@hill.edu"
    )]
    addresses: Given<String>,
    /// A word to everybody, in plain text.
    #[serde(default)]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 1_000)]
    message: Given<String>,
    /// Who the mail says invites; the organisation alone unless said.
    #[serde(default)]
    #[schema(value_type = Option<schema::Name>)]
    inviter: Given<String>,
    /// Sends nothing: makes a draft, which `send` sends.
    #[serde(default)]
    #[schema(value_type = Option<bool>)]
    dry_run: Given<bool>,
}

/// What became of the addresses.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Invited {
    #[schema(value_type = schema::BatchId)]
    batch_id: BatchId,
    /// How many were taken.
    accepted: u64,
    /// Those that were not.
    refused: Vec<RefusedRow>,
    /// How many were taken, by state, and how many were not, by reason.
    #[schema(value_type = BTreeMap<String, u64>)]
    counts: BTreeMap<String, u64>,
    /// How many more may still take a seat than seats are free now.
    exceeds_free_seats_by: u64,
}

/// A row that was not taken.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RefusedRow {
    /// As it was pasted.
    input: String,
    /// Why: a stable word.
    reason: String,
    /// What was meant, perhaps.
    #[schema(required)]
    suggestion: Option<String>,
}

impl From<BatchRow> for RefusedRow {
    fn from(row: BatchRow) -> Self {
        Self {
            input: row.input,
            reason: row.reason.unwrap_or_default(),
            suggestion: row.suggestion,
        }
    }
}

pub(super) fn message(text: &str) -> Result<InviteMessage, contract::text::TextError> {
    if text.chars().take(InviteMessage::MOST + 1).count() > InviteMessage::MOST {
        return Err(contract::text::TextError::TooLong(InviteMessage::MOST));
    }
    InviteMessage::parse(text)
}

/// A list of at most so many characters.
fn addresses(text: &str, most: usize) -> Result<String, Reason> {
    if text.chars().take(most + 1).count() > most {
        let detail = format!("must have at most {most} characters");
        return Err(Reason("too-long", detail.into()));
    }
    Ok(text.to_owned())
}

/// How many rows were taken, by state, and how many were not, by reason.
pub(super) fn counts(batch: &Batch) -> BTreeMap<String, u64> {
    let states = batch.states.iter();
    let states = states.map(|(state, count)| (state.name().to_owned(), *count));
    states.chain(batch.refused.clone()).collect()
}

/// Invites addresses by e-mail, or makes a draft. Every row that is not taken is told with its
/// reason. For managers.
#[utoipa::path(
    post, path = "/api/v1/organisations/{organisation}/invites", tag = "Invites",
    security(("bearer" = [])),
    params(("organisation" = schema::OrganisationId, Path)),
    request_body = NewInvites,
    responses((status = 202, description = "On their way, or a draft.", body = Invited), Writing),
)]
pub(super) async fn create(at: Within, body: Body<NewInvites>) -> Answer {
    let (new, mut form) = body.open()?;
    let link_id = form.field("link_id", new.link_id).parse(texts::id);
    let link_id = link_id.required();
    let most = at.edge().options.paste_characters();
    let list = form.field("addresses", new.addresses);
    let addresses = list.parse(|text| addresses(text, most)).required();
    let message = form.field("message", new.message).parse(message).optional();
    let inviter = form.field("inviter", new.inviter).parse(texts::name);
    let inviter: Option<Name> = inviter.optional();
    let dry_run = form.field("dry_run", new.dry_run).plain().optional();
    let (new, addresses) = form.finish(|| {
        let new = NewBatch {
            link_id: link_id?,
            message,
            inviter,
        };
        Some((new, addresses?))
    })?;
    let organisation = at.organisation;
    let mut batch = paste(at.edge(), at.cx(), organisation, new, &addresses).await?;
    if !dry_run.unwrap_or_default() && taken(&batch) > 0 {
        batch = send_drafted(at.edge(), at.cx(), organisation, batch.id).await?;
    }
    let refused = refusals(at.edge(), at.cx(), organisation, batch.id).await?;
    let answer = Invited {
        batch_id: batch.id,
        accepted: taken(&batch),
        refused: refused.into_iter().map(RefusedRow::from).collect(),
        counts: counts(&batch),
        exceeds_free_seats_by: batch.exceeds_free_seats_by,
    };
    Ok(HttpResponse::build(StatusCode::ACCEPTED).json(answer))
}

/// An e-mail invite.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Invite {
    #[schema(value_type = schema::InviteId)]
    id: InviteId,
    #[schema(value_type = schema::BatchId)]
    batch_id: BatchId,
    /// The access link whose plan and tags it has.
    #[schema(value_type = schema::LinkId)]
    link_id: LinkId,
    #[schema(value_type = schema::Email)]
    email: EmailAddress,
    /// How they are called, where the list said so.
    #[schema(value_type = Option<schema::PersonName>, required)]
    name: Option<PersonName>,
    /// Where its mail stands.
    #[schema(value_type = InviteStateName)]
    state: InviteState,
    /// Whether it can be accepted.
    #[schema(value_type = LifeName)]
    life: Life,
    /// Why it was skipped, failed or bounced.
    #[schema(required)]
    reason: Option<String>,
    /// What the relay said last; without a code before it, what happened instead, such as `the reply was
    /// lost: …`.
    #[schema(required)]
    last_reply: Option<String>,
    /// Whether its receiver may have two copies.
    may_be_double: bool,
    #[schema(value_type = Option<schema::Instant>, required)]
    next_try_at: Option<Timestamp>,
    #[schema(value_type = Option<schema::Instant>, required)]
    sent_at: Option<Timestamp>,
    #[schema(value_type = Option<schema::Instant>, required)]
    expires_at: Option<Timestamp>,
    #[schema(value_type = Option<schema::Instant>, required)]
    accepted_at: Option<Timestamp>,
    /// The URL to hand out; for managers, while it works; null in a replay.
    #[schema(required)]
    url: Option<String>,
}

impl Invite {
    fn of(edge: &Edge, invite: invites::Invite) -> Self {
        let url = invite.token.as_ref().map(|token| {
            let path = format!("/invite/{}", token.expose());
            edge.options.url(&path)
        });
        Self {
            url,
            id: invite.id,
            batch_id: invite.batch_id,
            link_id: invite.link_id,
            email: invite.email,
            name: invite.name,
            state: invite.state,
            life: invite.life,
            reason: invite.reason,
            last_reply: invite.last_reply,
            may_be_double: invite.may_be_double,
            next_try_at: invite.next_try_at,
            sent_at: invite.sent_at,
            expires_at: invite.expires_at,
            accepted_at: invite.accepted_at,
        }
    }
}

/// Where the mail of an invite stands.
#[derive(Debug, ToSchema)]
#[schema(as = InviteState, rename_all = "snake_case")]
#[expect(dead_code, reason = "only described")]
pub(super) enum InviteStateName {
    Draft,
    Skipped,
    Queued,
    Sending,
    Deferred,
    Unknown,
    Sent,
    Delivered,
    Bounced,
    Complained,
    Failed,
    Suppressed,
    Cancelled,
    Expired,
    Unneeded,
}

/// Whether an invite can be accepted.
#[derive(Debug, ToSchema)]
#[schema(as = InviteLife, rename_all = "snake_case")]
#[expect(dead_code, reason = "only described")]
pub(super) enum LifeName {
    Pending,
    Accepted,
    Declined,
    Cancelled,
    Expired,
}

/// Which invites, and which page of them.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Which {
    /// Only of this batch.
    #[serde(default)]
    #[param(value_type = Option<schema::BatchId>)]
    batch: Given<String>,
    /// Only where the mail stands there.
    #[serde(default)]
    #[param(value_type = Option<InviteStateName>)]
    state: Given<String>,
    /// Only in this part of their life.
    #[serde(default)]
    #[param(value_type = Option<LifeName>)]
    life: Given<String>,
    /// Only where address or name contains this.
    #[serde(default)]
    #[param(value_type = Option<schema::Search>)]
    q: Given<String>,
    /// The `next_cursor` of the page before; none for the first page.
    #[serde(default)]
    #[param(value_type = Option<schema::Cursor>)]
    cursor: Given<String>,
    /// How many rows; 50 unless said.
    #[serde(default)]
    #[param(value_type = Option<u32>, minimum = 1, maximum = 200, default = 50)]
    limit: Given<String>,
}

pub(super) fn state(text: &str) -> Result<InviteState, Reason> {
    InviteState::parse(text).ok_or(Reason("unknown", "is not a state of an invite".into()))
}

fn life(text: &str) -> Result<Life, Reason> {
    [
        Life::Pending,
        Life::Accepted,
        Life::Declined,
        Life::Cancelled,
        Life::Expired,
    ]
    .into_iter()
    .find(|life| life.name() == text)
    .ok_or(Reason(
        "unknown",
        "is not a part of an invite's life".into(),
    ))
}

/// The invites that were sent, the newest first.
#[utoipa::path(
    get, path = "/api/v1/organisations/{organisation}/invites", tag = "Invites",
    security(("bearer" = [])),
    params(("organisation" = schema::OrganisationId, Path), Which),
    responses((status = 200, description = "A page.", body = List<Invite>), Reading),
)]
pub(super) async fn list(at: Within, query: Query<Which>) -> Answer {
    let (which, mut form) = query.open()?;
    let filter = InviteFilter {
        batch: form.field("batch", which.batch).parse(texts::id).optional(),
        state: form.field("state", which.state).parse(state).optional(),
        life: form.field("life", which.life).parse(life).optional(),
        q: form
            .field("q", which.q)
            .parse(super::filter::search)
            .optional(),
    };
    let page = page(&mut form, which.cursor, which.limit);
    let organisation = at.organisation;
    let list = form.finish(|| {
        Some(ListInvites {
            organisation,
            filter,
            page,
        })
    })?;
    let page = at.call(&list).await?;
    Ok(ok(&List::of(page, |invite| Invite::of(at.edge(), invite))))
}

/// One invite.
#[utoipa::path(
    get, path = "/api/v1/organisations/{organisation}/invites/{invite}", tag = "Invites",
    security(("bearer" = [])),
    params(
        ("organisation" = schema::OrganisationId, Path),
        ("invite" = schema::InviteId, Path),
    ),
    responses((status = 200, description = "The invite.", body = Invite), Reading),
)]
pub(super) async fn show(at: Within) -> Answer {
    let get = GetInvite {
        organisation: at.organisation,
        invite_id: at.id("invite")?,
    };
    Ok(answer(&at, at.call(&get).await?))
}

fn answer(at: &Within, invite: invites::Invite) -> HttpResponse {
    ok(&Invite::of(at.edge(), invite))
}

/// Sends an invite again: its URL keeps working, its time begins anew. For managers.
#[utoipa::path(
    post, path = "/api/v1/organisations/{organisation}/invites/{invite}/resend", tag = "Invites",
    security(("bearer" = [])),
    params(
        ("organisation" = schema::OrganisationId, Path),
        ("invite" = schema::InviteId, Path),
    ),
    responses((status = 200, description = "As it is now.", body = Invite), Writing),
)]
pub(super) async fn resend(at: Within) -> Answer {
    let resend = ResendInvite {
        organisation: at.organisation,
        invite_id: at.id("invite")?,
    };
    Ok(answer(&at, at.call(&resend).await?))
}

/// Takes an invite back. For managers.
#[utoipa::path(
    post, path = "/api/v1/organisations/{organisation}/invites/{invite}/cancel", tag = "Invites",
    security(("bearer" = [])),
    params(
        ("organisation" = schema::OrganisationId, Path),
        ("invite" = schema::InviteId, Path),
    ),
    responses((status = 200, description = "As it is now.", body = Invite), Writing),
)]
pub(super) async fn cancel(at: Within) -> Answer {
    let cancel = CancelInvite {
        organisation: at.organisation,
        invite_id: at.id("invite")?,
    };
    Ok(answer(&at, at.call(&cancel).await?))
}

/// The right address of an invite.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct InviteChange {
    /// Where it is sent to; the URL that went to the old address is dead.
    #[serde(default)]
    #[schema(value_type = schema::Email, required)]
    email: Given<String>,
}

/// Corrects the address of an invite, and sends it there. For managers.
#[utoipa::path(
    patch, path = "/api/v1/organisations/{organisation}/invites/{invite}", tag = "Invites",
    security(("bearer" = [])),
    params(
        ("organisation" = schema::OrganisationId, Path),
        ("invite" = schema::InviteId, Path),
    ),
    request_body = InviteChange,
    responses((status = 200, description = "As it is now.", body = Invite), Writing),
)]
pub(super) async fn update(at: Within, body: Body<InviteChange>) -> Answer {
    let invite_id = at.id("invite")?;
    let (change, mut form) = body.open()?;
    let email = form.field("email", change.email).parse(EmailAddress::parse);
    let email = email.required();
    let organisation = at.organisation;
    let readdress = form.finish(|| {
        Some(ReaddressInvite {
            organisation,
            invite_id,
            email: email?,
        })
    })?;
    Ok(answer(&at, at.call(&readdress).await?))
}
