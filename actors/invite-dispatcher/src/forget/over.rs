//! Invites that nobody accepted, some days after they were over; with them what was handed in beside
//! them and not taken. A batch is looked at when the first of its invites is due.

use contract::{
    Problem, Stamp, Timestamp,
    ids::{BatchId, OrganisationId},
};
use store::{Db, StoreError, vault::Vault};

use super::{PIECE, Row, Whose, forget_invites, keep_wishes, keys, sql};

/// No row of the batch is ever to be forgotten any more, unless somebody is erased.
pub(super) const NEVER: i64 = i64::MAX;
/// What somebody has at the moment at which it is due, or what fails, is looked at again then, in seconds.
const AGAIN_SECONDS: i64 = 3_600;

/// Forgets a piece of a batch; answers whether there may be more to do at once. One that fails steps aside.
pub(super) async fn forget(
    db: &Db,
    vault: &Vault,
    stamp: &Stamp,
    keep_days: u32,
) -> Result<bool, Problem> {
    let before = stamp.now.plus_days(-i64::from(keep_days));
    let mut reader = db.read().await?;
    let next = sql::NEXT_OVER.bind(before).bind(stamp.now);
    let next = next.fetch_optional(&mut reader).await?;
    drop(reader);
    let Some(next) = next else {
        return Ok(false);
    };
    let Err(problem) = piece(db, vault, stamp, keep_days, &next).await else {
        return Ok(true);
    };
    let batch: String = next.get("id")?;
    tracing::error!(%problem, batch, "the invites of a batch are not forgotten yet");
    let mut tx = db.write(stamp).await?;
    let again = sql::LOOK_AGAIN.bind(batch);
    let again = again.bind(stamp.now.plus_seconds(AGAIN_SECONDS));
    again.execute(&mut tx).await?;
    tx.commit().await?;
    Ok(true)
}

/// Forgets a piece of this batch.
async fn piece(
    db: &Db,
    vault: &Vault,
    stamp: &Stamp,
    keep_days: u32,
    next: &store::Row,
) -> Result<(), Problem> {
    let before = stamp.now.plus_days(-i64::from(keep_days));
    let (batch, organisation): (BatchId, OrganisationId) =
        (next.get("id")?, next.get("organisation_id")?);
    let mut tx = db.write(stamp).await?;
    let over = sql::OVER
        .bind(batch)
        .bind(before)
        .bind(PIECE)
        .planned_anew();
    let rows = over.fetch_all(&mut tx).await?;
    let mut known = keys(&rows)?;
    let over = rows.iter().map(|row| Ok(Row { id: row.get("id")? }));
    let over = over.collect::<Result<Vec<_>, StoreError>>()?;
    let forgotten = forget_invites(&mut tx, organisation, &over, Whose::OverBefore(before)).await?;
    known.extend(forgotten.earlier);
    keep_wishes(&mut tx, vault, &known).await?;
    let given = sql::FORGET_GIVEN.bind(batch).bind(PIECE);
    let given = given.execute(&mut tx).await?;
    // What somebody else has at this moment would be found again at once.
    let is_piece = !forgotten.invites.is_empty() && over.len() as u64 == PIECE;
    if !is_piece && given < PIECE {
        let left = sql::LEFT_OVER.bind(batch).planned_anew();
        let left = left.fetch_one(&mut tx).await?;
        let look_at = match left.get::<Option<i64>>("first")? {
            None => NEVER,
            Some(first) => {
                let kept = Timestamp::from_micros(first).plus_days(keep_days.into());
                kept.max(stamp.now.plus_seconds(AGAIN_SECONDS)).micros()
            }
        };
        let again = sql::LOOK_AGAIN.bind(batch).bind(look_at);
        again.execute(&mut tx).await?;
    }
    tx.commit().await?;
    if !forgotten.invites.is_empty() {
        tracing::info!(%batch, invites = forgotten.invites.len(), "forgot invites that nobody answered");
    }
    Ok(())
}
