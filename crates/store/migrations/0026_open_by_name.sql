-- owner: invite-dispatcher
-- Names are searched among invites that may be pending: the index of those has them, and the one of all has not.
drop index invites_by_organisation;
create index invites_by_organisation on invites (organisation_id, id);
drop index invites_open_by_id;
create index invites_open_by_id on invites (organisation_id, id, link_id, name_key)  -- searched without the rows
    where expires_at is not null and cancelled_at is null and declined_at is null and closed_at is null;
