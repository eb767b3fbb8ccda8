//! Every statement of the roster; all of them read.

use crate::{
    orders::{
        alphabetical, everybody, few, having, ids, latest, newest, oldest, people, tagged, through,
    },
    wanted::{last_seen, wanted},
};

/// The few of `$12`.
macro_rules! among {
    () => {
        few!("$12", "$13", "$14", "$15")
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
/// leaves, are called like `$2`; and whether an index finds those.
macro_rules! count_called {
    ($table:literal, $which:expr) => {
        concat!(
            "
        select cast(count(*) as bigint) as n, has_trigrams() as has_trigrams
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
    /// Everybody, the newest first.
    pub(crate) LIST_NEWEST = newest!(everybody!(), "memberships.id");

    /// Everybody, the oldest first.
    pub(crate) LIST_OLDEST = oldest!(everybody!(), "memberships.id");

    /// Everybody by name: by as much of it as a cursor holds.
    pub(crate) LIST_BY_NAME = alphabetical!(everybody!(), "memberships.name_sort");

    /// Everybody by address.
    pub(crate) LIST_BY_EMAIL = alphabetical!(everybody!(), "memberships.email_key");

    /// Everybody: whose seat was given last comes first, who never had one last.
    pub(crate) LIST_BY_REDEEMED = latest!(everybody!(), "memberships.redeemed_at", "memberships.id");

    /// Everybody: who was seen last comes first, who never was last.
    pub(crate) LIST_BY_LAST_ACTIVE = latest!(everybody!(), "memberships.last_active_at", "memberships.id");

    /// A few, the newest first.
    pub(crate) FEW_NEWEST = newest!(among!(), "memberships.id");

    /// A few, the oldest first.
    pub(crate) FEW_OLDEST = oldest!(among!(), "memberships.id");

    /// A few by name: by as much of it as a cursor holds.
    pub(crate) FEW_BY_NAME = alphabetical!(among!(), "memberships.name_sort");

    /// A few by address.
    pub(crate) FEW_BY_EMAIL = alphabetical!(among!(), "memberships.email_key");

    /// A few: whose seat was given last comes first, who never had one last.
    pub(crate) FEW_BY_REDEEMED = latest!(among!(), "memberships.redeemed_at", "memberships.id");

    /// A few: who was seen last comes first, who never was last.
    pub(crate) FEW_BY_LAST_ACTIVE = latest!(among!(), "memberships.last_active_at", "memberships.id");

    /// Along a tag, the newest first.
    pub(crate) TAGGED_NEWEST = newest!(tagged!("$12"), "driving.membership_id");

    /// Along a tag, the oldest first.
    pub(crate) TAGGED_OLDEST = oldest!(tagged!("$12"), "driving.membership_id");

    /// Along a tag: whose seat was given last comes first, who never had one last.
    pub(crate) TAGGED_BY_REDEEMED = latest!(tagged!("$12"), "driving.redeemed_at", "driving.membership_id");

    /// Along a tag: who was seen last comes first, who never was last.
    pub(crate) TAGGED_BY_LAST_ACTIVE = latest!(tagged!("$12"), "driving.last_active_at", "driving.membership_id");

    /// Along a link, the newest first.
    pub(crate) THROUGH_NEWEST = newest!(through!("$12"), "memberships.id");

    /// Along a link, the oldest first.
    pub(crate) THROUGH_OLDEST = oldest!(through!("$12"), "memberships.id");

    /// Along a plan, the newest first.
    pub(crate) OF_PLAN_NEWEST = newest!(having!("plan_id", "$12"), "memberships.id");

    /// Along a plan, the oldest first.
    pub(crate) OF_PLAN_OLDEST = oldest!(having!("plan_id", "$12"), "memberships.id");

    /// Along a state, the newest first.
    pub(crate) IN_STATE_NEWEST = newest!(having!("status", "$12"), "memberships.id");

    /// Along a state, the oldest first.
    pub(crate) IN_STATE_OLDEST = oldest!(having!("status", "$12"), "memberships.id");

    /// The ids of everybody.
    pub(crate) LIST_IDS = ids!(everybody!(), "memberships.id");

    /// The ids of a few.
    pub(crate) FEW_IDS = ids!(few!("$11", "$12", "$13", "$14"), "memberships.id");

    /// The ids along a tag.
    pub(crate) TAGGED_IDS = ids!(tagged!("$11"), "driving.membership_id");

    /// The ids along a link.
    pub(crate) THROUGH_IDS = ids!(through!("$11"), "memberships.id");

    /// The ids along a plan.
    pub(crate) OF_PLAN_IDS = ids!(having!("plan_id", "$11"), "memberships.id");

    /// The ids along a state.
    pub(crate) IN_STATE_IDS = ids!(having!("status", "$11"), "memberships.id");

    /// How many have a tag.
    pub(crate) COUNT_WITH_TAG = count!("
        from membership_tags indexed_by(membership_tags_by_tag)
        where organisation_id = $1
            and tag = $2");

    /// How many came through a link: counted in its index, which knows no organisation, and only so that a way is chosen.
    pub(crate) COUNT_THROUGH_LINK = count!("
        from memberships
        where link_id = $2
            and cast($1 as text) is not null");

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
        from membership_tags t indexed_by(membership_tags_by_tag)
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
