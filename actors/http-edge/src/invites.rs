//! E-mail invites, from the side of whoever invites: an address list comes in, a draft goes out.

use contract::{
    Clock, Kind, Problem,
    batches::{
        AddToBatch, BATCH_PIECE, Batch, BatchRow, GivenRow, ListBatchRows, OpenBatch, SealBatch,
        SendBatch, Source,
    },
    ids::{BatchId, LinkId, OrganisationId},
    invites::{ResendPending, Resent},
    page::{Cursor, PageRequest},
    text::{InviteMessage, Name},
};
use intake::{Pasted, read_text};
use kernel::Cx;

use crate::{edge::Edge, request::renewed_at};

/// What is said where a link is not there.
pub(crate) const NO_LINK: &str = "There is no such access link. Create one first.";
/// The most refused rows that a problem names.
const NAMED_MOST: usize = 20;

/// What a batch is about, besides its addresses.
#[derive(Clone, Debug)]
pub(crate) struct NewBatch {
    /// Whose plan and tags the invites have.
    pub(crate) link_id: LinkId,
    /// A word to everybody.
    pub(crate) message: Option<InviteMessage>,
    /// Who the mail says invites.
    pub(crate) inviter: Option<Name>,
}

/// Reads pasted addresses and makes a draft of them. Refused as a whole with too many addresses, or
/// with none; any other row that cannot be taken is told in the draft.
pub(crate) async fn paste(
    edge: &Edge,
    cx: &Cx,
    organisation: OrganisationId,
    new: NewBatch,
    addresses: &str,
) -> Result<Batch, Problem> {
    let pasted = read_text(addresses);
    let limit = edge.options.paste_limit;
    check(&pasted, limit)?;
    let rows: Vec<GivenRow> = pasted.given.into_iter().map(GivenRow::from).collect();
    // Rows that are no address are told in the draft, too, and count.
    let given = rows.len() as u64;
    let batch_id = match open(edge, cx, organisation, new, Source::Paste, given).await {
        Err(problem) if problem.kind == Kind::NotFound => {
            return Err(Problem::invalid("link_id", "unknown", NO_LINK));
        }
        answer => answer?,
    };
    for (number, piece) in rows.chunks(BATCH_PIECE).enumerate() {
        let add = AddToBatch {
            organisation,
            batch_id,
            first_row: (number * BATCH_PIECE) as u64,
            rows: piece.to_vec(),
        };
        edge.bus.call(&add, cx).await?;
    }
    let seal = SealBatch {
        organisation,
        batch_id,
        given,
    };
    edge.bus.call(&seal, cx).await
}

/// Opens a batch of at most `limit` rows; `not-found` where the organisation has no such link.
pub(crate) async fn open(
    edge: &Edge,
    cx: &Cx,
    organisation: OrganisationId,
    new: NewBatch,
    source: Source,
    limit: u64,
) -> Result<BatchId, Problem> {
    let open = OpenBatch {
        organisation,
        link_id: new.link_id,
        source,
        message: new.message,
        inviter: new.inviter,
        limit,
    };
    Ok(edge.bus.call(&open, cx).await?.id)
}

fn check(pasted: &Pasted, limit: usize) -> Result<(), Problem> {
    let distinct = pasted.distinct();
    if distinct > limit {
        let detail = format!("At most {limit} addresses at once; these are {distinct}.");
        return Err(Problem::invalid("addresses", "too-many", detail));
    }
    // Rows that are no address may be more, but not any number.
    if pasted.given.len() > limit * 4 {
        let detail = format!("At most {} rows at once.", limit * 4);
        return Err(Problem::invalid("addresses", "too-many", detail));
    }
    if distinct > 0 {
        return Ok(());
    }
    if pasted.given.is_empty() {
        let detail = "Enter at least one address.";
        return Err(Problem::invalid("addresses", "required", detail));
    }
    let named = pasted.given.iter().take(NAMED_MOST).map(|given| {
        let why = given.reason().map_or("", intake::Reason::sentence);
        format!(
            " Line {}, \u{201c}{}\u{201d}: {why}",
            given.line, given.input
        )
    });
    let mut detail = "None of these is an address.".to_owned();
    detail.extend(named);
    Err(Problem::invalid("addresses", "none", detail))
}

/// Sends a draft.
pub(crate) async fn send(
    edge: &Edge,
    cx: &Cx,
    organisation: OrganisationId,
    batch_id: BatchId,
) -> Result<Batch, Problem> {
    let send = SendBatch {
        organisation,
        batch_id,
    };
    edge.bus.call(&send, cx).await
}

/// Sends the pending invites of a batch again, a piece at a time, each with the patience of a request of
/// its own; answers how many.
pub(crate) async fn resend_pending(
    edge: &Edge,
    cx: &Cx,
    organisation: OrganisationId,
    batch_id: BatchId,
) -> Result<u64, Problem> {
    let piece = async |cx: Cx, behind| {
        let pending = ResendPending {
            organisation,
            batch_id,
            behind,
        };
        edge.bus.call(&pending, &cx).await
    };
    all_pieces(&**edge.bus.clock(), cx, piece).await
}

/// How long all pieces may take together, in seconds: with the last one no longer than a request with an
/// `Idempotency-Key` counts as under way.
const WHOLE_SECONDS: i64 = 60;

/// How many there are in all pieces, from the first to the empty one. What breaks off says how many were sent.
async fn all_pieces(
    clock: &dyn Clock,
    cx: &Cx,
    piece: impl AsyncFn(Cx, Option<u64>) -> Result<Resent, Problem>,
) -> Result<u64, Problem> {
    let ends = clock.now().plus_seconds(WHOLE_SECONDS);
    let (mut count, mut behind) = (0, None);
    loop {
        let resent = if clock.now() < ends {
            piece(renewed_at(clock, cx), behind).await
        } else {
            Err(Problem::new(Kind::Unavailable).detail("Sending all of them took too long."))
        };
        let broken = |problem| match count {
            0 => problem,
            count => followed(
                problem,
                &format!("{count} invites were sent again; send the others by the same once more."),
            ),
        };
        let resent = resent.map_err(broken)?;
        count += resent.count;
        behind = resent.behind;
        if behind.is_none() {
            return Ok(count);
        }
    }
}

/// Sends a draft that was made just now. Where that is refused, the answer says that the draft is
/// there, and which it is: nobody has to hand the list in again. Where nobody answered, it says so.
pub(crate) async fn send_drafted(
    edge: &Edge,
    cx: &Cx,
    organisation: OrganisationId,
    draft: BatchId,
) -> Result<Batch, Problem> {
    let sent = send(edge, cx, organisation, draft).await;
    sent.map_err(|problem| not_sent(problem, draft))
}

/// A problem of sending a draft: where the answer was lost, it may have been sent.
fn not_sent(problem: Problem, draft: BatchId) -> Problem {
    if problem.kind.status() < 500 {
        return nothing_sent(problem, draft);
    }
    let what = format!("Whether it was sent is not known; look at {draft}.");
    followed(problem, &what)
}

/// A problem that came before a draft was sent.
pub(crate) fn nothing_sent(problem: Problem, draft: BatchId) -> Problem {
    followed(problem, &format!("Nothing was sent; the draft is {draft}."))
}

/// A problem that says what is so now, behind why.
fn followed(problem: Problem, what: &str) -> Problem {
    let errors = problem.errors.iter();
    let why = problem.detail.clone();
    let why = why.or_else(|| errors.map(|error| error.detail.clone()).next());
    let why = why.map(|why| format!("{why} ")).unwrap_or_default();
    problem.detail(format!("{why}{what}"))
}

/// How many of a batch's rows were taken.
pub(crate) fn taken(batch: &Batch) -> u64 {
    batch.states.values().sum()
}

/// Every row of a pasted batch that was not taken.
pub(crate) async fn refusals(
    edge: &Edge,
    cx: &Cx,
    organisation: OrganisationId,
    batch_id: BatchId,
) -> Result<Vec<BatchRow>, Problem> {
    let mut rows = Vec::new();
    let mut cursor: Option<Cursor> = None;
    loop {
        let list = ListBatchRows {
            organisation,
            batch_id,
            state: None,
            refused: true,
            reason: None,
            page: PageRequest {
                cursor,
                limit: Some(PageRequest::MOST),
            },
        };
        let page = edge.bus.call(&list, cx).await?;
        rows.extend(page.items);
        match page.next_cursor {
            Some(next) => cursor = Some(next),
            None => return Ok(rows),
        }
    }
}

#[cfg(test)]
mod tests {
    use contract::{Caller, ManualClock, Service, Timestamp, ids::Ulid};

    use super::*;

    /// Sends 100,000 again by 2,000, each piece in so many seconds.
    async fn resend(seconds: i64) -> Result<u64, Problem> {
        let clock = ManualClock::at(Timestamp::from_micros(0));
        let caller = Caller::operator(Service::HttpEdge, clock.now());
        let cx = Cx::begin(caller, "request-1", &*clock);
        let piece = async |cx: Cx, behind: Option<u64>| {
            assert!(cx.remaining(clock.now()).is_some(), "it is served");
            assert!(cx.caller.expires_at > clock.now(), "and believed");
            clock.advance_seconds(seconds);
            let position = behind.map_or(1_999, |behind| behind + 2_000);
            let is_there = position < 100_000;
            Ok(Resent {
                count: if is_there { 2_000 } else { 0 },
                behind: is_there.then_some(position),
            })
        };
        all_pieces(&*clock, &cx, piece).await
    }

    #[actix_rt::test]
    async fn the_pending_of_a_large_batch_are_all_sent_again_or_it_is_said_how_many_were() {
        assert_eq!(resend(1).await, Ok(100_000));
        let problem = resend(9).await.unwrap_err();
        assert_eq!(problem.kind, Kind::Unavailable);
        let said = problem.detail.unwrap();
        assert!(said.contains("14000 invites were sent again"), "{said}");
    }

    #[test]
    fn nothing_was_sent_is_only_said_where_somebody_answered() {
        let draft = BatchId::new(Ulid::nil());
        let says = |problem| not_sent(problem, draft).detail.unwrap();
        let refused = Problem::invalid("batch", "over-day-limit", "1 is left.");
        let expected = format!("1 is left. Nothing was sent; the draft is {draft}.");
        assert_eq!(says(refused), expected);
        for kind in [Kind::DeadlinePassed, Kind::Unavailable, Kind::Overloaded] {
            let said = says(Problem::new(kind));
            let expected = format!("Whether it was sent is not known; look at {draft}.");
            assert!(said.ends_with(&expected), "{said}");
            assert!(!said.contains("Nothing was sent"), "{said}");
        }
    }
}
