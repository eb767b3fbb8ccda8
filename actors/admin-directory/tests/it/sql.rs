//! A look at everything that was written.

store::statements! {
    /// Revokes a token.
    pub(crate) REVOKE_TOKEN = "
        update api_tokens
        set revoked_at = $2
        where id = $1";

    /// Has every administrator to itself.
    pub(crate) LOCK = "update administrators set email = email";

    /// Has one of them, who stays as they are.
    pub(crate) HAVE = "select id from administrators where id = $1 for_update";

    /// They choose a password.
    pub(crate) CHOOSE = "update administrators set password_hash = 'chosen' where id = $1";

    /// Somebody gives them an office.
    pub(crate) GIVE_OFFICE = "
        insert into administrator_offices (administrator_id, organisation_id, role, created_at)
        values ($1, $2, 'viewer', 1)";

    /// Somebody lets them go for good.
    pub(crate) LEAVE = "delete from administrators where id = $1";

    /// Whoever waits for a lock of this database.
    pub(crate) WAITING = "
        select pid
        from pg_stat_activity
        where datname = current_database() and wait_event_type = 'Lock'";

    /// A reset sets another password.
    pub(crate) REPLACE_PASSWORD = "update administrators set password_hash = 'set by a reset'";

    /// Lets every lease of an attempt end.
    pub(crate) EXPIRE_ATTEMPTS = "
        update attempts
        set leased_until = now_micros()";

    /// Makes every attempt a day old.
    pub(crate) AGE_ATTEMPTS = "
        update attempts
        set created_at = now_micros() - 86400000000";

    /// Everything that the directory could have written.
    pub(crate) DUMP = "
        select 'organisation ' || id || ' ' || name || ' ' || product_url || ' ' || policies as line
        from organisations
        union all
        select 'administrator ' || id || ' ' || email || ' ' || coalesce(password_hash, '-')
            || ' ' || coalesce(setup_hash, '-')
        from administrators
        union all
        select 'office ' || administrator_id || ' ' || organisation_id || ' ' || role
        from administrator_offices
        union all
        select 'session ' || token_hash || ' ' || administrator_id from administrator_sessions
        union all
        select 'letter ' || organisation_id || ' ' || address_hash from administrator_letters
        union all
        select 'token ' || id || ' ' || token_hash from api_tokens
        union all
        select 'audit ' || id || ' ' || actor || ' ' || action || ' ' || target || ' ' || change
            || ' ' || request_id
        from audit
        union all
        select 'event ' || organisation_id || ' ' || cast(seq as text) || ' ' || body from events
        order by line";
}
