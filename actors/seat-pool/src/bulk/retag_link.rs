//! Serves [`RetagLink`].

use std::sync::Arc;

use contract::{
    Problem,
    bulk::{Bulk, RetagLink},
};
use kernel::{Cx, Serve};

use super::{found, piece::Pieces, sql};
use crate::SeatPool;

impl Serve<RetagLink> for SeatPool {
    async fn serve(&mut self, message: RetagLink, _: &Cx) -> Result<Bulk, Problem> {
        let RetagLink {
            organisation,
            link_id,
            bulk_id,
        } = message;
        let pieces = Pieces {
            db: self.db.clone(),
            clock: Arc::clone(&self.clock),
        };
        pieces.take_up_of(organisation, link_id).await?;
        let next = sql::NEXT_OF_LINK
            .bind(organisation)
            .bind(link_id)
            .bind(self.clock.now());
        let mut reader = self.db.read().await?;
        let next = next.fetch_optional(&mut reader).await?;
        drop(reader);
        if let Some(next) = next {
            pieces.step((organisation, next.get("id")?)).await?;
        }
        let mut reader = self.db.read().await?;
        let find = sql::FIND_BULK.bind(organisation).bind(bulk_id);
        let bulk = found(find.fetch_optional(&mut reader).await?)?;
        if bulk.finished_at.is_none() {
            self.jobs.notify_one();
        }
        Ok(bulk)
    }
}
