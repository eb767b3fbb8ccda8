//! Serves [`StartBulk`].

use std::collections::BTreeMap;

use contract::{
    Kind, Problem,
    bulk::{Bulk, BulkAction, StartBulk},
    ids::{BulkId, PlanId},
};
use kernel::{Cx, Serve};
use serde_json::json;
use store::Tx;

use super::{found, sql};
use crate::{
    SeatPool,
    books::{Books, PlanBook},
};

impl Serve<StartBulk> for SeatPool {
    async fn serve(&mut self, message: StartBulk, cx: &Cx) -> Result<Bulk, Problem> {
        let StartBulk {
            organisation,
            bulk_id,
            expected_count,
        } = message;
        let stamp = cx.stamp(&*self.clock);
        let mut tx = self.db.write(&stamp).await?;
        tx.lock_histories(&[organisation]).await?;
        let find = sql::FIND_BULK.bind(organisation).bind(bulk_id);
        let before = found(find.fetch_optional(&mut tx).await?)?;
        if before.started_at.is_some() {
            return Ok(before);
        }
        if before.count != expected_count {
            let detail = format!(
                "This is about {} people, not {expected_count}.",
                before.count
            );
            return Err(Problem::new(Kind::Conflict).field(
                "expected_count",
                "other-count",
                detail,
            ));
        }
        if before.action == BulkAction::Reassign {
            has_seats_for(&mut tx, bulk_id).await?;
        }
        sql::START_BULK
            .bind(bulk_id)
            .bind(stamp.now)
            .bind(stamp.actor.as_str())
            .bind(stamp.request_id.as_str())
            .execute(&mut tx)
            .await?;
        let change = json!({ "action": before.action, "people": before.count });
        tx.audit(organisation, "bulk.start", bulk_id, change);
        let find = sql::FIND_BULK.bind(organisation).bind(bulk_id);
        let after = found(find.fetch_optional(&mut tx).await?)?;
        tx.commit().await?;
        self.jobs.notify_one();
        Ok(after)
    }
}

/// Whether there is a free seat for everybody of the job who has none.
async fn has_seats_for(tx: &mut Tx, bulk_id: BulkId) -> Result<(), Problem> {
    let rows = sql::BULK_SEATLESS.bind(bulk_id).fetch_all(tx).await?;
    let wanted: BTreeMap<PlanId, i64> = rows
        .iter()
        .map(|row| Ok((row.get("plan_id")?, row.get("people")?)))
        .collect::<Result<_, store::StoreError>>()?;
    let books = Books::open(tx, wanted.keys().copied()).await?;
    for (plan, people) in wanted {
        let free = books.plan(plan).map_or(0, PlanBook::free);
        if people > free {
            let detail = format!("{people} people need a seat, and {free} are free.");
            return Err(Problem::new(Kind::NoSeats).detail(detail));
        }
    }
    Ok(())
}
