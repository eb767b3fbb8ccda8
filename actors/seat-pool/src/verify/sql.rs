//! What is kept, beside what the rows say.

store::statements! {
    /// The numbers of every plan after one.
    pub(crate) PLANS = "
        select id, purchased, held, assigned, waiting
        from plans
        where id > $1
        order by id
        limit 1000";

    /// Every ledger, entry by entry.
    pub(crate) LEDGERS = "
        select plan_id, entry, purchased, held, assigned, waiting
        from ledger
        where (plan_id, entry) > ($1, $2)
        order by plan_id, entry
        limit 5000";

    /// How many memberships stand where, by plan.
    pub(crate) MEMBERSHIPS = "
        select plan_id, status, cast(count(*) as bigint) as people
        from memberships
        group by plan_id, status";

    /// Links with their uses, and how many seats the ledger says were given through them.
    pub(crate) USES = "
        select l.id, l.organisation_id, coalesce(u.uses, 0) as uses, l.max_uses,
            coalesce(g.given, 0) as given
        from links l
        left join link_uses u on u.link_id = l.id
        left join (
            select link_id, cast(count(*) as bigint) as given
            from ledger
            where change in ('assign', 'hold', 'promote')
            group by link_id
        ) g on g.link_id = l.id
        order by l.id";

    /// How a link was changed.
    pub(crate) LIMITS = "
        select change
        from audit
        where organisation_id = $1 and target = $2 and action = 'link.update'";

    /// Jobs, and what their people add up to.
    pub(crate) JOBS = "
        select j.id, j.people, j.done, j.refused, cast(count(b.bulk_id) as bigint) as people_rows,
            cast(coalesce(sum(case when b.outcome = 'done' then 1 else 0 end), 0) as bigint) as done_rows,
            cast(coalesce(sum(case when b.outcome <> 'done' then 1 else 0 end), 0) as bigint)
                as refused_rows
        from bulk_jobs j
        left join bulk_people b on b.bulk_id = j.id
        where j.link_id is null
        group by j.id, j.people, j.done, j.refused
        order by j.id";

    /// Finished jobs about whoever joined through a link.
    pub(crate) LINK_JOBS = "
        select id, people, done + refused as settled
        from bulk_jobs
        where link_id is not null and finished_at is not null and given_up is null
        order by id";

    /// Seats that the ledger gave to people who are gone.
    pub(crate) GONE = "
        select e.membership_id as id, cast(sum(e.held + e.assigned) as bigint) as seats
        from ledger e
        left join memberships m on m.id = e.membership_id
        where e.membership_id is not null and m.id is null
        group by e.membership_id
        having sum(e.held + e.assigned) <> 0
        order by e.membership_id";

    /// Memberships whose organisation is not their plan's.
    pub(crate) TENANTS = "
        select m.id
        from memberships m
        join plans p on p.id = m.plan_id
        where p.organisation_id <> m.organisation_id
        order by m.id";

    /// Memberships of nobody.
    pub(crate) NOBODYS = "
        select m.id
        from memberships m
        left join accounts a on a.id = m.account_id
        where a.id is null
        order by m.id";

    /// Accounts whose last revocation, by the ledgers and by their places, is later than the one that
    /// ends their sessions.
    pub(crate) UNNOTED = "
        select x.account_id as id, coalesce(r.at, 0) as noted, x.at as revoked_at
        from (
            select m.account_id, max(e.at) as at
            from (
                select membership_id, at from ledger where change = 'revoke'
                union all
                select id, revoked_at from memberships where revoked_at is not null
            ) e
            join memberships m on m.id = e.membership_id
            group by m.account_id
        ) x
        left join revocations r on r.account_id = x.account_id
        where coalesce(r.at, 0) < x.at
        order by x.account_id";

    /// Revocations of which no ledger knows; whose place is erased is one of those that are gone.
    pub(crate) UNFOUNDED = "
        select r.account_id as id, r.at
        from revocations r
        where not exists (
            select 1
            from ledger e
            left join memberships m on m.id = e.membership_id
            where e.change = 'revoke'
                and e.at = r.at
                and (m.id is null or m.account_id = r.account_id)
        )
        order by r.account_id";

    /// Seats that their ledger does not account for one by one.
    pub(crate) SEATS = "
        select m.id, m.status,
            (select cast(coalesce(sum(e.held + e.assigned), 0) as bigint) from ledger e
                where e.membership_id = m.id) as seats
        from memberships m
        order by m.id";

    /// Histories with a gap or another head than their last event.
    pub(crate) HISTORIES = "
        select h.organisation_id, h.last_seq, h.published_seq,
            cast(count(e.seq) as bigint) as events,
            cast(coalesce(min(e.seq), 0) as bigint) as first_seq,
            cast(coalesce(max(e.seq), 0) as bigint) as max_seq
        from event_heads h
        left join events e on e.organisation_id = h.organisation_id
        group by h.organisation_id, h.last_seq, h.published_seq
        order by h.organisation_id";
}
