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

    /// What admission checks of invites, and who accepted them.
    pub(crate) LOAD_INVITES = "
        select i.id, i.organisation_id, i.link_id, i.email_key, i.expires_at,
            coalesce(i.cancelled_at, b.cancelled_at) as cancelled_at, u.account_id as used_by,
            cast(case when b.sent_at is not null and i.state not in ('draft', 'skipped')
                then 1 else 0 end as bigint) as is_sent
        from rows($1)
        join invites i on i.id = rows.value ->> 'id'
        join batches b on b.id = i.batch_id
        left join invite_uses u on u.invite_id = i.id";

    /// Notes who accepted invites; each is accepted once.
    pub(crate) USE_INVITES = "
        insert into invite_uses (invite_id, organisation_id, membership_id, account_id, email_key, at)
        select rows.value ->> 'invite_id', rows.value ->> 'organisation_id',
            rows.value ->> 'membership_id', rows.value ->> 'account_id',
            rows.value ->> 'email_key', cast($2 as bigint)
        from rows($1)
        where true
        on conflict do nothing";

    /// The numbers of plans, and how far their ledgers go.
    pub(crate) LOAD_PLANS = "
        select p.id, p.organisation_id, p.purchased, p.held, p.assigned, p.waiting, p.ends_at,
            (select coalesce(max(entry), 0) from ledger where plan_id = p.id) as entries
        from rows($1)
        join plans p on p.id = rows.value ->> 'id'";

    /// Who asks, and where they stand already. Nobody forgets them, or gives them another address, until
    /// the transaction ends.
    pub(crate) LOAD_PEOPLE = "
        select a.id as account_id, rows.value ->> 'organisation' as organisation_id, a.email_key,
            a.proved_at, m.id as membership_id, m.plan_id, m.status, m.proof_due_at
        from rows($1)
        join accounts a on a.id = rows.value ->> 'account'
        left join memberships m on m.account_id = a.id
            and m.organisation_id = rows.value ->> 'organisation'
        order by a.id
        for_key_share(a)";

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

    /// Writes new memberships, with what they are found and sorted by; one per person and
    /// organisation.
    pub(crate) INSERT_MEMBERSHIPS = "
        insert into memberships (id, organisation_id, account_id, plan_id, status, door, link_id,
            redeemed_at, proof_due_at, waiting_since, created_at, let_in_domain, name_key, name_sort,
            email_key, last_active_at)
        select rows.value ->> 'id', rows.value ->> 'organisation_id', rows.value ->> 'account_id',
            rows.value ->> 'plan_id', rows.value ->> 'status', rows.value ->> 'door',
            rows.value ->> 'link_id', cast(rows.value ->> 'redeemed_at' as bigint),
            cast(rows.value ->> 'proof_due_at' as bigint),
            cast(rows.value ->> 'waiting_since' as bigint),
            cast(rows.value ->> 'created_at' as bigint), rows.value ->> 'let_in_domain',
            coalesce(a.name_key, ''), substr(coalesce(a.name_key, ''), 1, 100),
            coalesce(a.email_key, ''), a.last_active_at
        from rows($1)
        left join accounts a on a.id = rows.value ->> 'account_id'
        where true
        on conflict do nothing";

    /// Memberships that are found by what their accounts, changed since an instant, were before, or whose
    /// tags are.
    pub(crate) STALE = "
        select m.id, m.organisation_id
        from accounts a
        join memberships m on m.account_id = a.id
        where a.changed_at >= $1
            and m.id > $3
            and (m.name_key <> a.name_key
                or m.email_key <> a.email_key
                or coalesce(m.last_active_at, 0) <> coalesce(a.last_active_at, 0)
                or exists (
                    select 1
                    from membership_tags t
                    where t.membership_id = m.id
                        and (coalesce(t.redeemed_at, 0) <> coalesce(m.redeemed_at, 0)
                            or coalesce(t.last_active_at, 0) <> coalesce(m.last_active_at, 0))))
        order by m.id
        limit $2";

    /// Lets memberships of an organisation follow their accounts: what they are found and sorted by.
    pub(crate) FOLLOW_ACCOUNTS = "
        update memberships
        set name_key = a.name_key, name_sort = substr(a.name_key, 1, 100),
            email_key = a.email_key, last_active_at = a.last_active_at
        from accounts a
        where a.id = memberships.account_id
            and memberships.organisation_id = $1
            and memberships.id in (select rows.value ->> 'id' from rows($2))";

    /// Lets tags follow their memberships: the instants that those who have one are sorted by.
    pub(crate) FOLLOW_MEMBERSHIPS = "
        update membership_tags
        set redeemed_at = m.redeemed_at, last_active_at = m.last_active_at
        from memberships m
        where m.id = membership_tags.membership_id
            and membership_tags.membership_id in (select rows.value ->> 'id' from rows($1))
            and (coalesce(membership_tags.redeemed_at, 0) <> coalesce(m.redeemed_at, 0)
                or coalesce(membership_tags.last_active_at, 0) <> coalesce(m.last_active_at, 0))";

    /// Writes tags of memberships, with the instants that those who have one are sorted by.
    pub(crate) INSERT_TAGS = "
        insert into membership_tags (membership_id, organisation_id, tag, redeemed_at, last_active_at)
        select m.id, m.organisation_id, rows.value ->> 'tag', m.redeemed_at, m.last_active_at
        from rows($1)
        join memberships m on m.id = rows.value ->> 'membership_id'
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

    /// Moves memberships on: settled, promoted, revoked, reassigned.
    pub(crate) MOVE_MEMBERSHIPS = "
        update memberships
        set status = rows.value ->> 'status',
            redeemed_at = coalesce(memberships.redeemed_at, cast(rows.value ->> 'redeemed_at' as bigint)),
            proof_due_at = cast(rows.value ->> 'proof_due_at' as bigint),
            revoked_at = cast(rows.value ->> 'revoked_at' as bigint),
            waiting_since = null
        from rows($1)
        where memberships.id = rows.value ->> 'id'";

    /// Keeps others from accounts until the transaction ends.
    pub(crate) HOLD_ACCOUNTS = "
        select id
        from accounts
        where id in (select rows.value ->> 'id' from rows($1))
        order by id
        for_update";

    /// When the newest of their sessions began.
    pub(crate) NEWEST_SESSION = "
        select max(created_at) as at
        from person_sessions
        where account_id in (select rows.value ->> 'id' from rows($1))";

    /// Notes when seats of accounts were taken back.
    pub(crate) NOTE_REVOCATIONS = "
        insert into revocations (account_id, at)
        select rows.value ->> 'id', cast($2 as bigint)
        from rows($1)
        where true
        on conflict (account_id) do update
        set at = case when excluded.at > revocations.at then excluded.at else revocations.at end";

    /// Takes memberships away: never proved, proved and not let in by their link, or erased.
    pub(crate) DELETE_MEMBERSHIPS = "
        delete from memberships
        where id in (select rows.value ->> 'id' from rows($1))";

    /// Takes their tags away; the engines cascade too, but a rule is better seen.
    pub(crate) DELETE_TAGS = "
        delete from membership_tags
        where membership_id in (select rows.value ->> 'id' from rows($1))";

    /// What a proof of this account would settle.
    pub(crate) UNSETTLED = "
        select m.id, m.organisation_id, m.account_id, m.plan_id, m.link_id, m.status, m.let_in_domain,
            l.allowed_domains, a.proved_at, a.email_key
        from memberships m
        join accounts a on a.id = m.account_id
        left join links l on l.id = m.link_id
        where m.account_id = $1
            and a.proved_at is not null
            and (m.proof_due_at is not null or m.status = 'held')
        order by m.id";

    /// Whoever has proved an address and has something that hangs on it, after one.
    pub(crate) ALL_UNSETTLED = "
        select m.id, m.organisation_id, m.account_id, m.plan_id, m.link_id, m.status, m.let_in_domain,
            l.allowed_domains, a.proved_at, a.email_key
        from memberships m
        join accounts a on a.id = m.account_id
        left join links l on l.id = m.link_id
        where m.proof_due_at is not null
            and a.proved_at is not null
            and m.id > $1
        order by m.id
        limit $2";

    /// Some of them, in an organisation.
    pub(crate) UNSETTLED_AMONG = "
        select m.id, m.organisation_id, m.account_id, m.plan_id, m.link_id, m.status, m.let_in_domain,
            l.allowed_domains, a.proved_at, a.email_key
        from memberships m
        join accounts a on a.id = m.account_id
        left join links l on l.id = m.link_id
        where m.organisation_id = $1
            and m.id in (select rows.value ->> 'id' from rows($2))
            and m.proof_due_at is not null
            and a.proved_at is not null
        order by m.id";

    /// Every membership of an account, for the answer of a settled proof.
    pub(crate) OF_ACCOUNT = "
        select id, organisation_id, status
        from memberships
        where account_id = $1
        order by id";

    /// The organisations in which something is due, but for some.
    pub(crate) DUE_ORGANISATIONS = "
        select distinct organisation_id
        from memberships
        where proof_due_at <= $1
            and organisation_id not in (select rows.value ->> 'id' from rows($2))
        order by organisation_id
        limit 50";

    /// What is due in an organisation: proved meanwhile, or to be returned.
    pub(crate) DUE = "
        select m.id, m.organisation_id, m.account_id, m.plan_id, m.link_id, m.status, m.let_in_domain,
            l.allowed_domains, a.proved_at, a.email_key
        from memberships m
        join accounts a on a.id = m.account_id
        left join links l on l.id = m.link_id
        where m.organisation_id = $1
            and m.proof_due_at <= $2
        order by m.proof_due_at, m.id
        limit 500";

    /// The head of a plan's queue, as far as their links still have uses and let their addresses in:
    /// whoever is passed over hides nobody behind them.
    pub(crate) QUEUE = "
        select m.id, m.organisation_id, m.account_id, m.plan_id, m.link_id, m.status, m.door,
            m.let_in_domain, l.allowed_domains, a.proved_at, a.email_key
        from memberships m
        join accounts a on a.id = m.account_id
        join links l on l.id = m.link_id
        left join link_uses u on u.link_id = m.link_id
        where m.plan_id = $1
            and m.status = 'waiting'
            and (m.door <> 'link'
                or coalesce(u.uses, 0) < coalesce(l.max_uses, 9223372036854775807))
            and (l.allowed_domains = '[]'
                or a.email_key like '%@' || m.let_in_domain
                or exists (
                    select 1
                    from rows(l.allowed_domains)
                    where a.email_key like '%@' || trim(cast(rows.value as text), '\"')))
        order by m.waiting_since, m.id
        limit $2";

    /// Plans with free seats and somebody in the queue who could have one: a link got more uses, or
    /// more seats came at once than one transaction gives. But for some organisations.
    pub(crate) OPEN_QUEUES = "
        select p.id, p.organisation_id
        from plans p
        where p.waiting > 0
            and p.held + p.assigned < p.purchased
            and (p.ends_at is null or p.ends_at > $1)
            and p.organisation_id not in (select rows.value ->> 'id' from rows($2))
            and exists (
                select 1
                from memberships m
                join accounts a on a.id = m.account_id
                join links l on l.id = m.link_id
                left join link_uses u on u.link_id = m.link_id
                where m.plan_id = p.id
                    and m.status = 'waiting'
                    and (m.door <> 'link'
                        or coalesce(u.uses, 0) < coalesce(l.max_uses, 9223372036854775807))
                    and (l.allowed_domains = '[]'
                        or a.email_key like '%@' || m.let_in_domain
                        or exists (
                            select 1
                            from rows(l.allowed_domains)
                            where a.email_key like '%@' || trim(cast(rows.value as text), '\"')))
            )
        order by p.id
        limit 50";

    /// Some people of an organisation, as they stand, and what it decided about proofs.
    pub(crate) PLACES = "
        select m.id, m.organisation_id, m.account_id, m.plan_id, m.link_id, m.status, m.let_in_domain,
            l.allowed_domains, a.proved_at, a.email_key, o.policies
        from memberships m
        join accounts a on a.id = m.account_id
        left join links l on l.id = m.link_id
        join organisations o on o.id = m.organisation_id
        where m.organisation_id = $1
            and m.id in (select rows.value ->> 'id' from rows($2))
        order by m.id";

    /// The tags of some people.
    pub(crate) TAGS_OF = "
        select t.membership_id, t.tag
        from rows($1)
        join membership_tags t on t.membership_id = rows.value ->> 'id'";

    /// Takes single tags from people.
    pub(crate) DELETE_SOME_TAGS = "
        delete from membership_tags
        where (membership_id, tag) in (
            select rows.value ->> 'membership_id', rows.value ->> 'tag' from rows($1))";

    /// Notes whose account is to be forgotten with its last membership.
    pub(crate) INSERT_ERASURE = "
        insert into erasures (account_id, organisation_id, at)
        values ($1, $2, $3)
        on conflict (account_id, organisation_id) do update
        set at = excluded.at";

    /// Whose address accepted invites is forgotten; that they were accepted is not.
    pub(crate) FORGET_USES = "
        update invite_uses
        set email_key = lower(membership_id) || '@forgotten.invalid'
        where membership_id = $1";

    /// What a plan's ledger adds up to at an instant.
    pub(crate) SUM_LEDGER = "
        select cast(coalesce(sum(purchased), 0) as bigint) as purchased,
            cast(coalesce(sum(held), 0) as bigint) as held,
            cast(coalesce(sum(assigned), 0) as bigint) as assigned,
            cast(coalesce(sum(waiting), 0) as bigint) as waiting
        from ledger
        where plan_id = $1 and at <= $2";

    /// The entries of a plan's ledger up to an instant and before one, the newest first.
    pub(crate) LIST_LEDGER = "
        select entry, at, change, membership_id, link_id, purchased, held, assigned, waiting, actor,
            request_id
        from ledger
        where plan_id = $1 and at <= $2 and entry < $3
        order by entry desc
        limit $4";

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

    /// The numbers of every plan, for the gauges.
    pub(crate) PLAN_NUMBERS = "
        select id, purchased, held, assigned, waiting from plans order by id limit 10000";

    /// Which history is ahead of the database's clock, the furthest, and by how many seconds.
    pub(crate) AHEAD = "
        select organisation_id, (latest_at - now_micros()) / 1000000 as seconds
        from event_heads
        where latest_at > now_micros()
        order by latest_at desc
        limit 1";
}
