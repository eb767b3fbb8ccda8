//! Sends the pending invites of a batch again, a piece a turn: others are served between two pieces.

use contract::{
    Kind, Problem, Timestamp,
    invites::{ResendPending, Resent},
    organisations::Policies,
};
use kernel::{Cx, Serve};
use serde_json::json;

use super::{COOL_DOWN_MICROS, sql};
use crate::InviteDispatcher;

/// How many invites one turn sends again.
const PIECE: u64 = 2_000;

impl Serve<ResendPending> for InviteDispatcher {
    async fn serve(&mut self, message: ResendPending, cx: &Cx) -> Result<Resent, Problem> {
        let (organisation, batch) = (message.organisation, message.batch_id);
        let stamp = cx.stamp(&*self.clock);
        let mut db = self.db.read().await?;
        let found = sql::FIND_BATCH.bind(organisation).bind(batch);
        let row = found.fetch_optional(&mut db).await?;
        drop(db);
        let row = row.ok_or_else(|| Problem::new(Kind::NotFound))?;
        if row.get::<Option<Timestamp>>("cancelled_at")?.is_some() {
            return Err(Problem::new(Kind::Conflict).detail("This batch was cancelled."));
        }
        let policies: Policies = row.json("policies")?;
        let ends = stamp.now.plus_days(i64::from(policies.invite_days));
        let mut tx = self.db.write(&stamp).await?;
        let rows = sql::RESEND_PENDING
            .bind(batch)
            .bind(stamp.now)
            .bind(ends)
            .bind(COOL_DOWN_MICROS)
            .bind(PIECE)
            .bind(
                message
                    .behind
                    .map_or(-1, |at| i64::try_from(at).unwrap_or(i64::MAX)),
            )
            .fetch_all(&mut tx)
            .await?;
        let mut last = None;
        for row in &rows {
            last = last.max(Some(row.get::<u64>("position")?));
        }
        let count = u64::try_from(rows.len()).unwrap_or(u64::MAX);
        if count > 0 {
            sql::REOPEN_BATCH.bind(batch).execute(&mut tx).await?;
            let change = json!({ "invites": count });
            tx.audit(organisation, "batch.resend", batch, change);
            tx.commit().await?;
            self.courier.notify_one();
        }
        Ok(Resent {
            count,
            behind: last,
        })
    }
}
