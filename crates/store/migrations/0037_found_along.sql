-- owner: seat-pool
-- Whoever has a tag stands in the orders of time, too: a tag tells of a year, and where its people stand together the first
-- of them may come last along everybody. SeatPool keeps both instants as the place has them.
-- Both tables are taken at once, in the order in which nodes that go on take them.
-- postgres: lock table memberships, membership_tags in access exclusive mode;
alter table membership_tags add column redeemed_at bigint;
alter table membership_tags add column last_active_at bigint;
update membership_tags
set redeemed_at = memberships.redeemed_at, last_active_at = memberships.last_active_at
from memberships
where memberships.id = membership_tags.membership_id
    and (memberships.redeemed_at is not null or memberships.last_active_at is not null);
create index membership_tags_by_redeemed on membership_tags (organisation_id, tag, coalesce(redeemed_at, 0), membership_id);
create index membership_tags_by_activity on membership_tags (organisation_id, tag, coalesce(last_active_at, 0), membership_id);
-- What a filter asks for is in the index of each order of time, so that a row that it does not find is not read.
drop index memberships_by_redeemed;
drop index memberships_by_activity;
-- postgres: create index memberships_by_redeemed on memberships (organisation_id, coalesce(redeemed_at, 0), id,
-- postgres:     status, plan_id, link_id);
-- postgres: create index memberships_by_activity on memberships (organisation_id, coalesce(last_active_at, 0), id,
-- postgres:     status, plan_id, link_id);
-- What a search asks for, too, where it is not found in an index of trigrams, as on PostgreSQL.
-- sqlite: drop index memberships_by_name;
-- sqlite: drop index memberships_by_email;
-- sqlite: create index memberships_by_name on memberships (organisation_id, name_sort, id, name_key);
-- sqlite: create index memberships_by_email on memberships (organisation_id, email_key, id, name_key);
-- sqlite: create index memberships_by_redeemed on memberships (organisation_id, coalesce(redeemed_at, 0), id, name_key,
-- sqlite:     status, plan_id, link_id);
-- sqlite: create index memberships_by_activity on memberships (organisation_id, coalesce(last_active_at, 0), id, name_key,
-- sqlite:     status, plan_id, link_id);
