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
/// it is one, `$ids` are the ids, if they are known, and `$text` is what is searched. What is not named costs
/// nothing: both engines look at a condition about parameters first. All names, and all with a tag, are read in
/// the index that has them by id, as the rows are that are read next.
macro_rules! few {
    ($by:literal, $tag:literal, $ids:literal, $text:literal) => {
        concat!(
            "(
                select membership_id as id
                from membership_tags indexed_by(membership_tags_by_tag)
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
                from memberships indexed_by(memberships_by_organisation)
                where cast(",
            $by,
            " as text) = 'name' and organisation_id = $1 and name_key like $6 escape '\\'
                union all
                select id
                from memberships indexed_by(memberships_by_organisation)
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

#[cfg(test)]
mod tests {
    use contract::{ManualClock, Secret, Timestamp};
    use store::{Database, DatabaseOptions};
    use testkit::Engine;

    use crate::wanted::{last_seen, wanted};

    store::statements! {
        NOT_SEEN = concat!("
            explain query plan
            select id
            from memberships
            where organisation_id = $1
                and ", last_seen!(), " < $2");
        CALLED = concat!("
            explain query plan
            select memberships.id
            from ", few!("$9", "$10", "$11", "$12"), wanted!());
        BY_REDEEMED = concat!("explain query plan", latest!(everybody!(), "memberships.redeemed_at", "memberships.id"));
        TAGGED = concat!("explain query plan", latest!(tagged!("$12"), "driving.last_active_at", "driving.membership_id"));
        THROUGH = concat!("explain query plan", newest!(through!("$12"), "memberships.id"));
    }

    #[actix_rt::test]
    async fn each_way_goes_along_its_index() {
        let clock = ManualClock::at(Timestamp::from_micros(1));
        let file = Engine::Sqlite.fresh();
        let options = DatabaseOptions::new(Secret::new(file.url()), clock);
        let database = Database::connect(&options).await.unwrap();
        database.migrate().await.unwrap();
        let db = database.open("plans").await.unwrap();
        let mut reader = db.read().await.unwrap();
        for (statement, looks, index) in [
            (
                &NOT_SEEN,
                1,
                "memberships_by_seen (organisation_id=? AND <expr><?)",
            ),
            (
                &CALLED,
                1,
                "membership_tags_by_tag (organisation_id=? AND tag=?)",
            ),
            (
                &CALLED,
                2,
                "COVERING INDEX memberships_by_organisation (organisation_id=?)",
            ),
            (
                &BY_REDEEMED,
                1,
                "INDEX memberships_by_redeemed (organisation_id=? AND <expr><?)",
            ),
            (
                &TAGGED,
                1,
                "INDEX membership_tags_by_activity (organisation_id=? AND tag=? AND <expr><?)",
            ),
            (
                &THROUGH,
                1,
                "INDEX memberships_by_link (link_id=? AND id<?)",
            ),
        ] {
            let plan = statement.query().fetch_all(&mut reader).await.unwrap();
            let plan: Vec<String> = plan.iter().map(|row| row.get("detail").unwrap()).collect();
            let found = plan.iter().filter(|step| step.ends_with(index)).count();
            assert_eq!(found, looks, "{plan:#?}");
            let mut inner = plan.iter().take_while(|step| *step != "SCAN page");
            let sorts = inner.any(|step| step.contains("ORDER BY"));
            assert!(!sorts, "{plan:#?}");
        }
    }
}
