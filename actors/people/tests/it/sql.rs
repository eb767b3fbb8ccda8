//! Rows of other owners, looks at what was written, and every statement on both engines.

use rstest::rstest;
use testkit::Engine;

use crate::scene::Scene;

store::statements! {
    /// An organisation with what it has decided.
    pub(crate) PUT_ORGANISATION = "
        insert into organisations (id, name, product_url, policies, created_at)
        values ($1, 'Uni', 'https://read.example/', $2, 1)";

    /// A plan of ten seats.
    pub(crate) PUT_PLAN = "
        insert into plans (id, organisation_id, name, purchased, created_at)
        values ($1, $2, 'Ten seats', 10, 1)";

    /// A seat that somebody has.
    pub(crate) PUT_MEMBERSHIP = "
        insert into memberships (id, organisation_id, account_id, plan_id, status, door, created_at)
        values ($1, $2, $3, $4, 'assigned', 'link', 1)";

    /// Somebody sits down: nobody else has their account meanwhile.
    pub(crate) SIT_DOWN = "select id from accounts where id = $1 for_key_share(accounts)";

    /// An administrator withdrew a seat, which may be given again or erased since.
    pub(crate) REVOKE = "insert into revocations (account_id, at) values ($1, $2)";

    /// Has an account to itself.
    pub(crate) LOCK = "update accounts set changed_at = changed_at where id = $1";

    /// Somebody else sets its password.
    pub(crate) REPLACE_PASSWORD = "
        update credentials
        set password_hash = 'set by a reset', registrant_hash = null
        where account_id = $1";

    /// An administrator took them out for good.
    pub(crate) ERASE = "
        insert into erasures (account_id, organisation_id, at) values ($1, $2, $3)";

    /// The mail of somebody is forgotten, as of an instant.
    pub(crate) FORGET_MAIL = "
        insert into forgotten (account_id, organisation_id, at) values ($1, $2, $3)
        on conflict (account_id, organisation_id) do update set at = excluded.at";

    /// A batch that was sent.
    pub(crate) PUT_BATCH = "
        insert into batches (id, organisation_id, link_id, source, language, most, created_by,
            created_at, sent_at)
        values ($1, 'org_1', 'lnk_1', 'paste', 'en', 500, 'operator', 1, 1)";

    /// An invite in it that works until an instant.
    pub(crate) PUT_INVITE = "
        insert into invites (id, organisation_id, batch_id, link_id, position, line, email,
            email_key, domain, state, expires_at, created_at)
        values ($1, 'org_1', $2, 'lnk_1', 0, 1, $3, $3, 'uni.edu', 'sent', $4, 1)";

    /// It is taken back.
    pub(crate) CANCEL_INVITE = "update invites set cancelled_at = 1 where id = $1";

    /// Somebody accepted it.
    pub(crate) PUT_INVITE_USE = "
        insert into invite_uses (invite_id, organisation_id, membership_id, account_id, email_key, at)
        values ($1, 'org_1', 'mbr_1', 'acc_1', 'x', 1)";

    /// The letters that are to tell of changes of address are queued, as the invite dispatcher queues them.
    pub(crate) QUEUE_NOTICES = "
        insert into mails (id, key, recipient, letter, queued_at, due_at)
        select key, key, email, '', 1, 1
        from address_notices";

    /// How many accounts there are.
    pub(crate) COUNT_ACCOUNTS = "select count(*) as n from accounts";

    /// How many passwords there are.
    pub(crate) COUNT_CREDENTIALS = "select count(*) as n from credentials";

    /// How many proofs there are.
    pub(crate) COUNT_PROOFS = "select count(*) as n from proofs";

    /// How many proofs can still be used.
    pub(crate) COUNT_LIVE_PROOFS = "
        select count(*) as n from proofs where superseded_at is null";

    /// How often codes were looked at.
    pub(crate) SUM_ATTEMPTS = "select cast(sum(code_attempts) as bigint) as n from proofs";

    /// What the trails tell, the oldest first.
    pub(crate) TOLD = "
        select organisation_id || ' ' || actor || ' ' || action || ' ' || target || ' ' || change as line
        from audit
        where request_id <> 'fixture'
        order by id";

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
        select 'notice ' || key || ' ' || account_id || ' ' || email from address_notices
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
