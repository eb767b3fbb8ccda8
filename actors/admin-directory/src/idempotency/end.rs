//! Ends an attempt.

use contract::{Problem, idempotency::EndAttempt};
use kernel::{Cx, Serve};

use crate::{AdminDirectory, sql};

impl Serve<EndAttempt> for AdminDirectory {
    async fn serve(&mut self, message: EndAttempt, cx: &Cx) -> Result<(), Problem> {
        let EndAttempt {
            key_hash,
            attempt,
            answer,
        } = message;
        let mut tx = self.db.write(&cx.stamp(&*self.clock)).await?;
        match answer {
            Some(answer) => {
                sql::ANSWER_ATTEMPT
                    .bind(key_hash)
                    .bind(attempt)
                    .bind(i64::from(answer.status))
                    .bind(answer.body)
                    .bind(answer.location)
                    .execute(&mut tx)
                    .await?
            }
            None => {
                sql::FORGET_ATTEMPT
                    .bind(key_hash)
                    .bind(attempt)
                    .execute(&mut tx)
                    .await?
            }
        };
        Ok(tx.commit().await?)
    }
}
