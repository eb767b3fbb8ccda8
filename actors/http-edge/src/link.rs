//! An access link: what is behind its token, its URL, and a change of it with whoever joined through it.

use contract::{
    Kind, Problem, Secret,
    bulk::{Bulk, RetagLink},
    links::{Link, LinkFace, ResolveLink, UpdateLink},
};
use kernel::Cx;

use crate::{edge::Edge, request::Incoming};

/// What is behind the token of a link.
///
/// Whoever has none of a link is counted by where they come from.
pub(crate) async fn face(
    edge: &Edge,
    visitor: &Incoming,
    token: &str,
) -> Result<LinkFace, Problem> {
    let guess = |refusal| edge.throttle.guess(visitor.client, refusal);
    // Longer than any token: refused like any unknown one, without a way over the bus.
    if token.len() > 128 {
        return Err(guess(Problem::new(Kind::LinkUnknown)));
    }
    let resolve = ResolveLink {
        token: Secret::new(token),
    };
    match edge.bus.call(&resolve, &visitor.cx).await {
        Err(problem) if problem.kind == Kind::LinkUnknown => Err(guess(problem)),
        answer => answer,
    }
}

/// The URL to hand out: what the token of a link opens.
pub(crate) fn url(edge: &Edge, token: &Secret) -> String {
    edge.options.url(&format!("/join/{}", token.expose()))
}

/// How many pieces of a job are done before its change is answered: some 2,000 people.
const PIECES_AT_ONCE: usize = 10;

/// Changes a link. Where its tags are for everybody, the job that brings them is finished if they are not
/// many, and goes on by itself if they are, or if nobody is there to do it now. Safe to repeat.
pub(crate) async fn update(
    edge: &Edge,
    cx: &Cx,
    update: UpdateLink,
) -> Result<(Link, Option<Bulk>), Problem> {
    let link = edge.bus.call(&update, cx).await?;
    let Some(bulk_id) = update.to_all else {
        return Ok((link, None));
    };
    let retag = RetagLink {
        organisation: update.organisation,
        link_id: update.link_id,
        bulk_id,
    };
    let mut job = None::<Bulk>;
    for _ in 0..PIECES_AT_ONCE {
        if job.as_ref().is_some_and(|job| job.finished_at.is_some()) {
            break;
        }
        match edge.bus.call(&retag, cx).await {
            Ok(further) => job = Some(further),
            // The link is changed, and the job is noted with it.
            Err(problem) => {
                tracing::info!(%problem, %bulk_id, "the tags of a link are brought to everybody later");
                break;
            }
        }
    }
    Ok((link, job))
}
