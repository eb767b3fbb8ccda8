//! Begins an attempt, or answers what an earlier one was answered with.

use contract::{
    Kind, Problem,
    idempotency::{Answer, Attempt, BeginAttempt, LEASE_SECONDS},
    ids::AttemptId,
};
use kernel::{Cx, Serve};
use store::Row;

use crate::{AdminDirectory, sql};

/// The field that a refusal names.
const KEY: &str = "Idempotency-Key";

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
        if row.get::<String>("body_hash")? != message.body_hash {
            let detail = "was used with another body";
            return Err(Problem::invalid(KEY, "reused", detail));
        }
        answer(&row)?.map(Attempt::Answered).ok_or_else(under_way)
    }
}

fn under_way() -> Problem {
    Problem {
        retry_after: Some(1),
        ..Problem::new(Kind::Conflict).detail("The same request is being worked on.")
    }
}

fn answer(row: &Row) -> Result<Option<Answer>, Problem> {
    let Some(status) = row.get::<Option<i64>>("status")? else {
        return Ok(None);
    };
    Ok(Some(Answer {
        status: u16::try_from(status).map_err(|_| Problem::new(Kind::Internal))?,
        body: row.get("body")?,
        location: row.get("location")?,
    }))
}
