//! What is asked of an invite in more than one statement: what would become of it, and whose it is.

/// What would become of the invite `$i`, of the batch `$batch`, were it taken at `$now`: `sending`, or where
/// it ends.
macro_rules! fate {
    ($i:literal, $batch:literal, $now:literal) => {
        concat!(
            "case
                    when exists (select 1 from invite_uses u where u.invite_id = ",
            $i,
            ".id)
                        then ",
            ended!($i, "'unneeded'"),
            "
                    when ",
            $i,
            ".cancelled_at is not null
                        or (select cancelled_at from batches where id = ",
            $batch,
            ") is not null
                        or exists (select 1 from links l
                            where l.id = ",
            $i,
            ".link_id and l.archived_at is not null)
                        then ",
            ended!($i, "'cancelled'"),
            "
                    when ",
            $i,
            ".occasion = 'reminder' and ",
            $i,
            ".declined_at is not null then 'sent'
                    when ",
            $i,
            ".expires_at <= ",
            $now,
            "
                        then ",
            ended!($i, "'expired'"),
            "
                    when exists (select 1 from suppressions s
                        where s.email_key = ",
            $i,
            ".email_key
                            and s.organisation_id in ('', ",
            $i,
            ".organisation_id))
                        then ",
            ended!($i, "'suppressed'"),
            "
                    else 'sending' end"
        )
    };
}

/// Whether the invite `$i` may have what the courier `$2` says in `$row` of one taking: it has it still,
/// or its lease ran out and nobody has taken it since. Who was left alone then is not due again, and goes
/// only where `$row` says that it ends. Takings are counted by `leases`, which only grows; couriers of an
/// earlier release count attempts alone.
macro_rules! is_its {
    ($i:literal, $row:literal) => {
        concat!(
            $i,
            ".leases = cast(",
            $row,
            ".value ->> 'lease' as bigint)
                and ",
            $i,
            ".attempts = cast(",
            $row,
            ".value ->> 'attempts' as bigint)
                and (",
            $i,
            ".leased_by = $2
                    or ",
            $i,
            ".leased_by is null and ",
            $i,
            ".state = 'unknown' and ",
            $i,
            ".forgotten_at is null
                        and ",
            $i,
            ".crashes = cast(",
            $row,
            ".value ->> 'crashes' as bigint) + 1
                        and (",
            $i,
            ".due_at is not null or ",
            $i,
            ".cancelled_at is not null or ",
            $row,
            ".value ->> 'due_in' is null or cast(",
            $row,
            ".value ->> 'ends' as bigint) = 1))"
        )
    };
}
