//! Serves [`RevokeMembership`].

use std::collections::BTreeSet;

use contract::{
    Problem,
    events::Event,
    ids::AccountId,
    memberships::{Place, RevokeMembership},
    seats::Status,
};
use kernel::{Cx, Serve};
use serde::Serialize;
use serde_json::json;
use store::Tx;

use crate::{
    SeatPool,
    books::{Books, Change, must_be},
    place,
    queue::{self, Move, Mover, write_moves},
    sql,
};

impl Serve<RevokeMembership> for SeatPool {
    async fn serve(&mut self, message: RevokeMembership, cx: &Cx) -> Result<Place, Problem> {
        let mut tx = self.db.write(&cx.stamp(&*self.clock)).await?;
        tx.lock_histories(&[message.organisation]).await?;
        let found = place::find_one(&mut tx, message.organisation, message.membership_id).await?;
        let mover = found.mover;
        if mover.status == Status::Revoked {
            return Ok(place::answer(&mover, Status::Revoked, false));
        }
        let mut books = Books::open(&mut tx, [mover.plan]).await?;
        revoke(&mut tx, &mut books, &[&mover]).await?;
        queue::promote(&mut tx, &mut books, mover.plan).await?;
        books.write(&mut tx).await?;
        tx.commit().await?;
        Ok(place::answer(&mover, Status::Revoked, true))
    }
}

/// Withdraws what these have; who is revoked already is left alone. The history must be locked, and
/// the caller promotes whoever waits.
pub(crate) async fn revoke(
    tx: &mut Tx,
    books: &mut Books,
    people: &[&Mover],
) -> Result<(), Problem> {
    let seated = || people.iter().filter(|one| one.status != Status::Revoked);
    let accounts: BTreeSet<_> = seated().map(|one| one.account).collect();
    let accounts: Vec<_> = accounts.into_iter().map(|id| Account { id }).collect();
    follow_sessions(tx, &accounts).await?;
    let stamp = tx.stamp().clone();
    let mut moves = Vec::with_capacity(people.len());
    for mover in seated() {
        let change = Change::Revoke(mover.status);
        books.enter(mover.plan, change, Some((mover.id, mover.link)), &stamp);
        let revoked = Event::SeatRevoked {
            membership_id: mover.id,
            plan_id: mover.plan,
        };
        tx.publish(mover.organisation, revoked);
        let change = json!({ "status": { "from": mover.status, "to": Status::Revoked } });
        tx.audit(mover.organisation, "seat.revoke", mover.id, change);
        moves.push(Move {
            id: mover.id,
            status: Status::Revoked.name(),
            redeemed_at: None,
            proof_due_at: None,
            revoked_at: Some(stamp.now.micros()),
        });
    }
    write_moves(tx, &moves).await?;
    end_sessions(tx, &accounts).await
}

#[derive(Serialize)]
struct Account {
    id: AccountId,
}

/// Has accounts to itself, in their order, so that nobody begins a session until this is written, and
/// lets the transaction bear no earlier instant than the newest of theirs: whichever clock it is of,
/// it ends.
async fn follow_sessions(tx: &mut Tx, accounts: &[Account]) -> Result<(), Problem> {
    let hold = sql::HOLD_ACCOUNTS.bind_rows(accounts);
    hold.fetch_all(tx).await?;
    let newest = sql::NEWEST_SESSION
        .bind_rows(accounts)
        .fetch_one(tx)
        .await?;
    if let Some(at) = newest.get("at")? {
        tx.not_before(at);
    }
    Ok(())
}

/// Notes that sessions which began until now are over, for as long as they would have lasted: a
/// place that is given again or erased brings none back.
async fn end_sessions(tx: &mut Tx, accounts: &[Account]) -> Result<(), Problem> {
    if accounts.is_empty() {
        return Ok(());
    }
    let now = tx.stamp().now;
    let noted = sql::NOTE_REVOCATIONS.bind_rows(accounts).bind(now);
    must_be(noted.execute(tx).await?, accounts.len(), "revocations")
}
