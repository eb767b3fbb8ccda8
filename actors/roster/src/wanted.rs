//! Who is wanted: the conditions of a filter, as text.

/// When somebody was last seen, joined, or was given their seat, whichever was last: who joined today, or
/// waited for a seat until today, is nobody who was not seen since last year. Word for word what the index
/// `memberships_by_seen` holds.
macro_rules! last_seen {
    () => {
        "case when coalesce(memberships.last_active_at, 0) > memberships.created_at
                        and coalesce(memberships.last_active_at, 0) > coalesce(memberships.redeemed_at, 0)
                    then memberships.last_active_at
                    when coalesce(memberships.redeemed_at, 0) > memberships.created_at
                    then memberships.redeemed_at else memberships.created_at end"
    };
}
pub(crate) use last_seen;

/// The conditions of a filter: `$1` is the organisation, `$2` to `$8` as `Filter` binds them. PostgreSQL
/// has an index of trigrams for `like`, and none for `is true`: here each row is looked at. Whoever was not seen
/// since an instant had joined before it, which is asked first: in the order of ids most have not.
macro_rules! wanted {
    () => {
        concat!(
            "
            (cast($6 as text) is null or (memberships.name_key like $6 escape '\\') is true)
            and (cast($2 as text) is null or memberships.status = $2)
            and (cast($3 as text) is null or memberships.plan_id = $3)
            and (cast($4 as text) is null or memberships.link_id = $4)
            and (cast($5 as text) is null or memberships.door = $5)
            and (cast($7 as bigint) is null or memberships.created_at < $7)
            and (cast($7 as bigint) is null or ",
            last_seen!(),
            " < $7)
            and (cast($8 as text) = '[]' or (
                select count(*)
                from membership_tags
                where membership_tags.membership_id = memberships.id
                    and membership_tags.tag in (select rows.value ->> 'tag' from rows($8)))
                = (select count(distinct rows.value ->> 'tag') from rows($8)))"
        )
    };
}
pub(crate) use wanted;
