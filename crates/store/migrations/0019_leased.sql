-- owner: invite-dispatcher
-- An invite is written three times while it is sent: queued, taken by a courier, with its reply. Each index that such a
-- change touches is written again, and on PostgreSQL every other one with it. So no index says anything about `state`
-- or about leases any more: what a row is worth finding for is in instants that seldom change, and taking an invite
-- touches no index of this table.

-- Which invites couriers have: a few hundred at most. Until when is in the row of the invite.
create table leased_invites (
    invite_id text not null primary key
);
insert into leased_invites (invite_id) select id from invites where leased_until is not null;

-- An invite that a courier has, and that was cancelled meanwhile, is due until its reply is known.
update invites set due_at = 0 where state = 'sending' and due_at is null;
-- Whoever was looked at is no draft, also where they were skipped.
update invites set queued_at = created_at where state = 'skipped' and queued_at is null;

drop index invites_by_batch;
drop index invites_settled;
drop index invites_leased;
drop index invites_to_remind;
drop index invites_due;
drop index invites_open;
drop index invites_open_by_id;
drop index invites_open_by_email;
drop index invites_open_by_name;

create index invites_drafts on invites (batch_id, position) where queued_at is null;
create index invites_due on invites (batch_id, due_at, position) where due_at is not null;
-- Drafts, and what was skipped, never end.
create index invites_open on invites (link_id, expires_at)
    where expires_at is not null and cancelled_at is null and declined_at is null and closed_at is null;
create index invites_open_by_id on invites (organisation_id, id)
    where expires_at is not null and cancelled_at is null and declined_at is null and closed_at is null;
create index invites_open_by_email on invites (organisation_id, email_key, id)
    where expires_at is not null and cancelled_at is null and declined_at is null and closed_at is null;
create index invites_open_by_name on invites (organisation_id, substr(name_key, 1, 100), id)
    where expires_at is not null and cancelled_at is null and declined_at is null and closed_at is null;

-- Room for the next version of a row beside the last: without it a change moves the row, and writes every index.
-- postgres: alter table invites set (fillfactor = 45);
