-- owner: seat-pool
-- The acceptances since an instant.
create index invite_uses_by_age on invite_uses (at, invite_id);
