//! What a courier says once more, because it was not answered, of a mail that others have had since.

use std::{sync::Arc, time::Duration};

use contract::{
    Clock as _, ManualClock, Secret, Stamp, Timestamp,
    ids::{InviteId, MailId, Ulid},
    invites::InviteState,
};
use rstest::rstest;
use store::{Database, DatabaseOptions, Db, Query, Row, Tx, vault::Vault};
use testkit::{Engine, TestDatabase};

use super::{
    Courier, CourierMetrics,
    letters::{self, Taken},
    parcel::Taking,
    record::{self, Key, Record},
    regain, sql,
    verdict::Outcome,
};
use crate::{invites::sql::RESEND_INVITE, options::MailOptions, sql::QUEUE_MAIL};

store::statements! {
    BATCH = "
        insert into batches (id, organisation_id, link_id, source, language, most, created_by,
            created_at, sealed_at, sent_at)
        values ('bat', 'org', 'lnk', 'paste', 'en', 500, 'operator', 0, 0, 0)";

    INVITE = "
        insert into invites (id, organisation_id, batch_id, link_id, position, line, email, email_key,
            domain, state, due_at, queued_at, created_at)
        values ($1, 'org', 'bat', 'lnk', 1, 1, 'ann@uni.edu', 'ann@uni.edu', 'uni.edu', 'queued', 0, 0, 0)";

    END_LEASES = "update invites set leased_until = 1 where leased_until is not null";

    MAKE_DUE = "update invites set due_at = 0 where due_at is not null";

    LOOK = "
        select state || ' ' || attempts || ' ' || crashes || case when sent_at is null then '' else ' sent' end
            || case when leased_by is null then '' else ' leased' end as line
        from invites";

    LOOK_AT_LETTER = "
        select attempts || coalesce(' ' || leased_by, '') || case when leased_until is null then '' else ' leased' end
            as line
        from mails";
}

const NOW: Timestamp = Timestamp::from_micros(0);

struct Ground {
    db: Db,
    clock: Arc<ManualClock>,
    _database: TestDatabase,
}

impl Ground {
    async fn open(engine: Engine) -> Self {
        let (file, clock) = (engine.fresh(), ManualClock::at(NOW));
        let options = DatabaseOptions::new(Secret::new(file.url()), clock.clone());
        let database = Database::connect(&options).await.unwrap();
        database.migrate().await.unwrap();
        let db = database.open("invites").await.unwrap();
        Self {
            db,
            clock,
            _database: file,
        }
    }

    fn courier(&self) -> Courier {
        let url = Secret::new("smtp://127.0.0.1:1");
        Courier::new(
            self.db.clone(),
            self.clock.clone(),
            Vault::new(&Secret::new("sealing key")).unwrap(),
            MailOptions::parse(&url, "Usher <usher@mail.example>").unwrap(),
            CourierMetrics::unscraped().unwrap(),
        )
    }

    async fn begin(&self) -> Tx {
        let stamp = Stamp {
            now: self.clock.now(),
            actor: "operator".to_owned(),
            request_id: "fixture".to_owned(),
        };
        self.db.write(&stamp).await.unwrap()
    }

    async fn run(&self, query: Query) {
        let mut tx = self.begin().await;
        query.execute(&mut tx).await.unwrap();
        tx.commit().await.unwrap();
    }

    async fn line(&self, query: Query) -> String {
        let mut reader = self.db.read().await.unwrap();
        let row = query.fetch_one(&mut reader).await.unwrap();
        row.get("line").unwrap()
    }

    /// A courier takes the invite.
    async fn take(&self, courier: &Courier) -> Row {
        let mut tx = self.begin().await;
        let lease = sql::LEASE_FIRST.bind("bat").bind(&courier.id);
        let lease = lease.bind(60_000_000_i64).bind(NOW).bind(1_i64);
        let row = lease.fetch_one(&mut tx).await.unwrap();
        let note = sql::NOTE_LEASES.bind_rows(&[Key {
            id: row.get("id").unwrap(),
        }]);
        note.execute(&mut tx).await.unwrap();
        tx.commit().await.unwrap();
        row
    }

    /// The lease of whoever has it is over, and it is tried again.
    async fn crash(&self) {
        self.run(END_LEASES.query()).await;
        let mut tx = self.begin().await;
        self.courier().expire(&mut tx).await.unwrap();
        tx.commit().await.unwrap();
        self.run(MAKE_DUE.query()).await;
    }

    async fn record(&self, courier: &Courier, record: &Record) {
        let mut tx = self.begin().await;
        let records = std::slice::from_ref(record);
        record::record(&mut tx, &courier.id, records, NOW)
            .await
            .unwrap();
        tx.commit().await.unwrap();
    }

    /// A courier takes the letter, if it is to be had.
    async fn take_letter(&self, courier: &str) -> Option<Taken> {
        let mut tx = self.begin().await;
        let (letters, _) = letters::lease(&mut tx, courier, 1, true).await.unwrap();
        tx.commit().await.unwrap();
        letters.first().map(Taken::of)
    }

    async fn put_back(&self, courier: &str, letter: Taken) {
        let mut tx = self.begin().await;
        letters::put_back(&mut tx, courier, letter).await.unwrap();
        tx.commit().await.unwrap();
    }
}

fn back(row: &Row) -> Record {
    Record::back(Taking::read(row).unwrap(), regain::attempt(row).unwrap())
}

fn sent(row: &Row) -> Record {
    let outcome = Outcome {
        state: InviteState::Sent,
        due_in: None,
        is_uncounted: false,
        ..Outcome::put_back(regain::attempt(row).unwrap(), Duration::ZERO)
    };
    let (taking, attempt) = (Taking::read(row).unwrap(), regain::attempt(row).unwrap());
    Record::of(taking, attempt, outcome, Some("250 taken"))
}

#[rstest]
#[actix_rt::test]
async fn an_invite_that_is_given_back_twice_is_whose_it_is_then(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let ground = Ground::open(engine).await;
    ground.run(BATCH.query()).await;
    let id = InviteId::new(Ulid::from_parts(1, 1));
    ground.run(INVITE.bind(id)).await;
    let (one, other) = (ground.courier(), ground.courier());
    let given_back = back(&ground.take(&one).await);
    ground.record(&one, &given_back).await;
    assert_eq!(ground.line(LOOK.query()).await, "queued 0 0");
    ground.take(&other).await;
    ground.record(&one, &given_back).await;
    assert_eq!(ground.line(LOOK.query()).await, "sending 1 0 leased");
    ground.crash().await;
    ground.record(&one, &given_back).await;
    assert_eq!(
        ground.line(LOOK.query()).await,
        "unknown 1 1",
        "it may have left"
    );
}

#[rstest]
#[actix_rt::test]
async fn what_is_said_late_of_one_mail_is_not_of_the_next(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let ground = Ground::open(engine).await;
    ground.run(BATCH.query()).await;
    let id = InviteId::new(Ulid::from_parts(1, 1));
    ground.run(INVITE.bind(id)).await;
    let (late, other) = (ground.courier(), ground.courier());
    let first = sent(&ground.take(&late).await);
    ground.crash().await;
    ground
        .run(RESEND_INVITE.bind(id).bind(NOW.plus_days(30)))
        .await;
    ground.run(MAKE_DUE.query()).await;
    ground.take(&other).await;
    ground.crash().await;
    ground.record(&late, &first).await;
    assert_eq!(ground.line(LOOK.query()).await, "unknown 1 1");
    let second = sent(&ground.take(&late).await);
    ground.record(&late, &first).await;
    assert_eq!(ground.line(LOOK.query()).await, "sending 2 1 leased");
    ground.record(&late, &second).await;
    assert_eq!(ground.line(LOOK.query()).await, "sent 2 1 sent");
}

#[rstest]
#[actix_rt::test]
async fn a_letter_that_is_given_back_twice_is_whose_it_is_then(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let ground = Ground::open(engine).await;
    let id = MailId::new(Ulid::from_parts(1, 1));
    let queue = QUEUE_MAIL.bind(id).bind("key").bind("ann@uni.edu");
    ground.run(queue.bind("sealed")).await;
    let taken = ground.take_letter("one").await.unwrap();
    ground.put_back("one", taken).await;
    assert_eq!(ground.line(LOOK_AT_LETTER.query()).await, "0");
    assert_eq!(
        ground.take_letter("other").await,
        Some(taken),
        "that number again"
    );
    ground.put_back("one", taken).await;
    assert_eq!(ground.line(LOOK_AT_LETTER.query()).await, "1 other leased");
    assert_eq!(ground.take_letter("third").await, None, "it is the other's");
}
