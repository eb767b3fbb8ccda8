-- owner: seat-pool
-- Who was given a seat after an instant is not one who was not seen since, either: the latest of the three is asked. In
-- the order of redemption those then begin behind all who redeemed later, and nobody has to read these.
drop index memberships_by_seen;
create index memberships_by_seen on memberships (organisation_id, (
    case when coalesce(last_active_at, 0) > created_at and coalesce(last_active_at, 0) > coalesce(redeemed_at, 0)
        then last_active_at when coalesce(redeemed_at, 0) > created_at then redeemed_at else created_at end), id);
