//! An institution that invites by e-mail, for stories of what becomes of the mails. Nodes read real
//! clocks: where hours pass, the instants in the database are moved into the past instead.

use std::collections::BTreeMap;

use contract::Timestamp;
use reqwest::Method;
use serde_json::{Value, json};
use testkit::{BusKind, Engine, Mail, eventually_some};

use crate::{
    institution::{Institution, Link},
    mail::decoded,
    node::{Ground, Node, PATIENCE},
    program::Program,
};

store::statements! {
    /// So many microseconds pass for what waits.
    WAITS_PASS = "
        update invites
        set due_at = due_at - $1, deferred_since = deferred_since - $1
        where due_at is not null and leased_until is null";

    /// So many microseconds pass for what a node that is dead had.
    LEASES_PASS = "
        update invites
        set leased_until = leased_until - $1
        where leased_until is not null";

    /// So many microseconds pass for couriers that are dead.
    LIVES_PASS = "update couriers set alive_until = alive_until - $1";

    /// To whom mails are on their way.
    UNDER_WAY = "select email from invites where leased_until is not null";

    /// What a node leaves that has ended: what it still has, and what of its mails is how far.
    LEFT = "
        select (select count(*) from leased_invites) as leases,
            (select count(*) from couriers where id <> '') as couriers,
            (select count(*) from invites where state = 'sent') as sent,
            (select count(*) from invites
             where state = 'queued' and attempts = 0 and leased_until is null and due_at <= $1)
                as untouched";
}

/// What a node left when it ended in order.
#[derive(Debug)]
pub(crate) struct Left {
    /// Invites that are a courier's.
    pub(crate) leases: usize,
    /// Couriers that have a share of the relay.
    pub(crate) couriers: usize,
    /// Invites whose mail has left.
    pub(crate) sent: usize,
    /// Invites that are due, and that nobody has tried to send.
    pub(crate) untouched: usize,
}

/// An institution, its node, and what is done to both.
pub(crate) struct Mailroom {
    pub(crate) ground: Ground,
    pub(crate) node: Node,
    owner: Program,
    link: Link,
    /// The path of the organisation.
    at: String,
    settings: Vec<(String, String)>,
}

impl Mailroom {
    /// Whose mail goes there, at any rate.
    pub(crate) async fn open(engine: Engine, bus: BusKind, relay: &str) -> Self {
        Self::at_rate(engine, bus, relay, "0").await
    }

    /// Whose mail goes there, so many a second.
    pub(crate) async fn at_rate(engine: Engine, bus: BusKind, relay: &str, rate: &str) -> Self {
        let rate = [("USHER_MAIL__PER_SECOND", rate)];
        Self::on(Ground::new(engine, bus), relay, &rate).await
    }

    /// On this ground, whose mail goes there, with these settings over the usual ones.
    pub(crate) async fn on(ground: Ground, relay: &str, settings: &[(&str, &str)]) -> Self {
        let usual = [
            ("USHER_MAIL__URL", relay),
            ("USHER_INVITES__PASTE_LIMIT", "4000"),
        ];
        let settings = [&usual, settings].concat();
        let node = ground.start_with(&[], &settings);
        let (institution, link) = Institution::with_link(&ground, &node, 3, &[]).await;
        let owner = Program::of(&ground, &node, &institution);
        let at = format!("/organisations/{}", institution.id);
        let settings = settings.into_iter();
        let settings = settings.map(|(name, value)| (name.to_owned(), value.to_owned()));
        Self {
            ground,
            node,
            owner,
            link,
            at,
            settings: settings.collect(),
        }
    }

    /// Invites these; answers the batch.
    pub(crate) async fn invite(&self, addresses: &[String]) -> String {
        let body = json!({ "link_id": self.link.id, "addresses": addresses.join("\n") });
        let path = format!("{}/invites", self.at);
        let (status, sent) = self.owner.send(Method::POST, &path, &body).await;
        assert_eq!(
            (status, &sent["accepted"]),
            (202, &json!(addresses.len())),
            "{sent}"
        );
        sent["batch_id"].as_str().unwrap().to_owned()
    }

    /// Tells a batch to `pause`, `resume`, `cancel`, `send` or `resend`.
    pub(crate) async fn steer(&self, id: &str, what: &str) -> (u16, Value) {
        let path = format!("{}/batches/{id}/{what}", self.at);
        self.owner.send(Method::POST, &path, &Value::Null).await
    }

    /// Why an address is not invited.
    pub(crate) async fn refusal(&self, address: &str) -> Value {
        let body = json!({ "link_id": self.link.id, "addresses": address, "dry_run": true });
        let path = format!("{}/invites", self.at);
        let (_, draft) = self.owner.send(Method::POST, &path, &body).await;
        draft["refused"][0]["reason"].clone()
    }

    /// A batch as it stands; each of its rows is somewhere, and once.
    pub(crate) async fn batch(&self, id: &str) -> Value {
        let batch = self.owner.get(&format!("{}/batches/{id}", self.at)).await;
        let counts = [&batch["states"], &batch["refused"]].map(|counts| {
            let counts = counts.as_object().unwrap().values();
            counts.map(|count| count.as_u64().unwrap()).sum::<u64>()
        });
        let given = batch["given"].as_u64();
        assert_eq!(Some(counts.iter().sum()), given, "{batch}");
        batch
    }

    /// The batch once this holds of it.
    pub(crate) async fn until(
        &self,
        id: &str,
        what: &str,
        holds: impl Fn(&Value) -> bool,
    ) -> Value {
        eventually_some(PATIENCE, what, async || {
            Some(self.batch(id).await).filter(&holds)
        })
        .await
    }

    /// The invites of a batch, by address.
    pub(crate) async fn invites(&self, id: &str) -> BTreeMap<String, Value> {
        let mut invites = BTreeMap::new();
        let list = format!("{}/invites?batch={id}&limit=200", self.at);
        let mut next = list.clone();
        loop {
            let page = self.owner.get(&next).await;
            for invite in page["items"].as_array().unwrap() {
                let email = invite["email"].as_str().unwrap().to_owned();
                invites.insert(email, invite.clone());
            }
            match page["next_cursor"].as_str() {
                Some(cursor) => next = format!("{list}&cursor={cursor}"),
                None => return invites,
            }
        }
    }

    /// So many seconds pass for what waits to be tried again.
    pub(crate) async fn pass(&self, seconds: i64) {
        self.ground
            .change(WAITS_PASS.bind(seconds * 1_000_000))
            .await;
    }

    /// Kills the node, which is down for two minutes; answers to whom mails were on their way.
    pub(crate) async fn crash(&mut self) -> Vec<String> {
        self.node.process.sigkill();
        self.node.process.wait_exit(PATIENCE);
        let (db, stamp) = self.ground.open().await;
        let mut reader = db.read().await.unwrap();
        let rows = UNDER_WAY.fetch_all(&mut reader).await.unwrap();
        drop(reader);
        let mut tx = db.write(&stamp).await.unwrap();
        for statement in [&WAITS_PASS, &LEASES_PASS, &LIVES_PASS] {
            let passes = statement.bind(120_000_000_i64);
            passes.execute(&mut tx).await.unwrap();
        }
        tx.commit().await.unwrap();
        self.start();
        rows.iter().map(|row| row.get("email").unwrap()).collect()
    }

    /// Stops the node in order, within our patience; answers what it left.
    pub(crate) async fn stop(&mut self) -> Left {
        self.node.process.sigterm();
        let status = self.node.process.wait_exit(PATIENCE);
        assert!(status.success(), "{status}");
        let (db, stamp) = self.ground.open().await;
        let mut reader = db.read().await.unwrap();
        let left = LEFT.bind(stamp.now.micros());
        let row = left.fetch_optional(&mut reader).await.unwrap().unwrap();
        let number = |name| usize::try_from(row.get::<i64>(name).unwrap()).unwrap();
        Left {
            leases: number("leases"),
            couriers: number("couriers"),
            sent: number("sent"),
            untouched: number("untouched"),
        }
    }

    /// Stops the node in order, and starts it with another relay.
    pub(crate) fn turn_to(&mut self, relay: &str) {
        self.change(&[("USHER_MAIL__URL", relay)]);
    }

    /// Stops the node in order, and starts it with these settings over the former ones.
    pub(crate) fn change(&mut self, settings: &[(&str, &str)]) {
        self.node.process.sigterm();
        self.node.process.wait_exit(PATIENCE);
        for (name, value) in settings {
            self.settings.retain(|(former, _)| former != name);
            let setting = ((*name).to_owned(), (*value).to_owned());
            self.settings.push(setting);
        }
        self.start();
    }

    /// Starts the node again.
    pub(crate) fn start(&mut self) {
        let settings = self.settings.iter();
        let settings: Vec<_> = settings.map(|(name, value)| (&**name, &**value)).collect();
        self.node = self.ground.start_with(&[], &settings);
        self.owner = self.owner.at(&self.node);
    }

    /// Whether the metrics have this line.
    pub(crate) async fn shows(&self, line: &str) -> bool {
        let (_, metrics) = self.node.ops("/metrics").await;
        metrics.lines().any(|other| other == line)
    }
}

/// So many addresses at one domain.
pub(crate) fn addresses(first: usize, count: usize) -> Vec<String> {
    let numbers = first..first + count;
    numbers
        .map(|number| format!("p{number}@hill.edu"))
        .collect()
}

/// How many rows are in a state.
pub(crate) fn count(batch: &Value, state: &str) -> u64 {
    batch["states"][state].as_u64().unwrap_or_default()
}

/// In how many seconds an invite is tried again, from `now`.
pub(crate) fn waits(invite: &Value, now: Timestamp) -> i64 {
    let next = invite["next_try_at"].as_str().unwrap_or_default();
    let next = Timestamp::parse(next).unwrap_or_else(|| panic!("{invite}"));
    (next.micros() - now.micros()) / 1_000_000
}

/// What of a mail is the same when it is sent again: its Message-ID and its tokens.
pub(crate) fn identity(mail: &Mail) -> [String; 3] {
    let text = decoded(&mail.text());
    ["Message-ID:", "/invite/", "/unsubscribe/"].map(|mark| {
        let (_, rest) = text
            .split_once(mark)
            .unwrap_or_else(|| panic!("no {mark} in {text}"));
        let mut words = rest.split([' ', '\n', '\r', '<', '>', '"']);
        let word = words.find(|word| !word.is_empty());
        word.unwrap_or_default().to_owned()
    })
}

/// The mails of each recipient.
pub(crate) fn by_recipient(mails: &[Mail]) -> BTreeMap<&str, Vec<&Mail>> {
    let mut of: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for mail in mails {
        assert_eq!(mail.recipients.len(), 1);
        of.entry(mail.recipients[0].as_str())
            .or_default()
            .push(mail);
    }
    of
}
