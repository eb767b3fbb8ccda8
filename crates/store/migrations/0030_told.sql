-- owner: people
-- An account has another address: the mailbox that it had is told so by a letter. Noted in the transaction that changes the
-- address, forgotten when the letter is queued.
create table address_notices (
    key        text   not null primary key,  -- of the letter
    account_id text   not null references accounts (id) on delete cascade,
    email      text   not null,              -- of the mailbox
    at         bigint not null
);

-- owner: admin-directory
-- Letters by which an organisation invited an address to administer it: of a day, so that there are not too many.
create table administrator_letters (
    id              text   not null primary key,
    organisation_id text   not null references organisations (id) on delete cascade,
    address_hash    text   not null,             -- SHA-256: it outlives whoever is let go
    at              bigint not null
);
create index administrator_letters_by_address on administrator_letters (organisation_id, address_hash);
create index administrator_letters_by_time on administrator_letters (at);
