-- owner: seat-pool
create table plans (
    id              text   not null primary key,
    organisation_id text   not null,
    name            text   not null,
    purchased       bigint not null check (purchased >= 0),
    held            bigint not null default 0 check (held >= 0),      -- free = purchased - held - assigned
    assigned        bigint not null default 0 check (assigned >= 0),
    waiting         bigint not null default 0 check (waiting >= 0),
    ends_at         bigint,
    created_at      bigint not null
);
create index plans_by_organisation on plans (organisation_id, id);

-- A person in an organisation: one row, at most one seat.
create table memberships (
    id              text   not null primary key,
    organisation_id text   not null,
    account_id      text   not null,
    plan_id         text   not null references plans (id),
    status          text   not null check (status in ('assigned', 'held', 'waiting', 'revoked')),
    door            text   not null,
    link_id         text,
    redeemed_at     bigint,           -- when a seat was first given
    proof_due_at    bigint,           -- the seat returns then, unless the account is proved
    waiting_since   bigint,           -- place in the queue, with id
    revoked_at      bigint,
    created_at      bigint not null,
    unique (organisation_id, account_id),
    check ((status = 'waiting') = (waiting_since is not null)),
    check ((status = 'revoked') = (revoked_at is not null))
);
create index memberships_by_organisation on memberships (organisation_id, id);  -- the pages of Manage Users
create index memberships_by_account on memberships (account_id);
create index memberships_by_link on memberships (link_id);
create index memberships_in_queue on memberships (plan_id, waiting_since, id) where status = 'waiting';
create index memberships_due on memberships (proof_due_at) where proof_due_at is not null;

create table membership_tags (
    membership_id   text not null references memberships (id) on delete cascade,
    organisation_id text not null,
    tag             text not null,
    primary key (membership_id, tag)
);
create index membership_tags_by_tag on membership_tags (organisation_id, tag, membership_id);

-- How often a link gave a seat. Never falls.
create table link_uses (
    link_id text   not null primary key,
    uses    bigint not null check (uses >= 0)
);

-- Every change of a plan's numbers, append only: summed up they are the plan.
create table ledger (
    organisation_id text   not null,
    plan_id         text   not null,
    entry           bigint not null,  -- 1, 2, 3… in each plan
    at              bigint not null,
    change          text   not null,  -- purchase | assign | hold | wait | settle | return | promote
    membership_id   text,
    link_id         text,
    purchased       bigint not null,  -- by how much each number changed
    held            bigint not null,
    assigned        bigint not null,
    waiting         bigint not null,
    actor           text   not null,
    request_id      text   not null,
    primary key (plan_id, entry)
);
create index ledger_by_membership on ledger (membership_id);
