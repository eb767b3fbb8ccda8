//! Every statement of the invite dispatcher. Due times and leases are the database's clock's.

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

    /// Leases letters that are due for so many microseconds. Nobody knows what became of an attempt
    /// whose lease ran out.
    pub(crate) LEASE_MAILS = "
        update mails
        set leased_until = now_micros() + $1, attempts = attempts + 1,
            unknowns = unknowns + case when leased_until is null then 0 else 1 end
        where id in (
                select id
                from mails
                where sent_at is null
                    and failed_at is null
                    and due_at <= now_micros()
                    and (leased_until is null or leased_until <= now_micros())
                order by due_at
                limit $2
                skip_locked)
            and sent_at is null
            and failed_at is null
            and (leased_until is null or leased_until <= now_micros())
        returning id, recipient, letter, attempts, unknowns, now_micros() - queued_at as age";

    /// A letter has left; its secrets go, and to whom it went.
    pub(crate) MAIL_SENT = "
        update mails
        set sent_at = now_micros(), leased_until = null, letter = '', recipient = '', last_reply = $3
        where id = $1 and attempts = $2";

    /// A letter is tried again after so many microseconds.
    pub(crate) MAIL_DEFERRED = "
        update mails
        set due_at = now_micros() + $4, leased_until = null, last_reply = $3
        where id = $1 and attempts = $2";

    /// The reply to a letter was lost; it is tried again after so many microseconds.
    pub(crate) MAIL_UNKNOWN = "
        update mails
        set due_at = now_micros() + $4, leased_until = null, unknowns = unknowns + 1, last_reply = $3
        where id = $1 and attempts = $2";

    /// A letter that was taken and not begun waits again.
    pub(crate) MAIL_PUT_BACK = "
        update mails
        set leased_until = null, attempts = attempts - 1
        where id = $1 and attempts = $2";

    /// A letter will not leave; its secrets go, and to whom it was.
    pub(crate) MAIL_FAILED = "
        update mails
        set failed_at = now_micros(), leased_until = null, letter = '',
            last_reply = replace($3, recipient, ''), recipient = ''
        where id = $1 and attempts = $2";
}
