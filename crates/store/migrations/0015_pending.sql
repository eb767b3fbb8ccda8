-- owner: invite-dispatcher
-- What pending invites are found and sorted by in Manage Users: their name, where there is one, and address, in lower
-- case. A sweep notes when one was accepted or its time was over, so that few others stand among those that are pending.
alter table invites add column name_key text not null default '';
alter table invites add column closed_at bigint;
-- lower() leaves letters beyond ASCII alone on SQLite and under the locale C. Nothing that was released before has
-- invites: there are rows to fill only on a machine of development.
update invites set name_key = lower(coalesce(name || ' ', '') || email);

drop index invites_by_organisation;
create index invites_by_organisation on invites (organisation_id, id, link_id, name_key);  -- searched without the rows
create index invites_open on invites (link_id, expires_at)
    where state not in ('draft', 'skipped') and cancelled_at is null and declined_at is null and closed_at is null;
create index invites_open_by_id on invites (organisation_id, id)
    where state not in ('draft', 'skipped') and cancelled_at is null and declined_at is null and closed_at is null;
create index invites_open_by_email on invites (organisation_id, email_key, id)
    where state not in ('draft', 'skipped') and cancelled_at is null and declined_at is null and closed_at is null;
create index invites_open_by_name on invites (organisation_id, substr(name_key, 1, 100), id)
    where state not in ('draft', 'skipped') and cancelled_at is null and declined_at is null and closed_at is null;
