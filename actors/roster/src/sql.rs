//! Every statement of the roster; all of them read.

use crate::wanted::{last_seen, wanted};

/// People that a filter finds, in an order; a filter that is null filters nothing. The page is cut
/// from the memberships alone, so that an index serves it, and the rest is joined to its few rows.
///
/// `$from` is where they are looked for, `$key` what the order sorts by before the id, `$place` where
/// the page begins, `$order` and `$outer` how it goes.
macro_rules! people {
    ($from:expr, $key:literal, $place:literal, $order:literal, $outer:literal) => {
        concat!(
            "
        select page.id, page.status, page.door, page.redeemed_at, page.proof_due_at, page.plan_id,
            plans.name as plan_name, accounts.first_name, accounts.last_name, accounts.email,
            accounts.last_active_at, links.id as link_id, links.name as link_name, page.sort_key
        from (
            select memberships.id, memberships.status, memberships.door, memberships.redeemed_at,
                memberships.proof_due_at, memberships.plan_id, memberships.account_id,
                memberships.link_id, ",
            $key,
            " as sort_key
            from ",
            $from,
            wanted!(),
            $place,
            "
            order by ",
            $order,
            "
            limit $9) as page
        join accounts on accounts.id = page.account_id
        join plans on plans.id = page.plan_id
        left join links on links.id = page.link_id
        order by ",
            $outer
        )
    };
}

/// An order, looked for everywhere.
macro_rules! everywhere {
    ($($order:tt)*) => { people!("memberships
            where memberships.organisation_id = $1 and", $($order)*) };
}

/// Those that the one filter leaves that `$by` names: all of them, as they are few. `$tag` is the tag, if
/// it is one, `$ids` are the ids, if they are known, and `$text` is what is searched. What is not named costs nothing: both engines look
/// at a condition about parameters first.
macro_rules! few {
    ($by:literal, $tag:literal, $ids:literal, $text:literal) => {
        concat!(
            "(
                select membership_id as id
                from membership_tags
                where cast(",
            $by,
            " as text) = 'tag' and organisation_id = $1 and tag = cast(",
            $tag,
            " as text)
                union all
                select id
                from memberships
                where cast(",
            $by,
            " as text) = 'status' and organisation_id = $1 and status = $2
                union all
                select id
                from memberships
                where cast(",
            $by,
            " as text) = 'plan' and organisation_id = $1 and plan_id = $3
                union all
                select id
                from memberships
                where cast(",
            $by,
            " as text) = 'link' and link_id = $4
                union all
                select id
                from memberships
                where cast(",
            $by,
            " as text) = 'name' and organisation_id = $1 and name_key like $6 escape '\\'
                union all
                select id
                from memberships
                where cast(",
            $by,
            " as text) = 'letters' and organisation_id = $1 and may_contain(",
            $text,
            ", name_key)
                    and (name_key like $6 escape '\\') is true
                union all
                select id
                from memberships
                where cast(",
            $by,
            " as text) = 'activity' and organisation_id = $1 and ",
            last_seen!(),
            " < $7
                union all
                select rows.value ->> 'id'
                from rows(",
            $ids,
            ")
                where cast(",
            $by,
            " as text) = 'ids') as few
            cross join memberships
            where memberships.id = few.id
                and (memberships.organisation_id = $1 or cast($1 as text) is null) and"
        )
    };
}

/// An order, looked for among the few of `$12`. The organisation is only looked at there: it must not
/// tempt a planner to an index of all its people for each id.
macro_rules! among {
    ($($order:tt)*) => { people!(few!("$12", "$13", "$14", "$15"), $($order)*) };
}

/// By id, looked for along the index of a tag.
macro_rules! tagged {
    ($($order:tt)*) => {
        people!(
            "membership_tags as driving
            cross join memberships
            where driving.organisation_id = $1
                and driving.tag = $12
                and memberships.id = driving.membership_id
                and (memberships.organisation_id = $1 or cast($1 as text) is null) and",
            "null",
            $($order)*
        )
    };
}

// Every id is below `mbr_8`, because a ULID begins with 0 to 7.
macro_rules! newest {
    ($from:ident) => {
        $from!(
            "null",
            "
            and memberships.id < coalesce(cast($10 as text), 'mbr_8')
            and cast($11 as text) is null",
            "memberships.id desc",
            "page.id desc"
        )
    };
}

macro_rules! oldest {
    ($from:ident) => {
        $from!(
            "null",
            "
            and memberships.id > coalesce(cast($10 as text), '')
            and cast($11 as text) is null",
            "memberships.id",
            "page.id"
        )
    };
}

macro_rules! by_name {
    ($from:ident) => {
        $from!(
            "memberships.name_sort",
            "
            and (memberships.name_sort, memberships.id)
                > (coalesce(cast($11 as text), ''), coalesce(cast($10 as text), ''))",
            "memberships.name_sort, memberships.id",
            "page.sort_key, page.id"
        )
    };
}

macro_rules! by_email {
    ($from:ident) => {
        $from!(
            "memberships.email_key",
            "
            and (memberships.email_key, memberships.id)
                > (coalesce(cast($11 as text), ''), coalesce(cast($10 as text), ''))",
            "memberships.email_key, memberships.id",
            "page.sort_key, page.id"
        )
    };
}

macro_rules! by_redeemed {
    ($from:ident) => {
        $from!("coalesce(memberships.redeemed_at, 0)", "
            and coalesce(memberships.redeemed_at, 0) <= coalesce(cast($11 as bigint), 9223372036854775807)
            and (coalesce(memberships.redeemed_at, 0), memberships.id)
                < (coalesce(cast($11 as bigint), 9223372036854775807), coalesce(cast($10 as text), 'mbr_8'))",
            "coalesce(memberships.redeemed_at, 0) desc, memberships.id desc",
            "page.sort_key desc, page.id desc")
    };
}

macro_rules! by_last_active {
    ($from:ident) => {
        $from!("coalesce(memberships.last_active_at, 0)", "
            and coalesce(memberships.last_active_at, 0) <= coalesce(cast($11 as bigint), 9223372036854775807)
            and (coalesce(memberships.last_active_at, 0), memberships.id)
                < (coalesce(cast($11 as bigint), 9223372036854775807), coalesce(cast($10 as text), 'mbr_8'))",
            "coalesce(memberships.last_active_at, 0) desc, memberships.id desc",
            "page.sort_key desc, page.id desc")
    };
}

/// How many a filter by itself leaves, counted up to `$3`.
macro_rules! count {
    ($($from:tt)*) => {
        concat!(
            "
        select cast(count(*) as bigint) as n
        from (select 1 as one",
            $($from)*,
            "
        limit $3) as counted"
        )
    };
}

/// How many of the newest and of the oldest rows of an organisation, `$3` of each of those that `$which`
/// leaves, are called like `$2`.
macro_rules! count_called {
    ($table:literal, $which:expr) => {
        concat!(
            "
        select cast(count(*) as bigint) as n
        from (
            select newest.name_key
            from (
                select name_key
                from ",
            $table,
            "
                where organisation_id = $1",
            $which,
            "
                order by id desc
                limit $3) as newest
            union all
            select oldest.name_key
            from (
                select name_key
                from ",
            $table,
            "
                where organisation_id = $1",
            $which,
            "
                order by id
                limit $3) as oldest) as sample
        where name_key like $2 escape '\\'"
        )
    };
}
pub(crate) use count_called;

store::statements! {
    /// The newest first.
    pub(crate) LIST_NEWEST = newest!(everywhere);

    /// The oldest first.
    pub(crate) LIST_OLDEST = oldest!(everywhere);

    /// By name: by as much of it as a cursor holds.
    pub(crate) LIST_BY_NAME = by_name!(everywhere);

    /// By address.
    pub(crate) LIST_BY_EMAIL = by_email!(everywhere);

    /// Whose seat was given last comes first, who never had one last.
    pub(crate) LIST_BY_REDEEMED = by_redeemed!(everywhere);

    /// Who was seen last comes first, who never was last.
    pub(crate) LIST_BY_LAST_ACTIVE = by_last_active!(everywhere);

    /// Who has the tag of `$12`, the newest first: the tag's own index is in that order.
    pub(crate) TAGGED_NEWEST = tagged!(
        "
            and driving.membership_id < coalesce(cast($10 as text), 'mbr_8')
            and cast($11 as text) is null",
        "driving.membership_id desc",
        "page.id desc"
    );

    /// Who has the tag of `$12`, the oldest first.
    pub(crate) TAGGED_OLDEST = tagged!(
        "
            and driving.membership_id > coalesce(cast($10 as text), '')
            and cast($11 as text) is null",
        "driving.membership_id",
        "page.id"
    );

    /// A few, the newest first.
    pub(crate) FEW_NEWEST = newest!(among);

    /// A few, the oldest first.
    pub(crate) FEW_OLDEST = oldest!(among);

    /// A few by name.
    pub(crate) FEW_BY_NAME = by_name!(among);

    /// A few by address.
    pub(crate) FEW_BY_EMAIL = by_email!(among);

    /// A few by when their seat was given.
    pub(crate) FEW_BY_REDEEMED = by_redeemed!(among);

    /// A few by when they were seen.
    pub(crate) FEW_BY_LAST_ACTIVE = by_last_active!(among);

    /// Only the ids, the newest first.
    pub(crate) LIST_IDS = concat!("
        select memberships.id
        from memberships
        where memberships.organisation_id = $1 and", wanted!(), "
            and memberships.id < coalesce(cast($10 as text), 'mbr_8')
        order by memberships.id desc
        limit $9");

    /// Only the ids, along the index of the tag of `$11`.
    pub(crate) TAGGED_IDS = concat!("
        select memberships.id
        from membership_tags as driving
        cross join memberships
        where driving.organisation_id = $1
            and driving.tag = $11
            and driving.membership_id < coalesce(cast($10 as text), 'mbr_8')
            and memberships.id = driving.membership_id
            and (memberships.organisation_id = $1 or cast($1 as text) is null)
            and", wanted!(), "
        order by driving.membership_id desc
        limit $9");

    /// Only the ids, of the few of `$11`.
    pub(crate) FEW_IDS = concat!("
        select memberships.id
        from ", few!("$11", "$12", "$13", "$14"), wanted!(), "
            and memberships.id < coalesce(cast($10 as text), 'mbr_8')
        order by memberships.id desc
        limit $9");

    /// How many have a tag.
    pub(crate) COUNT_WITH_TAG = count!("
        from membership_tags
        where organisation_id = $1
            and tag = $2");

    /// How many came through a link.
    pub(crate) COUNT_THROUGH_LINK = count!("
        from memberships
        where link_id = $2
            and organisation_id = $1");

    /// How many are of a plan.
    pub(crate) COUNT_OF_PLAN = count!("
        from memberships
        where organisation_id = $1
            and plan_id = $2");

    /// How many are in a state.
    pub(crate) COUNT_IN_STATE = count!("
        from memberships
        where organisation_id = $1
            and status = $2");

    /// How many had joined and had their seat before an instant, and were not seen since.
    pub(crate) COUNT_NOT_SEEN = count!("
        from memberships
        where organisation_id = $1
            and ", last_seen!(), " < $2");

    /// How many of the newest and of the oldest people, `$3` of each, are called like a pattern.
    pub(crate) COUNT_CALLED = count_called!("memberships", "");

    /// Who has two tags, up to `$3` of them: both ranges are in the order of the people.
    pub(crate) WITH_BOTH = "
        select t.membership_id as id
        from membership_tags t
        join membership_tags other on other.membership_id = t.membership_id
        where t.organisation_id = $1
            and t.tag = $2
            and other.organisation_id = $1
            and other.tag = $4
        limit $3";

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
            links.id as link_id, links.name as link_name, links.allowed_domains,
            memberships.let_in_domain, accounts.email_key
        from memberships
        join accounts on accounts.id = memberships.account_id
        join plans on plans.id = memberships.plan_id
        left join links on links.id = memberships.link_id
        where memberships.organisation_id = $1
            and memberships.id = $2";

    /// Who people are, those among them who have a place in an organisation: by their memberships, or by
    /// their accounts.
    pub(crate) NAME_PEOPLE = "
        select memberships.id, memberships.account_id, accounts.first_name, accounts.last_name,
            accounts.email
        from (
            select rows.value ->> 'id' as id
            from rows($1)
            union
            select memberships.id
            from rows($2)
            join memberships on memberships.account_id = rows.value ->> 'id'
            where memberships.organisation_id = $3) as named
        join memberships on memberships.id = named.id
        join accounts on accounts.id = memberships.account_id
        where memberships.organisation_id = $3
        order by memberships.id";

    /// Where invites of an organisation were sent.
    pub(crate) NAME_INVITES = "
        select invites.id, invites.email
        from rows($1)
        join invites on invites.id = rows.value ->> 'id'
        where invites.organisation_id = $2
        order by invites.id";

    /// The tags of some people.
    pub(crate) LIST_TAGS = "
        select membership_tags.membership_id, membership_tags.tag
        from rows($1)
        join membership_tags on membership_tags.membership_id = rows.value ->> 'id'";
}
