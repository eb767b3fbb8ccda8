-- owner: invite-dispatcher
-- Addresses that were handed in together: open, sealed (a draft), sent.
create table batches (
    id              text   not null primary key,
    organisation_id text   not null,
    link_id         text   not null,
    source          text   not null,              -- paste | file
    message         text,
    inviter         text,
    language        text   not null,
    most            bigint not null,              -- rows that may be added
    given           bigint not null default 0 check (given >= 0),  -- rows so far: those of invites and of refusals
    created_by      text   not null,
    created_at      bigint not null,
    sealed_at       bigint,
    sent_at         bigint,
    paused_at       bigint,
    pause_reason    text,                         -- administrator | bounces | complaints | refusals
    resumed_at      bigint,                       -- results before it do not pause the batch again
    cancelled_at    bigint,
    finished_at     bigint,
    check ((paused_at is null) = (pause_reason is null))
);
create index batches_by_organisation on batches (organisation_id, id);
create index batches_under_way on batches (id) where sent_at is not null and finished_at is null;
create index batches_unsealed on batches (created_at) where sealed_at is null;

-- One address of a batch. `state` is where its mail stands; whether it can be accepted is in the instants, and in
-- invite_uses. Its tokens are not kept: they are made of id, generation and the sealing key.
create table invites (
    id              text   not null primary key,
    organisation_id text   not null,
    batch_id        text   not null references batches (id) on delete cascade,
    link_id         text   not null,
    position        bigint not null,              -- among the rows of the batch, from 0
    line            bigint not null,
    email           text   not null,              -- as given; mail goes here
    email_key       text   not null,
    domain          text   not null,
    name            text,
    note            text,                         -- what is odd about the address
    state           text   not null,              -- contract::invites::InviteState
    reason          text,                         -- why it was skipped, failed, bounced
    generation      bigint not null default 1,    -- counts addresses: the tokens of earlier ones are dead
    occasion        text   not null default 'first',  -- first | resend | reminder: what its next mail is
    mailing         bigint not null default 1,    -- counts mails that were asked for; in the Message-ID
    attempts        bigint not null default 0,    -- of this mailing
    lost_replies    bigint not null default 0,    -- of this mailing: the relay may have it
    crashes         bigint not null default 0,    -- of this mailing: a courier ended in the middle
    due_at          bigint,                       -- when it is tried next; null: not to be sent
    leased_until    bigint,
    leased_by       text,
    last_reply      text,
    deferred_since  bigint,                       -- since when the relay does not take this mailing
    queued_at       bigint,                       -- when this mailing was asked for
    sent_at         bigint,                       -- when the relay took it last
    settled_at      bigint,                       -- when the last verdict came
    expires_at      bigint,
    reminded_at     bigint,
    declined_at     bigint,
    cancelled_at    bigint,
    code_failures   bigint not null default 0,
    created_at      bigint not null,
    check ((leased_until is null) = (leased_by is null))
);
create unique index invites_by_address on invites (email_key, organisation_id, batch_id);
create index invites_by_organisation on invites (organisation_id, id);
create index invites_by_batch on invites (batch_id, state, position);
create index invites_due on invites (batch_id, due_at, position) where due_at is not null and leased_until is null;
create index invites_leased on invites (leased_until) where leased_until is not null;
create index invites_settled on invites (batch_id, settled_at) where settled_at is not null;
create index invites_to_remind on invites (expires_at) where state in ('sent', 'delivered') and reminded_at is null;

-- A row of a batch that was not taken.
create table refusals (
    batch_id   text   not null references batches (id) on delete cascade,
    position   bigint not null,
    line       bigint not null,
    input      text   not null,
    reason     text   not null,
    suggestion text,
    primary key (batch_id, position)
);
create index refusals_by_reason on refusals (batch_id, reason, position);

-- Who gets no invites, and from whom; '' is everybody.
create table suppressions (
    email_key       text   not null,
    organisation_id text   not null,
    email           text   not null,
    reason          text   not null,              -- bounce | complaint | unsubscribed | manual
    invite_id       text,
    created_by      text   not null,
    created_at      bigint not null,
    primary key (email_key, organisation_id)
);
create index suppressions_by_organisation on suppressions (organisation_id, email_key);

-- Events of others that were taken already.
create table taken_reports (
    provider text   not null,
    event_id text   not null,
    at       bigint not null,
    primary key (provider, event_id)
);
create index taken_reports_by_age on taken_reports (at);

-- The couriers that live, and their shares of the relay's rate and connections: together never more than its limits.
create table couriers (
    id          text   not null primary key,
    alive_until bigint not null,
    per_minute  bigint not null,                  -- mails; the share of mail.per_second
    connections bigint not null,
    hindrance   text                              -- what holds it up, as a sentence
);
create table relay_days (
    day  text   not null primary key,             -- 2026-11-25, UTC
    sent bigint not null check (sent >= 0)
);
