//! How often the database is asked while all that is due is held back.

use std::{sync::Arc, time::Duration};

use contract::{
    ManualClock, Secret, Stamp, Timestamp,
    ids::{BatchId, InviteId, OrganisationId, Ulid},
};
use kernel::{Pace, Work as _};
use rstest::rstest;
use store::{Database, DatabaseOptions, Db, Query, vault::Vault};
use testkit::{Engine, TestDatabase};

use super::{Courier, CourierMetrics, way::InVain};
use crate::{options::MailOptions, rates::Rates};

store::statements! {
    ORGANISATION = "
        insert into organisations (id, name, product_url, policies, created_at)
        values ($1, 'Law School', 'https://read.example/', '{}', 0)";

    PLAN = "
        insert into plans (id, organisation_id, name, purchased, created_at)
        values ('pln', $1, 'Law', 10, 0)";

    LINK = "
        insert into links (id, organisation_id, plan_id, name, token_hash, token_sealed, tags,
            allowed_domains, created_by, created_at)
        values ('lnk', $1, 'pln', 'Law 2026', 'hash', 'sealed', '[]', '[]', 'operator', 0)";

    BATCH = "
        insert into batches (id, organisation_id, link_id, source, language, most, created_by,
            created_at, sealed_at, sent_at)
        values ($1, $2, 'lnk', 'paste', 'en', 500, 'operator', 0, 0, 0)";

    INVITE = "
        insert into invites (id, organisation_id, batch_id, link_id, position, line, email,
            email_key, domain, state, due_at, queued_at, created_at)
        values ($1, $2, $3, 'lnk', 0, 1, 'ann@uni.edu', 'ann@uni.edu', 'uni.edu', 'queued', 0, 0, 0)";
}

const HOUR: Duration = Duration::from_hours(1);

async fn run(db: &Db, query: Query) {
    let stamp = Stamp {
        now: Timestamp::from_micros(0),
        actor: "operator".to_owned(),
        request_id: "fixture".to_owned(),
    };
    let mut tx = db.write(&stamp).await.unwrap();
    query.execute(&mut tx).await.unwrap();
    tx.commit().await.unwrap();
}

/// One invite is due, and a courier that may send one a second of its organisation.
async fn open(engine: Engine) -> (Courier, OrganisationId, BatchId, TestDatabase) {
    let (file, clock) = (engine.fresh(), ManualClock::at(Timestamp::from_micros(0)));
    let options = DatabaseOptions::new(Secret::new(file.url()), clock.clone());
    let database = Database::connect(&options).await.unwrap();
    database.migrate().await.unwrap();
    let db = database.open("invites").await.unwrap();
    let id = Ulid::from_parts(1, 1);
    let (organisation, batch) = (OrganisationId::new(id), BatchId::new(id));
    for one in [&ORGANISATION, &PLAN, &LINK] {
        run(&db, one.bind(organisation)).await;
    }
    run(&db, BATCH.bind(batch).bind(organisation)).await;
    let invite = INVITE.bind(InviteId::new(id)).bind(organisation);
    run(&db, invite.bind(batch)).await;
    let relay = MailOptions::parse(&Secret::new("smtp://127.0.0.1:1"), "Usher <usher@hill.edu>");
    let options = relay.unwrap().with_rates(Rates {
        per_organisation_per_second: 1,
        ..Rates::default()
    });
    let vault = Vault::new(&Secret::new("sealing key")).unwrap();
    let clock: Arc<ManualClock> = clock;
    let metrics = CourierMetrics::unscraped().unwrap();
    let courier = Courier::new(db, clock, vault, options, metrics);
    (courier, organisation, batch, file)
}

#[rstest]
#[case::by_its_organisation(true)]
#[case::by_its_domains(false)]
#[actix_rt::test]
async fn the_database_is_asked_a_few_times_a_second_while_all_is_held_back(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
    #[case] by_organisation: bool,
) {
    let (mut courier, organisation, batch, _database) = open(engine).await;
    if by_organisation {
        assert_eq!(courier.limits.organisation(organisation, 1), 1);
    } else {
        let (until, free_at) = (HOUR, HOUR);
        courier.in_vain.insert(batch, InVain { until, free_at });
    }
    assert_eq!(courier.work().await.unwrap(), Pace::Again, "half a second");
    assert!((1..=4).contains(&courier.turn), "{} turns", courier.turn);
    assert_eq!(courier.carry.count(), 0);
}
