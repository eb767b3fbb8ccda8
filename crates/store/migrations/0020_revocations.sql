-- owner: seat-pool
-- When a seat of an account was last taken back: no session that began before goes on, whatever becomes of the place,
-- which may be given again or erased. Never cleared.
create table revocations (
    account_id text   not null primary key,
    at         bigint not null
);
insert into revocations (account_id, at)
select account_id, max(revoked_at) from memberships where revoked_at is not null group by account_id;

-- People's: sessions that outlived the password that they began with, as those of whoever had an account before it was
-- made anew did. Whoever has changed their own password since signs in once more.
delete from person_sessions
where exists (
    select 1
    from credentials c
    where c.account_id = person_sessions.account_id and c.set_at > person_sessions.created_at);

-- People's: accounts that nobody has proved are swept when nothing hangs on them.
create index accounts_unproved on accounts (id) where proved_at is null;
