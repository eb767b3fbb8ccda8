//! Every statement about batches.

use crate::invites::sql::stands;

/// A batch with its link and its numbers of the plan.
macro_rules! batches {
    () => {
        "
        select b.id, b.organisation_id, b.link_id, b.source, b.message, b.inviter, b.language,
            b.most, b.given, b.created_by, b.created_at, b.sealed_at, b.sent_at, b.paused_at,
            b.pause_reason, b.pause_replies, b.cancelled_at, b.finished_at, b.sent_by,
            l.name as link_name, l.tags, l.allowed_domains, l.archived_at,
            o.name as organisation, o.policies,
            coalesce(p.purchased - p.held - p.assigned, 0) as free
        from batches b
        join links l on l.id = b.link_id
        join organisations o on o.id = b.organisation_id
        left join plans p on p.id = l.plan_id
        where b.organisation_id = $1"
    };
}

/// What of a verdict counts against the batch of the invite `i`: the name of the reason for which it
/// would rest. What comes back because its mailbox is full says nothing of either side.
macro_rules! fault {
    () => {
        "case when i.state = 'complained' then 'complaints'
                when i.state = 'bounced' and i.reason = 'user-unknown' then 'bounces'
                when i.state in ('failed', 'bounced') and i.reason = 'refused' then 'refusals' end"
    };
}

/// Whether something of the batch `$batch` is left that leaves, or may: a row that is not looked at yet, one
/// that waits, or one that a courier has.
macro_rules! is_left {
    ($batch:literal) => {
        concat!(
            "(exists (select 1
                from invites i
                where i.batch_id = ",
            $batch,
            " and i.queued_at is null and i.state = 'draft')
            or exists (select 1
                from invites i
                where i.batch_id = ",
            $batch,
            " and i.due_at is not null))"
        )
    };
}

pub(crate) use is_left;

store::statements! {
    /// Opens a batch through a link that is not deleted; nothing when there is none.
    pub(crate) OPEN = "
        insert into batches (id, organisation_id, link_id, source, message, inviter, language, most,
            created_by, created_at)
        select $1, l.organisation_id, l.id, $4, $5, $6, $7, $8, $9, $10
        from links l
        where l.organisation_id = $2 and l.id = $3 and l.archived_at is null";

    /// What an organisation decided.
    pub(crate) POLICIES = "select policies from organisations where id = $1";

    /// One batch.
    pub(crate) FIND = concat!(batches!(), " and b.id = $2");

    /// Sealed batches, the newest first, below an id; every id is below `bat_8`.
    pub(crate) LIST = concat!(batches!(), "
            and b.sealed_at is not null
            and b.id < coalesce($2, 'bat_8')
        order by b.id desc
        limit $3");

    /// The addresses of a piece that are not taken, and why. `$5` is 1 where the batch's own addresses
    /// count, too.
    ///
    /// Each question is about one address, and nothing but the address leads to its rows. PostgreSQL
    /// would answer an `exists` for a whole piece by reading every invite of the organisation; would
    /// read a table from its beginning for any one row of many; and believes of a batch, or of an
    /// organisation, that is younger than its statistics that it has hardly a row.
    pub(crate) CLASSIFY = concat!("
        select email_key, reason
        from (
            select given.email_key, coalesce(
                (select max(case
                        when m.status in ('assigned', 'held') then 'already-seated'
                        when m.status = 'waiting' then 'already-waiting'
                        when m.status = 'revoked' then 'revoked'
                    end)
                    from memberships m
                    where m.account_id = (
                            select a.id from accounts a where a.email_key = given.email_key)
                        and m.organisation_id || '' = $2),
                (select max(case when s.created_at is not null then 'suppressed' end)
                    from suppressions s
                    where s.email_key in (given.email_key, given.suppressed)
                        and s.organisation_id in ('', $2)),
                (select max(case when i.batch_id = $3 then 'duplicate' else 'already-invited' end)
                    from invites i
                    where i.email_key = given.email_key and i.organisation_id || '' = $2
                        and case when i.batch_id = $3 then cast($5 as bigint) = 1
                            else", stands!("$4"), "
                            end)) as reason
            from (select rows.value ->> 'address' as email_key,
                    rows.value ->> 'suppressed' as suppressed
                from rows($1)) as given
        ) as classified
        where reason is not null");

    /// Keeps rows that were taken.
    pub(crate) TAKE = "
        insert into invites (id, organisation_id, batch_id, link_id, position, line, email, email_key,
            domain, name, note, state, created_at, name_key)
        select rows.value ->> 'id', b.organisation_id, b.id, b.link_id,
            cast(rows.value ->> 'position' as bigint), cast(rows.value ->> 'line' as bigint),
            rows.value ->> 'email', rows.value ->> 'key', rows.value ->> 'domain',
            rows.value ->> 'name', rows.value ->> 'suggestion', 'draft', cast($3 as bigint),
            rows.value ->> 'name_key'
        from rows($1)
        join batches b on b.id = $2";

    /// Keeps rows that were not taken.
    pub(crate) REFUSE = "
        insert into refusals (batch_id, position, line, input, reason, suggestion)
        select $2, cast(rows.value ->> 'position' as bigint), cast(rows.value ->> 'line' as bigint),
            rows.value ->> 'input', rows.value ->> 'reason', rows.value ->> 'suggestion'
        from rows($1)";

    /// A batch has more rows.
    pub(crate) GROW = "update batches set given = given + $2 where id = $1";

    /// A batch is a draft from now on.
    pub(crate) SEAL = "update batches set sealed_at = $2 where id = $1";

    /// A batch is being sent: its mails say what is so now, whatever changes meanwhile.
    pub(crate) SEND = "
        update batches
        set sent_at = $2, sent_by = $3,
            organisation_name = (
                select o.name from organisations o where o.id = batches.organisation_id),
            product_url = (
                select o.product_url from organisations o where o.id = batches.organisation_id),
            plan_name = (
                select p.name
                from links l
                join plans p on p.id = l.plan_id
                where l.id = batches.link_id)
        where id = $1";

    /// How many people an organisation invited in batches that were sent since.
    pub(crate) SENT_SINCE = "
        select count(*) as n
        from batches b
        join invites i on i.batch_id = b.id
        where b.organisation_id = $1 and b.sent_at >= $2
            and i.state <> 'skipped'
            and (i.state <> 'cancelled' or i.sent_at is not null)";

    /// A batch rests, where something of it is left.
    pub(crate) PAUSE = concat!("
        update batches
        set paused_at = $2, pause_reason = $3
        where id = $1 and finished_at is null and ", is_left!("batches.id"));

    /// A batch goes on. What came back until now is no reason any more, by the clock that it came back
    /// by.
    pub(crate) RESUME = "
        update batches
        set paused_at = null, pause_reason = null, pause_replies = null, resumed_at = now_micros()
        where id = $1";

    /// A batch is taken back; its rows follow.
    pub(crate) CANCEL = "
        update batches
        set cancelled_at = $2, paused_at = null, pause_reason = null, pause_replies = null
        where id = $1";

    /// Rows of a batch that were taken, by where their mail stands; how many of them are unknown and
    /// tried once more, were accepted or declined, or may still take a seat at `$2`; how many were
    /// settled in the last minute, and how long ago the first of those was. What is due is not settled,
    /// whatever was said of it.
    pub(crate) STATES = "
        select i.state, count(*) as n, count(u.invite_id) as accepted,
            coalesce(sum(case when u.invite_id is null and i.cancelled_at is null
                    and i.state in ('draft', 'queued', 'sending', 'deferred', 'unknown', 'sent',
                        'delivered', 'complained')
                    and (i.expires_at is null or i.expires_at > $2)
                then 1 else 0 end), 0) as seekers,
            coalesce(sum(case when i.declined_at is not null and u.invite_id is null then 1 else 0 end), 0)
                as declined,
            coalesce(sum(case when i.state = 'unknown' and i.due_at is not null then 1 else 0 end), 0)
                as to_repeat,
            coalesce(sum(case when i.due_at is null and i.settled_at > (select now_micros()) - 60000000
                then 1 else 0 end), 0) as settled,
            coalesce(max(case when i.due_at is null and i.settled_at > (select now_micros()) - 60000000
                then (select now_micros()) - i.settled_at end), 0) as since
        from invites i
        left join invite_uses u on u.invite_id = i.id
        where i.batch_id = $1
        group by i.state";

    /// Rows of a batch that were not taken, by reason.
    pub(crate) REFUSED = "
        select reason, count(*) as n
        from refusals
        where batch_id = $1
        group by reason";

    /// What the couriers that are alive say holds their mail back.
    pub(crate) COURIERS = "
        select hindrance
        from couriers
        where id <> '' and alive_until > now_micros()
        order by id";

    /// What of batches waits: whether something could go now, or could have gone ten seconds ago; and
    /// where the next of those goes that wait for a turn and were not refused.
    pub(crate) WAITING = "
        select rows.value ->> 'id' as id,
            case when exists (select 1 from invites i
                where i.batch_id = rows.value ->> 'id' and i.due_at <= (select now_micros())
                    and i.leased_until is null) then 1 else 0 end as is_due,
            case when exists (select 1 from invites i
                where i.batch_id = rows.value ->> 'id'
                    and i.due_at <= (select now_micros()) - 10000000
                    and i.leased_until is null) then 1 else 0 end as is_late,
            (select i.domain from invites i
                where i.batch_id = rows.value ->> 'id' and i.due_at > (select now_micros())
                    and i.leased_until is null and i.state = 'queued'
                order by i.due_at
                limit 1) as domain
        from rows($1)";

    /// What the mail of a batch says besides the batch itself, to the first of its rows.
    pub(crate) PREVIEW = "
        select coalesce(b.organisation_name, o.name) as organisation,
            coalesce(b.product_url, o.product_url) as product_url,
            coalesce(b.plan_name, p.name) as plan,
            (select i.email from invites i where i.batch_id = b.id order by i.position limit 1)
                as email,
            (select i.name from invites i where i.batch_id = b.id order by i.position limit 1)
                as name
        from batches b
        join organisations o on o.id = b.organisation_id
        join links l on l.id = b.link_id
        join plans p on p.id = l.plan_id
        where b.id = $1";

    /// Rows of a batch in their order, after a position: of each kind no more than a page is looked at.
    pub(crate) ROWS = "
        select position, line, input, name, reason, suggestion, invite_id, state
        from (
            select * from (
                select position, line, input, null as name, reason, suggestion,
                    null as invite_id, null as state
                from refusals
                where batch_id = $1 and position > $2 and $3 = '' and ($5 = '' or reason = $5)
                order by position
                limit $6) as refused
            union all
            select * from (
                select position, line, email as input, name, reason, note as suggestion,
                    id as invite_id, state
                from invites
                where batch_id = $1 and position > $2 and cast($4 as bigint) = 0
                    and ($3 = '' or state = $3) and ($5 = '' or reason = $5)
                order by position
                limit $6) as taken
        ) as given
        order by position
        limit $6";

    /// The sent batches that have rows to be enlisted or taken back. Each batch is asked about by itself:
    /// for an `exists` PostgreSQL may read all of them. The last are asked for, in an order of an index:
    /// from the first on, rows were moved.
    pub(crate) TO_MOVE = "
        select b.id, b.organisation_id,
            cast(case when b.cancelled_at is null then 0 else 1 end as bigint) as is_cancelled
        from batches b
        where b.sent_at is not null and b.finished_at is null
            and coalesce(
                (select max(i.position)
                    from invites i
                    where i.batch_id = b.id and i.queued_at is null and i.state = 'draft'
                        and (b.cancelled_at is null or i.cancelled_at is null)),
                case when b.cancelled_at is not null then (
                    select i.due_at
                    from invites i
                    where i.batch_id = b.id and i.due_at is not null
                        and i.state in ('queued', 'deferred', 'unknown')
                        and i.cancelled_at is null
                        and not exists (select 1 from invite_uses u where u.invite_id = i.id)
                    order by i.due_at desc, i.position desc
                    limit 1)
                end) is not null";

    /// Drafts of a batch.
    pub(crate) DRAFTS = "
        select id, email_key, domain from invites
        where batch_id = $1 and queued_at is null and state = 'draft'
        order by position
        limit $2";

    /// Enlists drafts, or skips them where there is a reason.
    pub(crate) ENLIST = "
        update invites
        set state = case when rows.value ->> 'reason' is null then 'queued' else 'skipped' end,
            reason = rows.value ->> 'reason',
            queued_at = now_micros(),
            due_at = case when rows.value ->> 'reason' is null then now_micros() end,
            expires_at = case when rows.value ->> 'reason' is null then cast($2 as bigint) end
        from rows($1)
        where invites.id = rows.value ->> 'id' and invites.state = 'draft'";

    /// Takes rows of a cancelled batch back that have not left, nor been taken by a courier meanwhile.
    /// What was sent, or may have been, is not sent again. What somebody else has at this moment is left
    /// for the next time: a courier that has it may wait for the history. What was taken back is in
    /// neither of the two indexes any more, by whose orders it is found.
    pub(crate) WITHDRAW = concat!("
        update invites
        set state = ", ended!("invites", "'cancelled'"), ",
            reason = ", ended_for!("invites", "null"), ",
            due_at = null, cancelled_at = $2,
            queued_at = coalesce(queued_at, now_micros())
        where id in (
                select drafts.id
                from (
                    select i.id
                    from invites i
                    where i.batch_id = $1 and i.queued_at is null and i.state = 'draft'
                        and i.cancelled_at is null
                    order by i.position
                    limit $3
                    skip_locked) as drafts
                union all
                select waiting.id
                from (
                    select i.id
                    from invites i
                    where i.batch_id = $1 and i.due_at is not null and i.leased_until is null
                        and i.state in ('queued', 'deferred', 'unknown') and i.cancelled_at is null
                        and not exists (select 1 from invite_uses u where u.invite_id = i.id)
                    order by i.due_at, i.position
                    limit $3
                    skip_locked) as waiting
                limit $3)
            and state in ('draft', 'queued', 'deferred', 'unknown')
            and cancelled_at is null
            and leased_until is null");

    /// What became of the mails of batches under way since they were sent, or were resumed. What is tried
    /// again, and what did not leave, is no result.
    pub(crate) RESULTS = concat!("
        select id, organisation_id, resumed_at, count(*) as results,
            coalesce(sum(case when fault = 'bounces' then 1 else 0 end), 0) as bounces,
            coalesce(sum(case when fault = 'complaints' then 1 else 0 end), 0) as complaints,
            coalesce(sum(case when fault = 'refusals' then 1 else 0 end), 0) as refusals
        from (
            select b.id, b.organisation_id, coalesce(b.resumed_at, 0) as resumed_at, ",
                fault!(), " as fault
            from batches b
            join invites i on i.batch_id = b.id
            where b.sent_at is not null and b.finished_at is null
                and b.paused_at is null and b.cancelled_at is null
                and i.due_at is null
                and i.state in ('sent', 'delivered', 'bounced', 'complained', 'failed')
                and i.settled_at > coalesce(b.resumed_at, 0)) as settled
        group by id, organisation_id, resumed_at
        having count(*) >= 100");

    /// What was said of the mails of a batch that did not arrive since it was sent, or was resumed, by
    /// how it begins; whether that is why it is to rest, for `$2`.
    pub(crate) REPLIES = concat!("
        select state, is_cause, count(*) as n, min(reply) as reply
        from (
            select i.state, coalesce(i.last_reply, '') as reply,
                case when ", fault!(), " = $2 then 1 else 0 end as is_cause
            from invites i
            where i.batch_id = $1
                and i.state in ('bounced', 'complained', 'failed')
                and i.settled_at > (
                    select coalesce(b.resumed_at, 0) from batches b where b.id = $1)) as said
        group by state, is_cause, substr(reply, 1, 12)
        order by n desc, reply
        limit 1000");

    /// A batch rests by itself, unless it does so already, nothing of it is left that could go on, or it was
    /// resumed at another time than `$5`: then its results are of before.
    pub(crate) REST = concat!("
        update batches
        set paused_at = $2, pause_reason = $3, pause_replies = $4
        where id = $1 and paused_at is null and cancelled_at is null and finished_at is null
            and coalesce(resumed_at, 0) = $5 and ", is_left!("batches.id"));

    /// Whoever sent a batch, if they may resume it, and the owners: those who ever signed in.
    pub(crate) RECEIVERS = "
        select a.id, a.email, case when a.id = $2 then 1 else 0 end as is_sender
        from administrator_offices o
        join administrators a on a.id = o.administrator_id
        where o.organisation_id = $1 and a.password_hash is not null
            and (o.role = 'owner' or o.role = 'manager' and a.id = $2)
        order by is_sender desc, a.id
        limit 50";

    /// A batch behind `$3` that was sealed before `$1` and not sent since, or opened before `$2` and not
    /// sealed.
    pub(crate) GIVEN_UP = "
        select id, organisation_id
        from batches
        where sent_at is null
            and id > $3
            and (sealed_at < $1 or sealed_at is null and created_at < $2)
        order by id
        limit 1";

    /// A batch is given up, unless it was sent meanwhile: nothing more is added to it or sent of it.
    pub(crate) GIVE_UP = "
        update batches
        set cancelled_at = coalesce(cancelled_at, $2)
        where id = $1 and sent_at is null";

    /// Forgets rows of a batch that were taken.
    pub(crate) FORGET_TAKEN = "
        delete from invites
        where id in (
            select i.id from invites i where i.batch_id = $1 order by i.position limit $2)";

    /// Forgets rows of a batch that were not taken.
    pub(crate) FORGET_REFUSED = "
        delete from refusals
        where batch_id = $1
            and position in (
                select r.position from refusals r
                where r.batch_id = $1
                order by r.position
                limit $2)";

    /// Forgets a batch.
    pub(crate) FORGET = "delete from batches where id = $1 and sent_at is null";

    /// Forgets one that was not sealed.
    pub(crate) DISCARD = "delete from batches where id = $1 and sealed_at is null";
}
