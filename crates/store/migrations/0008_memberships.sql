-- owner: seat-pool
-- Whose last word was to be forgotten: People deletes the account when nothing else hangs on it.
create table erasures (
    account_id      text   not null,
    organisation_id text   not null,
    at              bigint not null,
    primary key (account_id, organisation_id)
);

-- One change for many people: opened, filled, started with the number that was expected, worked off.
create table bulk_jobs (
    id              text   not null primary key,
    organisation_id text   not null,
    action          text   not null,  -- JSON of contract::bulk::BulkAction
    people          bigint not null default 0 check (people >= 0),
    done            bigint not null default 0 check (done >= 0),
    refused         bigint not null default 0 check (refused >= 0),
    actor           text   not null,  -- who started it, for the audit trail of what it does
    request_id      text   not null,
    started_at      bigint,
    finished_at     bigint,
    created_at      bigint not null
);
create index bulk_jobs_under_way on bulk_jobs (id) where started_at is not null and finished_at is null;
create index bulk_jobs_by_age on bulk_jobs (created_at);

create table bulk_people (
    bulk_id       text   not null references bulk_jobs (id) on delete cascade,
    membership_id text   not null,
    outcome       text,               -- null: not yet | done | gone | no-seats | too-many-tags
    primary key (bulk_id, membership_id)
);
create index bulk_people_left on bulk_people (bulk_id, membership_id) where outcome is null;
