-- owner: people
create table person_sessions (
    token_hash text   not null primary key,  -- SHA-256
    account_id text   not null references accounts (id) on delete cascade,
    created_at bigint not null,
    expires_at bigint not null
);
create index person_sessions_by_account on person_sessions (account_id);

-- What a proof is for: address | reset | change. Only a change has an address of its own.
alter table proofs add column purpose text not null default 'address';
alter table proofs add column email text;
alter table proofs add column email_key text;
