//! Sends what is due: leases, hands over outside any transaction, records.

use std::{sync::Arc, time::Duration};

use contract::{Clock, EmailAddress, Problem, Service, ids::MailId, mails::Letter};
use kernel::{Behaviour, Cx, Pace, Routes, Work};
use store::{Db, Row, StoreError, vault::Vault};

use crate::{
    message::compose,
    options::MailOptions,
    sql,
    transport::{Verdict, hand_over},
};

/// How long a letter is this courier's; longer than handing it over may take.
const LEASE: Duration = Duration::from_mins(3);
/// Letters of one turn.
const BATCH: i64 = 1;
/// How long nothing is looked for when nothing was due, unless somebody queues a letter here.
const REST: Duration = Duration::from_secs(2);
/// The pauses before each further attempt; the last one repeats.
const PAUSES: [Duration; 5] = [
    Duration::from_secs(5),
    Duration::from_mins(1),
    Duration::from_mins(10),
    Duration::from_mins(30),
    Duration::from_hours(1),
];
/// How often a letter is repeated that the relay may have already.
const REPETITIONS: i64 = 1;
/// After this time a letter is given up.
const PATIENCE: Duration = Duration::from_hours(24);

/// Sends letters. Any number may run.
#[derive(Debug)]
pub struct Courier {
    db: Db,
    clock: Arc<dyn Clock>,
    vault: Vault,
    options: MailOptions,
}

struct Leased {
    id: MailId,
    to: EmailAddress,
    letter: String,
    attempts: i64,
    /// Earlier attempts of which no reply is known.
    unknowns: i64,
    /// Microseconds since it was queued.
    age: i64,
}

impl Courier {
    /// A courier; holds no state of its own.
    pub fn new(db: Db, clock: Arc<dyn Clock>, vault: Vault, options: MailOptions) -> Self {
        Self {
            db,
            clock,
            vault,
            options,
        }
    }

    async fn lease(&self) -> Result<Vec<Leased>, Problem> {
        let stamp = Cx::system(Service::InviteDispatcher, &*self.clock).stamp(&*self.clock);
        let mut tx = self.db.write(&stamp).await?;
        let lease = sql::LEASE_MAILS.bind(micros(LEASE)).bind(BATCH);
        let rows = lease.fetch_all(&mut tx).await?;
        let leased = rows.iter().map(leased).collect::<Result<_, _>>()?;
        tx.commit().await?;
        Ok(leased)
    }

    async fn send(&self, mail: &Leased) -> Verdict {
        if mail.unknowns > REPETITIONS {
            return Verdict::Rejected(
                "no reply is known of any attempt; it may be there".to_owned(),
            );
        }
        let opened = self.vault.open(&mail.id.to_string(), &mail.letter).ok();
        let letter = opened.and_then(|letter| serde_json::from_str::<Letter>(letter.expose()).ok());
        let Some(letter) = letter else {
            return Verdict::Rejected("the letter does not open: another sealing key".to_owned());
        };
        let now = self.clock.now();
        let words = match self.options.templates.letter(&letter) {
            Ok(words) => words,
            Err(error) => return Verdict::Rejected(error.to_string()),
        };
        match compose(mail.id, &self.options.sender, &mail.to, &words, now) {
            Ok(message) => hand_over(&self.options, mail.id, &message, &words, now).await,
            Err(error) => Verdict::Rejected(error.to_string()),
        }
    }

    async fn record(&self, mail: &Leased, verdict: Verdict) -> Result<(), Problem> {
        let stamp = Cx::system(Service::InviteDispatcher, &*self.clock).stamp(&*self.clock);
        let mut tx = self.db.write(&stamp).await?;
        let is_over = mail.age >= micros(PATIENCE);
        match verdict {
            Verdict::Accepted(reply) => {
                let sent = sql::MAIL_SENT.bind(mail.id).bind(mail.attempts).bind(reply);
                sent.execute(&mut tx).await?;
            }
            Verdict::Deferred(reply) if !is_over => {
                tracing::warn!(mail = %mail.id, reply, "letter deferred");
                let deferred = sql::MAIL_DEFERRED.bind(mail.id).bind(mail.attempts);
                let deferred = deferred.bind(reply).bind(pause(mail.attempts));
                deferred.execute(&mut tx).await?;
            }
            Verdict::Unknown(reply) if !is_over && mail.unknowns < REPETITIONS => {
                tracing::warn!(mail = %mail.id, reply, "letter may have arrived, repeated");
                let unknown = sql::MAIL_UNKNOWN.bind(mail.id).bind(mail.attempts);
                let unknown = unknown.bind(reply).bind(pause(mail.attempts));
                unknown.execute(&mut tx).await?;
            }
            Verdict::Deferred(reply) | Verdict::Unknown(reply) | Verdict::Rejected(reply) => {
                tracing::warn!(mail = %mail.id, reply, "letter failed");
                let failed = sql::MAIL_FAILED
                    .bind(mail.id)
                    .bind(mail.attempts)
                    .bind(reply);
                failed.execute(&mut tx).await?;
            }
        }
        tx.commit().await?;
        Ok(())
    }
}

/// How many microseconds to wait after so many attempts.
fn pause(attempts: i64) -> i64 {
    let attempt = usize::try_from(attempts.max(1) - 1).unwrap_or(usize::MAX);
    let pause = PAUSES.get(attempt).or(PAUSES.last());
    micros(pause.copied().unwrap_or_default())
}

fn micros(time: Duration) -> i64 {
    i64::try_from(time.as_micros()).unwrap_or(i64::MAX)
}

fn leased(row: &Row) -> Result<Leased, StoreError> {
    Ok(Leased {
        id: row.get("id")?,
        to: row.get("recipient")?,
        letter: row.get("letter")?,
        attempts: row.get("attempts")?,
        unknowns: row.get("unknowns")?,
        age: row.get("age")?,
    })
}

impl Behaviour for Courier {
    const SERVICE: Service = Service::InviteDispatcher;

    fn routes(_: &mut Routes<Self>) {}
}

impl Work for Courier {
    async fn work(&mut self) -> Result<Pace, Problem> {
        let leased = self.lease().await?;
        for mail in &leased {
            let verdict = self.send(mail).await;
            self.record(mail, verdict).await?;
        }
        Ok(if leased.is_empty() {
            Pace::Rest(REST)
        } else {
            Pace::Again
        })
    }
}
