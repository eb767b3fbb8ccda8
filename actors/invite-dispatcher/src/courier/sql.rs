//! Every statement of the courier about invites, shares and days. Due times, leases and shares are
//! the database's clock's; the end of an invite is the program's.

use crate::batches::sql::is_left;

/// What is due of the batch `$1` and nobody has, `$wanted` of it, in the order of the index or in the
/// opposite one, at most `$most`. PostgreSQL is not told how many those are, nor that few are with
/// somebody: where it guesses that no more than those are due, it reads and sorts all that are, each time.
macro_rules! due {
    ($wanted:expr, $desc:literal, $most:literal) => {
        concat!(
            "select ",
            $wanted,
            "
            from invites i
            where i.batch_id = $1
                and i.due_at <= (select now_micros())
                and case when i.leased_until is null then true else false end
                and (select paused_at from batches where id = $1) is null
            order by i.due_at",
            $desc,
            ", i.position",
            $desc,
            "
            limit (select cast(",
            $most,
            " as bigint))"
        )
    };
}

/// Takes what is due of a batch, at most `$5`, for `$3` microseconds, and settles what must not leave
/// any more. `$4` is now. PostgreSQL takes a limit that it is not told for a tenth: of a large batch it
/// would rather read all invites there are than look a tenth of those up, and does not where a tenth
/// of the tenth is left.
macro_rules! lease {
    ($desc:literal) => {
        concat!(
            "
        update invites
        set state = found.fate,
            due_at = case when found.fate = 'sending' then invites.due_at else null end,
            reason = case found.fate when 'sending' then invites.reason when 'unknown' then 'no-reply' end,
            attempts = invites.attempts + case when found.fate = 'sending' then 1 else 0 end,
            leases = invites.leases + case when found.fate = 'sending' then 1 else 0 end,
            leased_by = case when found.fate = 'sending' then $2 else null end,
            leased_until = case when found.fate = 'sending' then now_micros() + $3 else null end,
            settled_at = case when found.fate = 'sending' then invites.settled_at else now_micros() end
        from (
            select due.invite_id, due.fate
            from (",
            due!(
                concat!(
                    "i.id as invite_id,
                ",
                    fate!("i", "$1", "$4"),
                    " as fate"
                ),
                $desc,
                "$5"
            ),
            "
            skip_locked) as due
            limit (select cast($5 as bigint))) as found
        where invites.id = found.invite_id
        returning id, state, email, domain, name, generation, occasion, mailing, attempts, leases,
            lost_replies, crashes, now_micros() - coalesce(deferred_since, now_micros()) as deferred_for,
            case when deferred_since is null then 0 else 1 end as was_deferred,
            expires_at, expires_at - $4 as lives_for"
        )
    };
}

/// Which of the `$2` that are due first, or came due last, of a batch go to one of the domains `$3`.
macro_rules! held_back {
    ($desc:literal) => {
        concat!(
            "
        select found.id, found.domain
        from (",
            due!("i.id, i.domain, i.due_at, i.position", $desc, "$2"),
            ") as found
        where found.domain in (select rows.value ->> 'domain' from rows($3))
        order by found.due_at, found.position"
        )
    };
}

store::statements! {
    /// The batches under way that do not rest, whether something of them is due, and whether what came
    /// due last was tried before: what was not is due since it was asked for. All of it is asked for in
    /// the order of an index: from the first invite on, they have left.
    pub(crate) LANES = "
        select b.id, b.organisation_id, b.message, b.inviter, b.language,
            coalesce(b.organisation_name, o.name) as organisation,
            coalesce(b.product_url, o.product_url) as product_url,
            coalesce(b.plan_name, p.name) as plan,
            (select count(*)
                from (select i.id
                    from invites i
                    where i.batch_id = b.id
                        and i.due_at <= (select now_micros())
                        and case when i.leased_until is null then true else false end
                    order by i.due_at
                    limit (select cast($1 as bigint))) as due) as due,
            coalesce((select case when i.due_at > i.queued_at + 10000 then 1 else 0 end
                from invites i
                where i.batch_id = b.id
                    and i.due_at <= (select now_micros())
                    and case when i.leased_until is null then true else false end
                order by i.due_at desc, i.position desc
                limit (select cast(1 as bigint))), 0) as has_retries,
            case when exists (select 1
                    from invites i
                    where i.batch_id = b.id and i.queued_at is null and i.state = 'draft')
                or (select max(i.due_at)
                    from invites i
                    where i.batch_id = b.id and i.due_at is not null) is not null
                then 0 else 1 end as is_over,
            case when b.cancelled_at is null then 0 else 1 end as is_cancelled
        from batches b
        join organisations o on o.id = b.organisation_id
        join links l on l.id = b.link_id
        join plans p on p.id = l.plan_id
        where b.sent_at is not null and b.finished_at is null and b.paused_at is null
        order by b.id";

    /// Takes what is due first.
    pub(crate) LEASE_FIRST = lease!("");

    /// Takes what came due last.
    pub(crate) LEASE_LAST = lease!(" desc");

    /// Of so many that are due first, those that go to one of these domains.
    pub(crate) FIND_FIRST = held_back!("");

    /// Of so many that came due last.
    pub(crate) FIND_LAST = held_back!(" desc");

    /// Whether something of a batch is due that goes to none of these domains.
    pub(crate) HAS_OTHERS = "
        select case when exists (select 1
                from invites i
                where i.batch_id = $1
                    and i.due_at <= (select now_micros())
                    and i.leased_until is null
                    and i.domain not in (select rows.value ->> 'domain' from rows($2)))
            then 1 else 0 end as has";

    /// Invites are due in so many microseconds, but for those that somebody has at this moment.
    pub(crate) PUT_OFF = "
        update invites
        set due_at = now_micros() + later.due_in
        from (
            select i.id as invite_id, cast(rows.value ->> 'due_in' as bigint) as due_in
            from rows($1)
            join invites i on i.id = rows.value ->> 'id'
            where i.leased_until is null and i.due_at <= (select now_micros())
            skip_locked) as later
        where invites.id = later.invite_id and invites.leased_until is null
            and invites.due_at is not null";

    /// Which of these invites, that the courier `$3` took, are not its any more since that taking, or would
    /// not be taken any more. `$2` is now. Each is asked about by itself: for a join PostgreSQL may read
    /// every use there is.
    pub(crate) STOPPED = concat!("
        select had.id
        from (
            select rows.value ->> 'id' as id, cast(rows.value ->> 'lease' as bigint) as lease
            from rows($1)) as had
        where (select case when i.leased_by = $3 and i.leases = had.lease then ",
                fate!("i", "i.batch_id", "$2"), "
                else 'lost' end
            from invites i
            where i.id = had.id) <> 'sending'");

    /// Keeps invites for so many microseconds more. What somebody else has at this moment is kept the
    /// next time.
    pub(crate) RENEW_INVITES = "
        update invites
        set leased_until = now_micros() + $2
        where id in (
                select i.id
                from invites i
                where i.leased_by = $3 and i.id in (select rows.value ->> 'id' from rows($1))
                skip_locked)
            and leased_by = $3";

    /// Keeps letters for so many microseconds more, as invites are kept.
    pub(crate) RENEW_MAILS = "
        update mails
        set leased_until = now_micros() + $2
        where id in (
                select m.id
                from mails m
                where m.leased_by = $3 and m.id in (select rows.value ->> 'id' from rows($1))
                skip_locked)
            and leased_by = $3";

    /// The invites that the courier `$1` has. Each that somebody has is asked about by itself.
    pub(crate) FIND_OWN = "
        select l.invite_id as id
        from leased_invites l
        where (select i.leased_by from invites i where i.id = l.invite_id) = $1";

    /// How it took those of them that nothing was said of since.
    pub(crate) OWN = "
        select i.id, i.attempts, i.leases, i.lost_replies, i.crashes,
            case when i.deferred_since is null then 0 else 1 end as was_deferred
        from invites i
        where i.id in (select rows.value ->> 'id' from rows($1)) and i.leased_by = $2
            and i.state = 'sending'";

    /// The letters that the courier `$1` has.
    pub(crate) OWN_MAILS = "
        select m.id, m.attempts
        from mails m
        where m.sent_at is null and m.failed_at is null and m.leased_until is not null
            and m.leased_by = $1";

    /// Invites whose lease ran out, at most so many. Only notes are looked through, and nothing is
    /// locked: a note is locked by whoever has its invite.
    pub(crate) FIND_EXPIRED = "
        select l.invite_id as id
        from leased_invites l
        where (select i.leased_until from invites i where i.id = l.invite_id)
            <= (select now_micros())
        limit $1";

    /// Nobody knows what became of an invite whose lease ran out: it is tried again after so many
    /// microseconds, unless so many couriers ended over it. One that is recorded at this moment, late,
    /// needs nobody who takes it over; one that was asked for again meanwhile, because a report said what
    /// became of it, is due as it was asked for.
    pub(crate) EXPIRE_LEASES = "
        update invites
        set state = case when state = 'sending' then 'unknown' else state end,
            crashes = crashes + case when state = 'sending' then 1 else 0 end,
            due_at = case when state <> 'sending' then due_at
                when crashes + 1 < $3 and cancelled_at is null then now_micros() + $2
                else null end,
            reason = case when state = 'sending' then 'no-reply' else reason end,
            last_reply = case when state = 'sending' then 'a courier ended before the reply came'
                else last_reply end,
            settled_at = now_micros(),
            leased_by = null,
            leased_until = null
        where id in (
                select i.id
                from invites i
                where i.id in (select rows.value ->> 'id' from rows($1))
                    and i.leased_until <= (select now_micros())
                skip_locked)
            and leased_until <= now_micros()
        returning id";

    /// Notes that couriers have invites.
    pub(crate) NOTE_LEASES = "
        insert into leased_invites (invite_id)
        select rows.value ->> 'id'
        from rows($1)
        where true
        on conflict do nothing";

    /// Notes invites that nobody has kept for so many microseconds and nobody noted: while nodes are
    /// replaced, couriers of a release without notes may end in the middle. Whoever notes has the
    /// invite, as always.
    pub(crate) NOTE_FORGOTTEN = "
        insert into leased_invites (invite_id)
        select forgotten.id
        from (
            select i.id
            from invites i
            where i.batch_id in (
                    select b.id
                    from batches b
                    where b.sent_at is not null and b.finished_at is null)
                and i.due_at is not null
                and i.leased_until <= (select now_micros()) - $1
            limit $2
            skip_locked) as forgotten
        where true
        on conflict do nothing";

    /// Notes that couriers have invites no more.
    pub(crate) FORGET_LEASES = "
        delete from leased_invites
        where invite_id in (select rows.value ->> 'id' from rows($1))";

    /// What became of invites, where they are still this courier's since that taking, or nobody has had
    /// them since its lease ran out: then no courier ended over them. A report may have come before: then its state stays. Or it was cancelled: then it is not tried again. What is put
    /// back to be taken at once has the place that it had. Reports lock many invites, too, and in the
    /// same order. What is to be tried again is asked about by END then.
    pub(crate) RECORD = concat!("
        update invites
        set state = case when invites.state <> 'sending' and invites.leased_by = $2 then invites.state
                else r.value ->> 'state' end,
            reason = case when invites.state <> 'sending' and invites.leased_by = $2
                    then invites.reason
                else r.value ->> 'reason' end,
            last_reply = coalesce(r.value ->> 'reply',
                case when invites.leased_by is not null then invites.last_reply end),
            due_at = case when invites.state <> 'sending' and invites.leased_by = $2
                    or invites.cancelled_at is not null then null
                when cast(r.value ->> 'uncounted' as bigint) = 1
                    and cast(r.value ->> 'due_in' as bigint) = 0
                    and invites.leased_by = $2 then invites.due_at
                else now_micros() + cast(r.value ->> 'due_in' as bigint) end,
            attempts = invites.attempts - cast(r.value ->> 'uncounted' as bigint),
            crashes = invites.crashes - case when invites.leased_by is null then 1 else 0 end,
            lost_replies = invites.lost_replies + cast(r.value ->> 'lost' as bigint),
            deferred_since = case when cast(r.value ->> 'deferred' as bigint) = 1
                then coalesce(invites.deferred_since, now_micros())
                else invites.deferred_since end,
            sent_at = case when r.value ->> 'state' = 'sent' then now_micros()
                else invites.sent_at end,
            settled_at = case when cast(r.value ->> 'uncounted' as bigint) = 1 then invites.settled_at
                else now_micros() end,
            leased_by = null,
            leased_until = null
        from (
            select i.id as invite_id, rows.value as value
            from rows($1)
            join invites i on i.id = rows.value ->> 'id'
            where ", is_its!("i", "rows"), "
            order by i.id
            for_update) as r
        where invites.id = r.invite_id and ", is_its!("invites", "r"), "
        returning id, state, reason, organisation_id");

    /// What would become of invites, were they taken at `$2`. Each is asked about by itself: nothing is read
    /// of the others, whatever a planner thinks of how many there are.
    pub(crate) FATES = concat!("
        select had.id, (
            select ", fate!("i", "i.batch_id", "$2"), "
            from invites i
            where i.id = had.id) as fate
        from (select rows.value ->> 'id' as id from rows($1)) as had");

    /// Ends those of what is to be tried again that would not be taken any more. `$2` is now.
    pub(crate) END = concat!("
        update invites
        set state = found.fate, reason = case when found.fate = 'unknown' then 'no-reply' end,
            due_at = null, settled_at = now_micros()
        from (
            select had.id as invite_id, (
                select ", fate!("i", "i.batch_id", "$2"), "
                from invites i
                where i.id = had.id) as fate
            from (select rows.value ->> 'id' as id from rows($1)) as had) as found
        where invites.id = found.invite_id
            and invites.state in ('queued', 'deferred', 'unknown')
            and found.fate <> 'sending'
        returning state");

    /// Mailboxes that do not exist get no more invites of their organisation.
    pub(crate) SUPPRESS_BOUNCED = "
        insert into suppressions
            (email_key, organisation_id, email, reason, invite_id, created_by, created_at)
        select i.email_key, i.organisation_id, i.email, 'bounce', i.id, 'mail', $2
        from invites i
        where i.id in (select rows.value ->> 'id' from rows($1))
        order by i.email_key, i.organisation_id
        on conflict do nothing
        returning email_key, organisation_id";

    /// Keeps others from changing a batch until the transaction ends.
    pub(crate) LOCK_BATCH = "
        select id
        from batches
        where id = $1
        for_update";

    /// A batch of which nothing is left is finished. One that rests is once it goes on: nobody could let one
    /// go on that is finished.
    pub(crate) FINISH_BATCH = concat!("
        update batches
        set finished_at = $2
        where id = $1 and finished_at is null and paused_at is null
            and not ", is_left!("batches.id"));

    /// How long the oldest mail that is due waits already, in microseconds: letters and invites.
    pub(crate) OLDEST_DUE = "
        select coalesce(now_micros() - min(due.at), 0) as age
        from (
            select min(m.due_at) as at
            from mails m
            where m.sent_at is null and m.failed_at is null and m.leased_until is null
            union all
            select (select i.due_at
                from invites i
                where i.batch_id = b.id and i.due_at is not null
                    and case when i.leased_until is null then true else false end
                order by i.due_at
                limit (select cast(1 as bigint))) as at
            from batches b
            where b.sent_at is not null and b.finished_at is null and b.paused_at is null
        ) as due
        where due.at <= now_micros()";

    /// How many letters are due, at most so many.
    pub(crate) COUNT_DUE_MAILS = "
        select count(*) as due
        from (
            select id
            from mails
            where sent_at is null
                and failed_at is null
                and due_at <= now_micros()
                and (leased_until is null or leased_until <= now_micros())
            limit $1) as due";

    /// The row at which couriers queue up: shares are decided by one at a time.
    pub(crate) MAKE_DOOR = "
        insert into couriers (id, alive_until, per_minute, connections)
        values ('', 0, 0, 0)
        on conflict do nothing";

    /// Keeps other couriers from deciding until the transaction ends.
    pub(crate) LOCK_DOOR = "
        select id
        from couriers
        where id = ''
        for_update";

    /// Forgets the couriers that are dead.
    pub(crate) BURY_COURIERS = "
        delete from couriers
        where id <> '' and alive_until <= now_micros()";

    /// What couriers have of the relay.
    pub(crate) LIST_SHARES = "
        select id, per_minute, connections
        from couriers
        where id <> ''";

    /// A courier lives for so many microseconds more, with these shares.
    pub(crate) KEEP_SHARE = "
        insert into couriers (id, alive_until, per_minute, connections, hindrance)
        values ($1, now_micros() + $2, $3, $4, $5)
        on conflict (id) do update
        set alive_until = excluded.alive_until, per_minute = excluded.per_minute,
            connections = excluded.connections, hindrance = excluded.hindrance";

    /// A courier gives everything back.
    pub(crate) LEAVE = "
        delete from couriers
        where id = $1";

    /// Begins a day.
    pub(crate) BEGIN_DAY = "
        insert into relay_days (day, sent)
        values ($1, 0)
        on conflict do nothing";

    /// How much was sent on a day; nobody else may send before the transaction ends.
    pub(crate) LOCK_DAY = "
        select sent
        from relay_days
        where day = $1
        for_update";

    /// More, or less, was sent on a day.
    pub(crate) COUNT_DAY = "
        update relay_days
        set sent = case when sent + $2 < 0 then 0 else sent + $2 end
        where day = $1";
}
