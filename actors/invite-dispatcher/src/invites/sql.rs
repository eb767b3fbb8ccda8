//! Every statement about single invites. Expiry is the clock's of the program, as in admissions;
//! due times and rests are the database's.

/// Invites of sent batches with all that is shown of them; `$2` is now. A link that was deleted ends
/// its invites. What goes before others is due since it was asked for, whatever its place is.
macro_rules! invites {
    () => {
        "
        select i.id, i.organisation_id, i.batch_id, i.link_id, l.name as link_name, i.email,
            i.email_key, i.name, i.state, i.reason, i.last_reply, i.attempts,
            i.lost_replies + i.crashes as lost,
            case when i.due_at < i.queued_at then i.queued_at else i.due_at end as due_at,
            i.sent_at, i.expires_at, i.forgotten_at,
            u.at as accepted_at, i.declined_at, coalesce(i.cancelled_at, b.cancelled_at) as cancelled_at,
            i.created_at, i.generation, o.policies,
            now_micros() - case when coalesce(i.sent_at, 0) > coalesce(i.queued_at, 0)
                then i.sent_at else i.queued_at end as rested,
            (select count(*) from suppressions s
                where s.email_key = i.email_key and s.organisation_id in ('', i.organisation_id)
            ) as suppressions,
            case when u.invite_id is not null then 'accepted'
                when i.cancelled_at is not null or b.cancelled_at is not null
                    or l.archived_at is not null then 'cancelled'
                when i.expires_at <= $2 then 'expired'
                when i.declined_at is not null then 'declined'
                else 'pending' end as life
        from invites i
        join batches b on b.id = i.batch_id
        join links l on l.id = i.link_id
        join organisations o on o.id = i.organisation_id
        left join invite_uses u on u.invite_id = i.id
        where i.organisation_id = $1
            and b.sent_at is not null
            and i.state not in ('draft', 'skipped')"
    };
}

/// Invites as their holders see them; `$1` is now. Goes on with a condition.
macro_rules! faces {
    () => {
        "
        select i.id, i.organisation_id, o.name as organisation_name, o.product_url, o.policies,
            i.link_id, l.plan_id, l.tags, l.allowed_domains, i.email, i.name, i.expires_at,
            i.generation, b.inviter, b.language,
            coalesce(p.purchased - p.held - p.assigned, 0) as free,
            case when u.invite_id is not null then 'accepted'
                when i.cancelled_at is not null or b.cancelled_at is not null
                    or l.archived_at is not null then 'cancelled'
                when i.expires_at <= $1 then 'expired'
                when i.declined_at is not null then 'declined'
                else 'pending' end as life
        from invites i
        join batches b on b.id = i.batch_id
        join links l on l.id = i.link_id
        join organisations o on o.id = i.organisation_id
        left join plans p on p.id = l.plan_id
        left join invite_uses u on u.invite_id = i.id
        where b.sent_at is not null
            and i.state not in ('draft', 'skipped')"
    };
}

/// When an invite is due that goes before all others of its batch: with those that do so already, whose
/// place is before they were asked for, or before the first.
macro_rules! ahead {
    ($batch:literal) => {
        concat!(
            "coalesce((
                select case when f.due_at < f.queued_at - 1000000 then f.due_at else f.due_at - 1 end
                from invites f
                where f.batch_id = ",
            $batch,
            "
                    and f.due_at <= (select now_micros())
                order by f.due_at, f.position
                limit 1), now_micros())"
        )
    };
}

/// The next mail of an invite to the same address: what may have left of the last one is kept in mind.
macro_rules! again {
    () => {
        "mailing = mailing + 1,
            may_have_left = may_have_left + lost_replies + crashes,
            attempts = 0, lost_replies = 0, crashes = 0, deferred_since = null"
    };
}

/// Whether an invite `i` keeps its address from another one: its mail is on its way or was sent, and it
/// can be accepted. Goes on from one invite to what is its own, by their keys. `$now` is a parameter.
macro_rules! stands {
    ($now:literal) => {
        concat!(
            "
            i.state in ('queued', 'sending', 'deferred', 'unknown', 'sent', 'delivered')
            and i.cancelled_at is null
            and coalesce(i.expires_at, ",
            $now,
            " + 1) > ",
            $now,
            "
            and (select 1 from batches b
                where b.id = i.batch_id and b.sent_at is not null
                    and b.cancelled_at is null) is not null
            and (select 1 from links l
                where l.id = i.link_id and l.archived_at is null) is not null
            and (select 1 from invite_uses u where u.invite_id = i.id) is null"
        )
    };
}

pub(crate) use stands;

store::statements! {
    /// The invites of an organisation, the newest first, below an id; every id is below `inv_8`,
    /// because a ULID begins with 0 to 7.
    pub(crate) LIST_INVITES = concat!("select found.* from (", invites!(), "
            and i.id < coalesce(cast($3 as text), 'inv_8')
            and (cast($4 as text) is null or i.batch_id = $4)
            and (cast($5 as text) is null or i.state = $5)
            and (cast($6 as text) is null
                or i.email_key like $6 escape '\\'
                or lower(i.name) like $6 escape '\\')) as found
        where cast($7 as text) is null or found.life = $7
        order by found.id desc
        limit $8");

    /// One invite of an organisation.
    pub(crate) GET_INVITE = concat!(invites!(), "
            and i.id = $3");

    /// Keeps others from changing an invite until the transaction ends. A draft is not kept: whoever queues
    /// it has the history already.
    pub(crate) LOCK_INVITE = "
        select id
        from invites
        where organisation_id = $1 and id = $2 and state not in ('draft', 'skipped')
        for_update";

    /// Sends an invite again: before all others of its batch, and good until then.
    pub(crate) RESEND_INVITE = concat!("
        update invites
        set state = 'queued', occasion = 'resend', reason = null, code_failures = 0, ", again!(), ",
            due_at = ", ahead!("invites.batch_id"), ", queued_at = now_micros(), expires_at = $2, closed_at = null
        where id = $1");

    /// An invite goes on to another address, before all others of its batch, and no token of the last one
    /// works.
    pub(crate) READDRESS_INVITE = concat!("
        update invites
        set email = $2, email_key = $3, domain = $4, note = null, name_key = $6,
            generation = generation + 1, state = 'queued', occasion = 'first', mailing = mailing + 1, reason = null,
            last_reply = null, attempts = 0, lost_replies = 0, crashes = 0, may_have_left = 0,
            deferred_since = null, code_failures = 0, declined_at = null, reminded_at = null, sent_at = null,
            due_at = ", ahead!("invites.batch_id"), ", queued_at = now_micros(), expires_at = $5, closed_at = null
        where id = $1");

    /// Notes where an invite was sent before.
    pub(crate) KEEP_ADDRESS = "
        insert into earlier_addresses (invite_id, generation, email, email_key)
        select id, generation, email, email_key
        from invites
        where id = $1";

    /// What of an organisation speaks against an address: the first word that applies. Nothing but the
    /// address leads to its invites; an organisation may have many more than PostgreSQL believes.
    pub(crate) CLASSIFY = concat!("
        select
            (select count(*) from memberships m
                where m.organisation_id = $1 and m.email_key = $2 and m.status = 'revoked') as revoked,
            (select count(*) from memberships m
                where m.organisation_id = $1 and m.email_key = $2) as places,
            (select count(*) from invites i
                where i.email_key = $2 and i.organisation_id || '' = $1
                    and (i.batch_id = $5 or ", stands!("$3"), ")) as invites,
            (select count(*) from suppressions s
                where s.email_key in ($2, $6) and s.organisation_id in ('', $1)) as suppressions,
            (select allowed_domains from links where id = $4) as allowed_domains");

    /// The batch of an invite that is sent again is not finished.
    pub(crate) REOPEN_BATCH = "
        update batches
        set finished_at = null
        where id = $1";

    /// Whether an organisation has sent a batch, and how long its invites work.
    pub(crate) FIND_BATCH = "
        select b.cancelled_at, o.policies
        from batches b
        join organisations o on o.id = b.organisation_id
        where b.organisation_id = $1 and b.id = $2 and b.sent_at is not null";

    /// Sends some pending invites of a batch again, those that may be: sent, and not within so many
    /// microseconds, behind a position. `$2` is now, `$3` when they end.
    pub(crate) RESEND_PENDING = concat!("
        update invites
        set state = 'queued', occasion = 'resend', reason = null, code_failures = 0, ", again!(), ",
            due_at = now_micros(), queued_at = now_micros(),
            expires_at = case when expires_at > $3 then expires_at else $3 end
        where id in (
            select found.id
            from invites found
            where found.id in (
                select i.id
                from invites i
                join links l on l.id = i.link_id
                where i.batch_id = $1
                    and (i.state in ('sent', 'delivered') or i.state = 'unknown' and i.due_at is null)
                    and i.cancelled_at is null
                    and i.declined_at is null
                    and i.expires_at > $2
                    and l.archived_at is null
                    and coalesce(i.sent_at, 0) <= now_micros() - $4
                    and coalesce(i.queued_at, 0) <= now_micros() - $4
                    and not exists (select 1 from invite_uses u where u.invite_id = i.id)
                    and not exists (select 1 from suppressions s
                        where s.email_key = i.email_key
                            and s.organisation_id in ('', i.organisation_id))
                    and i.position > $6
                order by i.position
                limit $5)
            order by found.id
            for_update)
            and (state in ('sent', 'delivered') or state = 'unknown' and due_at is null)
            and cancelled_at is null
            and declined_at is null
            and coalesce(queued_at, 0) <= now_micros() - $4
        returning position");

    /// Takes an invite back; a courier may finish what it has begun at this moment.
    pub(crate) CANCEL_INVITE = concat!("
        update invites
        set cancelled_at = $2,
            state = case when state in ('queued', 'deferred') or state = 'unknown' and due_at is not null
                then ", ended!("invites", "'cancelled'"), "
                else state end,
            reason = case when state in ('queued', 'deferred') or state = 'unknown' and due_at is not null
                then ", ended_for!("invites", "null"), "
                else reason end,
            due_at = case when state = 'sending' then due_at end
        where id = $1");

    /// What is behind a token.
    pub(crate) FIND_FACE = concat!(faces!(), "
            and i.id = $2");

    /// What may be behind a code, those that can be accepted first.
    pub(crate) FIND_FACES = concat!(faces!(), "
            and i.id in (select rows.value ->> 'id' from rows($2))
        order by life desc, i.id desc
        limit $3");

    /// Counts an attempt at the codes of an address, where one is left. Nobody has that of a draft.
    pub(crate) COUNT_ATTEMPT = "
        update invites
        set code_failures = code_failures + 1
        where id in (
            select i.id
            from invites i
            where i.email_key = $1 and i.code_failures < $2 and i.state not in ('draft', 'skipped')
            order by i.id
            for_update)
            and code_failures < $2
        returning id, organisation_id, code_failures";

    /// The attempt was right for one of these.
    pub(crate) FORGIVE_ATTEMPT = "
        update invites
        set code_failures = code_failures - 1
        where id in (
            select i.id
            from invites i
            where i.id in (select rows.value ->> 'id' from rows($1))
            order by i.id
            for_update)
            and code_failures > 0";

    /// Notes that an invite was declined; a reminder that waits does not leave.
    pub(crate) DECLINE_INVITE = "
        update invites
        set declined_at = $2,
            state = case when occasion = 'reminder' and state in ('queued', 'deferred')
                then 'sent' else state end,
            due_at = case when occasion = 'reminder' and state in ('queued', 'deferred')
                then null else due_at end
        where id = $1 and declined_at is null";

    /// Organisations with invites that end before an instant and were not brought to mind.
    pub(crate) REMINDABLE = "
        select o.id, o.policies
        from organisations o
        where exists (
            select 1
            from links l
            cross join invites i
            where l.organisation_id = o.id
                and i.link_id = l.id
                and i.cancelled_at is null
                and i.declined_at is null
                and i.closed_at is null
                and i.expires_at > $1
                and i.expires_at <= $2
                and i.state in ('sent', 'delivered')
                and i.reminded_at is null)";

    /// Asks for reminders of an organisation's pending invites that end before an instant, and that
    /// work at least so many microseconds. What somebody else has at this moment waits for the next time,
    /// and that of a batch that rests until it goes on: till then its mail would not leave.
    pub(crate) REMIND = concat!("
        update invites
        set state = 'queued', occasion = 'reminder', reminded_at = $2, ", again!(), ",
            due_at = now_micros(), queued_at = now_micros()
        where id in (
            select found.id
            from invites found
            where found.id in (
                select i.id
                from links l
                cross join invites i
                join batches b on b.id = i.batch_id
                where l.organisation_id = $1
                    and i.link_id = l.id
                    and i.closed_at is null
                    and i.state in ('sent', 'delivered')
                    and i.reminded_at is null
                    and i.expires_at > $2
                    and i.expires_at <= $3
                    and i.expires_at - i.queued_at >= $4
                    and i.cancelled_at is null
                    and i.declined_at is null
                    and b.cancelled_at is null
                    and b.paused_at is null
                    and l.archived_at is null
                    and not exists (select 1 from invite_uses u where u.invite_id = i.id)
                    and not exists (select 1 from suppressions s
                        where s.email_key = i.email_key
                            and s.organisation_id in ('', i.organisation_id))
                order by i.expires_at
                limit $5)
            skip_locked)
            and state in ('sent', 'delivered')
            and reminded_at is null
            and cancelled_at is null
        returning id, batch_id");

    /// Invites that were accepted since an instant and are not closed, the oldest first.
    pub(crate) USED = "
        select i.id, u.at
        from invite_uses u
        join invites i on i.id = u.invite_id
        where u.at >= $1 and i.closed_at is null
        order by u.at
        limit $2";

    /// Closes invites that were accepted.
    pub(crate) CLOSE_USED = "
        update invites
        set closed_at = used.at
        from (
            select i.id as invite_id, cast(rows.value ->> 'at' as bigint) as at
            from rows($1)
            join invites i on i.id = rows.value ->> 'id'
            order by i.id
            for_update) as used
        where invites.id = used.invite_id";

    /// Closes invites whose time is over, but for those that somebody else has at this moment.
    pub(crate) CLOSE_EXPIRED = "
        update invites
        set closed_at = expires_at
        where id in (
            select found.id
            from invites found
            where found.id in (
                select i.id
                from links l
                cross join invites i
                where i.link_id = l.id
                    and i.state not in ('draft', 'skipped')
                    and i.cancelled_at is null
                    and i.declined_at is null
                    and i.closed_at is null
                    and i.expires_at <= $1
                limit $2)
            skip_locked)
            and expires_at <= $1";

    /// Ends invites that did not leave before their time was over, also where the relay may have their
    /// first mail, but for those that somebody else has at this moment.
    pub(crate) EXPIRE = concat!("
        update invites
        set state = ", ended!("invites", "'expired'"), ",
            reason = ", ended_for!("invites", "null"), ",
            due_at = null
        where id in (
            select found.id
            from invites found
            where found.id in (
                select i.id
                from invites i
                join batches b on b.id = i.batch_id
                where b.sent_at is not null
                    and b.finished_at is null
                    and i.due_at is not null
                    and i.state in ('queued', 'deferred', 'unknown')
                    and i.expires_at <= $1
                limit $2)
            skip_locked)
            and (state in ('queued', 'deferred') or state = 'unknown' and due_at is not null)");
}
