-- owner: invite-dispatcher
-- A page of a batch begins after a position, and its preview is its first row.
create index invites_by_position on invites (batch_id, position);
