-- owner: invite-dispatcher
create table mails (
    id           text   not null primary key,
    key          text   not null unique,  -- two requests with one key are one letter
    recipient    text   not null,
    letter       text   not null,         -- sealed JSON of contract::mails::Letter: it holds tokens; emptied once sent
    queued_at    bigint not null,
    due_at       bigint not null,
    attempts     bigint not null default 0,
    unknowns     bigint not null default 0,  -- attempts of which no reply is known: the relay may have the letter
    leased_until bigint,
    sent_at      bigint,
    failed_at    bigint,
    last_reply   text                     -- what the relay said last
);
create index mails_due on mails (due_at) where sent_at is null and failed_at is null;
