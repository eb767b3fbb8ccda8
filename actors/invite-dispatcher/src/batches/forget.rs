//! Forgets batches that were never sent: their addresses are kept for a while, and no longer.

use contract::{
    Problem, Stamp,
    ids::{BatchId, OrganisationId},
};
use store::{Db, Row};

use super::sql;

/// How long a draft is kept after it was sealed, in days.
const DRAFT_DAYS: i64 = 7;
/// How long a batch is kept that was not sealed, in days.
const UNSEALED_DAYS: i64 = 1;
/// How many rows of each kind one transaction deletes: short enough for whoever waits for the same
/// lock.
const PIECE: u64 = 1_000;

/// The last batch that could not be forgotten, in a round through those that are to be: they hold up none
/// behind them, and are tried again in the next round.
#[derive(Debug, Default)]
pub(crate) struct Failed(String);

/// Deletes a piece of a batch that was never sent in time; answers whether there may be more. From the
/// first piece on nobody can send it, or add to it.
pub(crate) async fn forget(db: &Db, stamp: &Stamp, failed: &mut Failed) -> Result<bool, Problem> {
    let mut reader = db.read().await?;
    let found = sql::GIVEN_UP
        .bind(stamp.now.plus_days(-DRAFT_DAYS))
        .bind(stamp.now.plus_days(-UNSEALED_DAYS))
        .bind(failed.0.as_str())
        .fetch_optional(&mut reader)
        .await?;
    drop(reader);
    let Some(row) = found else {
        failed.0.clear();
        return Ok(false);
    };
    if let Err(problem) = piece(db, stamp, &row).await {
        failed.0 = row.get("id")?;
        tracing::error!(%problem, batch = failed.0, "a batch that was never sent is not forgotten yet");
    }
    Ok(true)
}

/// Deletes a piece of this batch.
async fn piece(db: &Db, stamp: &Stamp, row: &Row) -> Result<(), Problem> {
    let (organisation, id): (OrganisationId, BatchId) =
        (row.get("organisation_id")?, row.get("id")?);
    let mut tx = db.write(stamp).await?;
    // Whoever sends it is first, or finds it cancelled.
    tx.lock_histories(&[organisation]).await?;
    let give_up = sql::GIVE_UP.bind(id).bind(stamp.now);
    if give_up.execute(&mut tx).await? == 0 {
        return Ok(());
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
    Ok(())
}
