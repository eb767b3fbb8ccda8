insert into batches (id, organisation_id, link_id, source, language, most, created_by, created_at,
    paused_at, pause_reason, finished_at)
values ('b', 'o', 'l', 'paste', 'en', 9, 'x', 5, 6, 'bounces', null),
    ('c', 'o', 'l', 'paste', 'en', 9, 'x', 5, 6, 'bounces', 7);
insert into invites (id, organisation_id, batch_id, link_id, position, line, email, email_key,
    domain, created_at, state, occasion, due_at, sent_at, settled_at)
select v.id, 'o', 'b', 'l', 1, 1, v.id, v.id, 'x.edu', 5, v.state, v.occasion, v.due_at, v.sent_at, 8
from (
    select '1 first' as id, 'queued' as state, 'first' as occasion, cast(7 as bigint) as due_at,
        cast(null as bigint) as sent_at
    union all select '2 again', 'queued', 'resend', 7, null
    union all select '3 again, was sent', 'queued', 'resend', 7, 6
    union all select '4 again, over', 'failed', 'resend', null, null
    union all select '5 arrived', 'delivered', 'first', null, null
    union all select '6 arrived, was sent', 'delivered', 'first', null, 6
    union all select '7 refused', 'bounced', 'first', null, null
    union all select '8 complained', 'complained', 'first', null, null) as v
