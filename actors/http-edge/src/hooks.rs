//! Events that a provider of mail signs: believed for their signature, and taken once.

use actix_web::http::header::HeaderMap;
use aws_lc_rs::digest::{SHA256, digest};
use bounces::{HookKeys, HookProblem, Provider, webhook};
use contract::{
    Kind, Problem, Secret,
    suppressions::{MailReport, TakeReports},
};
use data_encoding::HEXLOWER;

use crate::{edge::Edge, request::Incoming};

/// The largest body, in bytes: the providers' own batches are smaller.
pub(crate) const HOOK_MOST: usize = 1 << 20;
/// Reports of one message: with the longest words of a provider, well below what a bus carries.
const PIECE: usize = 100;

/// A key of `[mail]` that is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HookKeysError {
    /// Of `mail.webhook_standard`.
    #[error("mail.webhook_standard {0}")]
    Standard(webhook::KeyError),
    /// Of `mail.webhook_sendgrid`.
    #[error("mail.webhook_sendgrid {0}")]
    Sendgrid(webhook::KeyError),
}

/// Reads the keys that events are believed for; a space stands between two of the same provider.
pub fn hook_keys(standard: &Secret, sendgrid: &str) -> Result<HookKeys, HookKeysError> {
    let mut keys = HookKeys::default();
    for key in standard.expose().split_whitespace() {
        keys.add_standard(&Secret::new(key))
            .map_err(HookKeysError::Standard)?;
    }
    for key in sendgrid.split_whitespace() {
        keys.add_sendgrid(key).map_err(HookKeysError::Sendgrid)?;
    }
    Ok(keys)
}

/// What became of a signed batch.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Taken {
    /// Events that tell something about a mail.
    pub(crate) reports: u64,
    /// Reports that changed something.
    pub(crate) changed: u64,
}

/// The provider of a name, if anything of it can be believed.
pub(crate) fn provider(edge: &Edge, name: &str) -> Result<Provider, Problem> {
    Provider::parse(name)
        .filter(|provider| edge.options.hooks.has(*provider))
        .ok_or_else(|| Problem::new(Kind::NotFound))
}

/// Takes what a provider signed. Safe to repeat: an event has a name, and is taken once.
pub(crate) async fn take(
    edge: &Edge,
    visitor: &Incoming,
    provider: Provider,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Taken, Problem> {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let now = edge.bus.clock().now();
    let verified = webhook::verify(provider, header, body, &edge.options.hooks, now);
    let reports = verified.map_err(|why| refusal(edge, visitor, provider, why))?;
    let batch = HEXLOWER.encode(digest(&SHA256, body).as_ref());
    let reports: Vec<MailReport> = reports
        .into_iter()
        .enumerate()
        .filter_map(|(place, report)| {
            let mut report = report.told()?;
            // The same bytes again are the same events, also where their sender does not name them.
            report
                .event_id
                .get_or_insert_with(|| format!("{batch}-{place}"));
            Some(report)
        })
        .collect();
    let mut taken = Taken {
        reports: reports.len() as u64,
        changed: 0,
    };
    for piece in reports.chunks(PIECE) {
        let take = TakeReports {
            provider: provider.name().to_owned(),
            reports: piece.to_vec(),
        };
        taken.changed += edge.bus.call(&take, &visitor.cx).await?.changed;
    }
    Ok(taken)
}

/// Whoever cannot sign is told nothing but that, and counted by where they come from.
fn refusal(edge: &Edge, visitor: &Incoming, provider: Provider, why: HookProblem) -> Problem {
    let kind = match why {
        HookProblem::NotConfigured => Kind::NotFound,
        HookProblem::Unsigned | HookProblem::Stale | HookProblem::Forged => Kind::Unauthenticated,
        HookProblem::TooLarge => Kind::TooLarge,
        HookProblem::Malformed => Kind::Malformed,
    };
    let problem = Problem::new(kind);
    if kind != Kind::Unauthenticated {
        return problem;
    }
    let problem = edge.throttle.guess(visitor.client, problem);
    if problem.kind == kind {
        let (request_id, provider) = (&visitor.cx.request_id, provider.name());
        tracing::warn!(%request_id, provider, %why, "an event was not believed");
    }
    problem
}
