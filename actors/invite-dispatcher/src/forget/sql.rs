//! Every statement about what is forgotten.

use crate::suppressions::sql::outweighed;

/// A letter that tells of the seat of a place that is not there.
macro_rules! of_no_place {
    () => {
        "m.key like 'offer:%'
                and not exists (select 1 from memberships p where p.id = substr(m.key, 7, 30))"
    };
}

/// A letter to an account, or to the address `$1` that it has, where the account `$2` has no place.
macro_rules! of_nobody {
    () => {
        "not exists (select 1 from memberships p where p.account_id = $2)
                and (m.key in (
                        select 'address-changed:' || id from proofs where account_id = $2
                        union all
                        select 'proof:' || id from proofs where account_id = $2)
                    or lower(m.recipient) = $1
                        and not exists (select 1 from administrators a where a.email_key = $1))"
    };
}

store::statements! {
    /// Who was erased where since their mail there was last forgotten; at `$2` nobody waits who stepped
    /// aside. While that is not done, the account stays.
    pub(crate) ERASED = "
        select e.account_id, e.organisation_id, e.at, coalesce(u.failures, 0) as failures
        from erasures e
        join accounts a on a.id = e.account_id
        left join unforgotten u on u.account_id = e.account_id and u.organisation_id = e.organisation_id
        where coalesce(u.due_at, 0) <= $2
            and not exists (
                select 1
                from forgotten f
                where f.account_id = e.account_id and f.organisation_id = e.organisation_id
                    and f.at >= e.at)
        order by e.at
        limit $1";

    /// Invites of an organisation to an address, or that an account accepted there, until an instant.
    pub(crate) INVITES_OF = "
        select i.id
        from invites i
        where i.email_key = $1 and i.organisation_id || '' = $2 and i.created_at <= $3
            and i.forgotten_at is null
        union
        select i.id
        from invite_uses u
        join invites i on i.id = u.invite_id
        where u.account_id = $4 and u.organisation_id = $2 and u.at <= $3 and i.forgotten_at is null";

    /// Takes back invites that couriers have at this moment: they are given back, or recorded, first.
    pub(crate) WITHDRAW_LEASED = "
        update invites
        set cancelled_at = coalesce(cancelled_at, $2)
        where id in (
                select f.id
                from invites f
                where f.id in (select rows.value ->> 'id' from rows($1))
                    and f.leased_until is not null and f.cancelled_at is null
                order by f.id
                skip_locked)
            and leased_until is not null";

    /// Takes address and name out of invites that nobody else has at this moment; no token of them works
    /// any more. `$3` is 1 where they are withdrawn, too; else those that were over before `$4` and are not
    /// sent again at this moment.
    pub(crate) FORGET_INVITES = concat!("
        update invites
        set email = lower(id) || '@forgotten.invalid', email_key = lower(id) || '@forgotten.invalid',
            domain = 'forgotten.invalid', name = null, name_key = '', note = null, last_reply = null,
            generation = generation + 1, forgotten_at = $2,
            cancelled_at = case when cast($3 as bigint) = 1 then coalesce(cancelled_at, $2)
                else cancelled_at end,
            state = case
                when state not in ('draft', 'queued', 'deferred', 'unknown')
                    or state = 'unknown' and due_at is null
                    then state
                else ", ended!("invites", "'cancelled'"), " end,
            reason = case
                when state not in ('draft', 'queued', 'deferred', 'unknown')
                    or state = 'unknown' and due_at is null
                    then reason
                else ", ended_for!("invites", "null"), " end,
            due_at = null, queued_at = coalesce(queued_at, now_micros())
        where id in (
                select f.id
                from invites f
                where f.id in (select rows.value ->> 'id' from rows($1))
                    and f.leased_until is null and f.forgotten_at is null
                order by f.id
                skip_locked)
            and leased_until is null
            and forgotten_at is null
            and (cast($3 as bigint) = 1 or due_at is null and coalesce(expires_at, 0) <= $4)
        returning id");

    /// Where forgotten invites went before.
    pub(crate) FORGET_EARLIER = "
        delete from earlier_addresses
        where invite_id in (select rows.value ->> 'id' from rows($1))
        returning email_key";

    /// That invites of others went to an address before they were corrected.
    pub(crate) FORGET_EARLIER_AT = "
        delete from earlier_addresses
        where email_key = $1
            and exists (
                select 1
                from invites i
                where i.id = earlier_addresses.invite_id and i.organisation_id = $2
                    and i.created_at <= $3)
        returning invite_id";

    /// Batches of an organisation with rows that name somebody, until an instant.
    pub(crate) BATCHES_OF = "
        select id
        from batches
        where organisation_id = $1 and created_at <= $2 and purge_at < $3
        order by id";

    /// Rows of a batch behind a position that were not taken and in which an address stands, maybe as a
    /// part of another's, or may stand in another spelling, with letters that are none of ASCII or escaped.
    pub(crate) REFUSED_AT = "
        select position, input, suggestion
        from refusals
        where batch_id = $1
            and position > $4
            and (lower(input) like $2 escape '\\' or lower(suggestion) like $2 escape '\\'
                or length(input) <> octet_length(input)
                or input like '%\\%%' escape '\\' or input like '%&%')
        order by position
        limit $3";

    /// What was given in such rows.
    pub(crate) FORGET_REFUSED = "
        update refusals
        set input = '', suggestion = null
        where batch_id = $2
            and position in (select cast(rows.value ->> 'position' as bigint) from rows($1))";

    /// How many invites of any organisation know an address still.
    pub(crate) COUNT_KNOWN = "
        select count(*) as known
        from invites
        where email_key = $1";

    /// Whether somebody is invited to an organisation by an address, and was not forgotten.
    pub(crate) IS_INVITED = "
        select case when exists (select 1
                from invites
                where email_key = $1 and organisation_id || '' = $2)
            then 1 else 0 end as is_invited";

    /// To which of these addresses no organisation has an invite, and who wants to hear of nobody.
    pub(crate) UNKNOWN_WISHES = "
        select s.email_key
        from suppressions s
        where s.organisation_id = ''
            and s.email_key in (select rows.value ->> 'key' from rows($1))
            and (select i.id from invites i where i.email_key = s.email_key limit 1) is null
        order by s.email_key";

    /// Keeps a suppression until an instant without its address; `''` is everybody's. Of two, what the
    /// owner said outweighs.
    pub(crate) KEEP_SUPPRESSED = concat!("
        insert into suppressions (email_key, organisation_id, email, reason, invite_id, created_by,
            created_at)
        select $3, organisation_id, $3, reason, invite_id, created_by, created_at
        from suppressions
        where email_key = $1 and organisation_id = $2 and created_at <= $4
        ", outweighed!());

    /// Forgets the one with the address.
    pub(crate) DROP_SUPPRESSION = "
        delete from suppressions
        where email_key = $1 and organisation_id = $2 and created_at <= $3";

    /// How many places somebody has.
    pub(crate) COUNT_PLACES = "
        select count(*) as places
        from memberships
        where account_id = $1";

    /// Which address an account has. Nobody changes that, nor writes a letter of an account's change, until the
    /// transaction ends; whoever is doing so is waited for.
    pub(crate) HOLD_ACCOUNT = "select email_key from accounts where id = $1 for_update";

    /// Letters that tell of the seat of a place that was erased do not leave, whichever address their account
    /// had when they were queued. Nobody queues one any more, as that is done with the place in hand. One that
    /// somebody has at this moment is left, as is one of [`FORGET_LETTERS`]: whoever has it may wait for the
    /// history, which others have who wait for the account.
    pub(crate) FORGET_SEAT_LETTERS = concat!("
        update mails
        set failed_at = now_micros(), leased_until = null, letter = '', recipient = '', last_reply = null
        where id in (
            select m.id
            from mails m
            where m.sent_at is null and m.failed_at is null
                and ", of_no_place!(), "
            skip_locked)");

    /// Letters that wait for somebody who is nowhere any more do not leave: to their address, unless they
    /// administer, and to any other that their account had or was to have.
    pub(crate) FORGET_LETTERS = concat!("
        update mails
        set failed_at = now_micros(), leased_until = null, letter = '', recipient = '', last_reply = null
        where id in (
            select m.id
            from mails m
            where m.sent_at is null and m.failed_at is null
                and ", of_nobody!(), "
            skip_locked)");

    /// How many of the former are left.
    pub(crate) COUNT_SEAT_LETTERS = concat!("
        select count(*) as n
        from mails m
        where m.sent_at is null and m.failed_at is null
            and ", of_no_place!());

    /// How many of the latter are left.
    pub(crate) COUNT_LETTERS = concat!("
        select count(*) as n
        from mails m
        where m.sent_at is null and m.failed_at is null
            and ", of_nobody!());

    /// Somebody's mail in an organisation is forgotten, as they were erased at an instant.
    pub(crate) MARK_FORGOTTEN = "
        insert into forgotten (account_id, organisation_id, at)
        values ($1, $2, $3)
        on conflict (account_id, organisation_id) do update
        set at = excluded.at";

    /// Somebody could not be forgotten, by so many failures more, and is not tried again before an instant.
    /// Whom somebody else has forgotten meanwhile needs no other try.
    pub(crate) STEP_ASIDE = "
        insert into unforgotten (account_id, organisation_id, failures, due_at)
        select e.account_id, e.organisation_id, cast($4 as bigint), cast($3 as bigint)
        from erasures e
        where e.account_id = $1 and e.organisation_id = $2
            and not exists (
                select 1
                from forgotten f
                where f.account_id = e.account_id and f.organisation_id = e.organisation_id
                    and f.at >= e.at)
        on conflict (account_id, organisation_id) do update
        set failures = unforgotten.failures + excluded.failures, due_at = excluded.due_at";

    /// Somebody was forgotten, however long that took.
    pub(crate) FORGET_FAILURES = "
        delete from unforgotten
        where account_id = $1 and organisation_id = $2";

    /// The batch whose rows are to be looked at first: sent before an instant.
    pub(crate) NEXT_OVER = "
        select id, organisation_id
        from batches
        where sent_at <= $1 and purge_at <= $2
        order by purge_at, id
        limit 1";

    /// Invites of a batch that were over before an instant and that nobody accepted, or that never left.
    pub(crate) OVER = "
        select i.id, i.email_key
        from invites i
        where i.batch_id = $1 and i.forgotten_at is null and i.due_at is null
            and i.leased_until is null and i.state <> 'draft' and coalesce(i.expires_at, 0) <= $2
            and not exists (select 1 from invite_uses u where u.invite_id = i.id)
        order by i.position
        limit $3";

    /// What was given in rows of a batch that were not taken.
    pub(crate) FORGET_GIVEN = "
        update refusals
        set input = '', suggestion = null
        where batch_id = $1
            and position in (
                select position
                from refusals
                where batch_id = $1 and (input <> '' or suggestion is not null)
                order by position
                limit $2)";

    /// How many invites of a batch are left that are to be forgotten one day, and when the first is over.
    pub(crate) LEFT_OVER = "
        select count(*) as n, min(coalesce(i.expires_at, 0)) as first
        from invites i
        where i.batch_id = $1 and i.forgotten_at is null
            and not exists (select 1 from invite_uses u where u.invite_id = i.id)";

    /// When the rows of a batch are looked at next.
    pub(crate) LOOK_AGAIN = "
        update batches
        set purge_at = $2
        where id = $1";
}
