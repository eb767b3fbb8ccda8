//! Every statement of the seat pool.

store::statements! {
    /// What admission checks of links: theirs and their organisations' rows are read, never written.
    pub(crate) LOAD_LINKS = "
        select l.id, l.organisation_id, l.plan_id, l.tags, l.allowed_domains, l.max_uses,
            l.expires_at, l.disabled_at, l.archived_at, o.policies, coalesce(u.uses, 0) as uses
        from rows($1)
        join links l on l.id = rows.value ->> 'id'
        join organisations o on o.id = l.organisation_id
        left join link_uses u on u.link_id = l.id";

    /// The numbers of plans, and how far their ledgers go.
    pub(crate) LOAD_PLANS = "
        select p.id, p.organisation_id, p.purchased, p.held, p.assigned, p.waiting, p.ends_at,
            (select coalesce(max(entry), 0) from ledger where plan_id = p.id) as entries
        from rows($1)
        join plans p on p.id = rows.value ->> 'id'";

    /// Who asks, and where they stand already.
    pub(crate) LOAD_PEOPLE = "
        select a.id as account_id, rows.value ->> 'organisation' as organisation_id, a.email_key,
            a.proved_at, m.id as membership_id, m.plan_id, m.status, m.proof_due_at
        from rows($1)
        join accounts a on a.id = rows.value ->> 'account'
        left join memberships m on m.account_id = a.id
            and m.organisation_id = rows.value ->> 'organisation'";

    /// Changes the numbers of plans; never sells what is not there.
    pub(crate) CHANGE_PLANS = "
        update plans
        set purchased = plans.purchased + cast(rows.value ->> 'purchased' as bigint),
            held = plans.held + cast(rows.value ->> 'held' as bigint),
            assigned = plans.assigned + cast(rows.value ->> 'assigned' as bigint),
            waiting = plans.waiting + cast(rows.value ->> 'waiting' as bigint)
        from rows($1)
        where plans.id = rows.value ->> 'id'
            and (plans.held + plans.assigned
                    + cast(rows.value ->> 'held' as bigint) + cast(rows.value ->> 'assigned' as bigint)
                    <= plans.purchased + cast(rows.value ->> 'purchased' as bigint)
                or cast(rows.value ->> 'held' as bigint) + cast(rows.value ->> 'assigned' as bigint) <= 0)";

    /// Counts uses of links; never beyond what a link allows.
    pub(crate) USE_LINKS = "
        insert into link_uses (link_id, uses)
        select rows.value ->> 'id', cast(rows.value ->> 'uses' as bigint)
        from rows($1)
        where true
        on conflict (link_id) do update
        set uses = link_uses.uses + excluded.uses
        where link_uses.uses + excluded.uses <= coalesce(
            (select max_uses from links where links.id = excluded.link_id), 9223372036854775807)";

    /// Writes new memberships; one per person and organisation.
    pub(crate) INSERT_MEMBERSHIPS = "
        insert into memberships (id, organisation_id, account_id, plan_id, status, door, link_id,
            redeemed_at, proof_due_at, waiting_since, created_at)
        select rows.value ->> 'id', rows.value ->> 'organisation_id', rows.value ->> 'account_id',
            rows.value ->> 'plan_id', rows.value ->> 'status', rows.value ->> 'door',
            rows.value ->> 'link_id', cast(rows.value ->> 'redeemed_at' as bigint),
            cast(rows.value ->> 'proof_due_at' as bigint),
            cast(rows.value ->> 'waiting_since' as bigint),
            cast(rows.value ->> 'created_at' as bigint)
        from rows($1)
        where true
        on conflict do nothing";

    /// Writes tags of memberships.
    pub(crate) INSERT_TAGS = "
        insert into membership_tags (membership_id, organisation_id, tag)
        select rows.value ->> 'membership_id', rows.value ->> 'organisation_id', rows.value ->> 'tag'
        from rows($1)
        where true
        on conflict do nothing";

    /// Appends to ledgers.
    pub(crate) INSERT_LEDGER = "
        insert into ledger (organisation_id, plan_id, entry, at, change, membership_id, link_id,
            purchased, held, assigned, waiting, actor, request_id)
        select rows.value ->> 'organisation_id', rows.value ->> 'plan_id',
            cast(rows.value ->> 'entry' as bigint), cast($2 as bigint), rows.value ->> 'change',
            rows.value ->> 'membership_id', rows.value ->> 'link_id',
            cast(rows.value ->> 'purchased' as bigint), cast(rows.value ->> 'held' as bigint),
            cast(rows.value ->> 'assigned' as bigint), cast(rows.value ->> 'waiting' as bigint),
            rows.value ->> 'actor', rows.value ->> 'request_id'
        from rows($1)";

    /// Moves memberships on: settled, promoted.
    pub(crate) MOVE_MEMBERSHIPS = "
        update memberships
        set status = rows.value ->> 'status',
            redeemed_at = coalesce(memberships.redeemed_at, cast(rows.value ->> 'redeemed_at' as bigint)),
            proof_due_at = cast(rows.value ->> 'proof_due_at' as bigint),
            waiting_since = null
        from rows($1)
        where memberships.id = rows.value ->> 'id'";

    /// Takes memberships away whose address was never proved.
    pub(crate) DELETE_MEMBERSHIPS = "
        delete from memberships
        where id in (select rows.value ->> 'id' from rows($1))";

    /// Takes their tags away; the engines cascade too, but a rule is better seen.
    pub(crate) DELETE_TAGS = "
        delete from membership_tags
        where membership_id in (select rows.value ->> 'id' from rows($1))";

    /// What a proof of this account would settle.
    pub(crate) UNSETTLED = "
        select m.id, m.organisation_id, m.account_id, m.plan_id, m.link_id, m.status, a.proved_at
        from memberships m
        join accounts a on a.id = m.account_id
        where m.account_id = $1
            and a.proved_at is not null
            and (m.proof_due_at is not null or m.status = 'held')
        order by m.id";

    /// Every membership of an account, for the answer of a settled proof.
    pub(crate) OF_ACCOUNT = "
        select id, organisation_id, status
        from memberships
        where account_id = $1
        order by id";

    /// The organisations in which something is due.
    pub(crate) DUE_ORGANISATIONS = "
        select distinct organisation_id
        from memberships
        where proof_due_at <= $1
        order by organisation_id
        limit 50";

    /// What is due in an organisation: proved meanwhile, or to be returned.
    pub(crate) DUE = "
        select m.id, m.organisation_id, m.account_id, m.plan_id, m.link_id, m.status, a.proved_at
        from memberships m
        join accounts a on a.id = m.account_id
        where m.organisation_id = $1
            and m.proof_due_at <= $2
        order by m.proof_due_at, m.id
        limit 500";

    /// The head of a plan's queue, as far as their links still have uses.
    pub(crate) QUEUE = "
        select m.id, m.organisation_id, m.account_id, m.plan_id, m.link_id, m.status, a.proved_at,
            a.email_key
        from memberships m
        join accounts a on a.id = m.account_id
        where m.plan_id = $1
            and m.status = 'waiting'
        order by m.waiting_since, m.id
        limit $2 offset $3";

    /// Makes a plan without seats; the ledger then gives it some.
    pub(crate) INSERT_PLAN = "
        insert into plans (id, organisation_id, name, purchased, ends_at, created_at)
        select $1, o.id, $3, 0, $4, $5
        from organisations o
        where o.id = $2";

    /// Changes what a plan is called and when it ends.
    pub(crate) RENAME_PLAN = "
        update plans
        set name = $2, ends_at = $3
        where id = $1";

    /// One plan of an organisation.
    pub(crate) FIND_PLAN = "
        select id, name, purchased, held, assigned, waiting, ends_at, created_at
        from plans
        where organisation_id = $1 and id = $2";

    /// The plans of an organisation after one, the oldest first.
    pub(crate) LIST_PLANS = "
        select id, name, purchased, held, assigned, waiting, ends_at, created_at
        from plans
        where organisation_id = $1 and id > $2
        order by id
        limit $3";

    /// Gives a tag to everybody who joined through a link and lacks it.
    pub(crate) ADD_LINK_TAGS = "
        insert into membership_tags (membership_id, organisation_id, tag)
        select m.id, m.organisation_id, rows.value ->> 'tag'
        from memberships m
        join rows($3) on true
        where m.organisation_id = $1 and m.link_id = $2
        on conflict do nothing
        returning membership_id";

    /// Takes tags from everybody who joined through a link.
    pub(crate) REMOVE_LINK_TAGS = "
        delete from membership_tags
        where tag in (select rows.value ->> 'tag' from rows($3))
            and membership_id in (
                select id from memberships where organisation_id = $1 and link_id = $2)
        returning membership_id";

    /// Whether a link is the organisation's.
    pub(crate) FIND_LINK = "
        select id from links where organisation_id = $1 and id = $2";

    /// The numbers of every plan, for the gauges.
    pub(crate) PLAN_NUMBERS = "
        select id, purchased, held, assigned, waiting from plans order by id limit 10000";

    /// The numbers of every plan after one.
    pub(crate) VERIFY_PLANS = "
        select id, purchased, held, assigned, waiting
        from plans
        where id > $1
        order by id
        limit 1000";

    /// Every ledger, entry by entry.
    pub(crate) VERIFY_LEDGERS = "
        select plan_id, entry, purchased, held, assigned, waiting
        from ledger
        where (plan_id, entry) > ($1, $2)
        order by plan_id, entry
        limit 5000";

    /// How many memberships stand where, by plan.
    pub(crate) VERIFY_MEMBERSHIPS = "
        select plan_id, status, cast(count(*) as bigint) as people
        from memberships
        group by plan_id, status";

    /// Links whose uses differ from the seats that the ledger says were given through them.
    pub(crate) VERIFY_USES = "
        select l.id, coalesce(u.uses, 0) as uses, l.max_uses,
            (select cast(count(*) as bigint) from ledger e
                where e.link_id = l.id and e.change in ('assign', 'hold', 'promote')) as given
        from links l
        left join link_uses u on u.link_id = l.id
        order by l.id";

    /// Memberships whose organisation is not their plan's.
    pub(crate) VERIFY_TENANTS = "
        select m.id
        from memberships m
        join plans p on p.id = m.plan_id
        where p.organisation_id <> m.organisation_id
        order by m.id";

    /// Seats that their ledger does not account for one by one.
    pub(crate) VERIFY_SEATS = "
        select m.id, m.status,
            (select cast(coalesce(sum(e.held + e.assigned), 0) as bigint) from ledger e
                where e.membership_id = m.id) as seats
        from memberships m
        order by m.id";

    /// Histories with a gap or another head than their last event.
    pub(crate) VERIFY_HISTORIES = "
        select h.organisation_id, h.last_seq, h.published_seq,
            cast(count(e.seq) as bigint) as events,
            cast(coalesce(min(e.seq), 0) as bigint) as first_seq,
            cast(coalesce(max(e.seq), 0) as bigint) as max_seq
        from event_heads h
        left join events e on e.organisation_id = h.organisation_id
        group by h.organisation_id, h.last_seq, h.published_seq
        order by h.organisation_id";
}
