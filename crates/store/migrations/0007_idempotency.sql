-- owner: admin-directory
-- Requests with an Idempotency-Key, and what they were answered with. Compared with the database's clock.
create table attempts (
    key_hash     text   not null primary key,  -- SHA-256 of caller, route and key
    body_hash    text   not null,              -- SHA-256, without passwords and codes
    attempt      text   not null,              -- a ULID; who may end it
    leased_until bigint not null,              -- after this instant another attempt may begin
    status       bigint,                       -- null until it is answered
    body         text,                         -- JSON without secrets
    location     text,
    created_at   bigint not null
);
create index attempts_by_age on attempts (created_at);
