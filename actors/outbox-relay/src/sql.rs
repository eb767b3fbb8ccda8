//! Every statement of the relay.

store::statements! {
    /// The events of an organisation after a number, the oldest first.
    pub(crate) LIST_EVENTS = "
        select seq, body, at
        from events
        where organisation_id = $1 and seq > $2
        order by seq
        limit $3";

    /// Up to which number an organisation's history goes, and which is the first that is kept.
    pub(crate) FIND_BOUNDS = "
        select last_seq,
            (select min(seq) from events where events.organisation_id = $1) as first_kept
        from event_heads
        where organisation_id = $1";
}
