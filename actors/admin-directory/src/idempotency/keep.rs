//! Keeps an answer.

use contract::{Problem, idempotency::KeepAnswer, ids::AttemptId};
use kernel::{Cx, Serve};

use crate::{AdminDirectory, sql};

impl Serve<KeepAnswer> for AdminDirectory {
    async fn serve(&mut self, message: KeepAnswer, cx: &Cx) -> Result<(), Problem> {
        let KeepAnswer {
            key_hash,
            body_hash,
            answer,
        } = message;
        let mut tx = self.db.write(&cx.stamp(&*self.clock)).await?;
        sql::KEEP_ANSWER
            .bind(key_hash)
            .bind(body_hash)
            .bind(AttemptId::new(self.clock.ulid()))
            .bind(i64::from(answer.status))
            .bind(answer.body)
            .bind(answer.location)
            .execute(&mut tx)
            .await?;
        Ok(tx.commit().await?)
    }
}
