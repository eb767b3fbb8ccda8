insert into batches (id, organisation_id, link_id, source, language, most, created_by, created_at)
values ('b', 'o', 'l', 'paste', 'en', 9, 'x', 5);
insert into invites (id, organisation_id, batch_id, link_id, position, line, email, email_key,
    domain, created_at, leased_by, state, due_at, queued_at, leased_until, cancelled_at)
select v.id, 'o', 'b', 'l', 1, 1, v.id, v.id, 'x.edu', 5,
    case when v.leased_until is null then null else 'c' end,
    v.state, v.due_at, v.queued_at, v.leased_until, v.cancelled_at
from (
    select '1' as id, 'draft' as state, cast(null as bigint) as due_at,
        cast(null as bigint) as queued_at, cast(null as bigint) as leased_until,
        cast(null as bigint) as cancelled_at
    union all select '2', 'skipped', null, null, null, null
    union all select '3', 'queued', 7, 6, null, null
    union all select '4', 'sending', 7, 6, 8, null
    union all select '5', 'sending', null, 6, 8, 7
    union all select '6', 'deferred', 9, 6, null, null
    union all select '7', 'unknown', null, 6, null, null
    union all select '8', 'cancelled', null, null, null, 7
    union all select '9', 'bounced', null, 6, 8, null) as v
