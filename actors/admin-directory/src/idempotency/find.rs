//! Finds an answer that is kept.

use contract::{
    Problem,
    idempotency::{Answer, FindAnswer},
};
use kernel::{Cx, Serve};

use super::{answer, is_of};
use crate::{AdminDirectory, sql};

impl Serve<FindAnswer> for AdminDirectory {
    async fn serve(&mut self, message: FindAnswer, _: &Cx) -> Result<Option<Answer>, Problem> {
        let mut reader = self.db.read().await?;
        let row = sql::FIND_ATTEMPT
            .bind(&message.key_hash)
            .fetch_optional(&mut reader)
            .await?;
        let Some(row) = row else {
            return Ok(None);
        };
        is_of(&row, &message.body_hash)?;
        answer(&row)
    }
}
