//! Serves [`OpenBatch`].

use contract::{
    Kind, Problem,
    batches::{Batch, OpenBatch},
    ids::BatchId,
    organisations::Policies,
};
use kernel::{Cx, Serve};

use super::{counted, find, sql};
use crate::InviteDispatcher;

impl Serve<OpenBatch> for InviteDispatcher {
    async fn serve(&mut self, message: OpenBatch, cx: &Cx) -> Result<Batch, Problem> {
        let stamp = cx.stamp(&*self.clock);
        let (organisation, id) = (message.organisation, BatchId::new(self.clock.ulid()));
        let mut tx = self.db.write(&stamp).await?;
        let row = sql::POLICIES
            .bind(organisation)
            .fetch_optional(&mut tx)
            .await?;
        let row = row.ok_or_else(|| Problem::new(Kind::NotFound))?;
        let policies: Policies = row.json("policies")?;
        let opened = sql::OPEN
            .bind(id)
            .bind(organisation)
            .bind(message.link_id)
            .bind(message.source.name())
            .bind(
                message
                    .message
                    .as_ref()
                    .map(contract::text::InviteMessage::as_str),
            )
            .bind(message.inviter.as_ref())
            .bind(policies.language.as_str())
            .bind(message.limit)
            .bind(stamp.actor.as_str())
            .bind(stamp.now)
            .execute(&mut tx)
            .await?;
        if opened == 0 {
            return Err(Problem::new(Kind::NotFound));
        }
        let row = find(&mut tx, organisation, id).await?;
        let batch = counted(&mut tx, &row, stamp.now).await?;
        tx.commit().await?;
        Ok(batch)
    }
}
