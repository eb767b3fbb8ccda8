-- owner: admin-directory
create table organisations (
    id          text   not null primary key,
    name        text   not null,
    product_url text   not null,
    policies    text   not null,  -- JSON of contract::organisations::Policies
    created_at  bigint not null
);

create table administrators (
    id               text   not null primary key,
    email            text   not null,
    email_key        text   not null unique,  -- ASCII lower case
    password_hash    text,                    -- argon2id; null until the set-up link was used
    setup_hash       text   unique,           -- SHA-256 of the one-time set-up token
    setup_expires_at bigint,
    created_at       bigint not null
);

create table administrator_offices (
    administrator_id text   not null references administrators (id) on delete cascade,
    organisation_id  text   not null references organisations (id) on delete cascade,
    role             text   not null check (role in ('viewer', 'manager', 'owner')),
    created_at       bigint not null,
    primary key (administrator_id, organisation_id)
);
create index administrator_offices_by_organisation on administrator_offices (organisation_id);

create table administrator_sessions (
    token_hash       text   not null primary key,  -- SHA-256
    administrator_id text   not null references administrators (id) on delete cascade,
    created_at       bigint not null,
    expires_at       bigint not null
);
create index administrator_sessions_by_administrator on administrator_sessions (administrator_id);

create table api_tokens (
    id              text   not null primary key,
    organisation_id text   references organisations (id) on delete cascade,  -- null: the operator's
    name            text   not null,
    role            text   not null check (role in ('viewer', 'manager', 'owner')),
    token_hash      text   not null unique,  -- SHA-256
    expires_at      bigint,
    revoked_at      bigint,
    created_at      bigint not null
);
