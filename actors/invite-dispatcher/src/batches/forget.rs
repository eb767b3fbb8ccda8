//! Forgets batches that were never sent: their addresses are kept for a while, and no longer.

use contract::{
    Problem, Stamp,
    ids::{BatchId, OrganisationId},
};
use store::Db;

use super::sql;

/// How long a draft is kept after it was sealed, in days.
const DRAFT_DAYS: i64 = 7;
/// How long a batch is kept that was not sealed, in days.
const UNSEALED_DAYS: i64 = 1;
/// How many rows of each kind one transaction deletes: short enough for whoever waits for the same
/// lock.
const PIECE: u64 = 1_000;

/// Deletes a piece of a batch that was never sent in time; answers whether there may be more. From the
/// first piece on nobody can send it, or add to it.
pub(crate) async fn forget(db: &Db, stamp: &Stamp) -> Result<bool, Problem> {
    let mut reader = db.read().await?;
    let found = sql::GIVEN_UP
        .bind(stamp.now.plus_days(-DRAFT_DAYS))
        .bind(stamp.now.plus_days(-UNSEALED_DAYS))
        .fetch_optional(&mut reader)
        .await?;
    drop(reader);
    let Some(row) = found else {
        return Ok(false);
    };
    let (organisation, id): (OrganisationId, BatchId) =
        (row.get("organisation_id")?, row.get("id")?);
    let mut tx = db.write(stamp).await?;
    // Whoever sends it is first, or finds it cancelled.
    tx.lock_histories(&[organisation]).await?;
    let give_up = sql::GIVE_UP.bind(id).bind(stamp.now);
    if give_up.execute(&mut tx).await? == 0 {
        return Ok(true);
    }
    let mut is_empty = true;
    for forget in [&sql::FORGET_TAKEN, &sql::FORGET_REFUSED] {
        let forget = forget.bind(id).bind(PIECE).planned_anew();
        is_empty &= forget.execute(&mut tx).await? < PIECE;
    }
    if is_empty {
        sql::FORGET.bind(id).execute(&mut tx).await?;
    }
    tx.commit().await?;
    if is_empty {
        tracing::info!(%organisation, batch = %id, "forgot a batch that was never sent");
    }
    Ok(true)
}
