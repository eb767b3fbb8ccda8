-- owner: invite-dispatcher
-- Where invites were sent before their addresses were corrected: whoever holds such a mail can still unsubscribe, and
-- what comes back of it is about that address.
create table earlier_addresses (
    invite_id  text   not null references invites (id) on delete cascade,
    generation bigint not null,
    email      text   not null,
    email_key  text   not null,
    primary key (invite_id, generation)
);
