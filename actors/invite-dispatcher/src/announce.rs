//! Tells whoever was given a seat that they have one now, with the way to prove the address where that
//! is due: once for each seat, whatever crashes in between. And, by [`crate::notices`], of changed addresses.

use std::{sync::Arc, time::Duration};

use contract::{
    Clock, EmailAddress, Problem, Secret, Service, Timestamp,
    ids::MailId,
    mails::Letter,
    organisations::Policies,
    people::StartProof,
    seats::Status,
    text::{Name, PersonName},
};
use kernel::{Behaviour, Bus, Cx, Pace, Routes, Work};
use store::{Db, Row, StoreError, vault::Vault};
use tokio::sync::Notify;
use url::Url;

use crate::{
    MailOptions,
    aside::{Aside, is_away},
    queue::Sealed,
    sql,
};

/// How long nothing is looked at when nobody is to be told.
const REST: Duration = Duration::from_secs(5);
/// How many are told in a turn.
const PIECE: u64 = 20;
/// How long after a seat was given somebody is told of it, in days: later than that the letter would
/// surprise them.
const TELL_DAYS: i64 = 7;

/// Writes the letters. Any number may run: the key of a letter is that of what is told.
#[derive(Debug)]
pub struct Announcer {
    pub(crate) db: Db,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) vault: Vault,
    bus: Bus,
    public_url: String,
    pub(crate) courier: Arc<Notify>,
    /// Behind whom this round goes on.
    behind: Option<Place>,
    /// Who could not be told, and waits.
    aside: Aside,
}

/// The place of a seat among those that were given.
type Place = (Timestamp, i64, String);

/// A seat that somebody was given.
struct Offer {
    status: Status,
    proof_due_at: Option<Timestamp>,
    to: EmailAddress,
    first_name: PersonName,
    is_proved: bool,
    organisation: Name,
    product_url: Url,
    policies: Policies,
}

impl Offer {
    fn read(row: &Row) -> Result<Self, StoreError> {
        let status: String = row.get("status")?;
        let product_url: String = row.get("product_url")?;
        Ok(Self {
            status: Status::parse(&status).ok_or_else(|| row.bad("status", "is not a status"))?,
            proof_due_at: row.get("proof_due_at")?,
            to: row.get("email")?,
            first_name: row.get("first_name")?,
            is_proved: row.get::<Option<i64>>("proved_at")?.is_some(),
            organisation: row.get("name")?,
            product_url: Url::parse(&product_url).map_err(|_| row.bad("product_url", "is none"))?,
            policies: row.json("policies")?,
        })
    }

    /// The letter, with the way to prove the address where there is one.
    fn letter(self, proof_url: Option<Secret>) -> Letter {
        Letter::SeatGiven {
            first_name: self.first_name,
            organisation: self.organisation,
            status: self.status,
            proof_due_at: self.proof_due_at,
            proof_url,
            product_url: self.product_url,
            language: self.policies.language,
        }
    }
}

impl Announcer {
    /// A worker whose state is a cache; `courier` wakes the couriers of this process.
    pub fn new(
        db: Db,
        clock: Arc<dyn Clock>,
        bus: Bus,
        vault: Vault,
        options: &MailOptions,
        courier: Arc<Notify>,
    ) -> Self {
        let public_url = options.public_url.clone();
        Self {
            db,
            clock,
            vault,
            bus,
            public_url,
            courier,
            behind: None,
            aside: Aside::default(),
        }
    }

    /// Whether somebody is passed over, as they could not be told lately.
    pub(crate) fn waits(&self, key: &str) -> bool {
        self.aside.waits(key, self.clock.now())
    }

    /// How it went to tell somebody. Who could not be told steps aside; refused where the next could not
    /// either, and then they are behind this one.
    pub(crate) fn went(&mut self, key: String, told: Result<(), Problem>) -> Result<(), Problem> {
        let Err(problem) = told else {
            self.aside.done(&key);
            return Ok(());
        };
        self.aside.put(key, &problem, self.clock.now());
        if is_away(&problem) {
            return Err(problem);
        }
        Ok(())
    }

    /// Who is to be told next.
    async fn next(&self) -> Result<Vec<Row>, Problem> {
        let first = || (self.clock.now().plus_days(-TELL_DAYS), 0, String::new());
        let (at, position, key) = self.behind.clone().unwrap_or_else(first);
        let mut db = self.db.read().await?;
        let untold = sql::UNTOLD.bind(at).bind(position).bind(key).bind(PIECE);
        Ok(untold.fetch_all(&mut db).await?)
    }

    /// Queues the letter of a seat. Whoever has to prove the address and was sent a proof just now is
    /// told in a later round, with a fresh one; whose seat was taken back meanwhile is not.
    async fn tell(&self, key: &str, offer: Offer) -> Result<(), Problem> {
        let cx = Cx::system(Service::InviteDispatcher, &*self.clock);
        let mut proof_url = None;
        if !offer.is_proved {
            let email = offer.to.clone();
            let Some(proof) = self.bus.call(&StartProof { email }, &cx).await?.proof else {
                return Ok(());
            };
            let url = format!("{}/proofs/{}", self.public_url, proof.token.expose());
            proof_url = Some(Secret::new(url));
        }
        let (to, status) = (offer.to.clone(), offer.status);
        let id = MailId::new(self.clock.ulid());
        let sealed = Sealed::letter(&self.vault, id, &offer.letter(proof_url))?;
        let mut tx = self.db.write(&cx.stamp(&*self.clock)).await?;
        let hold = sql::HOLD_PLACE.bind(key);
        hold.fetch_optional(&mut tx).await?;
        let still = sql::STILL_UNTOLD.bind(key).bind(status.name());
        if still.fetch_optional(&mut tx).await?.is_some() && sealed.queue(&mut tx, key, &to).await?
        {
            tx.commit().await?;
            tracing::info!(mail = %id, "told somebody of a seat");
            self.courier.notify_one();
        }
        Ok(())
    }
}

impl Behaviour for Announcer {
    const SERVICE: Service = Service::InviteDispatcher;

    fn routes(_: &mut Routes<Self>) {}
}

impl Work for Announcer {
    async fn work(&mut self) -> Result<Pace, Problem> {
        if self.behind.is_none() {
            self.aside.tidy(self.clock.now());
            self.tell_changes().await?;
        }
        let rows = self.next().await?;
        let is_last = u64::try_from(rows.len()).unwrap_or(u64::MAX) < PIECE;
        for row in rows {
            let key: String = row.get("key")?;
            // Whatever becomes of this one, the next is told.
            self.behind = Some((row.get("at")?, row.get("position")?, key.clone()));
            if self.waits(&key) {
                continue;
            }
            let told = match Offer::read(&row) {
                Ok(offer) => self.tell(&key, offer).await,
                Err(error) => Err(error.into()),
            };
            self.went(key, told)?;
        }
        if is_last {
            self.behind = None;
            return Ok(Pace::Rest(REST));
        }
        Ok(Pace::Again)
    }
}
