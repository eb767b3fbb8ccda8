//! Rows of other owners, and a look at everything that was written.

store::statements! {
    /// An organisation.
    pub(crate) PUT_ORGANISATION = "
        insert into organisations (id, name, product_url, policies, created_at)
        values ($1, $2, 'https://read.example/', $3, 1)";

    /// A plan of ten seats.
    pub(crate) PUT_PLAN = "
        insert into plans (id, organisation_id, name, purchased, created_at)
        values ($1, $2, 'Ten seats', 10, 1)";

    /// How many seats are taken, and when the plan ends.
    pub(crate) SET_PLAN = "
        update plans
        set assigned = $2, ends_at = $3
        where id = $1";

    /// How often a link was used.
    pub(crate) PUT_USES = "
        insert into link_uses (link_id, uses)
        values ($1, $2)";

    /// A job that the seat pool took up.
    pub(crate) PUT_JOB = "
        insert into bulk_jobs (id, organisation_id, action, actor, request_id, created_at)
        values ($1, $2, '{}', 'operator', 'fixture', 1)";

    /// What is to reach whoever joined already.
    pub(crate) RETAGS = "
        select bulk_id, link_id, position, add_tags, remove_tags, at, actor, request_id
        from link_retags
        order by link_id, position";

    /// Everything that a link registry could have written.
    pub(crate) DUMP = "
        select 'link ' || id || ' ' || name || ' ' || token_hash || ' ' || token_sealed || ' ' || tags
            || ' ' || coalesce(cast(disabled_at as text), '-')
            || ' ' || coalesce(cast(archived_at as text), '-') as line
        from links
        union all
        select 'retag ' || bulk_id || ' ' || link_id || ' ' || add_tags || ' ' || remove_tags
        from link_retags
        union all
        select 'uses ' || link_id || ' ' || cast(uses as text) from link_uses
        union all
        select 'plan ' || id || ' ' || cast(held as text) || ' ' || cast(assigned as text) from plans
        union all
        select 'membership ' || id from memberships
        union all
        select 'audit ' || id || ' ' || actor || ' ' || action || ' ' || target || ' ' || change
            || ' ' || request_id
        from audit
        union all
        select 'event ' || organisation_id || ' ' || cast(seq as text) || ' ' || body from events
        union all
        select 'head ' || organisation_id || ' ' || cast(last_seq as text) from event_heads
        order by line";
}
