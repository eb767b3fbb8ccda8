-- owner: invite-dispatcher
-- Whose mail is forgotten since they were erased from an organisation: people deletes an account when it is so of each.
create table forgotten (
    account_id      text   not null,
    organisation_id text   not null,
    at              bigint not null,              -- of the erasure
    primary key (account_id, organisation_id)
);
-- When address and name were taken out of an invite: its row is kept, so that its batch adds up.
alter table invites add column forgotten_at bigint;
-- When the rows of a batch are looked at next, to forget what is over.
alter table batches add column purge_at bigint not null default 0;
create index batches_to_purge on batches (purge_at) where sent_at is not null;

-- Whom a letter went to is forgotten with the letter.
update mails set recipient = '', last_reply = null where sent_at is not null or failed_at is not null;

-- SeatPool's: the invites that somebody accepted.
create index invite_uses_by_account on invite_uses (account_id, organisation_id);
