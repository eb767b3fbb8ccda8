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

    /// How many events wait to be published.
    pub(crate) COUNT_UNPUBLISHED = "
        select cast(coalesce(sum(last_seq - published_seq), 0) as bigint) as unpublished
        from event_heads";

    /// A page of organisations with events to publish.
    pub(crate) FIND_BEHIND = "
        select organisation_id, last_seq, published_seq
        from event_heads
        where published_seq < last_seq and organisation_id > $1
        order by organisation_id
        limit $2";

    /// The next events of some organisations, at most so many of each.
    pub(crate) LOAD_EVENTS = "
        select events.organisation_id, events.seq, events.name, events.body, events.at
        from rows($1)
        join events on events.organisation_id = rows.value ->> 'organisation_id'
            and events.seq > cast(rows.value ->> 'seq' as bigint)
        where events.seq < $2 + (
            select min(firsts.seq)
            from events as firsts
            where firsts.organisation_id = rows.value ->> 'organisation_id'
                and firsts.seq > cast(rows.value ->> 'seq' as bigint))
        order by events.organisation_id, events.seq";

    /// Notes what has been published; never backwards, never beyond what there is.
    pub(crate) RECORD = "
        update event_heads
        set published_seq = case
            when cast(rows.value ->> 'seq' as bigint) < event_heads.last_seq
            then cast(rows.value ->> 'seq' as bigint)
            else event_heads.last_seq end
        from rows($1)
        where event_heads.organisation_id = rows.value ->> 'organisation_id'
            and event_heads.published_seq < cast(rows.value ->> 'seq' as bigint)";

    /// The organisation with the oldest event that may go; `$2` is 1 when only published ones may.
    pub(crate) FIND_PRUNABLE = "
        select events.organisation_id
        from events
        join event_heads on event_heads.organisation_id = events.organisation_id
        where events.at < $1
            and (cast($2 as bigint) = 0 or events.seq <= event_heads.published_seq)
        order by events.at
        limit 1";

    /// Deletes the oldest events of an organisation, without leaving a hole between those kept.
    pub(crate) PRUNE = "
        delete from events
        where organisation_id = $3
            and seq <= (
                select max(oldest.seq)
                from (select seq, at from events where organisation_id = $3 order by seq limit $4)
                    as oldest
                where oldest.at < $1)
            and (cast($2 as bigint) = 0 or seq <= (
                select published_seq from event_heads where event_heads.organisation_id = $3))";
}
