//! Lets batches rest of which too much came back, and writes to whoever sent them.

use std::sync::Arc;

use contract::{
    Clock, EmailAddress, Kind, Problem, Stamp, Timestamp,
    batches::{Batch, PauseReason, Said},
    events::Event,
    ids::{AdministratorId, BatchId, MailId, OrganisationId},
    invites::InviteState,
    mails::Letter,
    organisations::Policies,
    text::Name,
};
use serde_json::json;
use store::{Db, Row, StoreError, Tx, vault::Vault};
use url::Url;

use crate::{
    alarm::Results,
    batches::{self, sql},
    options::MailOptions,
    queue::Sealed,
    said::{Heard, most_said},
};

/// Looks at what became of the mails of batches under way.
#[derive(Debug)]
pub(crate) struct Guard {
    db: Db,
    clock: Arc<dyn Clock>,
    vault: Vault,
    /// Without a slash at its end.
    public_url: String,
}

/// A batch that is to rest.
struct Alarm {
    organisation: OrganisationId,
    batch: BatchId,
    reason: PauseReason,
    /// When the batch was resumed last, by the clock of the database; 0: never.
    resumed_at: i64,
}

impl Guard {
    pub(crate) fn new(db: Db, clock: Arc<dyn Clock>, vault: Vault, options: &MailOptions) -> Self {
        Self {
            db,
            clock,
            vault,
            public_url: options.public_url.clone(),
        }
    }

    /// Lets those rest that are to; answers whether there was one. One that cannot be let rest holds up no
    /// other.
    pub(crate) async fn look(&self) -> Result<bool, Problem> {
        let mut is_any = false;
        for alarm in self.alarms().await? {
            match self.rest(&alarm).await {
                Ok(is_resting) => is_any |= is_resting,
                Err(problem) => {
                    tracing::error!(%problem, batch = %alarm.batch, "a batch that is to rest does not");
                }
            }
        }
        Ok(is_any)
    }

    /// The batches that are to rest.
    async fn alarms(&self) -> Result<Vec<Alarm>, StoreError> {
        let mut reader = self.db.read().await?;
        let results = sql::RESULTS.query().fetch_all(&mut reader).await?;
        let mut alarms = Vec::new();
        for row in results {
            if let Some(reason) = Results::of(&row)?.alarm() {
                alarms.push(Alarm {
                    organisation: row.get("organisation_id")?,
                    batch: row.get("id")?,
                    reason,
                    resumed_at: row.get("resumed_at")?,
                });
            }
        }
        Ok(alarms)
    }

    /// Lets a batch rest, unless it does already, or was resumed since. The letter is queued with it: once,
    /// whatever ends in the middle.
    async fn rest(&self, alarm: &Alarm) -> Result<bool, Problem> {
        let (organisation, batch_id, reason) = (alarm.organisation, alarm.batch, alarm.reason);
        let stamp = Stamp {
            now: self.clock.now(),
            actor: "system:invite-dispatcher".to_owned(),
            request_id: format!("rest-{batch_id}"),
        };
        let mut tx = self.db.write(&stamp).await?;
        tx.lock_histories(&[organisation]).await?;
        let said = said(&mut tx, batch_id, reason).await?;
        let told = serde_json::to_string(&said).map_err(|_| Problem::new(Kind::Internal))?;
        let rest = sql::REST.bind(batch_id).bind(stamp.now);
        let rest = rest.bind(reason.name()).bind(told).bind(alarm.resumed_at);
        if rest.execute(&mut tx).await? == 0 {
            return Ok(false);
        }
        let letters = self.write(&mut tx, alarm, stamp.now).await?;
        tracing::warn!(batch = %batch_id, reason = reason.name(), letters, "a batch rests");
        tx.publish(organisation, Event::BatchPaused { batch_id });
        tx.audit(
            organisation,
            "batch.pause",
            batch_id,
            json!({ "reason": reason }),
        );
        tx.commit().await?;
        Ok(true)
    }

    /// Writes to whoever sent the batch; where they may not resume it any more, or it was a program,
    /// to the owners. Answers how many letters that are.
    async fn write(&self, tx: &mut Tx, alarm: &Alarm, now: Timestamp) -> Result<usize, Problem> {
        let row = batches::find(tx, alarm.organisation, alarm.batch).await?;
        let batch = batches::counted(tx, &row, now).await?;
        let letter = self.letter(&row, &batch, alarm)?;
        let receivers = receivers(tx, &row, &batch).await?;
        let since = batch.paused_at.unwrap_or(now).micros();
        for (id, email) in &receivers {
            let key = format!("paused:{}:{since}:{id}", batch.id);
            let mail = MailId::new(self.clock.ulid());
            let sealed = Sealed::letter(&self.vault, mail, &letter)?;
            sealed.queue(tx, &key, email).await?;
        }
        Ok(receivers.len())
    }

    fn letter(&self, row: &Row, batch: &Batch, alarm: &Alarm) -> Result<Letter, Problem> {
        let organisation: Name = row.get("organisation")?;
        let policies: Policies = row.json("policies")?;
        let (public_url, of) = (&self.public_url, alarm.organisation);
        let url = format!("{public_url}/admin/{of}/invites/{}", batch.id);
        Ok(Letter::BatchPaused {
            organisation,
            link: batch.link_name.clone(),
            reason: alarm.reason,
            said: batch.pause_replies.clone(),
            waiting: batch.left(),
            batch_url: Url::parse(&url).map_err(|_| Problem::new(Kind::Internal))?,
            language: policies.language,
        })
    }
}

/// What was said most often of the mails of a batch since it was sent, or was resumed.
async fn said(tx: &mut Tx, id: BatchId, reason: PauseReason) -> Result<Vec<Said>, StoreError> {
    let replies = sql::REPLIES.bind(id).bind(reason.name()).planned_anew();
    let rows = replies.fetch_all(tx).await?;
    let heard = rows.iter().map(|row| {
        let state: String = row.get("state")?;
        Ok(Heard {
            state: InviteState::parse(&state).ok_or_else(|| row.bad("state", "is unknown"))?,
            is_cause: row.get::<i64>("is_cause")? == 1,
            count: row.get("n")?,
            reply: row.get("reply")?,
        })
    });
    let heard = heard.collect::<Result<Vec<_>, StoreError>>()?;
    Ok(most_said(heard))
}

/// Who is told that a batch rests.
async fn receivers(
    tx: &mut Tx,
    row: &Row,
    batch: &Batch,
) -> Result<Vec<(AdministratorId, EmailAddress)>, StoreError> {
    let sent_by: Option<String> = row.get("sent_by")?;
    let sent_by = sent_by.as_ref().unwrap_or(&batch.created_by);
    let sender = sent_by.strip_prefix("administrator:").unwrap_or_default();
    let of = row.get::<OrganisationId>("organisation_id")?;
    let rows = sql::RECEIVERS.bind(of).bind(sender).fetch_all(tx).await?;
    let mut receivers = Vec::with_capacity(rows.len());
    for row in &rows {
        let receiver = (row.get("id")?, row.get("email")?);
        if row.get::<i64>("is_sender")? == 1 {
            return Ok(vec![receiver]);
        }
        receivers.push(receiver);
    }
    Ok(receivers)
}

#[cfg(test)]
mod tests {
    use contract::{ManualClock, Secret, ids::Ulid};
    use rstest::rstest;
    use serde::Serialize;
    use store::{Database, DatabaseOptions, Query};
    use testkit::Engine;

    use super::*;

    store::statements! {
        BATCH = "
            insert into batches (id, organisation_id, link_id, source, language, most, created_by,
                created_at, sealed_at, sent_at)
            values ($1, $2, 'lnk', 'paste', 'en', 500, 'operator', 0, 0, 0)";

        /// All of it came back but the last one, which waits.
        INVITES = "
            insert into invites (id, organisation_id, batch_id, link_id, position, line, email,
                email_key, domain, state, reason, due_at, queued_at, settled_at, created_at)
            select rows.value ->> 'id', $3, $2, 'lnk', 1, 1, 'x', rows.value ->> 'id', 'uni.edu',
                'bounced', 'user-unknown', case when rows.value ->> 'id' = '119' then 0 end, 0,
                now_micros(), 0
            from rows($1)";

        RESTING = "select count(*) as n from batches where paused_at is not null";
    }

    #[derive(Serialize)]
    struct Key {
        id: String,
    }

    #[rstest]
    #[actix_rt::test]
    async fn a_batch_that_was_resumed_meanwhile_does_not_rest_for_what_came_back_before(
        #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
    ) {
        let (file, clock) = (engine.fresh(), ManualClock::at(Timestamp::from_micros(1)));
        let options = DatabaseOptions::new(Secret::new(file.url()), clock.clone());
        let database = Database::connect(&options).await.unwrap();
        database.migrate().await.unwrap();
        let db = database.open("invites").await.unwrap();
        let vault = Vault::new(&Secret::new("sealing key")).unwrap();
        let url = Secret::new("smtp://127.0.0.1:1");
        let options = MailOptions::parse(&url, "Usher <usher@mail.example>").unwrap();
        let guard = Guard::new(db.clone(), clock.clone(), vault, &options);
        let run = async |query: Query| {
            let stamp = Stamp {
                now: clock.now(),
                actor: "operator".to_owned(),
                request_id: "fixture".to_owned(),
            };
            let mut tx = db.write(&stamp).await.unwrap();
            query.execute(&mut tx).await.unwrap();
            tx.commit().await.unwrap();
        };
        let batch = BatchId::new(Ulid::from_parts(1, 1));
        let organisation = OrganisationId::new(Ulid::from_parts(1, 2));
        let keys: Vec<_> = (0..120).map(|n| Key { id: format!("{n}") }).collect();
        run(BATCH.bind(batch).bind(organisation)).await;
        run(INVITES.bind_rows(&keys).bind(batch).bind(organisation)).await;

        let alarms = guard.alarms().await.unwrap();
        assert_eq!(alarms.len(), 1);
        // Another guard was first, and an administrator looked into it.
        run(sql::PAUSE.bind(batch).bind(clock.now()).bind("bounces")).await;
        run(sql::RESUME.bind(batch)).await;
        assert!(matches!(guard.rest(&alarms[0]).await, Ok(false)));
        let mut reader = db.read().await.unwrap();
        let row = RESTING.query().fetch_one(&mut reader).await.unwrap();
        assert_eq!(row.get::<i64>("n").unwrap(), 0);
        assert!(guard.alarms().await.unwrap().is_empty());
    }
}
