//! Serves [`Admit`]: a batch of admissions in one transaction.

use std::collections::{BTreeMap, BTreeSet};

use contract::{
    DomainName, Kind, Problem, Stamp,
    events::Event,
    ids::{AccountId, InviteId, LinkId, MembershipId, OrganisationId, PlanId},
    seats::{Admit, Admitted, Status},
};
use kernel::{Asked, ServeMany};
use serde::Serialize;
use serde_json::json;
use store::Tx;

use crate::{
    SeatPool,
    books::{Books, must_be},
    decide::{self, Acceptance, NewMembership, State},
    load::{self, Links, link_of},
    sql,
};

impl ServeMany<Admit> for SeatPool {
    async fn serve_many(
        &mut self,
        batch: &[Asked<Admit>],
    ) -> Result<Vec<Result<Admitted, Problem>>, Problem> {
        let Some(first) = batch.first() else {
            return Ok(Vec::new());
        };
        let mut tx = self.db.write(&first.cx.stamp(&*self.clock)).await?;
        let organisations: BTreeSet<_> = batch
            .iter()
            .map(|asked| asked.message.organisation)
            .collect();
        tx.lock_histories(&organisations.into_iter().collect::<Vec<_>>())
            .await?;

        let asked = || batch.iter().map(|asked| &asked.message);
        let mut people = load::people(&mut tx, asked()).await?;
        let mut invites = load::invites(&mut tx, asked()).await?;
        let through = asked().filter_map(|admit| link_of(admit.door, &invites));
        let mut links = load::links(&mut tx, through).await?;
        let plans: BTreeSet<_> = links.values().map(|link| link.plan).collect();
        let mut books = Books::open(&mut tx, plans).await?;
        let uses_before = uses(&links);

        let mut answers = Vec::with_capacity(batch.len());
        let (mut made, mut accepted) = (Vec::new(), Vec::new());
        for Asked { message, cx } in batch {
            // One instant for the whole batch, the actor and request of each message.
            let stamp = Stamp {
                now: tx.stamp().now,
                ..cx.stamp(&*self.clock)
            };
            let fresh = MembershipId::new(self.clock.ulid());
            let state = State {
                people: &mut people,
                links: &mut links,
                invites: &mut invites,
                books: &mut books,
            };
            answers.push(match decide::admit(message, fresh, state, &stamp) {
                Ok((admitted, writing)) => {
                    let membership = writing.membership;
                    made.extend(membership.map(|membership| (membership, stamp.clone())));
                    accepted.extend(writing.acceptance.map(|acceptance| (acceptance, stamp)));
                    Ok(admitted)
                }
                Err(kind) => Err(refusal(kind)),
            });
        }
        if !made.is_empty() || !accepted.is_empty() {
            books.write(&mut tx).await?;
            use_links(&mut tx, &uses_before, &links).await?;
            write(&mut tx, &made, &links).await?;
            accept(&mut tx, &accepted).await?;
            tx.commit().await?;
        }
        self.metrics.count(batch, &answers);
        Ok(answers)
    }
}

fn refusal(kind: Kind) -> Problem {
    let problem = Problem::new(kind);
    if kind == Kind::DomainNotAllowed {
        return problem.field("email", "domain-not-allowed", kind.title());
    }
    problem
}

fn uses(links: &Links) -> BTreeMap<LinkId, i64> {
    links.iter().map(|(id, link)| (*id, link.uses)).collect()
}

#[derive(Serialize)]
struct Uses {
    id: LinkId,
    uses: i64,
}

/// Writes how often links were used since `before`.
pub(crate) async fn use_links(
    tx: &mut Tx,
    before: &BTreeMap<LinkId, i64>,
    links: &Links,
) -> Result<(), Problem> {
    let used: Vec<_> = uses(links)
        .into_iter()
        .map(|(id, uses)| Uses {
            id,
            uses: uses - before.get(&id).copied().unwrap_or(0),
        })
        .filter(|row| row.uses > 0)
        .collect();
    if used.is_empty() {
        return Ok(());
    }
    let written = sql::USE_LINKS.bind_rows(&used).execute(tx).await?;
    must_be(written, used.len(), "link uses")
}

#[derive(Serialize)]
struct MembershipRow<'a> {
    id: MembershipId,
    organisation_id: OrganisationId,
    account_id: AccountId,
    plan_id: PlanId,
    status: &'static str,
    door: &'static str,
    link_id: LinkId,
    let_in_domain: Option<&'a DomainName>,
    redeemed_at: Option<i64>,
    proof_due_at: Option<i64>,
    waiting_since: Option<i64>,
    created_at: i64,
}

#[derive(Serialize)]
struct TagRow<'a> {
    membership_id: MembershipId,
    tag: &'a str,
}

async fn write(tx: &mut Tx, made: &[(NewMembership, Stamp)], links: &Links) -> Result<(), Problem> {
    if made.is_empty() {
        return Ok(());
    }
    let now = tx.stamp().now.micros();
    let rows: Vec<_> = made
        .iter()
        .map(|(new, _)| MembershipRow {
            id: new.id,
            organisation_id: new.organisation,
            account_id: new.account,
            plan_id: new.plan,
            status: new.status.name(),
            door: new.door.name(),
            link_id: new.link,
            let_in_domain: new.domain.as_ref(),
            redeemed_at: (new.status == Status::Assigned).then_some(now),
            proof_due_at: new.proof_due_at.map(contract::Timestamp::micros),
            waiting_since: (new.status == Status::Waiting).then_some(now),
            created_at: now,
        })
        .collect();
    let written = sql::INSERT_MEMBERSHIPS.bind_rows(&rows).execute(tx).await?;
    must_be(written, rows.len(), "memberships")?;

    let mut tags = Vec::new();
    for (new, stamp) in made {
        for tag in links
            .get(&new.link)
            .map(|link| &link.tags)
            .into_iter()
            .flatten()
        {
            tags.push(TagRow {
                membership_id: new.id,
                tag: tag.as_str(),
            });
        }
        tx.publish_as(stamp, new.organisation, event(new));
        tx.audit_as(
            stamp,
            new.organisation,
            "seat.admit",
            new.id,
            json!({ "status": new.status, "plan": new.plan, "link": new.link }),
        );
    }
    if !tags.is_empty() {
        sql::INSERT_TAGS.bind_rows(&tags).execute(tx).await?;
    }
    Ok(())
}

#[derive(Serialize)]
struct InviteUse<'a> {
    invite_id: InviteId,
    organisation_id: OrganisationId,
    membership_id: MembershipId,
    account_id: AccountId,
    email_key: &'a str,
}

/// Writes which invites were accepted, in the transaction that gave the places.
async fn accept(tx: &mut Tx, accepted: &[(Acceptance, Stamp)]) -> Result<(), Problem> {
    if accepted.is_empty() {
        return Ok(());
    }
    let now = tx.stamp().now;
    let rows: Vec<_> = accepted
        .iter()
        .map(|(acceptance, _)| InviteUse {
            invite_id: acceptance.invite,
            organisation_id: acceptance.organisation,
            membership_id: acceptance.membership,
            account_id: acceptance.account,
            email_key: &acceptance.accepting,
        })
        .collect();
    let used = sql::USE_INVITES.bind_rows(&rows).bind(now);
    must_be(used.execute(tx).await?, rows.len(), "invite uses")?;
    for (acceptance, stamp) in accepted {
        let Acceptance {
            invite: invite_id,
            organisation,
            membership: membership_id,
            invited,
            accepting,
            ..
        } = acceptance;
        let (invite_id, membership_id) = (*invite_id, *membership_id);
        let details = if invited == accepting {
            json!({ "membership": membership_id })
        } else {
            json!({ "membership": membership_id, "invited": invited, "accepting": accepting })
        };
        tx.audit_as(stamp, *organisation, "invite.accept", invite_id, details);
        let event = Event::InviteAccepted {
            invite_id,
            membership_id,
        };
        tx.publish_as(stamp, *organisation, event);
    }
    Ok(())
}

fn event(new: &NewMembership) -> Event {
    let NewMembership {
        id: membership_id,
        account: account_id,
        plan: plan_id,
        link,
        ..
    } = *new;
    let link_id = Some(link);
    match new.status {
        Status::Held => Event::SeatHeld {
            membership_id,
            account_id,
            plan_id,
            link_id,
        },
        Status::Waiting => Event::SeatAwaited {
            membership_id,
            account_id,
            plan_id,
            link_id,
        },
        Status::Assigned | Status::Revoked => Event::SeatAssigned {
            membership_id,
            account_id,
            plan_id,
            link_id,
        },
    }
}
