//! Serves [`ReassignMembership`].

use contract::{
    Kind, Problem, Timestamp,
    events::Event,
    memberships::{Place, ReassignMembership},
    seats::Status,
};
use kernel::{Cx, Serve};
use serde_json::json;
use store::Tx;

use crate::{
    SeatPool,
    books::{Books, Change},
    offers,
    place::{self, Found},
    queue::{Move, write_moves},
};

impl Serve<ReassignMembership> for SeatPool {
    async fn serve(&mut self, message: ReassignMembership, cx: &Cx) -> Result<Place, Problem> {
        let mut tx = self.db.write(&cx.stamp(&*self.clock)).await?;
        tx.lock_histories(&[message.organisation]).await?;
        let found = place::find_one(&mut tx, message.organisation, message.membership_id).await?;
        let status = found.mover.status;
        if matches!(status, Status::Assigned | Status::Held) {
            return Ok(place::answer(&found.mover, status, false));
        }
        let mut books = Books::open(&mut tx, [found.mover.plan]).await?;
        let plan = books.plan(found.mover.plan);
        if plan.is_some_and(|plan| plan.has_ended(tx.stamp().now)) {
            return Err(Problem::new(Kind::PlanEnded));
        }
        if reassign(&mut tx, &mut books, &[&found]).await? == [false] {
            return Err(Problem::new(Kind::NoSeats));
        }
        books.write(&mut tx).await?;
        tx.commit().await?;
        Ok(place::answer(&found.mover, Status::Assigned, true))
    }
}

/// Gives these a seat as long as there are free ones, in their order, and says who has one now.
/// Whoever has one keeps it. The history must be locked.
///
/// An administrator knows whom they seat: the seat is assigned at once, and an address that was
/// never proved has as long for it as at an open link.
pub(crate) async fn reassign(
    tx: &mut Tx,
    books: &mut Books,
    found: &[&Found],
) -> Result<Vec<bool>, Problem> {
    let stamp = tx.stamp().clone();
    let mut moves = Vec::with_capacity(found.len());
    let mut seated = Vec::with_capacity(found.len());
    let mut told = Vec::new();
    for Found { mover, policies } in found {
        if matches!(mover.status, Status::Assigned | Status::Held) {
            seated.push(true);
            continue;
        }
        let is_open = books
            .plan(mover.plan)
            .is_some_and(|plan| plan.free() > 0 && !plan.has_ended(stamp.now));
        seated.push(is_open);
        if !is_open {
            continue;
        }
        let change = Change::Reassign(mover.status);
        books.enter(mover.plan, change, Some((mover.id, mover.link)), &stamp);
        let assigned = Event::SeatAssigned {
            membership_id: mover.id,
            account_id: mover.account,
            plan_id: mover.plan,
            link_id: mover.link,
        };
        tx.publish(mover.organisation, assigned);
        let change = json!({ "status": { "from": mover.status, "to": Status::Assigned } });
        tx.audit(mover.organisation, "seat.reassign", mover.id, change);
        let due = mover
            .proved_at
            .is_none()
            .then(|| stamp.now.plus_days(i64::from(policies.proof_days)));
        // Whoever waits does not look; whoever has to prove the address loses the seat if they do not.
        if mover.status == Status::Waiting || due.is_some() {
            told.push(mover.id);
        }
        moves.push(Move {
            id: mover.id,
            status: Status::Assigned.name(),
            redeemed_at: Some(stamp.now.micros()),
            proof_due_at: due.map(Timestamp::micros),
            revoked_at: None,
        });
    }
    write_moves(tx, &moves).await?;
    offers::note(tx, 0, told).await?;
    Ok(seated)
}
