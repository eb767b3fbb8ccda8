-- owner: store
-- What every actor writes through the store, in its own transactions.
-- Instants are microseconds since 1970 UTC; ids are text with a prefix; keys are normalised by the program.

-- Secrets of the installation, made by `usher migrate` unless they are configured.
create table installation_keys (
    name       text   not null primary key,  -- bus | sealing
    secret     text   not null,              -- base64url, 32 bytes
    created_at bigint not null
);

-- The head of each organisation's history. Its row is the lock under which an organisation's seats are decided.
create table event_heads (
    organisation_id text   not null primary key,
    last_seq        bigint not null default 0 check (last_seq >= 0),
    published_seq   bigint not null default 0 check (published_seq >= 0)  -- up to here the relay has published
);

create table events (
    organisation_id text   not null,
    seq             bigint not null,
    name            text   not null,
    body            text   not null,  -- JSON of contract::events::Event
    request_id      text   not null,
    at              bigint not null,
    primary key (organisation_id, seq)
);
create index events_by_age on events (at);

create table audit (
    id              text   not null primary key,
    organisation_id text   not null,
    at              bigint not null,
    actor           text   not null,
    action          text   not null,
    target          text   not null,
    change          text   not null,  -- JSON
    request_id      text   not null
);
create index audit_by_organisation on audit (organisation_id, id);

-- Who may do a thing that one process at a time does. Compared with the database's clock.
create table leases (
    name       text   not null primary key,
    holder     text   not null,
    expires_at bigint not null
);
