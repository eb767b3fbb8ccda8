-- owner: seat-pool
-- Of which domain the address was that a link or an invite let in. Until there is a seat the account may have another one,
-- and only those of this domain, or of the domains that the link allows by then, get it. None: from before this.
alter table memberships add column let_in_domain text;

-- Store's: the newest instant that anything in a history bears. Whoever decides under its lock writes no earlier one.
alter table event_heads add column latest_at bigint not null default 0;
