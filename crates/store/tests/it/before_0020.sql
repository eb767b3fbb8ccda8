insert into accounts (id, email, email_key, first_name, last_name, name_key, created_at) values
    ('one', 'one@hill.edu', 'one@hill.edu', 'Ann', 'Lee', 'ann lee', 1),
    ('two', 'two@hill.edu', 'two@hill.edu', 'Bob', 'Lee', 'bob lee', 1),
    ('three', 'three@hill.edu', 'three@hill.edu', 'Eve', 'Lee', 'eve lee', 1);
insert into credentials (account_id, password_hash, set_at) values
    ('one', 'x', 5), ('two', 'x', 5);
insert into person_sessions (token_hash, account_id, created_at, expires_at) values
    ('one, before', 'one', 4, 100),
    ('one, with the password', 'one', 5, 100),
    ('two, before', 'two', 1, 100),
    ('two, later', 'two', 6, 100);
insert into plans (id, organisation_id, name, purchased, created_at) values ('plan', 'org', 'Seats', 9, 1);
insert into memberships (id, organisation_id, account_id, plan_id, status, door, revoked_at, created_at) values
    ('a', 'org', 'one', 'plan', 'revoked', 'link', 7, 1),
    ('b', 'org', 'two', 'plan', 'revoked', 'link', 9, 1),
    ('c', 'other', 'two', 'plan', 'revoked', 'link', 8, 1),
    ('d', 'org', 'three', 'plan', 'assigned', 'link', null, 1)
