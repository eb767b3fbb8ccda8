-- owner: people
create table accounts (
    id             text   not null primary key,
    email          text   not null,         -- as typed; mail goes here
    email_key      text   not null unique,  -- ASCII lower case, domain in A-labels
    first_name     text   not null,
    last_name      text   not null,
    name_key       text   not null,         -- lower case `first last email`, for search
    proved_at      bigint,                  -- null: the address is only claimed
    last_active_at bigint,
    created_at     bigint not null
);

create table credentials (
    account_id      text   not null primary key references accounts (id) on delete cascade,
    password_hash   text   not null,  -- argon2id
    registrant_hash text,             -- SHA-256 of the token of the browser in which the password was chosen
    set_at          bigint not null
);

create table proofs (
    id              text   not null primary key,
    account_id      text   not null references accounts (id) on delete cascade,
    token_hash      text   not null unique,  -- SHA-256, of the link
    code_hash       text   not null,         -- SHA-256 of id and code
    code_attempts   bigint not null default 0,
    code_expires_at bigint not null,
    expires_at      bigint not null,
    superseded_at   bigint,                  -- a newer code was sent
    used_at         bigint,
    created_at      bigint not null
);
create index proofs_by_account on proofs (account_id);
