//! Sends the pending invites of a batch again, a piece at a time.

use std::time::Duration;

use contract::{
    Kind, Problem, Timestamp,
    invites::{ResendPending, Resent},
    organisations::Policies,
};
use kernel::{Cx, Serve};
use serde_json::json;

use super::{COOL_DOWN_MICROS, sql};
use crate::InviteDispatcher;

/// How many invites one transaction sends again.
const PIECE: u64 = 2_000;
/// What is left of the caller's patience when no further piece is begun.
const MARGIN: Duration = Duration::from_secs(4);

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
        let (mut count, mut behind) = (0, -1);
        loop {
            let mut tx = self.db.write(&stamp).await?;
            let rows = sql::RESEND_PENDING
                .bind(batch)
                .bind(stamp.now)
                .bind(ends)
                .bind(COOL_DOWN_MICROS)
                .bind(PIECE)
                .bind(behind)
                .fetch_all(&mut tx)
                .await?;
            for row in &rows {
                behind = row.get::<i64>("position")?.max(behind);
            }
            let resent = u64::try_from(rows.len()).unwrap_or(u64::MAX);
            if resent > 0 {
                sql::REOPEN_BATCH.bind(batch).execute(&mut tx).await?;
                tx.audit(
                    organisation,
                    "batch.resend",
                    batch,
                    json!({ "invites": resent }),
                );
                tx.commit().await?;
                self.courier.notify_one();
            }
            count += resent;
            let has_time = cx.remaining(self.clock.now()) > Some(MARGIN);
            if resent < PIECE || !has_time {
                return Ok(Resent { count });
            }
        }
    }
}
