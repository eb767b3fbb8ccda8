//! The mail of whoever was erased from an organisation: what other organisations have of them stays,
//! as long as they have a place there.

use contract::{
    Problem, Stamp, Timestamp,
    ids::{AccountId, BatchId, InviteId, OrganisationId},
};
use serde::Serialize;
use store::{Db, Redaction, StoreError, Tx, vault::Vault};

use super::{PIECE, Row, forget_invites, over::NEVER, redact, sql, suppressed};
use crate::invites::containing;

/// How many people are forgotten before anything else is looked at.
const PEOPLE: u64 = 20;
/// Everybody, as a suppression names them.
const EVERYBODY: &str = "";

/// Somebody was erased.
struct Erasure {
    account: AccountId,
    organisation: OrganisationId,
    at: Timestamp,
    key: String,
}

impl Erasure {
    fn read(row: &store::Row) -> Result<Self, StoreError> {
        Ok(Self {
            account: row.get("account_id")?,
            organisation: row.get("organisation_id")?,
            at: row.get("at")?,
            key: row.get("email_key")?,
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
    let rows = sql::ERASED.bind(PEOPLE).fetch_all(&mut reader).await?;
    drop(reader);
    let mut done = 0;
    for row in &rows {
        match whole(db, vault, stamp, row).await {
            Ok(is_all) => done += u64::from(is_all),
            Err(problem) => {
                tracing::error!(%problem, "somebody who was erased is not forgotten yet");
            }
        }
    }
    // Whose invites a courier has waits for the next time, and holds up nobody.
    Ok(done == PEOPLE)
}

/// Forgets somebody; answers whether that was all. Letters have a transaction of their own: whoever takes
/// invites first does not wait for those.
async fn whole(db: &Db, vault: &Vault, stamp: &Stamp, row: &store::Row) -> Result<bool, Problem> {
    let erasure = Erasure::read(row)?;
    let mut tx = db.write(stamp).await?;
    let letters = sql::FORGET_LETTERS.bind(erasure.key.as_str());
    letters.bind(erasure.account).execute(&mut tx).await?;
    tx.commit().await?;
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
    let forgotten = forget_invites(&mut tx, of.organisation, &invites, true).await?;
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
    let is_all = forgotten.len() == invites.len();
    if is_all {
        let pseudonym = suppressed(vault, &of.key);
        keep_suppressed(&mut tx, of, &of.organisation.to_string(), &pseudonym).await?;
        let told = [Redaction::renamed(&of.key, &pseudonym)];
        tx.redact(of.organisation, &told).await?;
        let places = sql::COUNT_PLACES.bind(of.account);
        if places.fetch_one(&mut tx).await?.get::<i64>("places")? == 0 {
            let known = sql::COUNT_KNOWN.bind(of.key.as_str());
            // Whom others invited is in their lists by the address, and so is what is to be heeded there.
            if known.fetch_one(&mut tx).await?.get::<i64>("known")? == 0 {
                keep_suppressed(&mut tx, of, EVERYBODY, &pseudonym).await?;
            }
        }
        sql::MARK_FORGOTTEN
            .bind(of.account)
            .bind(of.organisation)
            .bind(of.at)
            .execute(&mut tx)
            .await?;
    }
    tx.commit().await?;
    if is_all {
        tracing::info!(organisation = %of.organisation, invites = forgotten.len(),
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

/// A suppression of the address in an organisation goes on without it.
async fn keep_suppressed(
    tx: &mut Tx,
    of: &Erasure,
    organisation: &str,
    pseudonym: &str,
) -> Result<(), StoreError> {
    sql::KEEP_SUPPRESSED
        .bind(of.key.as_str())
        .bind(organisation)
        .bind(pseudonym)
        .execute(tx)
        .await?;
    let drop = sql::DROP_SUPPRESSION
        .bind(of.key.as_str())
        .bind(organisation);
    drop.execute(tx).await?;
    Ok(())
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

/// Whether an address stands in a text, and not only as a part of another's.
fn names(text: &str, key: &str) -> bool {
    let text = text.to_lowercase();
    text.match_indices(key).any(|(at, _)| {
        let is_part = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | '+' | '%');
        let before = text.get(..at).and_then(|text| text.chars().next_back());
        let mut after = text.get(at + key.len()..).unwrap_or_default().chars();
        let goes_on = match after.next() {
            // The end of a sentence, or of a label.
            Some('.') => after.next().is_some_and(char::is_alphanumeric),
            Some(c) => c.is_alphanumeric() || c == '-',
            None => false,
        };
        !before.is_some_and(is_part) && !goes_on
    })
}

#[cfg(test)]
mod tests {
    use super::names;

    #[test]
    fn an_address_is_no_part_of_anothers() {
        let key = "ann@uni.edu";
        for text in [
            "ann@uni.edu",
            "Ann <ANN@uni.edu>",
            "mailto:ann@uni.edu?x",
            "joann@uni.edu, 'ann@uni.edu'.",
            "Write to ann@uni.edu.",
        ] {
            assert!(names(text, key), "{text}");
        }
        for text in [
            "joann@uni.edu",
            "jo.ann@uni.edu",
            "jo+ann@uni.edu",
            "ann@uni.edu.au",
            "ann@uni.education",
            "ann@uni.edu-x.org",
            "bob@uni.edu",
        ] {
            assert!(!names(text, key), "{text}");
        }
    }
}
