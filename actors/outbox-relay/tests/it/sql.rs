//! What the tests look at, and the test that every statement is understood.

use contract::Secret;
use rstest::rstest;
use store::{Database, DatabaseOptions};
use testkit::Engine;

store::statements! {
    /// Every event, in order.
    pub(crate) ALL_EVENTS = "
        select organisation_id, seq, name, at
        from events
        order by organisation_id, seq";

    /// The organisations with events that are not noted as published.
    pub(crate) COUNT_BEHIND = "
        select count(*) as behind
        from event_heads
        where published_seq < last_seq";

    /// The lease is over.
    pub(crate) END_LEASES = "
        update leases
        set expires_at = 0";

    /// What the relay had noted is forgotten, as when it is killed before it notes anything.
    pub(crate) FORGET = "
        update event_heads
        set published_seq = $1";
}

#[rstest]
#[actix_rt::test]
async fn both_engines_understand_every_statement(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let file = engine.fresh();
    let clock = contract::SystemClock::shared();
    let options = DatabaseOptions::new(Secret::new(file.url()), clock);
    let database = Database::connect(&options).await.unwrap();
    database.migrate().await.unwrap();
    let db = database.open("relay").await.unwrap();
    for statement in outbox_relay::STATEMENTS {
        let prepared = statement.prepare(&mut db.read().await.unwrap()).await;
        assert!(prepared.is_ok(), "{}: {prepared:?}", statement.name());
    }
}
