//! Serves [`SettleProof`]: an address was proved, so what was held is theirs and what was due falls.

use std::collections::BTreeSet;

use contract::{
    Problem, Stamp,
    events::Event,
    ids::AccountId,
    seats::{SettleProof, Settled, Status},
};
use kernel::{Cx, Serve};
use serde_json::json;
use store::Tx;

use crate::{
    SeatPool,
    books::{Books, Change},
    load,
    queue::{Move, Mover, mover, write_moves},
    sql,
};

impl Serve<SettleProof> for SeatPool {
    async fn serve(&mut self, message: SettleProof, cx: &Cx) -> Result<Vec<Settled>, Problem> {
        let account = message.account_id;
        let stamp = cx.stamp(&*self.clock);
        self.settle(account, &stamp).await?;
        let mut reader = self.db.read().await?;
        let mut rows = sql::OF_ACCOUNT.bind(account).fetch_all(&mut reader).await?;
        if let Some(own) = cx.caller.organisation {
            // Whoever acts for one organisation learns nothing of the others.
            let is_own = |row: &store::Row| row.get("organisation_id").is_ok_and(|id| own == id);
            rows.retain(is_own);
        }
        let settled = rows.iter().map(|row| {
            Ok(Settled {
                organisation: row.get("organisation_id")?,
                membership_id: row.get("id")?,
                status: load::status(row)?,
            })
        });
        settled
            .collect::<Result<_, store::StoreError>>()
            .map_err(Problem::from)
    }
}

impl SeatPool {
    async fn settle(&mut self, account: AccountId, stamp: &Stamp) -> Result<(), Problem> {
        // Which histories to lock is only known after a first look; then it is looked at again.
        let mut reader = self.db.read().await?;
        let rows = sql::UNSETTLED.bind(account).fetch_all(&mut reader).await?;
        drop(reader);
        let organisations: BTreeSet<_> = rows
            .iter()
            .map(|row| row.get("organisation_id"))
            .collect::<Result<_, _>>()?;
        if organisations.is_empty() {
            return Ok(());
        }
        let mut tx = self.db.write(stamp).await?;
        tx.lock_histories(&organisations.iter().copied().collect::<Vec<_>>())
            .await?;
        let rows = sql::UNSETTLED.bind(account).fetch_all(&mut tx).await?;
        let movers: Vec<Mover> = rows.iter().map(mover).collect::<Result<_, _>>()?;
        let movers: Vec<_> = movers
            .into_iter()
            .filter(|one| organisations.contains(&one.organisation) && one.is_theirs())
            .collect();
        let mut books = Books::open(&mut tx, movers.iter().map(|one| one.plan)).await?;
        settle_all(&mut tx, &mut books, &movers).await?;
        books.write(&mut tx).await?;
        tx.commit().await?;
        Ok(())
    }
}

/// Settles memberships whose seats [are theirs](Mover::is_theirs). The histories must be locked.
pub(crate) async fn settle_all(
    tx: &mut Tx,
    books: &mut Books,
    theirs: &[Mover],
) -> Result<(), Problem> {
    let stamp = tx.stamp().clone();
    let mut moves = Vec::with_capacity(theirs.len());
    for one in theirs {
        let (membership_id, plan_id) = (one.id, one.plan);
        if one.status == Status::Held {
            books.enter(one.plan, Change::Settle, Some((one.id, one.link)), &stamp);
            let (account_id, link_id) = (one.account, one.link);
            let assigned = Event::SeatAssigned {
                membership_id,
                account_id,
                plan_id,
                link_id,
            };
            tx.publish(one.organisation, assigned);
        } else {
            tx.publish(
                one.organisation,
                Event::ProofSettled {
                    membership_id,
                    plan_id,
                },
            );
        }
        let change = json!({ "status": { "from": one.status, "to": Status::Assigned } });
        tx.audit(one.organisation, "seat.settle", one.id, change);
        moves.push(Move {
            id: one.id,
            status: Status::Assigned.name(),
            redeemed_at: Some(stamp.now.micros()),
            proof_due_at: None,
            revoked_at: None,
        });
    }
    write_moves(tx, &moves).await
}
