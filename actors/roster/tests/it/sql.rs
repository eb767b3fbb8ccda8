//! Rows of other owners.

store::statements! {
    /// A plan.
    pub(crate) PUT_PLAN = "
        insert into plans (id, organisation_id, name, purchased, created_at)
        values ($1, $2, $3, 10, 1)";

    /// A link.
    pub(crate) PUT_LINK = "
        insert into links (id, organisation_id, plan_id, name, token_hash, token_sealed, tags,
            allowed_domains, archived_at, created_by, created_at)
        values ($1, $2, $3, $4, $1, 'sealed', '[]', '[]', $5, 'operator', 1)";

    /// An account.
    pub(crate) PUT_ACCOUNT = "
        insert into accounts (id, email, email_key, first_name, last_name, name_key, created_at)
        values ($1, $2, $3, $4, $5, $6, 1)";

    /// A membership.
    pub(crate) PUT_MEMBERSHIP = "
        insert into memberships (id, organisation_id, account_id, plan_id, status, door, link_id,
            redeemed_at, waiting_since, revoked_at, created_at, name_key, name_sort, email_key)
        select $1, $2, id, $4, $5, 'link', $6, $7, $8, $9, $10, name_key,
            substr(name_key, 1, 100), email_key
        from accounts
        where id = $3";

    /// The accounts of a crowd.
    pub(crate) PUT_CROWD_ACCOUNTS = "
        insert into accounts (id, email, email_key, first_name, last_name, name_key, created_at)
        select 'acc_' || (rows.value ->> 'id'), lower(rows.value ->> 'id') || '@x.edu',
            lower(rows.value ->> 'id') || '@x.edu', 'Cee', 'Crowd', 'cee crowd', 1
        from rows($1)";

    /// A crowd.
    pub(crate) PUT_CROWD = "
        insert into memberships (id, organisation_id, account_id, plan_id, status, door, redeemed_at,
            created_at, name_key, name_sort, email_key)
        select 'mbr_' || (rows.value ->> 'id'), $2, 'acc_' || (rows.value ->> 'id'), $3, 'assigned',
            'link', cast($4 as bigint), 1, 'cee crowd', 'cee crowd',
            lower(rows.value ->> 'id') || '@x.edu'
        from rows($1)";

    /// The tag of a crowd.
    pub(crate) PUT_CROWD_TAGS = "
        insert into membership_tags (membership_id, organisation_id, tag, redeemed_at)
        select m.id, m.organisation_id, 'law', m.redeemed_at
        from rows($1)
        join memberships m on m.id = 'mbr_' || (rows.value ->> 'id')";

    /// The accounts of people of every kind.
    pub(crate) PUT_ACCOUNTS = "
        insert into accounts (id, email, email_key, first_name, last_name, name_key, created_at)
        select rows.value ->> 'account', rows.value ->> 'email', rows.value ->> 'email', 'A', 'B',
            rows.value ->> 'name', 1
        from rows($1)";

    /// People of every kind.
    pub(crate) PUT_PLACES = "
        insert into memberships (id, organisation_id, account_id, plan_id, status, door, link_id,
            redeemed_at, waiting_since, revoked_at, created_at, name_key, name_sort, email_key,
            last_active_at)
        select rows.value ->> 'id', $2, rows.value ->> 'account', rows.value ->> 'plan',
            rows.value ->> 'status', rows.value ->> 'door', rows.value ->> 'link',
            cast(rows.value ->> 'redeemed' as bigint),
            case when rows.value ->> 'status' = 'waiting' then 1 end,
            case when rows.value ->> 'status' = 'revoked' then 1 end,
            cast(rows.value ->> 'joined' as bigint), rows.value ->> 'name', rows.value ->> 'name',
            rows.value ->> 'email', cast(rows.value ->> 'seen' as bigint)
        from rows($1)";

    /// Their tags.
    pub(crate) PUT_TAGS = "
        insert into membership_tags (membership_id, organisation_id, tag, redeemed_at, last_active_at)
        select m.id, m.organisation_id, rows.value ->> 'tag', m.redeemed_at, m.last_active_at
        from rows($1)
        join memberships m on m.id = rows.value ->> 'id'";

    /// What PostgreSQL does by itself once a minute: plans are made for what is there.
    pub(crate) ANALYZE = "analyze";

    /// When somebody was seen.
    pub(crate) SEEN = "
        update memberships
        set last_active_at = $2
        where id = $1";

    /// When a seat was given.
    pub(crate) REDEEM = "
        update memberships
        set redeemed_at = $2
        where id = $1";

    /// Since when somebody waits.
    pub(crate) WAIT = "
        update memberships
        set waiting_since = $2
        where id = $1";

    /// What somebody is called.
    pub(crate) RENAME = "
        update memberships
        set name_key = $2, name_sort = $2
        where id = $1";

    /// A tag.
    pub(crate) PUT_TAG = "
        insert into membership_tags (membership_id, organisation_id, tag, redeemed_at, last_active_at)
        select id, organisation_id, $2, redeemed_at, last_active_at
        from memberships
        where id = $1";

    /// A batch that was sent.
    pub(crate) PUT_BATCH = "
        insert into batches (id, organisation_id, link_id, source, language, most, created_by,
            created_at, sealed_at, sent_at)
        values ($1, $2, $3, 'paste', 'en', 100000, 'operator', 1, 1, 1)";

    /// Invites of a batch, for `days` from an instant.
    pub(crate) PUT_INVITES = "
        insert into invites (id, organisation_id, batch_id, link_id, position, line, email, email_key,
            domain, name, name_key, state, expires_at, created_at)
        select rows.value ->> 'id', b.organisation_id, b.id, b.link_id,
            cast(rows.value ->> 'position' as bigint), 1, rows.value ->> 'email',
            rows.value ->> 'email', 'hill.edu', rows.value ->> 'name', rows.value ->> 'name_key',
            rows.value ->> 'state', cast($3 as bigint), 1
        from rows($1)
        join batches b on b.id = $2";

    /// An acceptance.
    pub(crate) ACCEPT = "
        insert into invite_uses (invite_id, organisation_id, membership_id, account_id, email_key, at)
        select id, organisation_id, 'mbr', 'acc', email_key, 1
        from invites
        where id = $1";

    /// What the dispatcher notes of an acceptance.
    pub(crate) MARK = "update invites set closed_at = 1 where id = $1";

    /// An invite that is declined.
    pub(crate) DECLINE = "update invites set declined_at = 1 where id = $1";

    /// An invite that is cancelled.
    pub(crate) CANCEL = "update invites set cancelled_at = 1 where id = $1";

    /// An invite that is over.
    pub(crate) EXPIRE = "update invites set expires_at = $2 where id = $1";

    /// What an invite is found by.
    pub(crate) RENAME_INVITE = "update invites set name_key = $2 where id = $1";

    /// An invite in some state; what was never sent never ends.
    pub(crate) SET_STATE = "
        update invites
        set state = $2,
            expires_at = case when cast($2 as text) in ('draft', 'skipped') then null else expires_at end
        where id = $1";

    /// A batch that is cancelled.
    pub(crate) CANCEL_BATCH = "update batches set cancelled_at = 1 where id = $1";

    /// A batch that was not sent.
    pub(crate) UNSEND = "update batches set sent_at = null where id = $1";

    /// A link that is deleted no more.
    pub(crate) RESTORE = "update links set archived_at = null where id = $1";

    /// The tags of a link.
    pub(crate) TAG_LINK = "update links set tags = $2 where id = $1";

    /// How many rows the roster could have touched.
    pub(crate) COUNT = "
        select cast(count(*) as bigint) as rows from (
            select id from memberships
            union all select id from invites
            union all select organisation_id from event_heads
            union all select id from audit) as everything";
}
