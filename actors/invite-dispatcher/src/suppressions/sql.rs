//! Every statement about suppressions.

/// Where an address is suppressed already: what its owner says outweighs what others found.
macro_rules! outweighed {
    () => {
        "on conflict (email_key, organisation_id) do update
        set reason = excluded.reason, invite_id = excluded.invite_id,
            created_by = excluded.created_by, created_at = excluded.created_at
        where suppressions.reason in ('bounce', 'manual')
            and excluded.reason in ('complaint', 'unsubscribed')"
    };
}

pub(crate) use outweighed;

store::statements! {
    /// Suppresses an address.
    pub(crate) SUPPRESS = concat!("
        insert into suppressions (email_key, organisation_id, email, reason, invite_id, created_by,
            created_at)
        values ($1, $2, $3, $4, $5, $6, $7)
        ", outweighed!());

    /// Mail that waits for its turn does not leave: of one organisation, or of all. What somebody else
    /// has at this moment is settled when it is due: nothing that is suppressed is leased.
    pub(crate) QUIET = concat!("
        update invites
        set state = ", ended!("invites", "'suppressed'"), ",
            reason = ", ended_for!("invites", "'suppressed'"), ",
            due_at = null
        where id in (
                select i.id
                from invites i
                where i.email_key = $1
                    and (cast($2 as text) is null or i.organisation_id = $2)
                    and (i.state in ('queued', 'deferred')
                        or i.state = 'unknown' and i.due_at is not null)
                skip_locked)
            and (state in ('queued', 'deferred') or state = 'unknown' and due_at is not null)");

    /// An organisation's own suppression of an address.
    pub(crate) FIND_SUPPRESSION = "
        select email, reason, created_by, created_at
        from suppressions
        where email_key = $1 and organisation_id = $2";

    /// How often an address is suppressed in an organisation, also without the address.
    pub(crate) COUNT_SUPPRESSIONS = "
        select count(*) as n
        from suppressions
        where email_key in ($1, $3) and organisation_id = $2";

    /// The organisation's own suppressions, by address.
    pub(crate) LIST_SUPPRESSIONS = "
        select email, reason, created_by, created_at
        from suppressions
        where organisation_id = $1 and email_key > coalesce(cast($2 as text), '')
            and (cast($3 as text) is null or reason = $3)
            and (cast($4 as text) is null or email_key like $4 escape '\\')
        order by email_key
        limit $5";

    /// Lifts what an administrator may lift.
    pub(crate) LIFT = "
        delete from suppressions
        where email_key in ($1, $3) and organisation_id = $2 and reason in ('bounce', 'manual')";

    /// Lifts bounces that are older than a mail that was delivered since, or than an instant.
    pub(crate) LIFT_BOUNCES = "
        delete from suppressions
        where email_key = $1 and reason = 'bounce' and created_at < $2
        returning organisation_id";

    /// Bounces from before an instant.
    pub(crate) OLD_BOUNCES = "
        select email_key
        from suppressions
        where reason = 'bounce' and created_at < $1
        order by email_key
        limit $2";

    /// Keeps an invite from being forgotten until the transaction ends.
    pub(crate) LOCK_MAILED = "
        select id
        from invites
        where id = $1
        for_update";

    /// To whom mails of an invite went, and of which organisation.
    pub(crate) FIND_MAILED = "
        select i.generation, i.email, i.organisation_id, o.name as organisation_name
        from invites i
        join organisations o on o.id = i.organisation_id
        where i.id = $1
        union all
        select e.generation, e.email, i.organisation_id, o.name as organisation_name
        from earlier_addresses e
        join invites i on i.id = e.invite_id
        join organisations o on o.id = i.organisation_id
        where e.invite_id = $1";
}
