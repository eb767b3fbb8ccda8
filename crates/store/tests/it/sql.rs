//! Statements of the tests.

store::statements! {
    /// A row that stands for an actor's own.
    pub(crate) PUT_KEY = "
        insert into installation_keys (name, secret, created_at)
        values ($1, 'value', 1)";

    /// Those rows.
    pub(crate) KEYS = "
        select name as line
        from installation_keys
        order by name";

    /// Every event.
    pub(crate) EVENTS = "
        select organisation_id || ' ' || cast(seq as text) || ' ' || name as line
        from events
        order by organisation_id, seq";

    /// Every head.
    pub(crate) HEADS = "
        select organisation_id || ' ' || cast(last_seq as text) as line
        from event_heads
        order by organisation_id";

    /// The numbers of an organisation's events.
    pub(crate) NUMBERS = "
        select seq, at, request_id, body
        from events
        where organisation_id = $1
        order by seq";

    /// The audit trail.
    pub(crate) AUDIT = "
        select actor || ' ' || action || ' ' || target || ' ' || change || ' ' || request_id as line
        from audit
        order by id";

    /// What is to be counted up.
    pub(crate) READ_HEAD = "
        select last_seq
        from event_heads
        where organisation_id = $1
        for_update";

    /// Makes a counter.
    pub(crate) PUT_HEAD = "
        insert into event_heads (organisation_id)
        values ($1)";

    /// Counts up by what was read.
    pub(crate) SET_HEAD = "
        update event_heads
        set last_seq = $2
        where organisation_id = $1";

    /// Which migrations were run, and when.
    pub(crate) MIGRATIONS = "
        select cast(version as text) || ' ' || cast(installed_on as text) as line
        from _sqlx_migrations
        order by version";

    /// What was bound, as it comes back.
    pub(crate) ECHO = "
        select cast($1 as text) as words, cast($2 as bigint) as number";

    /// Rows in bulk, as they come back.
    pub(crate) ECHO_ROWS = "
        select rows.value ->> 'words' as words, cast(rows.value ->> 'number' as bigint) as number
        from rows($1)";
}
