//! Serves [`QueueMail`].

use contract::{
    Kind, Problem, Secret,
    ids::MailId,
    mails::{MailQueued, QueueMail},
};
use kernel::{Cx, Serve};

use crate::{InviteDispatcher, sql};

/// The longest key.
const KEY_MOST: usize = 200;

impl Serve<QueueMail> for InviteDispatcher {
    async fn serve(&mut self, message: QueueMail, cx: &Cx) -> Result<MailQueued, Problem> {
        if message.key.is_empty() || message.key.len() > KEY_MOST {
            return Err(Problem::invalid(
                "key",
                "length",
                "must have 1 to 200 characters",
            ));
        }
        let id = MailId::new(self.clock.ulid());
        let letter = serde_json::to_string(&message.letter);
        let letter = Secret::new(letter.map_err(|_| Problem::new(Kind::Internal))?);
        let sealed = self.vault.seal(&id.to_string(), &letter)?;
        let mut tx = self.db.write(&cx.stamp(&*self.clock)).await?;
        let queued = sql::QUEUE_MAIL
            .bind(id)
            .bind(&message.key)
            .bind(&message.to)
            .bind(sealed)
            .execute(&mut tx)
            .await?;
        if queued == 0 {
            let row = sql::FIND_BY_KEY
                .bind(&message.key)
                .fetch_one(&mut tx)
                .await?;
            return Ok(MailQueued { id: row.get("id")? });
        }
        tx.commit().await?;
        self.courier.notify_one();
        Ok(MailQueued { id })
    }
}
