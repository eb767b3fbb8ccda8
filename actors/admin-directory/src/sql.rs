//! Every statement of the admin directory.

store::statements! {
    /// Makes an organisation.
    pub(crate) INSERT_ORGANISATION = "
        insert into organisations (id, name, product_url, policies, created_at)
        values ($1, $2, $3, $4, $5)";

    /// One organisation.
    pub(crate) FIND_ORGANISATION = "
        select id, name, product_url, policies, created_at
        from organisations
        where id = $1";

    /// The same, kept from others who would change it until the transaction ends.
    pub(crate) LOCK_ORGANISATION = "
        select id, name, product_url, policies, created_at
        from organisations
        where id = $1
        for_update";

    /// The organisations behind a name and an id; every one is behind two empty texts.
    pub(crate) LIST_ORGANISATIONS = "
        select id, name, product_url, policies, created_at
        from organisations
        where (name, id) > ($1, $2)
        order by name, id
        limit $3";

    /// Writes what an owner may edit.
    pub(crate) UPDATE_ORGANISATION = "
        update organisations
        set name = $2, product_url = $3, policies = $4
        where id = $1";

    /// Who has an address; only one transaction at a time goes on with it.
    pub(crate) LOCK_ADMINISTRATOR = "
        select id, password_hash
        from administrators
        where email_key = $1
        for_update";

    /// Has an administrator, whoever that is: others who change their offices wait.
    pub(crate) LOCK_BY_ID = "select id from administrators where id = $1 for_update";

    /// Makes an administrator; of two at once, one.
    pub(crate) INSERT_ADMINISTRATOR = "
        insert into administrators (id, email, email_key, setup_hash, setup_expires_at, created_at)
        values ($1, $2, $3, $4, $5, $6)
        on conflict do nothing
        returning id";

    /// Makes a stand-in for somebody who administers elsewhere, or renews its day.
    pub(crate) PUT_STAND_IN = "
        insert into administrators (id, email, email_key, setup_hash, setup_expires_at, created_at)
        values ($1, $2, $3, $4, $5, $6)
        on conflict (email_key) do update
        set setup_hash = excluded.setup_hash, setup_expires_at = excluded.setup_expires_at
        returning id";

    /// Makes a stand-in whom it stood in for, with a link of their own; its id and its office stay.
    pub(crate) TURN_STAND_IN = "
        update administrators
        set email_key = $2, setup_hash = $3, setup_expires_at = $4
        where id = $1";

    /// Takes an administrator back who was only just made.
    pub(crate) DELETE_ADMINISTRATOR = "delete from administrators where id = $1";

    /// Takes a stand-in away, with its office.
    pub(crate) DELETE_STAND_IN = "delete from administrators where email_key = $1";

    /// Replaces the set-up link of an administrator who has not used theirs.
    pub(crate) RENEW_SETUP = "
        update administrators
        set setup_hash = $2, setup_expires_at = $3
        where id = $1
            and password_hash is null";

    /// Where an administrator works.
    pub(crate) LIST_OFFICES = "
        select organisation_id
        from administrator_offices
        where administrator_id = $1
        order by organisation_id";

    /// What the organisation that an administrator was appointed in last has decided.
    pub(crate) LAST_POLICIES = "
        select organisations.policies
        from administrator_offices
        join organisations on organisations.id = administrator_offices.organisation_id
        where administrator_offices.administrator_id = $1
        order by administrator_offices.created_at desc, administrator_offices.organisation_id desc
        limit 1";

    /// Gives an administrator an office, or another role there.
    pub(crate) PUT_OFFICE = "
        insert into administrator_offices (administrator_id, organisation_id, role, created_at)
        values ($1, $2, $3, $4)
        on conflict (administrator_id, organisation_id) do update
        set role = excluded.role";

    /// The administrators of an organisation after one, the first appointed first.
    pub(crate) LIST_COLLEAGUES = "
        select administrators.id, administrators.email, administrators.setup_expires_at,
            administrators.password_hash, administrator_offices.role,
            administrator_offices.created_at
        from administrator_offices
        join administrators on administrators.id = administrator_offices.administrator_id
        where administrator_offices.organisation_id = $1
            and administrators.id > $2
        order by administrators.id
        limit $3";

    /// One of them.
    pub(crate) FIND_COLLEAGUE = "
        select administrators.id, administrators.email, administrators.setup_expires_at,
            administrators.password_hash, administrator_offices.role,
            administrator_offices.created_at
        from administrator_offices
        join administrators on administrators.id = administrator_offices.administrator_id
        where administrator_offices.organisation_id = $1
            and administrators.id = $2";

    /// How an owner gets in, and the best way in that any other owner has, at `$3`: 2 with a password, 1 by a
    /// link that may be used still, 0 not at all; null where there is no such owner. A stand-in's link counts as
    /// any does, so that nothing tells it from one.
    pub(crate) WAYS_IN = "
        select cast(max(case when id = $2 then way end) as bigint) as theirs,
            cast(max(case when id <> $2 then way end) as bigint) as others
        from (
            select administrators.id,
                case
                    when administrators.password_hash is not null then 2
                    when administrators.setup_expires_at > $3 then 1
                    else 0 end as way
            from administrator_offices
            join administrators on administrators.id = administrator_offices.administrator_id
            where administrator_offices.organisation_id = $1
                and administrator_offices.role = 'owner') owners";

    /// Gives another role in an organisation.
    pub(crate) SET_ROLE = "
        update administrator_offices
        set role = $3
        where organisation_id = $1
            and administrator_id = $2";

    /// Takes an office.
    pub(crate) DELETE_OFFICE = "
        delete from administrator_offices
        where organisation_id = $1
            and administrator_id = $2";

    /// Forgets whoever has no office anywhere, with their sessions.
    pub(crate) DELETE_WITHOUT_OFFICE = "
        delete from administrators
        where id = $1
            and not exists (
                select 1 from administrator_offices where administrator_id = administrators.id)";

    /// How often the trail told something of an administrator since a time, and when last. It is told in
    /// each office, all with the time of their transaction.
    pub(crate) RECENT_ENTRIES = "
        select max(audit.at) as last, count(distinct audit.at) as entries
        from administrator_offices
        join audit on audit.organisation_id = administrator_offices.organisation_id
            and audit.target = administrator_offices.administrator_id
        where administrator_offices.administrator_id = $1
            and audit.action = $2
            and audit.at > $3";

    /// How many letters an organisation had an address sent since a time, and when the last.
    pub(crate) RECENT_LETTERS = "
        select max(at) as last, count(*) as letters
        from administrator_letters
        where organisation_id = $1 and address_hash = $2 and at > $3";

    /// Notes one more.
    pub(crate) NOTE_LETTER = "
        insert into administrator_letters (id, organisation_id, address_hash, at)
        values ($1, $2, $3, $4)";

    /// Forgets those from before a time, a piece at a time.
    pub(crate) SWEEP_LETTERS = "
        delete from administrator_letters
        where id in (select id from administrator_letters where at <= $1 order by at limit $2)";

    /// Puts a reset link into the place of any older one.
    pub(crate) START_RESET = "
        update administrators
        set setup_hash = $2, setup_expires_at = $3
        where email_key = $1
            and password_hash is not null
        returning id, email";

    /// Ends every session of an administrator.
    pub(crate) DELETE_SESSIONS = "
        delete from administrator_sessions
        where administrator_id = $1";

    /// Whose set-up link it is.
    pub(crate) FIND_SETUP = "
        select id, email
        from administrators
        where setup_hash = $1
            and setup_expires_at > $2";

    /// Uses the set-up link of an address, once. A stand-in is kept under no address.
    pub(crate) USE_SETUP = "
        update administrators
        set password_hash = $3, setup_hash = null, setup_expires_at = null
        where setup_hash = $1
            and setup_expires_at > $2
            and email_key = $4
        returning id";

    /// With what an address signs in.
    pub(crate) FIND_CREDENTIAL = "
        select id, password_hash
        from administrators
        where email_key = $1";

    /// Opens a session.
    pub(crate) INSERT_SESSION = "
        insert into administrator_sessions (token_hash, administrator_id, created_at, expires_at)
        values ($1, $2, $3, $4)";

    /// Sweeps the ended sessions of an administrator.
    pub(crate) DELETE_ENDED_SESSIONS = "
        delete from administrator_sessions
        where administrator_id = $1
            and expires_at <= $2";

    /// Whose sessions these are and where they may do what: a row for each office.
    pub(crate) AUTHENTICATE_SESSIONS = "
        select administrator_sessions.token_hash, administrators.id, administrators.email,
            administrator_offices.organisation_id, administrator_offices.role, organisations.name
        from rows($1)
        join administrator_sessions
            on administrator_sessions.token_hash = rows.value ->> 'hash'
        join administrators on administrators.id = administrator_sessions.administrator_id
        join administrator_offices on administrator_offices.administrator_id = administrators.id
        join organisations on organisations.id = administrator_offices.organisation_id
        where administrator_sessions.expires_at > $2
        order by organisations.name, organisations.id";

    /// Ends a session.
    pub(crate) DELETE_SESSION = "
        delete from administrator_sessions
        where token_hash = $1
        returning administrator_id";

    /// Makes an API token.
    pub(crate) INSERT_TOKEN = "
        insert into api_tokens (id, organisation_id, name, role, token_hash, expires_at, created_at)
        values ($1, $2, $3, $4, $5, $6, $7)";

    /// The tokens of an organisation before one, the newest first; every id is below `tok_8`.
    pub(crate) LIST_TOKENS = "
        select id, name, role, expires_at, revoked_at, created_at
        from api_tokens
        where organisation_id = $1
            and id < coalesce(cast($2 as text), 'tok_8')
        order by id desc
        limit $3";

    /// The operator's tokens before one, as those of an organisation.
    pub(crate) LIST_OPERATOR_TOKENS = "
        select id, name, role, expires_at, revoked_at, created_at
        from api_tokens
        where organisation_id is null
            and id < coalesce(cast($1 as text), 'tok_8')
        order by id desc
        limit $2";

    /// Every token of the operator.
    pub(crate) WATCH_TOKENS = "
        select id, name, revoked_at
        from api_tokens
        where organisation_id is null
        order by id";

    /// One of an organisation's, or of the operator's.
    pub(crate) FIND_TOKEN = "
        select id, name, role, expires_at, revoked_at, created_at
        from api_tokens
        where organisation_id is not distinct from cast($1 as text)
            and id = $2";

    /// Ends a token, once.
    pub(crate) REVOKE_TOKEN = "
        update api_tokens
        set revoked_at = $3
        where organisation_id is not distinct from cast($1 as text)
            and id = $2
            and revoked_at is null";

    /// What tokens may do, while they may.
    pub(crate) AUTHENTICATE_TOKENS = "
        select api_tokens.token_hash, api_tokens.id, api_tokens.organisation_id, api_tokens.role
        from rows($1)
        join api_tokens on api_tokens.token_hash = rows.value ->> 'hash'
        where api_tokens.revoked_at is null
            and (api_tokens.expires_at is null or api_tokens.expires_at > $2)";

    /// The audit trail, the newest first, below an id; every id is below `aud_8`, because a ULID
    /// begins with 0 to 7.
    pub(crate) LIST_AUDIT = "
        select id, at, actor, action, target, change, request_id
        from audit
        where organisation_id = $1
            and id < coalesce(cast($2 as text), 'aud_8')
        order by id desc
        limit $3";

    /// The addresses of administrators, of those among them who have an office in an organisation.
    pub(crate) NAME_ADMINISTRATORS = "
        select administrators.id, administrators.email
        from rows($1)
        join administrator_offices
            on administrator_offices.administrator_id = rows.value ->> 'id'
            and administrator_offices.organisation_id = $2
        join administrators on administrators.id = administrator_offices.administrator_id
        order by administrators.id";

    /// What tokens are called, those among them that are an organisation's.
    pub(crate) NAME_TOKENS = "
        select api_tokens.id, api_tokens.name
        from rows($1)
        join api_tokens on api_tokens.id = rows.value ->> 'id'
        where api_tokens.organisation_id = $2
        order by api_tokens.id";

    /// Begins an attempt where there is none.
    pub(crate) BEGIN_ATTEMPT = "
        insert into attempts (key_hash, body_hash, attempt, leased_until, created_at)
        values ($1, $2, $3, now_micros() + $4, now_micros())
        on conflict (key_hash) do nothing
        returning attempt";

    /// What is known of a key.
    pub(crate) FIND_ATTEMPT = "
        select body_hash, status, body, location,
            case when leased_until <= now_micros() then 1 else 0 end as has_crashed
        from attempts
        where key_hash = $1";

    /// Keeps the answer of what was not begun, where nothing is known of the key.
    pub(crate) KEEP_ANSWER = "
        insert into attempts
            (key_hash, body_hash, attempt, leased_until, status, body, location, created_at)
        values ($1, $2, $3, now_micros(), $4, $5, $6, now_micros())
        on conflict (key_hash) do nothing";

    /// What is answered from now on.
    pub(crate) ANSWER_ATTEMPT = "
        update attempts
        set status = $3, body = $4, location = $5
        where key_hash = $1
            and attempt = $2
            and status is null";

    /// The key is free again.
    pub(crate) FORGET_ATTEMPT = "
        delete from attempts
        where key_hash = $1
            and attempt = $2
            and status is null";

    /// Deletes what is not kept any more, a piece at a time.
    pub(crate) SWEEP_ATTEMPTS = "
        delete from attempts
        where key_hash in (
            select key_hash
            from attempts
            where created_at <= now_micros() - $1
            order by created_at
            limit $2
        )";
}
