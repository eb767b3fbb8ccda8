//! The lane of letters: leases and verdicts of the table `mails`.

use std::time::Duration;

use store::{StoreError, Tx};

use super::{
    micros,
    parcel::LeasedLetter,
    verdict::{Refusal, Verdict},
};
use crate::sql;

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

/// Takes letters that are due, at most so many.
pub(super) async fn lease(tx: &mut Tx, most: u32) -> Result<Vec<LeasedLetter>, StoreError> {
    let rows = sql::LEASE_MAILS.bind(micros(LEASE)).bind(most);
    let rows = rows.fetch_all(tx).await?;
    rows.iter().map(LeasedLetter::read).collect()
}

/// Notes what became of a letter.
pub(super) async fn record(
    tx: &mut Tx,
    mail: &LeasedLetter,
    verdict: &Verdict,
) -> Result<(), StoreError> {
    let is_over = mail.age >= micros(PATIENCE);
    let reply = verdict.reply();
    let statement = match verdict {
        Verdict::Accepted(_) => {
            let sent = sql::MAIL_SENT.bind(mail.id).bind(mail.attempts).bind(reply);
            return sent.execute(tx).await.map(drop);
        }
        Verdict::Deferred { .. }
        | Verdict::Throttled { .. }
        | Verdict::Away(_)
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
            let failed = sql::MAIL_FAILED
                .bind(mail.id)
                .bind(mail.attempts)
                .bind(reply);
            return failed.execute(tx).await.map(drop);
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
        .bind(reply)
        .bind(wait);
    later.execute(tx).await.map(drop)
}

/// A letter that was not begun is due at once, as if it had not been taken.
pub(super) async fn put_back(tx: &mut Tx, mail: &LeasedLetter) -> Result<(), StoreError> {
    let back = sql::MAIL_PUT_BACK.bind(mail.id).bind(mail.attempts);
    back.execute(tx).await.map(drop)
}

/// How many microseconds to wait after so many attempts.
fn pause(attempts: i64) -> i64 {
    let attempt = usize::try_from(attempts.max(1) - 1).unwrap_or(usize::MAX);
    let pause = PAUSES.get(attempt).or(PAUSES.last());
    micros(pause.copied().unwrap_or_default())
}
