-- owner: seat-pool
-- What people are found and sorted by, copied from their accounts into their places: at admission, and by a sweep when
-- an account changed since. Whatever is asked about 200,000 people is a range of one index then.
alter table accounts add column changed_at bigint;  -- when address, name or last_active_at last changed
create index accounts_changed on accounts (changed_at) where changed_at is not null;

alter table memberships add column name_key text not null default '';   -- for search
alter table memberships add column name_sort text not null default '';  -- its first 100 characters
alter table memberships add column email_key text not null default '';
alter table memberships add column last_active_at bigint;
update memberships
set name_key = a.name_key, name_sort = substr(a.name_key, 1, 100), email_key = a.email_key,
    last_active_at = a.last_active_at
from accounts a
where a.id = memberships.account_id;

drop index memberships_by_organisation;
create index memberships_by_organisation on memberships (organisation_id, id, name_key);  -- searched without the rows
create index memberships_by_name on memberships (organisation_id, name_sort, id);
create index memberships_by_email on memberships (organisation_id, email_key, id);
create index memberships_by_redeemed on memberships (organisation_id, coalesce(redeemed_at, 0), id);
create index memberships_by_activity on memberships (organisation_id, coalesce(last_active_at, 0), id);
create index memberships_by_status on memberships (organisation_id, status, id);
create index memberships_by_plan on memberships (organisation_id, plan_id, id);

-- The story of one person.
create index audit_by_target on audit (organisation_id, target, id);
