//! The orders of Manage Users, and where people are looked for along them: text of statements.

/// People that a filter finds, in an order; a filter that is null filters nothing. The page is cut
/// from the memberships alone, so that an index serves it, and the rest is joined to its few rows.
///
/// `$from` is where they are looked for, `$key` what the order sorts by before the id, `$place` where
/// the page begins, `$order` and `$outer` how it goes.
macro_rules! people {
    ($from:expr, $key:expr, $place:expr, $order:expr, $outer:expr) => {
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
pub(crate) use people;

/// Only the ids, the newest first.
macro_rules! ids {
    ($from:expr, $id:expr) => {
        concat!(
            "
        select memberships.id
        from ",
            $from,
            wanted!(),
            "
            and ",
            $id,
            " < coalesce(cast($10 as text), 'mbr_8')
        order by ",
            $id,
            " desc
        limit $9"
        )
    };
}
pub(crate) use ids;

/// Everybody.
macro_rules! everybody {
    () => {
        "memberships
            where memberships.organisation_id = $1 and"
    };
}
pub(crate) use everybody;

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

pub(crate) use few;

/// Along the index of a tag. What is joined is no column: PostgreSQL would merge two indexes, and read that of
/// all memberships up to the first with the tag.
macro_rules! tagged {
    ($tag:literal) => {
        concat!(
            "membership_tags as driving
            cross join memberships
            where driving.organisation_id = $1
                and driving.tag = ",
            $tag,
            "
                and memberships.id = driving.membership_id || ''
                and (memberships.organisation_id = $1 or cast($1 as text) is null) and"
        )
    };
}
pub(crate) use tagged;

/// Along the index of a link.
macro_rules! through {
    ($link:literal) => {
        concat!(
            "memberships
            where memberships.link_id = ",
            $link,
            "
                and (memberships.organisation_id = $1 or cast($1 as text) is null) and"
        )
    };
}
pub(crate) use through;

/// Along the index of a column.
macro_rules! having {
    ($column:literal, $value:literal) => {
        concat!(
            "memberships
            where memberships.organisation_id = $1
                and memberships.",
            $column,
            " = ",
            $value,
            " and"
        )
    };
}
pub(crate) use having;

// Every id is below `mbr_8`, because a ULID begins with 0 to 7.
macro_rules! newest {
    ($from:expr, $id:expr) => {
        people!(
            $from,
            "null",
            concat!(
                "
            and ",
                $id,
                " < coalesce(cast($10 as text), 'mbr_8')
            and cast($11 as text) is null"
            ),
            concat!($id, " desc"),
            "page.id desc"
        )
    };
}
pub(crate) use newest;

macro_rules! oldest {
    ($from:expr, $id:expr) => {
        people!(
            $from,
            "null",
            concat!(
                "
            and ",
                $id,
                " > coalesce(cast($10 as text), '')
            and cast($11 as text) is null"
            ),
            $id,
            "page.id"
        )
    };
}
pub(crate) use oldest;

/// By a text.
macro_rules! alphabetical {
    ($from:expr, $key:expr) => {
        people!(
            $from,
            $key,
            concat!(
                "
            and (",
                $key,
                ", memberships.id)
                > (coalesce(cast($11 as text), ''), coalesce(cast($10 as text), ''))"
            ),
            concat!($key, ", memberships.id"),
            "page.sort_key, page.id"
        )
    };
}
pub(crate) use alphabetical;

/// By an instant, the latest first and none last.
macro_rules! latest {
    ($from:expr, $at:literal, $id:expr) => {
        people!(
            $from,
            concat!("coalesce(", $at, ", 0)"),
            concat!(
                "
            and coalesce(",
                $at,
                ", 0) <= coalesce(cast($11 as bigint), 9223372036854775807)
            and (coalesce(",
                $at,
                ", 0), ",
                $id,
                ")
                < (coalesce(cast($11 as bigint), 9223372036854775807), coalesce(cast($10 as text), 'mbr_8'))"
            ),
            concat!("coalesce(", $at, ", 0) desc, ", $id, " desc"),
            "page.sort_key desc, page.id desc"
        )
    };
}
pub(crate) use latest;
