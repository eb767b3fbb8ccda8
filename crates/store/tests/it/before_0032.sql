insert into plans (id, organisation_id, name, purchased, created_at) values ('plan', 'org', 'Seats', 9, 1);
insert into links (id, organisation_id, plan_id, name, token_hash, token_sealed, tags, allowed_domains, created_by, created_at)
values
    ('narrowed', 'org', 'plan', 'x', '1', '', '[]', '["hill.edu","lake.edu"]', 'x', 1),
    ('open', 'org', 'plan', 'x', '2', '', '[]', '[]', 'x', 1);
insert into accounts (id, email, email_key, first_name, last_name, name_key, proved_at, created_at) values
    ('a', 'x', 'ann@uni.edu', 'x', 'x', 'x', null, 1),
    ('b', 'x', 'bob@evil.org', 'x', 'x', 'x', 5, 1),
    ('c', 'x', 'cy@lake.edu', 'x', 'x', 'x', 5, 1),
    ('d', 'x', 'dee@ill.edu', 'x', 'x', 'x', 5, 1),
    ('e', 'x', 'eve@any.where.org', 'x', 'x', 'x', 5, 1),
    ('f', 'x', 'f@uni.edu', 'x', 'x', 'x', null, 1),
    ('g', 'x', 'g@uni.edu', 'x', 'x', 'x', null, 1),
    ('h', 'x', 'h@uni.edu', 'x', 'x', 'x', null, 1);
insert into memberships (id, organisation_id, account_id, plan_id, status, door, link_id, proof_due_at, waiting_since,
    created_at, let_in_domain)
values
    ('a held', 'org', 'a', 'plan', 'held', 'link', 'narrowed', 9, null, 1, null),
    ('b waits', 'org', 'b', 'plan', 'waiting', 'link', 'narrowed', null, 1, 1, null),
    ('c waits', 'org', 'c', 'plan', 'waiting', 'invite', 'narrowed', null, 1, 1, null),
    ('d waits', 'org', 'd', 'plan', 'waiting', 'link', 'narrowed', null, 1, 1, null),
    ('e waits', 'org', 'e', 'plan', 'waiting', 'link', 'open', null, 1, 1, null),
    ('f sits', 'org', 'f', 'plan', 'assigned', 'link', 'narrowed', 9, null, 1, null),
    ('g held', 'org', 'g', 'plan', 'held', 'link', 'narrowed', 9, null, 1, 'old.edu'),
    ('h waits', 'org', 'h', 'plan', 'waiting', 'link', 'narrowed', null, 1, 1, null)
