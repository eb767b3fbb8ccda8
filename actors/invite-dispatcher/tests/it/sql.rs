//! Looks at the queue, hands on its clock, and every statement on both engines.

use rstest::rstest;
use testkit::Engine;

use crate::scene::Scene;

store::statements! {
    /// What is known of a letter.
    pub(crate) LOOK = "
        select attempts, unknowns, due_at - now_micros() as due_in,
            leased_until - now_micros() as lease, sent_at, failed_at, letter,
            coalesce(last_reply, '') as last_reply
        from mails
        where id = $1";

    /// How many letters there are.
    pub(crate) COUNT = "select count(*) as n from mails";

    /// Everything in the table, as text.
    pub(crate) DUMP = "
        select id || ' ' || key || ' ' || recipient || ' ' || letter || ' ' || coalesce(last_reply, '')
            as line
        from mails";

    /// The pause before the next attempt is over.
    pub(crate) MAKE_DUE = "update mails set due_at = 0";

    /// Every lease has run out.
    pub(crate) END_LEASES = "update mails set leased_until = 1 where leased_until is not null";

    /// A letter whose row nobody can read.
    pub(crate) BREAK = "update mails set recipient = 'nobody' where id = $1";

    /// A day has passed since letters were queued.
    pub(crate) AGE = "update mails set queued_at = queued_at - 86400000000";
}

#[rstest]
#[actix_rt::test]
async fn every_statement_is_one_that_both_engines_take(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::keeping(engine).await;
    let mut reader = scene.db.read().await.unwrap();
    for statement in invite_dispatcher::STATEMENTS.iter().copied().flatten() {
        let prepared = statement.prepare(&mut reader).await;
        assert!(prepared.is_ok(), "{}: {prepared:?}", statement.name());
    }
}
