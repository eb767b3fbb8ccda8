//! The lane of letters: leases and verdicts of the table `mails`.

use std::time::Duration;

use contract::ids::MailId;
use store::{Row, StoreError, Tx};

use super::{
    micros,
    parcel::LeasedLetter,
    verdict::{Refusal, Verdict},
};
use crate::{said::without_people, sql};

/// How long a letter is this courier's unless it says again that it is.
pub(super) const LEASE: Duration = Duration::from_mins(3);
/// The pauses before each further attempt; the last one repeats.
const PAUSES: [Duration; 5] = [
    Duration::from_secs(5),
    Duration::from_mins(1),
    Duration::from_mins(10),
    Duration::from_mins(30),
    Duration::from_hours(1),
];
/// How often a letter is repeated that the relay may have already.
pub(super) const REPETITIONS: i64 = 1;
/// After this time a letter is given up.
const PATIENCE: Duration = Duration::from_hours(24);

/// That a courier took a letter: the how-manieth attempt it is of those that count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Taken {
    id: MailId,
    attempts: i64,
}

impl Taken {
    pub(super) const fn of(mail: &LeasedLetter) -> Self {
        Self {
            id: mail.id,
            attempts: mail.attempts,
        }
    }

    pub(super) fn read(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.get("id")?,
            attempts: row.get("attempts")?,
        })
    }
}

/// Takes letters that are due, at most so many; also those of couriers that ended in the middle, where
/// it `takes_over`. Answers those that can go, and how many were taken.
pub(super) async fn lease(
    tx: &mut Tx,
    courier: &str,
    most: u32,
    takes_over: bool,
) -> Result<(Vec<LeasedLetter>, usize), StoreError> {
    let rows = sql::LEASE_MAILS.bind(micros(LEASE)).bind(most);
    let rows = rows.bind(i64::from(takes_over)).bind(courier);
    let rows = rows.fetch_all(tx).await?;
    let mut letters = Vec::with_capacity(rows.len());
    for row in &rows {
        match LeasedLetter::read(row) {
            Ok(letter) => letters.push(letter),
            Err(error) => {
                // One that cannot be read stops no other.
                tracing::error!(%error, "a letter that cannot be read");
                let id: String = row.get("id")?;
                let attempts: i64 = row.get("attempts")?;
                let failed = sql::MAIL_FAILED.bind(id).bind(attempts).bind(courier);
                let failed = failed.bind("the row of the letter cannot be read");
                failed.execute(tx).await?;
            }
        }
    }
    Ok((letters, rows.len()))
}

/// Notes what became of a letter. What was said of it is kept and logged without addresses: it outlives
/// the letter, and whoever is forgotten.
pub(super) async fn record(
    tx: &mut Tx,
    courier: &str,
    mail: &LeasedLetter,
    verdict: &Verdict,
) -> Result<(), StoreError> {
    let is_over = mail.age >= micros(PATIENCE);
    let reply = &*without_people(verdict.reply());
    let statement = match verdict {
        Verdict::Accepted(_) => {
            let sent = sql::MAIL_SENT.bind(mail.id).bind(mail.attempts);
            let sent = sent.bind(courier).bind(reply);
            note(mail.id, sent.execute(tx).await?);
            return Ok(());
        }
        Verdict::Deferred { .. }
        | Verdict::Throttled { .. }
        | Verdict::Away(_)
        | Verdict::Closed(_)
        | Verdict::Refused(_, Refusal::MailboxFull)
            if !is_over =>
        {
            tracing::warn!(mail = %mail.id, reply, "letter deferred");
            &sql::MAIL_DEFERRED
        }
        Verdict::Unknown(_) if !is_over && mail.unknowns < REPETITIONS => {
            tracing::warn!(mail = %mail.id, reply, "letter may have arrived, repeated");
            &sql::MAIL_UNKNOWN
        }
        _ => {
            tracing::warn!(mail = %mail.id, reply, "letter failed");
            let failed = sql::MAIL_FAILED.bind(mail.id).bind(mail.attempts);
            let failed = failed.bind(courier).bind(reply);
            note(mail.id, failed.execute(tx).await?);
            return Ok(());
        }
    };
    let wait = match verdict {
        Verdict::Throttled {
            wait: Some(wait), ..
        } => micros(*wait),
        _ => pause(mail.attempts),
    };
    let later = statement
        .bind(mail.id)
        .bind(mail.attempts)
        .bind(courier)
        .bind(reply)
        .bind(wait);
    note(mail.id, later.execute(tx).await?);
    Ok(())
}

/// A letter that was not begun is due at once, as if it had not been taken.
pub(super) async fn put_back(tx: &mut Tx, courier: &str, mail: Taken) -> Result<(), StoreError> {
    let back = sql::MAIL_PUT_BACK.bind(mail.id).bind(mail.attempts);
    note(mail.id, back.bind(courier).execute(tx).await?);
    Ok(())
}

/// What a courier says is said in vain where others have had the letter since.
fn note(mail: MailId, rows: u64) {
    if rows == 0 {
        tracing::warn!(%mail, "the verdict of a letter that is forgotten, or that others have had since");
    }
}

/// How many microseconds to wait after so many attempts.
fn pause(attempts: i64) -> i64 {
    let attempt = usize::try_from(attempts.max(1) - 1).unwrap_or(usize::MAX);
    let pause = PAUSES.get(attempt).or(PAUSES.last());
    micros(pause.copied().unwrap_or_default())
}
