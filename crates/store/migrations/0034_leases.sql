-- owner: invite-dispatcher
-- Attempts are counted down where a mail was not begun, and anew where it is sent again: a number of them may name two
-- takings. What a courier says is of one: for invites the how-manieth, which only grows, for letters whose it was.
alter table invites add column leases bigint not null default 0;
alter table mails add column leased_by text;
