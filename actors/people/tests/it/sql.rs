//! Rows of other owners, looks at what was written, and every statement on both engines.

use rstest::rstest;
use testkit::Engine;

use crate::scene::Scene;

store::statements! {
    /// A plan of ten seats.
    pub(crate) PUT_PLAN = "
        insert into plans (id, organisation_id, name, purchased, created_at)
        values ($1, $2, 'Ten seats', 10, 1)";

    /// A seat that somebody has.
    pub(crate) PUT_MEMBERSHIP = "
        insert into memberships (id, organisation_id, account_id, plan_id, status, door, created_at)
        values ($1, $2, $3, $4, 'assigned', 'link', 1)";

    /// An administrator withdraws it.
    pub(crate) REVOKE = "
        update memberships set status = 'revoked', revoked_at = $2 where account_id = $1";

    /// An administrator took them out for good.
    pub(crate) ERASE = "
        insert into erasures (account_id, organisation_id, at) values ($1, 'org_1', 1)";

    /// How many accounts there are.
    pub(crate) COUNT_ACCOUNTS = "select count(*) as n from accounts";

    /// How many proofs there are.
    pub(crate) COUNT_PROOFS = "select count(*) as n from proofs";

    /// How many proofs can still be used.
    pub(crate) COUNT_LIVE_PROOFS = "
        select count(*) as n from proofs where superseded_at is null";

    /// How often codes were looked at.
    pub(crate) SUM_ATTEMPTS = "select cast(sum(code_attempts) as bigint) as n from proofs";

    /// Everything that people could have written, and what they could have told others.
    pub(crate) DUMP = "
        select 'account ' || id || ' ' || email || ' ' || email_key || ' ' || first_name || ' '
            || last_name || ' ' || name_key || ' ' || coalesce(cast(proved_at as text), '-') as line
        from accounts
        union all
        select 'credential ' || account_id || ' ' || password_hash || ' '
            || coalesce(registrant_hash, '-')
        from credentials
        union all
        select 'proof ' || id || ' ' || account_id || ' ' || token_hash || ' ' || code_hash || ' '
            || cast(code_attempts as text) || ' ' || coalesce(cast(superseded_at as text), '-')
        from proofs
        union all
        select 'audit ' || id || ' ' || actor || ' ' || action || ' ' || target || ' ' || change
        from audit
        union all
        select 'event ' || organisation_id || ' ' || cast(seq as text) || ' ' || body from events
        order by line";
}

#[rstest]
#[actix_rt::test]
async fn every_statement_is_one_that_both_engines_take(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::open(engine).await;
    let mut reader = scene.db.read().await.unwrap();
    for statement in people::STATEMENTS {
        let prepared = statement.prepare(&mut reader).await;
        assert!(prepared.is_ok(), "{}: {prepared:?}", statement.name());
    }
}
