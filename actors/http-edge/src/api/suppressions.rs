//! Addresses that get no invites.

use actix_web::HttpResponse;
use contract::{
    EmailAddress, Timestamp,
    suppressions::{
        AddSuppression, LiftSuppression, ListSuppressions, Suppression, SuppressionReason,
    },
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    Answer, List,
    bearer::Within,
    body::{Body, Given},
    created, ok,
    query::{Query, page},
    refusals::{Reading, Writing},
    schema,
    texts::Reason,
};

/// An address that gets no invites of the organisation.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Suppressed {
    #[schema(value_type = schema::Email)]
    email: EmailAddress,
    /// Why.
    #[schema(value_type = ReasonName)]
    reason: SuppressionReason,
    #[schema(value_type = schema::Instant)]
    since: Timestamp,
    /// Who said so, as in the audit trail.
    created_by: String,
}

impl From<Suppression> for Suppressed {
    fn from(row: Suppression) -> Self {
        let Suppression {
            email,
            reason,
            since,
            created_by,
        } = row;
        Self {
            email,
            reason,
            since,
            created_by,
        }
    }
}

/// Why an address gets no invites.
#[derive(Debug, ToSchema)]
#[schema(as = SuppressionReason, rename_all = "kebab-case")]
#[expect(dead_code, reason = "only described")]
pub(super) enum ReasonName {
    /// The mailbox does not exist; ends by itself after 90 days, or when a later mail arrives.
    Bounce,
    /// Its owner complained.
    Complaint,
    /// Its owner does not want to be invited.
    Unsubscribed,
    /// An administrator said so.
    Manual,
}

/// Why an administrator suppresses an address.
#[derive(Debug, ToSchema)]
#[schema(as = NewSuppressionReason, rename_all = "kebab-case")]
#[expect(dead_code, reason = "only described")]
pub(super) enum NewReasonName {
    Bounce,
    Unsubscribed,
    Manual,
}

fn reason(text: &str) -> Result<SuppressionReason, Reason> {
    SuppressionReason::parse(text).ok_or(Reason(
        "unknown",
        "must be one of bounce, complaint, unsubscribed, manual".into(),
    ))
}

fn new_reason(text: &str) -> Result<SuppressionReason, Reason> {
    // A complaint is refused by who keeps them: only its owner makes one.
    SuppressionReason::parse(text).ok_or(Reason(
        "unknown",
        "must be one of bounce, unsubscribed, manual".into(),
    ))
}

/// Which addresses, and which page of them.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Which {
    /// Only for this reason.
    #[serde(default)]
    #[param(value_type = Option<ReasonName>)]
    reason: Given<String>,
    /// Only where the address contains this.
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

/// The organisation's own suppressions, by address. What somebody said about invites of everybody is
/// not among them: those invites end as `suppressed`.
#[utoipa::path(
    get, path = "/api/v1/organisations/{organisation}/suppressions", tag = "Suppressions",
    security(("bearer" = [])),
    params(("organisation" = schema::OrganisationId, Path), Which),
    responses((status = 200, description = "A page.", body = List<Suppressed>), Reading),
)]
pub(super) async fn list(at: Within, query: Query<Which>) -> Answer {
    let (which, mut form) = query.open()?;
    let reason = form.field("reason", which.reason).parse(reason).optional();
    let q = form.field("q", which.q).parse(super::filter::search);
    let q = q.optional();
    let page = page(&mut form, which.cursor, which.limit);
    let organisation = at.organisation;
    let list = form.finish(|| {
        Some(ListSuppressions {
            organisation,
            reason,
            q,
            page,
        })
    })?;
    Ok(ok(&List::of(at.call(&list).await?, Suppressed::from)))
}

/// An address that is to get no invites.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewSuppression {
    #[serde(default)]
    #[schema(value_type = schema::Email, required, example = "ann@hill.edu")]
    email: Given<String>,
    /// Why; `manual` unless said. What its owner said, `unsubscribed`, is not an administrator's to
    /// take back.
    #[serde(default)]
    #[schema(value_type = Option<NewReasonName>)]
    reason: Given<String>,
}

/// Suppresses an address: it gets no invites of this organisation any more, also those that wait for
/// their turn. Safe to repeat; an older reason stays. For managers.
#[utoipa::path(
    post, path = "/api/v1/organisations/{organisation}/suppressions", tag = "Suppressions",
    security(("bearer" = [])),
    params(("organisation" = schema::OrganisationId, Path)),
    request_body = NewSuppression,
    responses((status = 201, description = "As it is now.", body = Suppressed), Writing),
)]
pub(super) async fn add(at: Within, body: Body<NewSuppression>) -> Answer {
    let (new, mut form) = body.open()?;
    let email = form.field("email", new.email).parse(EmailAddress::parse);
    let email = email.required();
    let reason = form.field("reason", new.reason).parse(new_reason);
    let reason = reason.optional();
    let organisation = at.organisation;
    let add = form.finish(|| {
        Some(AddSuppression {
            organisation,
            email: email?,
            reason: reason.unwrap_or_default(),
        })
    })?;
    let added = at.call(&add).await?;
    Ok(created(&at.path("/suppressions"), &Suppressed::from(added)))
}

/// Which address.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Whose {
    /// The address.
    #[serde(default)]
    #[param(value_type = schema::Email, required)]
    email: Given<String>,
}

/// Lifts a suppression of the organisation's own. Safe to repeat. What the owner of the address said
/// is theirs to take back: 409. For managers.
#[utoipa::path(
    delete, path = "/api/v1/organisations/{organisation}/suppressions", tag = "Suppressions",
    security(("bearer" = [])),
    params(("organisation" = schema::OrganisationId, Path), Whose),
    responses((status = 204, description = "It gets invites again."), Writing),
)]
pub(super) async fn lift(at: Within, query: Query<Whose>) -> Answer {
    let (whose, mut form) = query.open()?;
    let email = form.field("email", whose.email).parse(EmailAddress::parse);
    let email = email.required();
    let organisation = at.organisation;
    let lift = form.finish(|| {
        Some(LiftSuppression {
            organisation,
            email: email?,
        })
    })?;
    at.call(&lift).await?;
    Ok(HttpResponse::NoContent().finish())
}
