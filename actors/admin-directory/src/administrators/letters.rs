//! How often an organisation has an address mailed by inviting it to administer.

use contract::{EmailAddress, Kind, Problem, Secret, Timestamp, ids::OrganisationId};
use store::{Tx, vault};

use super::reset::LETTERS_A_DAY;
use crate::{LETTER_DAYS, sql};

/// How long it has to wait after so many of a day, in seconds.
const LATER_SECONDS: i64 = 3_600;

/// Notes a letter to an address; refused when the organisation had enough sent to it. Of another organisation nothing is
/// told by that, and none is kept from inviting.
///
/// The organisation must be locked, so that of many at once none is too many.
pub(super) async fn note(
    tx: &mut Tx,
    id: String,
    organisation: OrganisationId,
    email: &EmailAddress,
) -> Result<(), Problem> {
    let now = tx.stamp().now;
    let address = vault::hash_token(&Secret::new(email.key()));
    let recent = sql::RECENT_LETTERS
        .bind(organisation)
        .bind(&address)
        .bind(now.plus_days(-LETTER_DAYS));
    let recent = recent.fetch_one(tx).await?;
    if recent.get::<i64>("letters")? >= LETTERS_A_DAY
        && let Some(last) = recent.get::<Option<Timestamp>>("last")?
    {
        let left = last.plus_seconds(LATER_SECONDS).micros() - now.micros();
        if left > 0 {
            return Err(enough(left));
        }
    }
    sql::NOTE_LETTER
        .bind(id)
        .bind(organisation)
        .bind(&address)
        .bind(now)
        .execute(tx)
        .await?;
    Ok(())
}

/// There were enough letters for so many microseconds.
fn enough(left: i64) -> Problem {
    let seconds = left.saturating_add(999_999) / 1_000_000;
    let detail = "This address was sent ten such letters within a day, the last of them less than an hour ago.";
    Problem {
        retry_after: Some(u32::try_from(seconds).unwrap_or(u32::MAX)),
        ..Problem::new(Kind::TooManyRequests).detail(detail)
    }
}
