//! Every statement of the roster; all of them read.

/// People that a filter finds, in an order; a filter that is null filters nothing. `$key` is what
/// the order sorts by before the id, `$order` where the page begins and in which order it goes.
macro_rules! people {
    ($key:literal, $order:literal) => {
        concat!(
            "
        select memberships.id, memberships.status, memberships.door, memberships.redeemed_at,
            memberships.proof_due_at, memberships.plan_id, plans.name as plan_name,
            accounts.first_name, accounts.last_name, accounts.email, accounts.last_active_at,
            links.id as link_id, links.name as link_name, ",
            $key,
            " as sort_key
        from memberships
        join accounts on accounts.id = memberships.account_id
        join plans on plans.id = memberships.plan_id
        left join links on links.id = memberships.link_id",
            wanted!(),
            $order,
            "
        limit $9"
        )
    };
}

/// The conditions of a filter: `$1` is the organisation, `$2` to `$8` as `Filter` binds them.
macro_rules! wanted {
    () => {
        "
        where memberships.organisation_id = $1
            and (cast($2 as text) is null or memberships.status = $2)
            and (cast($3 as text) is null or memberships.plan_id = $3)
            and (cast($4 as text) is null or memberships.link_id = $4)
            and (cast($5 as text) is null or memberships.door = $5)
            and (cast($6 as text) is null or accounts.name_key like $6 escape '\\')
            and (cast($7 as bigint) is null or coalesce(accounts.last_active_at, 0) < $7)
            and not exists (
                select 1
                from rows($8)
                where not exists (
                    select 1
                    from membership_tags
                    where membership_tags.membership_id = memberships.id
                        and membership_tags.tag = rows.value ->> 'tag'))"
    };
}

store::statements! {
    /// The newest first; every id is below `mbr_8`, because a ULID begins with 0 to 7.
    pub(crate) LIST_NEWEST = people!("null", "
            and memberships.id < coalesce(cast($10 as text), 'mbr_8')
        order by memberships.id desc");

    /// The oldest first.
    pub(crate) LIST_OLDEST = people!("null", "
            and memberships.id > coalesce(cast($10 as text), '')
        order by memberships.id");

    /// By name: by as much of it as a cursor holds.
    pub(crate) LIST_BY_NAME = people!("substr(accounts.name_key, 1, 100)", "
            and (substr(accounts.name_key, 1, 100), memberships.id)
                > (coalesce(cast($11 as text), ''), coalesce(cast($10 as text), ''))
        order by substr(accounts.name_key, 1, 100), memberships.id");

    /// By address.
    pub(crate) LIST_BY_EMAIL = people!("accounts.email_key", "
            and (accounts.email_key, memberships.id)
                > (coalesce(cast($11 as text), ''), coalesce(cast($10 as text), ''))
        order by accounts.email_key, memberships.id");

    /// Whose seat was given last comes first, who never had one last.
    pub(crate) LIST_BY_REDEEMED = people!("coalesce(memberships.redeemed_at, 0)", "
            and (coalesce(memberships.redeemed_at, 0), memberships.id)
                < (coalesce(cast($11 as bigint), 9223372036854775807), coalesce(cast($10 as text), 'mbr_8'))
        order by coalesce(memberships.redeemed_at, 0) desc, memberships.id desc");

    /// Who was seen last comes first, who never was last.
    pub(crate) LIST_BY_LAST_ACTIVE = people!("coalesce(accounts.last_active_at, 0)", "
            and (coalesce(accounts.last_active_at, 0), memberships.id)
                < (coalesce(cast($11 as bigint), 9223372036854775807), coalesce(cast($10 as text), 'mbr_8'))
        order by coalesce(accounts.last_active_at, 0) desc, memberships.id desc");

    /// Only the ids, the newest first.
    pub(crate) LIST_IDS = concat!("
        select memberships.id
        from memberships
        join accounts on accounts.id = memberships.account_id", wanted!(), "
            and memberships.id < coalesce(cast($10 as text), 'mbr_8')
        order by memberships.id desc
        limit $9");

    /// Whether a plan is one of the organisation.
    pub(crate) FIND_PLAN = "
        select id
        from plans
        where organisation_id = $1
            and id = $2";

    /// How many stand in a queue up to a place.
    pub(crate) COUNT_BEFORE = "
        select cast(count(*) as bigint) as n
        from memberships
        where plan_id = $1
            and status = 'waiting'
            and (waiting_since, id)
                <= (coalesce(cast($2 as bigint), -1), coalesce(cast($3 as text), ''))";

    /// A queue behind a place.
    pub(crate) LIST_WAITING = "
        select memberships.id, memberships.waiting_since, accounts.first_name, accounts.last_name,
            accounts.email
        from memberships
        join accounts on accounts.id = memberships.account_id
        where memberships.plan_id = $1
            and memberships.status = 'waiting'
            and (memberships.waiting_since, memberships.id)
                > (coalesce(cast($2 as bigint), -1), coalesce(cast($3 as text), ''))
        order by memberships.waiting_since, memberships.id
        limit $4";

    /// What the audit trail says of a membership, the newest first.
    pub(crate) LIST_STORY = "
        select id, at, actor, action, target, change, request_id
        from audit
        where organisation_id = $1
            and target = $2
            and id < coalesce(cast($3 as text), 'aud_8')
        order by id desc
        limit $4";

    /// One person of an organisation.
    pub(crate) FIND_PERSON = "
        select memberships.id, memberships.status, memberships.door, memberships.redeemed_at,
            memberships.proof_due_at, memberships.plan_id, plans.name as plan_name,
            accounts.first_name, accounts.last_name, accounts.email, accounts.last_active_at,
            links.id as link_id, links.name as link_name
        from memberships
        join accounts on accounts.id = memberships.account_id
        join plans on plans.id = memberships.plan_id
        left join links on links.id = memberships.link_id
        where memberships.organisation_id = $1
            and memberships.id = $2";

    /// Where a person stands in each organisation, the oldest first.
    pub(crate) LIST_OWN = "
        select memberships.id, organisations.name as organisation_name, organisations.product_url,
            plans.name as plan_name, memberships.status, memberships.proof_due_at,
            memberships.redeemed_at
        from memberships
        join organisations on organisations.id = memberships.organisation_id
        join plans on plans.id = memberships.plan_id
        where memberships.account_id = $1
        order by memberships.id
        limit 200";

    /// The tags of some people.
    pub(crate) LIST_TAGS = "
        select membership_tags.membership_id, membership_tags.tag
        from rows($1)
        join membership_tags on membership_tags.membership_id = rows.value ->> 'id'";
}
