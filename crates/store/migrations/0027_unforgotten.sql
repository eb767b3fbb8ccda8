-- owner: invite-dispatcher
-- Who was erased and could not be forgotten: tried again later, for longer each time, so that nobody waits for them.
create table unforgotten (
    account_id      text   not null,
    organisation_id text   not null,
    failures        bigint not null,              -- in a row
    due_at          bigint not null,              -- not before
    primary key (account_id, organisation_id)
);
