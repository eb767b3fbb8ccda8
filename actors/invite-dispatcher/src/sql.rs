//! Every statement of the invite dispatcher. Due times and leases are the database's clock's.

/// That an account is not to be forgotten, since it was erased from everywhere.
macro_rules! stays {
    () => {
        "(exists (select 1 from memberships p where p.account_id = a.id)
                or not exists (select 1 from erasures e where e.account_id = a.id))"
    };
}

store::statements! {
    /// Queues a letter; nothing when the key has one.
    pub(crate) QUEUE_MAIL = "
        insert into mails (id, key, recipient, letter, queued_at, due_at)
        values ($1, $2, $3, $4, now_micros(), now_micros())
        on conflict do nothing";

    /// The letter of a key.
    pub(crate) FIND_BY_KEY = "select id from mails where key = $1";

    /// Seats that were given to somebody who is not told yet, after one, in the order in which they were
    /// given. Whoever has just proved a held one is told once it is theirs.
    pub(crate) UNTOLD = "
        select o.key, o.at, o.position, m.status, m.proof_due_at, a.email, a.first_name, a.proved_at,
            g.name, g.product_url, g.policies
        from offers o
        join memberships m on m.id = o.membership_id
        join accounts a on a.id = m.account_id
        join organisations g on g.id = m.organisation_id
        left join mails q on q.key = o.key
        where (o.at, o.position, o.key) > ($1, $2, $3)
            and q.id is null
            and (m.status = 'assigned' or (m.status = 'held' and a.proved_at is null))
        order by o.at, o.position, o.key
        limit $4";

    /// Nobody takes the seat of an offer back until the transaction ends; whoever is doing so is waited for.
    pub(crate) HOLD_PLACE = "
        select id
        from memberships
        where id = (select membership_id from offers where key = $1)
        for_update";

    /// Whether somebody still has the seat that they were read with.
    pub(crate) STILL_UNTOLD = "
        select o.key
        from offers o
        join memberships m on m.id = o.membership_id
        join accounts a on a.id = m.account_id
        where o.key = $1
            and m.status = $2
            and (m.status = 'assigned' or a.proved_at is null)";

    /// Mailboxes that are to be told that their account has another one, after one, the first before the
    /// others; with what the organisation that was joined last has decided, where there is one.
    pub(crate) UNTOLD_CHANGES = concat!("
        select n.key, n.at, n.email, a.first_name,
            (select o.policies
                from memberships m
                join organisations o on o.id = m.organisation_id
                where m.account_id = a.id
                order by m.id desc
                limit 1) as policies
        from address_notices n
        join accounts a on a.id = n.account_id
        left join mails q on q.key = n.key
        where (n.at, n.key) > ($1, $2) and q.id is null and ", stays!(), "
        order by n.at, n.key
        limit $3");

    /// Nobody forgets the account of a change until the transaction ends; whoever is doing so is waited for.
    pub(crate) HOLD_CHANGED = "
        select id
        from accounts
        where id = (select account_id from address_notices where key = $1)
        for_update";

    /// Whether one of them still is.
    pub(crate) STILL_UNTOLD_CHANGE = concat!("
        select n.key
        from address_notices n
        join accounts a on a.id = n.account_id
        where n.key = $1 and ", stays!());

    /// Leases letters that are due to the courier `$4` for so many microseconds, with `$3` also those whose lease ran out.
    /// Nobody knows what became of such an attempt.
    pub(crate) LEASE_MAILS = "
        update mails
        set leased_until = now_micros() + $1, leased_by = $4, attempts = attempts + 1,
            unknowns = unknowns + case when leased_until is null then 0 else 1 end
        where id in (
                select id
                from mails
                where sent_at is null
                    and failed_at is null
                    and due_at <= now_micros()
                    and (leased_until is null
                        or cast($3 as bigint) = 1 and leased_until <= now_micros())
                order by due_at
                limit $2
                skip_locked)
            and sent_at is null
            and failed_at is null
            and (leased_until is null
                or cast($3 as bigint) = 1 and leased_until <= now_micros())
        returning id, recipient, letter, attempts, unknowns, now_micros() - queued_at as age";

    /// A letter has left; its secrets go, and to whom it went. One that was forgotten meanwhile, here and
    /// below, stays so, and so does one that others have had since the courier `$3` took it: of it alone
    /// attempts are counted down.
    pub(crate) MAIL_SENT = "
        update mails
        set sent_at = now_micros(), leased_until = null, leased_by = null, letter = '', recipient = '',
            last_reply = $4
        where id = $1 and attempts = $2 and leased_by = $3 and failed_at is null";

    /// A letter is tried again after so many microseconds.
    pub(crate) MAIL_DEFERRED = "
        update mails
        set due_at = now_micros() + $5, leased_until = null, leased_by = null, last_reply = $4
        where id = $1 and attempts = $2 and leased_by = $3 and failed_at is null";

    /// The reply to a letter was lost; it is tried again after so many microseconds.
    pub(crate) MAIL_UNKNOWN = "
        update mails
        set due_at = now_micros() + $5, leased_until = null, leased_by = null, unknowns = unknowns + 1,
            last_reply = $4
        where id = $1 and attempts = $2 and leased_by = $3 and failed_at is null";

    /// A letter that was taken and not begun waits again.
    pub(crate) MAIL_PUT_BACK = "
        update mails
        set leased_until = null, leased_by = null, attempts = attempts - 1
        where id = $1 and attempts = $2 and leased_by = $3";

    /// A letter will not leave; its secrets go, and to whom it was.
    pub(crate) MAIL_FAILED = "
        update mails
        set failed_at = now_micros(), leased_until = null, leased_by = null, letter = '',
            last_reply = $4, recipient = ''
        where id = $1 and attempts = $2 and leased_by = $3 and failed_at is null";
}
