//! A session of a person: begins, and ends with others.

use contract::{Problem, Secret, Timestamp, accounts::PersonSession, ids::AccountId};
use store::{
    StoreError, Tx,
    vault::{draw_token, hash_token},
};

use crate::sql;

/// How long a session is good, in days.
const DAYS: i64 = 14;

/// Opens a session, and notes that the person was there. The account must be locked: no seat of theirs
/// is being taken back meanwhile.
pub(crate) async fn open(tx: &mut Tx, account_id: AccountId) -> Result<PersonSession, Problem> {
    // Later than what ends sessions, also where it was waited for, or the clock is behind.
    let last = sql::LAST_REVOCATION.bind(account_id);
    if let Some(row) = last.fetch_optional(tx).await? {
        tx.not_before(Timestamp::from_micros(row.get::<i64>("at")? + 1));
    }
    let now = tx.stamp().now;
    let (token, expires_at) = (draw_token(), now.plus_days(DAYS));
    sql::DELETE_ENDED_SESSIONS
        .bind(account_id)
        .bind(now)
        .execute(tx)
        .await?;
    sql::INSERT_SESSION
        .bind(hash_token(&token))
        .bind(account_id)
        .bind(now)
        .bind(expires_at)
        .execute(tx)
        .await?;
    sql::TOUCH_ACCOUNT
        .bind(account_id)
        .bind(now)
        .execute(tx)
        .await?;
    Ok(PersonSession {
        account_id,
        token,
        expires_at,
    })
}

/// Ends whatever was begun on an account, by whomever: every session and every proof.
pub(crate) async fn end_all(tx: &mut Tx, account: AccountId) -> Result<(), StoreError> {
    end_others(tx, account, None).await?;
    sql::SUPERSEDE_PROOFS
        .bind(account)
        .bind(tx.stamp().now)
        .bind(None::<&str>)
        .execute(tx)
        .await
        .map(drop)
}

/// Ends every session of a person, except the one that goes on.
pub(crate) async fn end_others(
    tx: &mut Tx,
    account: AccountId,
    goes_on: Option<&Secret>,
) -> Result<(), StoreError> {
    let kept = goes_on.map_or_else(String::new, hash_token);
    sql::DELETE_OTHER_SESSIONS
        .bind(account)
        .bind(kept)
        .execute(tx)
        .await
        .map(drop)
}
