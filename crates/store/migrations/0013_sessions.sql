-- owner: people
-- The ended sessions of a person are found among however many run.
drop index person_sessions_by_account;
create index person_sessions_by_account on person_sessions (account_id, expires_at);
