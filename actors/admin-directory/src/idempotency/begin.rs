//! Begins an attempt, or answers what an earlier one was answered with.

use contract::{
    Kind, Problem,
    idempotency::{Attempt, BeginAttempt, LEASE_SECONDS},
    ids::AttemptId,
};
use kernel::{Cx, Serve};

use super::{answer, is_of};
use crate::{AdminDirectory, sql};

impl Serve<BeginAttempt> for AdminDirectory {
    async fn serve(&mut self, message: BeginAttempt, cx: &Cx) -> Result<Attempt, Problem> {
        let attempt = AttemptId::new(self.clock.ulid());
        let mut tx = self.db.write(&cx.stamp(&*self.clock)).await?;
        let begun = sql::BEGIN_ATTEMPT
            .bind(&message.key_hash)
            .bind(&message.body_hash)
            .bind(attempt)
            .bind(LEASE_SECONDS * 1_000_000)
            .fetch_optional(&mut tx)
            .await?;
        if begun.is_some() {
            tx.commit().await?;
            return Ok(Attempt::Begun { attempt });
        }
        let row = sql::FIND_ATTEMPT
            .bind(&message.key_hash)
            .fetch_optional(&mut tx)
            .await?;
        // Ended without an answer between the two statements, where the database lets it.
        let row = row.ok_or_else(under_way)?;
        is_of(&row, &message.body_hash)?;
        let has_crashed = row.get::<i64>("has_crashed")? == 1;
        let unanswered = if has_crashed { in_doubt } else { under_way };
        answer(&row)?.map(Attempt::Answered).ok_or_else(unanswered)
    }
}

fn under_way() -> Problem {
    Problem {
        retry_after: Some(1),
        ..Problem::new(Kind::Conflict).detail("The same request is being worked on.")
    }
}

/// Nobody knows what a crashed attempt came to, and doing it again might be doing it twice.
fn in_doubt() -> Problem {
    Problem::new(Kind::Conflict).detail(
        "An earlier attempt with this key ended without telling how: it may or may not have been done. \
         Look whether it was; if not, send it with another key.",
    )
}
