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

    /// Writes new memberships, with what they are found and sorted by; one per person and
    /// organisation.
    pub(crate) INSERT_MEMBERSHIPS = "
        insert into memberships (id, organisation_id, account_id, plan_id, status, door, link_id,
            redeemed_at, proof_due_at, waiting_since, created_at, name_key, name_sort, email_key,
            last_active_at)
        select rows.value ->> 'id', rows.value ->> 'organisation_id', rows.value ->> 'account_id',
            rows.value ->> 'plan_id', rows.value ->> 'status', rows.value ->> 'door',
            rows.value ->> 'link_id', cast(rows.value ->> 'redeemed_at' as bigint),
            cast(rows.value ->> 'proof_due_at' as bigint),
            cast(rows.value ->> 'waiting_since' as bigint),
            cast(rows.value ->> 'created_at' as bigint), coalesce(a.name_key, ''),
            substr(coalesce(a.name_key, ''), 1, 100), coalesce(a.email_key, ''), a.last_active_at
        from rows($1)
        left join accounts a on a.id = rows.value ->> 'account_id'
        where true
        on conflict do nothing";

    /// Memberships that are found by what their accounts, changed since an instant, were before.
    pub(crate) STALE = "
        select m.id, m.organisation_id
        from accounts a
        join memberships m on m.account_id = a.id
        where a.changed_at >= $1
            and (m.name_key <> a.name_key
                or m.email_key <> a.email_key
                or coalesce(m.last_active_at, 0) <> coalesce(a.last_active_at, 0))
        order by m.organisation_id, m.id
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

    /// Notes when seats of accounts were taken back.
    pub(crate) NOTE_REVOCATIONS = "
        insert into revocations (account_id, at)
        select rows.value ->> 'id', cast($2 as bigint)
        from rows($1)
        where true
        on conflict (account_id) do update
        set at = case when excluded.at > revocations.at then excluded.at else revocations.at end";

    /// Takes memberships away: never proved, or erased.
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
        select m.id, m.organisation_id, m.account_id, m.plan_id, m.link_id, m.status, m.door,
            a.proved_at, a.email_key
        from memberships m
        join accounts a on a.id = m.account_id
        join links l on l.id = m.link_id
        left join link_uses u on u.link_id = m.link_id
        where m.plan_id = $1
            and m.status = 'waiting'
            and (m.door <> 'link'
                or coalesce(u.uses, 0) < coalesce(l.max_uses, 9223372036854775807))
        order by m.waiting_since, m.id
        limit $2";

    /// Plans with free seats and somebody in the queue who could have one: a link got more uses, or
    /// more seats came at once than one transaction gives.
    pub(crate) OPEN_QUEUES = "
        select p.id, p.organisation_id
        from plans p
        where p.waiting > 0
            and p.held + p.assigned < p.purchased
            and (p.ends_at is null or p.ends_at > $1)
            and exists (
                select 1
                from memberships m
                join links l on l.id = m.link_id
                left join link_uses u on u.link_id = m.link_id
                where m.plan_id = p.id
                    and m.status = 'waiting'
                    and (m.door <> 'link'
                        or coalesce(u.uses, 0) < coalesce(l.max_uses, 9223372036854775807))
            )
        order by p.id
        limit 50";

    /// Some people of an organisation, as they stand, and what it decided about proofs.
    pub(crate) PLACES = "
        select m.id, m.organisation_id, m.account_id, m.plan_id, m.link_id, m.status, a.proved_at,
            o.policies
        from rows($2)
        join memberships m on m.id = rows.value ->> 'id'
        join accounts a on a.id = m.account_id
        join organisations o on o.id = m.organisation_id
        where m.organisation_id = $1
        order by m.id";

    /// The tags of some people.
    pub(crate) TAGS_OF = "
        select t.membership_id, t.tag
        from rows($1)
        join membership_tags t on t.membership_id = rows.value ->> 'id'";

    /// Takes single tags from people.
    pub(crate) DELETE_SOME_TAGS = "
        delete from membership_tags
        where exists (
            select 1
            from rows($1)
            where rows.value ->> 'membership_id' = membership_tags.membership_id
                and rows.value ->> 'tag' = membership_tags.tag)";

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

    /// Opens a job.
    pub(crate) INSERT_BULK = "
        insert into bulk_jobs (id, organisation_id, action, actor, request_id, created_at)
        select $1, o.id, $3, $4, $5, $6
        from organisations o
        where o.id = $2";

    /// One job of an organisation.
    pub(crate) FIND_BULK = "
        select id, organisation_id, action, people, done, refused, actor, request_id, started_at,
            finished_at, failures, given_up, created_at
        from bulk_jobs
        where organisation_id = $1 and id = $2";

    /// Adds people of the organisation to a job, each once.
    pub(crate) INSERT_BULK_PEOPLE = "
        insert into bulk_people (bulk_id, membership_id)
        select $1, m.id
        from rows($3)
        join memberships m on m.id = rows.value ->> 'id'
        where m.organisation_id = $2
        on conflict do nothing";

    /// Counts who was added.
    pub(crate) GROW_BULK = "
        update bulk_jobs set people = people + $2 where id = $1";

    /// Starts a job.
    pub(crate) START_BULK = "
        update bulk_jobs
        set started_at = $2, actor = $3, request_id = $4
        where id = $1 and started_at is null";

    /// How many people of a job have no seat, by plan.
    pub(crate) BULK_SEATLESS = "
        select m.plan_id, cast(count(*) as bigint) as people
        from bulk_people b
        join memberships m on m.id = b.membership_id
        where b.bulk_id = $1 and m.status in ('revoked', 'waiting')
        group by m.plan_id";

    /// Jobs that are not finished, but for those that step aside; of each organisation the first few.
    pub(crate) BULKS_UNDER_WAY = "
        select id, organisation_id
        from (
            select id, organisation_id, started_at,
                row_number() over (partition by organisation_id order by started_at, id) as place
            from bulk_jobs
            where started_at is not null
                and finished_at is null
                and coalesce(due_at, 0) <= $1
        ) j
        where place <= 20
        order by started_at, id
        limit 1000";

    /// Whom a job has left.
    pub(crate) BULK_LEFT = "
        select membership_id
        from bulk_people
        where bulk_id = $1 and outcome is null
        order by membership_id
        limit $2";

    /// How it went for some people of a job.
    pub(crate) SET_BULK_OUTCOMES = "
        update bulk_people
        set outcome = rows.value ->> 'outcome'
        from rows($2)
        where bulk_people.bulk_id = $1
            and bulk_people.membership_id = rows.value ->> 'id'
            and bulk_people.outcome is null";

    /// How far a job is.
    pub(crate) MOVE_BULK = "
        update bulk_jobs
        set done = done + $2, refused = refused + $3, finished_at = $4, failures = 0, due_at = null
        where id = $1 and finished_at is null";

    /// A job failed once more: it is due again at an instant, or is over, and why.
    pub(crate) FAIL_BULK = "
        update bulk_jobs
        set failures = failures + 1, due_at = $2, finished_at = $3, given_up = $4
        where id = $1 and finished_at is null";

    /// Forgets jobs that were never started, and what finished ones were about.
    pub(crate) DELETE_OLD_BULK = "
        delete from bulk_jobs
        where id in (
            select id
            from bulk_jobs
            where created_at < $1 and (started_at is null or finished_at < $1)
            order by created_at
            limit 20)";
}
