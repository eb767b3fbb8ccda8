//! Every statement of jobs.

store::statements! {
    /// Opens a job.
    pub(crate) INSERT_BULK = "
        insert into bulk_jobs (id, organisation_id, action, actor, request_id, created_at)
        select $1, o.id, $3, $4, $5, $6
        from organisations o
        where o.id = $2";

    /// One job of an organisation.
    pub(crate) FIND_BULK = "
        select id, organisation_id, action, people, done, refused, actor, request_id, started_at,
            finished_at, failures, due_at, given_up, created_at, link_id
        from bulk_jobs
        where organisation_id = $1 and id = $2";

    /// Adds people of the organisation to a job, each once.
    pub(crate) INSERT_BULK_PEOPLE = "
        insert into bulk_people (bulk_id, membership_id)
        select $1, m.id
        from memberships m
        where m.organisation_id = $2
            and m.id in (select rows.value ->> 'id' from rows($3))
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

    /// Jobs that are not finished, but for those that step aside, and those of a link that has an earlier
    /// one; of each organisation the first few.
    pub(crate) BULKS_UNDER_WAY = "
        select id, organisation_id
        from (
            select id, organisation_id, started_at,
                row_number() over (partition by organisation_id order by started_at, id) as place
            from bulk_jobs
            where started_at is not null
                and finished_at is null
                and coalesce(due_at, 0) <= $1
                and not exists (
                    select 1
                    from bulk_jobs e
                    where e.link_id = bulk_jobs.link_id
                        and e.position < bulk_jobs.position
                        and e.finished_at is null)
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

    /// Whom a job about a link has left.
    pub(crate) LINK_LEFT = "
        select m.id as membership_id
        from bulk_jobs j
        join memberships m on m.link_id = j.link_id and m.id > j.reached
        where j.id = $1
            and j.finished_at is null
            and m.organisation_id = j.organisation_id
            and m.created_at <= j.joined_until
        order by m.id
        limit $2";

    /// Which job of a link is next, unless it steps aside.
    pub(crate) NEXT_OF_LINK = "
        select id
        from (
            select id, due_at
            from bulk_jobs
            where organisation_id = $1 and link_id = $2 and finished_at is null
            order by position
            limit 1
        ) j
        where coalesce(due_at, 0) <= $3";

    /// What the link registry asks for, of one link or of all, and is no job yet; of a link in its order.
    pub(crate) ASKED_FOR = "
        select bulk_id, organisation_id, link_id, add_tags, remove_tags, actor, request_id
        from link_retags
        where link_id = coalesce(cast($1 as text), link_id)
            and not exists (select 1 from bulk_jobs where bulk_jobs.id = link_retags.bulk_id)
        order by link_id, position
        limit 100";

    /// Makes a job of it, which is started; how many it is about changes to how many they were at its end.
    pub(crate) TAKE_UP = "
        insert into bulk_jobs (id, organisation_id, action, people, actor, request_id, started_at,
            created_at, link_id, position, joined_until, reached)
        select r.bulk_id, r.organisation_id, $2,
            (select count(*)
                from memberships m
                where m.link_id = r.link_id
                    and m.organisation_id = r.organisation_id
                    and m.created_at <= r.at),
            r.actor, r.request_id, $3, $3, r.link_id, r.position, r.at, ''
        from link_retags r
        where r.bulk_id = $1
        on conflict (id) do nothing";

    /// How it went for some people of a job.
    pub(crate) SET_BULK_OUTCOMES = "
        update bulk_people
        set outcome = rows.value ->> 'outcome'
        from rows($2)
        where bulk_people.bulk_id = $1
            and bulk_people.membership_id = rows.value ->> 'id'
            and bulk_people.membership_id in (select rows.value ->> 'id' from rows($2))
            and bulk_people.outcome is null";

    /// How far a job is.
    pub(crate) MOVE_BULK = "
        update bulk_jobs
        set done = done + $2, refused = refused + $3, finished_at = $4, failures = 0, due_at = null,
            reached = coalesce(cast($5 as text), reached),
            people = case
                when link_id is not null and cast($4 as bigint) is not null
                then done + refused + $2 + $3
                else people end
        where id = $1 and finished_at is null";

    /// A job failed once more: it is due again at an instant, or is over, and why.
    pub(crate) FAIL_BULK = "
        update bulk_jobs
        set failures = failures + 1, due_at = $2, finished_at = $3, given_up = $4
        where id = $1 and finished_at is null";

    /// Forgets jobs that were never started, and what finished ones were about. While the link registry asks
    /// for one it is kept: it would be taken up anew.
    pub(crate) DELETE_OLD_BULK = "
        delete from bulk_jobs
        where id in (
            select id
            from bulk_jobs
            where created_at < $1
                and (started_at is null or finished_at < $1)
                and not exists (select 1 from link_retags where link_retags.bulk_id = bulk_jobs.id)
            order by created_at
            limit 20)";
}
