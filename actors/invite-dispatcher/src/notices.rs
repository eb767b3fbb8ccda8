//! Tells the mailbox that an account had that it has another one: once for each change, whatever crashes in between.

use contract::{
    EmailAddress, Problem, Service, Timestamp, ids::MailId, mails::Letter, organisations::Policies,
};
use kernel::Cx;
use store::{Row, StoreError};

use crate::{announce::Announcer, queue::Sealed, sql};

/// How many are read at a time.
const PIECE: u64 = 100;

/// A mailbox and what it is told.
struct Notice {
    to: EmailAddress,
    letter: Letter,
}

impl Notice {
    fn read(row: &Row) -> Result<Self, StoreError> {
        let has_joined = row.get::<Option<String>>("policies")?.is_some();
        let policies: Option<Policies> = has_joined.then(|| row.json("policies")).transpose()?;
        let letter = Letter::AddressChanged {
            first_name: row.get("first_name")?,
            language: policies.unwrap_or_default().language,
        };
        Ok(Self {
            to: row.get("email")?,
            letter,
        })
    }
}

impl Announcer {
    /// Queues the letters of all changes that nobody was told of yet.
    pub(super) async fn tell_changes(&mut self) -> Result<(), Problem> {
        let mut behind = (Timestamp::from_micros(0), String::new());
        loop {
            let mut db = self.db.read().await?;
            let untold = sql::UNTOLD_CHANGES.bind(behind.0).bind(&behind.1);
            let rows = untold.bind(PIECE).fetch_all(&mut db).await?;
            drop(db);
            for row in &rows {
                let key: String = row.get("key")?;
                behind = (row.get("at")?, key.clone());
                if self.waits(&key) {
                    continue;
                }
                let told = match Notice::read(row) {
                    Ok(notice) => self.tell_change(&key, notice).await,
                    Err(error) => Err(error.into()),
                };
                self.went(key, told)?;
            }
            if u64::try_from(rows.len()).unwrap_or(u64::MAX) < PIECE {
                return Ok(());
            }
        }
    }

    /// Queues a letter, unless whose account it is was erased: nobody writes to whoever is forgotten.
    async fn tell_change(&self, key: &str, notice: Notice) -> Result<(), Problem> {
        let id = MailId::new(self.clock.ulid());
        let sealed = Sealed::letter(&self.vault, id, &notice.letter)?;
        let cx = Cx::system(Service::InviteDispatcher, &*self.clock);
        let mut tx = self.db.write(&cx.stamp(&*self.clock)).await?;
        let hold = sql::HOLD_CHANGED.bind(key);
        hold.fetch_optional(&mut tx).await?;
        let still = sql::STILL_UNTOLD_CHANGE.bind(key);
        if still.fetch_optional(&mut tx).await?.is_some()
            && sealed.queue(&mut tx, key, &notice.to).await?
        {
            tx.commit().await?;
            tracing::info!(mail = %id, "told somebody of a change of address");
            self.courier.notify_one();
        }
        Ok(())
    }
}
