insert into plans (id, organisation_id, name, purchased, created_at) values ('plan', 'org', 'Seats', 9, 1);
insert into memberships (id, organisation_id, account_id, plan_id, status, door, revoked_at, created_at) values
    ('a', 'org', 'one', 'plan', 'assigned', 'link', null, 1),
    ('b', 'org', 'two', 'plan', 'revoked', 'link', 9, 1),
    ('c', 'org', 'three', 'plan', 'assigned', 'link', null, 1);
insert into ledger (organisation_id, plan_id, entry, at, change, membership_id, purchased, held, assigned, waiting, actor,
    request_id)
values
    ('org', 'plan', 1, 4, 'revoke', 'a', 0, 0, 0, 0, 'x', 'x'),
    ('org', 'plan', 2, 5, 'revoke', 'a', 0, 0, 0, 0, 'x', 'x'),
    ('org', 'plan', 3, 6, 'reassign', 'a', 0, 0, 0, 0, 'x', 'x'),
    ('org', 'plan', 4, 9, 'revoke', 'b', 0, 0, 0, 0, 'x', 'x'),
    ('org', 'plan', 5, 9, 'revoke', 'gone', 0, 0, 0, 0, 'x', 'x'),
    ('org', 'plan', 6, 9, 'assign', 'c', 0, 0, 0, 0, 'x', 'x');
insert into revocations (account_id, at) values ('two', 9)
