//! Every statement about pending invites; all of them read.

use crate::sql::count_called;

/// What the invites' own rows say of one that is pending, as its indexes have it; `$2` is now. A draft
/// never ends, nor does what was skipped. What was accepted or over a while ago is closed; `still` says
/// what was accepted since.
macro_rules! open {
    () => {
        "
            i.cancelled_at is null
            and i.declined_at is null
            and i.closed_at is null
            and i.expires_at > $2"
    };
}

/// What is in an index that has their names, as its condition says it.
macro_rules! named {
    () => {
        "
                    and expires_at is not null
                    and cancelled_at is null
                    and declined_at is null
                    and closed_at is null"
    };
}

/// What others say: its batch is being sent or was, and nobody accepted it.
macro_rules! still {
    () => {
        "
            and exists (
                select 1
                from batches b
                where b.id = i.batch_id and b.sent_at is not null and b.cancelled_at is null)
            and not exists (select 1 from invite_uses u where u.invite_id = i.id)"
    };
}

/// Pending invites of `$1` in an order, at most `$3`, that are called like `$4`, behind the place of
/// `$5` and `$6`. `$from` is where they are looked for, with `$7`.
macro_rules! pending {
    ($from:expr, $key:literal, $place:literal, $order:literal) => {
        concat!(
            "
        select i.id, i.email, i.name, i.link_id, i.created_at, i.expires_at, ",
            $key,
            " as sort_key
        from ",
            $from,
            open!(),
            "
            and (cast($4 as text) is null or i.name_key like $4 escape '\\')",
            $place,
            still!(),
            "
        order by ",
            $order,
            "
        limit $3"
        )
    };
}

/// Along the order, through those of the links of `$7`. The `or`, and the empty text, keep planners
/// from beginning with the links, and sorting all of what they find.
macro_rules! along {
    ($($order:tt)*) => {
        pending!(
            "invites i
        where i.organisation_id = $1
            and (i.link_id || '' in (select rows.value ->> 'id' from rows($7)) or cast($1 as text) is null)
            and",
            $($order)*
        )
    };
}

/// Among all of the links of `$7`.
macro_rules! of_links {
    ($($order:tt)*) => {
        pending!(
            "rows($7)
        cross join invites i
        where i.link_id = rows.value ->> 'id'
            and (i.organisation_id = $1 or cast($1 as text) is null)
            and",
            $($order)*
        )
    };
}

/// Among all that are called like `$4`, which is the text of `$8`: their names are read in an index.
macro_rules! of_called {
    ($($order:tt)*) => {
        pending!(
            concat!("(
            select id
            from invites
            where organisation_id = $1",
            named!(),
            "
                and may_contain($8, name_key)
                and name_key like $4 escape '\\') as called
        cross join invites i
        where i.id = called.id
            and (i.organisation_id = $1 or cast($1 as text) is null)
            and i.link_id || '' in (select rows.value ->> 'id' from rows($7))
            and"),
            $($order)*
        )
    };
}

// Every id is below `inv_8`, because a ULID begins with 0 to 7.
macro_rules! newest {
    ($from:ident) => {
        $from!(
            "null",
            "
            and i.id < coalesce(cast($5 as text), 'inv_8')
            and cast($6 as text) is null",
            "i.id desc"
        )
    };
}

macro_rules! oldest {
    ($from:ident) => {
        $from!(
            "null",
            "
            and i.id > coalesce(cast($5 as text), '')
            and cast($6 as text) is null",
            "i.id"
        )
    };
}

macro_rules! by_name {
    ($from:ident) => {
        $from!(
            "substr(i.name_key, 1, 100)",
            "
            and (substr(i.name_key, 1, 100), i.id)
                > (coalesce(cast($6 as text), ''), coalesce(cast($5 as text), ''))",
            "substr(i.name_key, 1, 100), i.id"
        )
    };
}

macro_rules! by_email {
    ($from:ident) => {
        $from!(
            "i.email_key",
            "
            and (i.email_key, i.id)
                > (coalesce(cast($6 as text), ''), coalesce(cast($5 as text), ''))",
            "i.email_key, i.id"
        )
    };
}

store::statements! {
    /// The links through which somebody may be invited, with their plans: one link, or those of one
    /// plan, or all.
    pub(crate) LINKS = "
        select l.id, l.name, l.tags, l.plan_id, p.name as plan_name
        from links l
        join plans p on p.id = l.plan_id
        where l.organisation_id = $1
            and l.archived_at is null
            and (cast($2 as text) is null or l.id = $2)
            and (cast($3 as text) is null or l.plan_id = $3)";

    /// How many of the links of `$1` may be pending, counted up to `$3`.
    pub(crate) COUNT_OPEN = concat!("
        select cast(count(*) as bigint) as n
        from (select 1 as one
        from rows($1)
        cross join invites i
        where i.link_id = rows.value ->> 'id'
            and", open!(), "
        limit $3) as counted");

    /// How many of them are pending, counted up to `$3`.
    pub(crate) COUNT_PENDING = concat!("
        select cast(count(*) as bigint) as n
        from (select 1 as one
        from rows($1)
        cross join invites i
        where i.link_id = rows.value ->> 'id'
            and", open!(), still!(), "
        limit $3) as counted");

    /// How many of the newest and of the oldest that may be pending, `$3` of each, are called like a pattern.
    pub(crate) COUNT_CALLED = count_called!("invites", named!());

    /// The newest first.
    pub(crate) ALONG_NEWEST = newest!(along);

    /// The oldest first.
    pub(crate) ALONG_OLDEST = oldest!(along);

    /// By name: by as much of it as a cursor holds.
    pub(crate) ALONG_NAME = by_name!(along);

    /// By address.
    pub(crate) ALONG_EMAIL = by_email!(along);

    /// Those of some links, the newest first.
    pub(crate) LINKS_NEWEST = newest!(of_links);

    /// Those of some links, the oldest first.
    pub(crate) LINKS_OLDEST = oldest!(of_links);

    /// Those of some links by name.
    pub(crate) LINKS_NAME = by_name!(of_links);

    /// Those of some links by address.
    pub(crate) LINKS_EMAIL = by_email!(of_links);

    /// Those of a name, the newest first.
    pub(crate) CALLED_NEWEST = newest!(of_called);

    /// Those of a name, the oldest first.
    pub(crate) CALLED_OLDEST = oldest!(of_called);

    /// Those of a name by name.
    pub(crate) CALLED_NAME = by_name!(of_called);

    /// Those of a name by address.
    pub(crate) CALLED_EMAIL = by_email!(of_called);
}
