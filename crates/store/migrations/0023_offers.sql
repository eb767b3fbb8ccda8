-- owner: seat-pool
-- Whoever was given a seat that they did not ask for then is told so by a letter, once: noted in the transaction that
-- gives the seat, forgotten when the letter is queued. A newer seat of the same place takes the place of an older one.
create table offers (
    membership_id text   not null primary key references memberships (id) on delete cascade,
    key           text   not null,  -- of the letter
    at            bigint not null,
    position      bigint not null   -- in the order in which the seats were given at that instant
);

-- Revocations of before they were noted: whoever was given the seat again since has no session of before either.
insert into revocations (account_id, at)
select m.account_id, max(e.at)
from ledger e
join memberships m on m.id = e.membership_id
where e.change = 'revoke'
group by m.account_id
on conflict (account_id) do update
set at = case when excluded.at > revocations.at then excluded.at else revocations.at end;

-- A job that fails steps aside, and is given up after some attempts.
alter table bulk_jobs add column failures bigint not null default 0;  -- in a row
alter table bulk_jobs add column due_at bigint;                       -- after a failure: not before
alter table bulk_jobs add column given_up text;                       -- why, with finished_at
