-- owner: link-registry
-- What a change of a link's tags means for whoever joined before: written with the change, and made a job by the seat
-- pool, under this id. It may be forgotten once the job is there, and the job is not forgotten before.
create table link_retags (
    bulk_id         text   not null primary key,
    organisation_id text   not null,
    link_id         text   not null,
    position        bigint not null,  -- 1, 2, 3… for each link: its jobs come one after the other
    add_tags        text   not null,  -- JSON array
    remove_tags     text   not null,  -- JSON array
    at              bigint not null,  -- it is about whoever joined until then
    actor           text   not null,
    request_id      text   not null
);
create index link_retags_by_organisation on link_retags (organisation_id);
alter table links add column retags bigint not null default 0;  -- how many there were

-- Seat pool's: a job about whoever joined through a link has no people of its own, but goes through theirs by id.
alter table bulk_jobs add column link_id text;
alter table bulk_jobs add column position bigint;
alter table bulk_jobs add column joined_until bigint;
alter table bulk_jobs add column reached text;  -- whom it did last
create index bulk_jobs_of_links on bulk_jobs (link_id, position) where link_id is not null and finished_at is null;
drop index memberships_by_link;
create index memberships_by_link on memberships (link_id, id);
