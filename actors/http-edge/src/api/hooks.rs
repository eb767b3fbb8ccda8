//! What providers of mail tell: bounces, complaints, deliveries.

use actix_web::{HttpRequest, web};
use serde::Serialize;
use utoipa::ToSchema;

use super::{Answer, body::bounded, ok, refusals::Hooked};
use crate::{
    edge::Edge,
    hooks::{self, HOOK_MOST},
    request::Incoming,
};

/// Who sends events, by the form that they have.
#[derive(Debug, ToSchema)]
#[schema(as = MailProvider, rename_all = "kebab-case")]
#[expect(dead_code, reason = "only described")]
pub(super) enum ProviderName {
    /// Standard Webhooks, with `mail.bounced`, `mail.complained` and the like.
    Standard,
    /// The Event Webhook of `SendGrid`.
    Sendgrid,
}

/// What became of the events.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TakenEvents {
    /// How many of them tell something about a mail.
    reports: u64,
    /// How many changed something: none the second time.
    changed: u64,
}

/// Takes the events of a provider of mail, which the provider signs. What is not signed with a key of
/// the settings, or too long ago, is refused. Safe to repeat: an event is taken once.
#[utoipa::path(
    post, path = "/api/v1/hooks/mail/{provider}", tag = "Hooks",
    params(("provider" = inline(ProviderName), Path)),
    request_body(content = Object, description = "As the provider signed it."),
    responses((status = 200, description = "Taken.", body = TakenEvents), Hooked),
)]
pub(super) async fn take(
    edge: web::Data<Edge>,
    incoming: Incoming,
    provider: web::Path<String>,
    request: HttpRequest,
    payload: web::Payload,
) -> Answer {
    // Nothing is read for whom nothing is believed.
    let provider = hooks::provider(&edge, &provider)?;
    let body = bounded(&request, payload.into_inner(), HOOK_MOST).await?;
    let taken = hooks::take(&edge, &incoming, provider, request.headers(), &body).await?;
    Ok(ok(&TakenEvents {
        reports: taken.reports,
        changed: taken.changed,
    }))
}
