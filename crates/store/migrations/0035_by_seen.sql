-- owner: seat-pool
-- Who joined after an instant is not one who was not seen since: the later of both is asked.
create index memberships_by_seen on memberships (organisation_id, (
    case when coalesce(last_active_at, 0) > created_at then last_active_at else created_at end), id);
