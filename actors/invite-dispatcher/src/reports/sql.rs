//! Every statement about reports.

store::statements! {
    /// Notes events; answers those that are new.
    pub(crate) TAKE_EVENTS = "
        insert into taken_reports (provider, event_id, at)
        select $2, rows.value ->> 'event_id', cast($3 as bigint)
        from rows($1)
        where true
        on conflict do nothing
        returning event_id";

    /// Invites that are reported about, kept from others until the transaction ends.
    pub(crate) LOCK_REPORTED = "
        select i.id, i.organisation_id, i.email, i.generation, i.state, i.mailing, i.sent_at,
            (select count(*) from invite_uses u where u.invite_id = i.id) as uses
        from invites i
        where i.id in (select rows.value ->> 'id' from rows($1))
        order by i.id
        for_update";

    /// Where they were sent before.
    pub(crate) EARLIER_ADDRESSES = "
        select invite_id, generation, email
        from earlier_addresses
        where invite_id in (select rows.value ->> 'id' from rows($1))";

    /// Writes where the mails of invites stand now: what somebody got, or sent back, has left. A courier
    /// that has one at this moment still records the reply, but no other state.
    pub(crate) SETTLE = "
        update invites
        set state = rows.value ->> 'state', reason = rows.value ->> 'reason',
            last_reply = coalesce(rows.value ->> 'reply', last_reply),
            due_at = null,
            sent_at = coalesce(sent_at, now_micros()),
            settled_at = case when rows.value ->> 'state' = 'delivered' and invites.state = 'sent'
                then settled_at else now_micros() end
        from rows($1)
        where invites.id = rows.value ->> 'id'";

    /// Writes what was said last.
    pub(crate) NOTE_REPLY = "
        update invites
        set last_reply = rows.value ->> 'reply'
        from rows($1)
        where invites.id = rows.value ->> 'id'";

    /// Forgets events that nobody tells again.
    pub(crate) FORGET_EVENTS = "
        delete from taken_reports
        where at < $1";
}
