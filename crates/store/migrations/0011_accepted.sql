-- owner: seat-pool
-- Invites that were accepted: written with the membership, in the transaction that decided it.
create table invite_uses (
    invite_id       text   not null primary key,
    organisation_id text   not null,
    membership_id   text   not null,
    account_id      text   not null,
    email_key       text   not null,              -- the address that accepted
    at              bigint not null
);
create index invite_uses_by_membership on invite_uses (membership_id);
