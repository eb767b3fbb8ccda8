//! Serves [`TakeReports`], and takes reports that came by mail.

use std::collections::{BTreeMap, BTreeSet};

use contract::{
    EmailAddress, Problem, Stamp, Timestamp,
    events::Event,
    ids::{InviteId, OrganisationId},
    invites::InviteState,
    suppressions::{
        MailReport, REPORTS_MOST, ReportKind, ReportsTaken, SuppressionReason, TakeReports,
    },
};
use kernel::{Cx, Serve};
use serde::Serialize;
use serde_json::json;
use store::{Db, Row, StoreError, Tx};

use super::{
    about::Mark,
    sql,
    verdict::{reason, verdict},
};
use crate::{
    InviteDispatcher,
    suppressions::{Wish, lift_bounces, suppress},
    tokens::Tokens,
};

/// The most characters that are kept of what was said.
const DETAIL_MOST: usize = 500;
/// The most characters that are kept of the name of an event or a provider.
const NAME_MOST: usize = 300;

impl Serve<TakeReports> for InviteDispatcher {
    async fn serve(&mut self, message: TakeReports, cx: &Cx) -> Result<ReportsTaken, Problem> {
        if message.reports.len() > REPORTS_MOST {
            let detail = format!("At most {REPORTS_MOST} reports at a time.");
            return Err(Problem::invalid("reports", "too-many", detail));
        }
        let stamp = cx.stamp(&*self.clock);
        let (provider, reports) = (message.provider, message.reports);
        let changed = take(&self.db, &stamp, &self.tokens(), &provider, &reports).await?;
        Ok(ReportsTaken { changed })
    }
}

/// Takes reports in one transaction; answers how many changed something.
pub(crate) async fn take(
    db: &Db,
    stamp: &Stamp,
    tokens: &Tokens,
    provider: &str,
    reports: &[MailReport],
) -> Result<u64, Problem> {
    let marked: Vec<_> = reports
        .iter()
        .filter_map(|report| Some((report, Mark::of(report)?)))
        .collect();
    if marked.is_empty() {
        return Ok(0);
    }
    let mut tx = db.write(stamp).await?;
    let mut fresh = fresh(&mut tx, provider, &marked).await?;
    let ids: BTreeSet<_> = marked.iter().map(|(_, mark)| mark.invite).collect();
    let ids: Vec<_> = ids.into_iter().map(|id| Key { id }).collect();
    let mut known = known(&mut tx, &ids).await?;
    let mut taken = Taken::default();
    for (report, mark) in marked {
        let event = report.event_id.as_deref().map(bounded_name);
        if event.is_some_and(|event| !fresh.remove(&event)) {
            continue;
        }
        if let Some(invite) = known.get_mut(&mark.invite) {
            taken.note(report, mark, invite, tokens);
        }
    }
    let changed = taken.write(&mut tx).await?;
    tx.commit().await?;
    Ok(changed)
}

#[derive(Serialize)]
struct Key {
    id: InviteId,
}

#[derive(Serialize)]
struct EventKey {
    event_id: String,
}

/// An invite as reports find it, and leave it for the next.
struct Known {
    id: InviteId,
    organisation: OrganisationId,
    generation: i64,
    /// By generation.
    addresses: BTreeMap<i64, EmailAddress>,
    state: InviteState,
    mailing: i64,
    sent_at: Option<Timestamp>,
    is_accepted: bool,
}

/// Events that were not taken before.
async fn fresh(
    tx: &mut Tx,
    provider: &str,
    marked: &[(&MailReport, Mark)],
) -> Result<BTreeSet<String>, StoreError> {
    let events = marked
        .iter()
        .filter_map(|(report, _)| report.event_id.as_deref());
    // In one order, also where a provider tells the same twice at once.
    let events: BTreeSet<_> = events.map(bounded_name).collect();
    let events: Vec<_> = events
        .into_iter()
        .map(|event_id| EventKey { event_id })
        .collect();
    if events.is_empty() {
        return Ok(BTreeSet::new());
    }
    let now = tx.stamp().now;
    let take = sql::TAKE_EVENTS.bind_rows(&events);
    let take = take.bind(bounded_name(provider)).bind(now);
    let rows = take.fetch_all(tx).await?;
    rows.iter().map(|row| row.get("event_id")).collect()
}

async fn known(tx: &mut Tx, ids: &[Key]) -> Result<BTreeMap<InviteId, Known>, StoreError> {
    let rows = sql::LOCK_REPORTED.bind_rows(ids).fetch_all(tx).await?;
    let known = rows.iter().map(|row| Ok((row.get("id")?, invite(row)?)));
    let mut known = known.collect::<Result<BTreeMap<InviteId, Known>, StoreError>>()?;
    let earlier = sql::EARLIER_ADDRESSES.bind_rows(ids).fetch_all(tx).await?;
    for row in &earlier {
        if let Some(invite) = known.get_mut(&row.get("invite_id")?) {
            let address = (row.get("generation")?, row.get("email")?);
            invite.addresses.extend([address]);
        }
    }
    Ok(known)
}

fn invite(row: &Row) -> Result<Known, StoreError> {
    let (generation, state): (i64, String) = (row.get("generation")?, row.get("state")?);
    Ok(Known {
        id: row.get("id")?,
        organisation: row.get("organisation_id")?,
        generation,
        addresses: BTreeMap::from([(generation, row.get("email")?)]),
        state: InviteState::parse(&state)
            .ok_or_else(|| row.bad("state", "is not a state of an invite"))?,
        mailing: row.get("mailing")?,
        sent_at: row.get("sent_at")?,
        is_accepted: row.get::<i64>("uses")? > 0,
    })
}

/// What reports change, until it is written.
#[derive(Default)]
struct Taken {
    changed: u64,
    settled: BTreeMap<InviteId, Settled>,
    replies: BTreeMap<InviteId, Reply>,
    /// By the keys of addresses.
    heard: BTreeMap<String, Heard>,
    events: Vec<(OrganisationId, Event)>,
}

/// What was heard of an address.
#[derive(Default)]
struct Heard {
    wishes: Vec<Wish>,
    /// When mails were sent that arrived.
    arrived: Vec<Timestamp>,
}

#[derive(Serialize)]
struct Settled {
    id: InviteId,
    state: &'static str,
    reason: Option<&'static str>,
    reply: Option<String>,
}

#[derive(Serialize)]
struct Reply {
    id: InviteId,
    reply: String,
}

impl Taken {
    fn note(&mut self, report: &MailReport, mark: Mark, invite: &mut Known, tokens: &Tokens) {
        let (last, recipient) = (invite.generation, report.recipient.as_ref());
        let about = mark.generation(tokens, last, &invite.addresses, recipient);
        let Some(generation) = about else {
            return;
        };
        let Some(email) = invite.addresses.get(&generation).cloned() else {
            return;
        };
        let kind = report.kind;
        let is_said = matches!(kind, ReportKind::Complaint | ReportKind::Unsubscribed);
        let never_left = matches!(invite.state, InviteState::Draft | InviteState::Skipped);
        if never_left || invite.is_accepted && !is_said {
            return;
        }
        if let Some((reason, organisation)) = suppressed_by(kind, invite.organisation) {
            let heard = self.heard.entry(email.key()).or_default();
            heard.wishes.push(Wish {
                email: email.clone(),
                organisation,
                reason,
                invite: Some(invite.id),
            });
        }
        if generation == invite.generation {
            self.settle(report, mark, invite, email);
        }
    }

    fn settle(&mut self, report: &MailReport, mark: Mark, invite: &mut Known, email: EmailAddress) {
        let (kind, reply) = (report.kind, bounded(&report.detail, DETAIL_MOST));
        let reply = Some(reply).filter(|reply| !reply.is_empty());
        if kind == ReportKind::Delayed
            && let Some(reply) = reply
        {
            self.changed += 1;
            let id = invite.id;
            self.replies.insert(id, Reply { id, reply });
            return;
        }
        let Some(state) = verdict(invite.state, kind, mark.is_of(invite.mailing)) else {
            return;
        };
        self.changed += 1;
        let (id, invite_id) = (invite.id, invite.id);
        let event = match state {
            InviteState::Bounced => Some(Event::InviteBounced { invite_id }),
            InviteState::Complained => Some(Event::InviteComplained { invite_id }),
            _ => None,
        };
        self.events
            .extend(event.map(|event| (invite.organisation, event)));
        if let (InviteState::Sent, InviteState::Delivered, Some(sent_at)) =
            (invite.state, state, invite.sent_at)
        {
            let heard = self.heard.entry(email.key()).or_default();
            heard.arrived.push(sent_at);
        }
        invite.state = state;
        let settled = Settled {
            id,
            state: state.name(),
            reason: reason(kind, &report.detail),
            reply: reply.filter(|_| kind != ReportKind::Delivered),
        };
        self.settled.insert(id, settled);
    }

    /// Writes it; answers how many reports changed something.
    async fn write(self, tx: &mut Tx) -> Result<u64, StoreError> {
        let mut changed = self.changed;
        let replies: Vec<_> = self.replies.into_values().collect();
        if !replies.is_empty() {
            sql::NOTE_REPLY.bind_rows(&replies).execute(tx).await?;
        }
        let settled: Vec<_> = self.settled.into_values().collect();
        if !settled.is_empty() {
            sql::SETTLE.bind_rows(&settled).execute(tx).await?;
        }
        // Last, because mail that waits for the same address is quieted by it; and by address, as
        // couriers do.
        for (key, mut heard) in self.heard {
            heard.wishes.sort_by_key(|wish| wish.organisation);
            for wish in &heard.wishes {
                let is_new = suppress(tx, wish).await?;
                if is_new && wish.reason == SuppressionReason::Unsubscribed {
                    changed += 1;
                }
                if let (true, Some(organisation)) = (is_new, wish.organisation) {
                    let change = json!({ "reason": wish.reason });
                    tx.audit(organisation, "suppression.add", &key, change);
                }
            }
            for sent_at in heard.arrived {
                lift_bounces(tx, &key, sent_at).await?;
            }
        }
        for (organisation, event) in self.events {
            tx.publish(organisation, event);
        }
        Ok(changed)
    }
}

/// How a report suppresses an address, and where; `None` is everywhere.
fn suppressed_by(
    kind: ReportKind,
    organisation: OrganisationId,
) -> Option<(SuppressionReason, Option<OrganisationId>)> {
    match kind {
        ReportKind::HardBounce => Some((SuppressionReason::Bounce, Some(organisation))),
        ReportKind::Complaint => Some((SuppressionReason::Complaint, None)),
        ReportKind::Unsubscribed => Some((SuppressionReason::Unsubscribed, Some(organisation))),
        ReportKind::Delivered | ReportKind::Delayed | ReportKind::SoftBounce => None,
    }
}

fn bounded_name(name: &str) -> String {
    bounded(name, NAME_MOST)
}

/// One line of at most so many characters.
fn bounded(text: &str, most: usize) -> String {
    let line = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    line.take(most).collect::<String>().trim().to_owned()
}
