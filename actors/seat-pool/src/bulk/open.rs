//! Serves [`OpenBulk`].

use contract::{
    Kind, Problem,
    bulk::{Bulk, BulkAction, OpenBulk},
    ids::BulkId,
    text::Tag,
};
use kernel::{Cx, Serve};
use serde_json::json;

use super::{found, sql};
use crate::SeatPool;

/// How long a job is remembered that was not started, or is finished, in days.
const KEPT_DAYS: i64 = 1;

impl Serve<OpenBulk> for SeatPool {
    async fn serve(&mut self, message: OpenBulk, cx: &Cx) -> Result<Bulk, Problem> {
        let OpenBulk {
            organisation,
            action,
        } = message;
        check(&action)?;
        let stamp = cx.stamp(&*self.clock);
        let id = BulkId::new(self.clock.ulid());
        let mut tx = self.db.write(&stamp).await?;
        sql::DELETE_OLD_BULK
            .bind(stamp.now.plus_days(-KEPT_DAYS))
            .execute(&mut tx)
            .await?;
        let opened = sql::INSERT_BULK
            .bind(id)
            .bind(organisation)
            .bind(json!(action).to_string())
            .bind(stamp.actor.as_str())
            .bind(stamp.request_id.as_str())
            .bind(stamp.now)
            .execute(&mut tx)
            .await?;
        if opened == 0 {
            return Err(Problem::new(Kind::NotFound));
        }
        let row = sql::FIND_BULK.bind(organisation).bind(id);
        let bulk = found(row.fetch_optional(&mut tx).await?)?;
        tx.commit().await?;
        Ok(bulk)
    }
}

fn check(action: &BulkAction) -> Result<(), Problem> {
    let BulkAction::Retag { add, remove } = action else {
        return Ok(());
    };
    for (field, tags) in [("add", add), ("remove", remove)] {
        if tags.len() > Tag::MOST_PER_ROW {
            let detail = format!("At most {} tags.", Tag::MOST_PER_ROW);
            return Err(Problem::invalid(field, "too-many", detail));
        }
    }
    if add.is_empty() && remove.is_empty() {
        return Err(Problem::invalid(
            "add",
            "required",
            "Name a tag to add or to remove.",
        ));
    }
    Ok(())
}
