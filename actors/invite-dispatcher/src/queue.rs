//! Serves [`QueueMail`].

use contract::{
    EmailAddress, Kind, Problem, Secret,
    ids::MailId,
    mails::{Letter, MailQueued, QueueMail},
};
use kernel::{Cx, Serve};
use store::{StoreError, Tx, vault::Vault};

use crate::{InviteDispatcher, sql};

/// The longest key.
const KEY_MOST: usize = 200;

/// A letter as the queue keeps it.
pub(crate) struct Sealed {
    id: MailId,
    letter: String,
}

impl Sealed {
    pub(crate) fn letter(vault: &Vault, id: MailId, letter: &Letter) -> Result<Self, Problem> {
        let text = serde_json::to_string(letter);
        let text = Secret::new(text.map_err(|_| Problem::new(Kind::Internal))?);
        let letter = vault.seal(&id.to_string(), &text)?;
        Ok(Self { id, letter })
    }

    /// Queues it, unless a letter has this key already.
    pub(crate) async fn queue(
        self,
        tx: &mut Tx,
        key: &str,
        to: &EmailAddress,
    ) -> Result<bool, StoreError> {
        let queue = sql::QUEUE_MAIL.bind(self.id).bind(key).bind(to);
        Ok(queue.bind(self.letter).execute(tx).await? > 0)
    }
}

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
        let sealed = Sealed::letter(&self.vault, id, &message.letter)?;
        let mut tx = self.db.write(&cx.stamp(&*self.clock)).await?;
        if !sealed.queue(&mut tx, &message.key, &message.to).await? {
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
