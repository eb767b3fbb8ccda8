//! The mail of whoever was erased from an organisation: what other organisations have of them stays,
//! as long as they have a place there.

use contract::{
    Problem, Stamp, Timestamp,
    ids::{AccountId, BatchId, InviteId, OrganisationId},
};
use serde::Serialize;
use store::{Db, Redaction, StoreError, Tx, vault::Vault};

use super::{
    EVERYBODY, PIECE, Row, Whose, forget_invites, keep_suppressed, keep_wishes, over::NEVER,
    redact, spelled::names, sql, suppressed,
};
use crate::invites::containing;

/// Later than anything that was said, by whosever clock.
const LAST: Timestamp = Timestamp::from_micros(i64::MAX);
/// How many people are forgotten before anything else is looked at.
const PEOPLE: u64 = 20;
/// How long whoever could not be forgotten steps aside, in seconds: by how often that failed in a row. They are tried until
/// they are forgotten, and nobody waits for them.
const PAUSES: [i64; 3] = [60, 300, 900];
/// After any more failures.
const LONGEST_PAUSE: i64 = 3_600;
/// How long whoever is with a courier steps aside, in seconds.
const AT_A_COURIERS: i64 = 30;

/// Somebody was erased.
struct Erasure {
    account: AccountId,
    organisation: OrganisationId,
    at: Timestamp,
    key: String,
}

impl Erasure {
    /// Of whoever has this address by now.
    fn read(row: &store::Row, key: String) -> Result<Self, StoreError> {
        Ok(Self {
            account: row.get("account_id")?,
            organisation: row.get("organisation_id")?,
            at: row.get("at")?,
            key,
        })
    }
}

#[derive(Serialize)]
struct Refused {
    position: i64,
}

/// Forgets some of those who were erased; answers whether there may be more to do at once.
pub(super) async fn forget(db: &Db, vault: &Vault, stamp: &Stamp) -> Result<bool, Problem> {
    let mut reader = db.read().await?;
    let rows = sql::ERASED.bind(PEOPLE).bind(stamp.now);
    let rows = rows.fetch_all(&mut reader).await?;
    drop(reader);
    if rows.is_empty() || !forget_seat_letters(db, stamp).await? {
        return Ok(false);
    }
    for row in &rows {
        match whole(db, vault, stamp, row).await {
            Ok(true) => {}
            Ok(false) => step_aside(db, stamp, row, AT_A_COURIERS, 0).await?,
            Err(problem) => fail(db, stamp, row, &problem).await?,
        }
    }
    Ok(u64::try_from(rows.len()).is_ok_and(|rows| rows == PEOPLE))
}

/// Forgets letters of seats of all who were erased until now; answers whether those were all.
async fn forget_seat_letters(db: &Db, stamp: &Stamp) -> Result<bool, Problem> {
    let mut tx = db.write(stamp).await?;
    sql::FORGET_SEAT_LETTERS.query().execute(&mut tx).await?;
    let left = sql::COUNT_SEAT_LETTERS.query().fetch_one(&mut tx).await?;
    tx.commit().await?;
    Ok(left.get::<i64>("n")? == 0)
}

/// Lets whoever could not be forgotten wait, for longer each time.
async fn fail(db: &Db, stamp: &Stamp, row: &store::Row, problem: &Problem) -> Result<(), Problem> {
    let (account, organisation): (String, String) =
        (row.get("account_id")?, row.get("organisation_id")?);
    let failures: u64 = row.get("failures")?;
    let pause = usize::try_from(failures)
        .ok()
        .and_then(|failures| PAUSES.get(failures));
    let pause = *pause.unwrap_or(&LONGEST_PAUSE);
    tracing::error!(%problem, %account, %organisation, failures, pause,
        "somebody who was erased is not forgotten yet");
    step_aside(db, stamp, row, pause, 1).await
}

/// Lets somebody wait for so many seconds, so that those behind them are reached.
async fn step_aside(
    db: &Db,
    stamp: &Stamp,
    row: &store::Row,
    pause: i64,
    failures: i64,
) -> Result<(), Problem> {
    let mut tx = db.write(stamp).await?;
    sql::STEP_ASIDE
        .bind(row.get::<String>("account_id")?)
        .bind(row.get::<String>("organisation_id")?)
        .bind(stamp.now.plus_seconds(pause))
        .bind(failures)
        .execute(&mut tx)
        .await?;
    tx.commit().await?;
    Ok(())
}

/// Forgets somebody; answers whether that was all. Letters have a transaction of their own: whoever takes
/// invites first does not wait for those.
async fn whole(db: &Db, vault: &Vault, stamp: &Stamp, row: &store::Row) -> Result<bool, Problem> {
    let mut tx = db.write(stamp).await?;
    let hold = sql::HOLD_ACCOUNT.bind(row.get::<AccountId>("account_id")?);
    let Some(account) = hold.fetch_optional(&mut tx).await? else {
        // Somebody else has forgotten all of them meanwhile.
        return Ok(true);
    };
    let erasure = Erasure::read(row, account.get("email_key")?)?;
    let letters = sql::FORGET_LETTERS.bind(erasure.key.as_str());
    letters.bind(erasure.account).execute(&mut tx).await?;
    let left = sql::COUNT_LETTERS.bind(erasure.key.as_str());
    let left = left.bind(erasure.account).fetch_one(&mut tx).await?;
    tx.commit().await?;
    if left.get::<i64>("n")? > 0 {
        return Ok(false);
    }
    forget_given(db, stamp, &erasure).await?;
    one(db, vault, stamp, &erasure).await
}

/// Forgets the mail of somebody; answers whether that was all.
async fn one(db: &Db, vault: &Vault, stamp: &Stamp, of: &Erasure) -> Result<bool, Problem> {
    let mut tx = db.write(stamp).await?;
    let invites = invites_of(&mut tx, of).await?;
    if !invites.is_empty() {
        let withdraw = sql::WITHDRAW_LEASED.bind_rows(&invites).bind(stamp.now);
        withdraw.execute(&mut tx).await?;
    }
    let forgotten = forget_invites(&mut tx, of.organisation, &invites, Whose::Erased).await?;
    let earlier = sql::FORGET_EARLIER_AT
        .bind(of.key.as_str())
        .bind(of.organisation)
        .bind(of.at);
    let earlier = earlier.fetch_all(&mut tx).await?;
    let earlier = earlier.iter().map(|row| {
        let id: InviteId = row.get("invite_id")?;
        Ok(Row { id })
    });
    let earlier = earlier.collect::<Result<Vec<_>, StoreError>>()?;
    redact(&mut tx, of.organisation, &earlier).await?;
    keep_wishes(&mut tx, vault, &forgotten.earlier).await?;
    let is_all = forgotten.invites.len() == invites.len();
    if is_all {
        let pseudonym = suppressed(vault, &of.key);
        let there = of.organisation.to_string();
        let anew = sql::IS_INVITED.bind(of.key.as_str()).bind(of.organisation);
        let anew = anew.fetch_one(&mut tx).await?;
        // What was said later is of somebody who was invited anew, by that address; where nobody was, it was
        // said by an old mail.
        let until = if anew.get::<i64>("is_invited")? == 1 {
            of.at
        } else {
            LAST
        };
        keep_suppressed(&mut tx, (&of.key, &there), &pseudonym, until).await?;
        let told = [Redaction::renamed(&of.key, &pseudonym)];
        tx.redact(of.organisation, &told).await?;
        let places = sql::COUNT_PLACES.bind(of.account);
        if places.fetch_one(&mut tx).await?.get::<i64>("places")? == 0 {
            let known = sql::COUNT_KNOWN.bind(of.key.as_str());
            // Whom others invited is in their lists by the address, and so is what is to be heeded there.
            if known.fetch_one(&mut tx).await?.get::<i64>("known")? == 0 {
                keep_suppressed(&mut tx, (&of.key, EVERYBODY), &pseudonym, LAST).await?;
            }
        }
        sql::MARK_FORGOTTEN
            .bind(of.account)
            .bind(of.organisation)
            .bind(of.at)
            .execute(&mut tx)
            .await?;
        let failures = sql::FORGET_FAILURES.bind(of.account).bind(of.organisation);
        failures.execute(&mut tx).await?;
    }
    tx.commit().await?;
    if is_all {
        tracing::info!(organisation = %of.organisation, invites = forgotten.invites.len(),
            "forgot the mail of whoever was erased");
    }
    Ok(is_all)
}

async fn invites_of(tx: &mut Tx, of: &Erasure) -> Result<Vec<Row>, StoreError> {
    let rows = sql::INVITES_OF
        .bind(of.key.as_str())
        .bind(of.organisation)
        .bind(of.at)
        .bind(of.account)
        .fetch_all(tx)
        .await?;
    rows.iter()
        .map(|row| Ok(Row { id: row.get("id")? }))
        .collect()
}

/// Forgets what was handed in of an address and not taken, a batch at a time.
async fn forget_given(db: &Db, stamp: &Stamp, of: &Erasure) -> Result<(), Problem> {
    let pattern = containing(&of.key);
    let mut reader = db.read().await?;
    let batches = sql::BATCHES_OF
        .bind(of.organisation)
        .bind(of.at)
        .bind(NEVER);
    for batch in batches.fetch_all(&mut reader).await? {
        let batch: BatchId = batch.get("id")?;
        let mut behind = -1_i64;
        loop {
            let found = sql::REFUSED_AT.bind(batch).bind(pattern.as_str());
            let found = found
                .bind(PIECE)
                .bind(behind)
                .fetch_all(&mut reader)
                .await?;
            let Some(last) = found.last() else {
                break;
            };
            behind = last.get("position")?;
            let mut refused = Vec::new();
            for row in &found {
                let input: String = row.get("input")?;
                let suggestion: Option<String> = row.get("suggestion")?;
                if names(&input, &of.key) || suggestion.is_some_and(|text| names(&text, &of.key)) {
                    let position = row.get("position")?;
                    refused.push(Refused { position });
                }
            }
            if refused.is_empty() {
                continue;
            }
            let mut tx = db.write(stamp).await?;
            let forget = sql::FORGET_REFUSED.bind_rows(&refused).bind(batch);
            forget.execute(&mut tx).await?;
            tx.commit().await?;
        }
    }
    Ok(())
}
