//! Tells whoever was given a seat that they have one now, with the way to prove the address where that
//! is due: once for each seat, whatever crashes in between.

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

use crate::{MailOptions, queue::Sealed, sql};

/// How long nothing is looked at when nobody is to be told.
const REST: Duration = Duration::from_secs(5);
/// How many are told in a turn.
const PIECE: u64 = 20;
/// How long after a seat was given somebody is told of it, in days: later than that the letter would
/// surprise them.
const TELL_DAYS: i64 = 7;

/// Writes the letters. Any number may run: the key of a letter is that of the seat that was given.
#[derive(Debug)]
pub struct Announcer {
    db: Db,
    clock: Arc<dyn Clock>,
    vault: Vault,
    bus: Bus,
    public_url: String,
    courier: Arc<Notify>,
    /// Behind whom this round goes on.
    behind: Option<Place>,
}

/// The place of a seat among those that were given.
type Place = (Timestamp, i64, String);

/// A seat that somebody was given.
struct Offer {
    place: Place,
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
            place: (row.get("at")?, row.get("position")?, row.get("key")?),
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
        }
    }

    /// Who is to be told next.
    async fn next(&self) -> Result<Vec<Offer>, Problem> {
        let first = || (self.clock.now().plus_days(-TELL_DAYS), 0, String::new());
        let (at, position, key) = self.behind.clone().unwrap_or_else(first);
        let mut db = self.db.read().await?;
        let untold = sql::UNTOLD.bind(at).bind(position).bind(key).bind(PIECE);
        let rows = untold.fetch_all(&mut db).await?;
        let offers = rows.iter().map(Offer::read);
        Ok(offers.collect::<Result<_, _>>()?)
    }

    /// Queues the letter of a seat. Whoever has to prove the address and was sent a proof just now is
    /// told in a later round, with a fresh one.
    async fn tell(&self, offer: Offer) -> Result<(), Problem> {
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
        let (key, to) = (offer.place.2.clone(), offer.to.clone());
        let id = MailId::new(self.clock.ulid());
        let sealed = Sealed::letter(&self.vault, id, &offer.letter(proof_url))?;
        let mut tx = self.db.write(&cx.stamp(&*self.clock)).await?;
        if sealed.queue(&mut tx, &key, &to).await? {
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
        let offers = self.next().await?;
        let is_last = u64::try_from(offers.len()).unwrap_or(u64::MAX) < PIECE;
        for offer in offers {
            // Whatever becomes of this one, the next is told.
            self.behind = Some(offer.place.clone());
            self.tell(offer).await?;
        }
        if is_last {
            self.behind = None;
            return Ok(Pace::Rest(REST));
        }
        Ok(Pace::Again)
    }
}
