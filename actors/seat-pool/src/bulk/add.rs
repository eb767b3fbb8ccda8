//! Serves [`AddToBulk`].

use contract::{
    Kind, Problem,
    bulk::{AddToBulk, BULK_MOST, BULK_PIECE, Bulk},
};
use kernel::{Cx, Serve};

use super::{found, sql};
use crate::{SeatPool, place::keys};

impl Serve<AddToBulk> for SeatPool {
    async fn serve(&mut self, message: AddToBulk, cx: &Cx) -> Result<Bulk, Problem> {
        let AddToBulk {
            organisation,
            bulk_id,
            membership_ids,
        } = message;
        if membership_ids.len() > BULK_PIECE {
            let detail = format!("At most {BULK_PIECE} at a time.");
            return Err(Problem::invalid("ids", "too-many", detail));
        }
        let mut tx = self.db.write(&cx.stamp(&*self.clock)).await?;
        // Adding and starting take turns.
        tx.lock_histories(&[organisation]).await?;
        let find = sql::FIND_BULK.bind(organisation).bind(bulk_id);
        let before = found(find.fetch_optional(&mut tx).await?)?;
        if before.started_at.is_some() {
            return Err(Problem::new(Kind::Conflict).detail("This job is started already."));
        }
        let added = sql::INSERT_BULK_PEOPLE
            .bind(bulk_id)
            .bind(organisation)
            .bind_rows(&keys(membership_ids))
            .execute(&mut tx)
            .await?;
        if before.count + added > BULK_MOST {
            let detail = format!("A job is about at most {BULK_MOST} people.");
            return Err(Problem::invalid("ids", "too-many", detail));
        }
        sql::GROW_BULK
            .bind(bulk_id)
            .bind(added)
            .execute(&mut tx)
            .await?;
        let find = sql::FIND_BULK.bind(organisation).bind(bulk_id);
        let after = found(find.fetch_optional(&mut tx).await?)?;
        tx.commit().await?;
        Ok(after)
    }
}
