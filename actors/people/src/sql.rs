//! Every statement of people.

store::statements! {
    /// An account and its password by the key of its address.
    pub(crate) FIND_ACCOUNT = "
        select a.id, a.email, a.first_name, a.proved_at, c.password_hash
        from accounts a
        left join credentials c on c.account_id = a.id
        where a.email_key = $1";

    /// Makes an account; nothing when the address has one.
    pub(crate) INSERT_ACCOUNT = "
        insert into accounts (id, email, email_key, first_name, last_name, name_key, created_at)
        values ($1, $2, $3, $4, $5, $6, $7)
        on conflict do nothing";

    /// Makes an account anew on which nothing hangs yet.
    pub(crate) REPLACE_ACCOUNT = "
        update accounts
        set email = $2, first_name = $3, last_name = $4, name_key = $5
        where id = $1
            and proved_at is null
            and not exists (select 1 from memberships m where m.account_id = accounts.id)";

    /// An invite of an address that can be accepted: sent, neither taken back nor over nor used.
    pub(crate) FIND_INVITE = "
        select i.id
        from invites i
        join batches b on b.id = i.batch_id
        where i.id = $1
            and i.email_key = $2
            and b.sent_at is not null
            and b.cancelled_at is null
            and i.cancelled_at is null
            and i.state not in ('draft', 'skipped')
            and (i.expires_at is null or i.expires_at > $3)
            and not exists (select 1 from invite_uses u where u.invite_id = i.id)";

    /// Keeps others from the unproved account of an address until the transaction ends.
    pub(crate) LOCK_UNPROVED = "
        select id from accounts where email_key = $1 and proved_at is null for_update";

    /// Names an account as its owner does.
    pub(crate) RENAME_ACCOUNT = "
        update accounts
        set email = $2, first_name = $3, last_name = $4, name_key = $5, changed_at = $6
        where id = $1";

    /// Sets the password of an account.
    pub(crate) SET_PASSWORD = "
        insert into credentials (account_id, password_hash, registrant_hash, set_at)
        values ($1, $2, $3, $4)
        on conflict (account_id) do update
        set password_hash = excluded.password_hash, registrant_hash = excluded.registrant_hash,
            set_at = excluded.set_at";

    /// Notes the browser of whoever has just shown that they know the password.
    pub(crate) SET_REGISTRANT = "
        update credentials
        set registrant_hash = $2
        where account_id = $1";

    /// Takes a password away that was not set by whoever proves the address.
    pub(crate) DROP_FOREIGN_PASSWORD = "
        delete from credentials
        where account_id = $1 and (registrant_hash is null or registrant_hash <> $2)";

    /// Whether an account has a password.
    pub(crate) HAS_PASSWORD = "
        select count(*) as passwords from credentials where account_id = $1";

    /// Keeps others from an account until the transaction ends, and looks at what it has by then.
    pub(crate) LOCK_ACCOUNT = "
        select proved_at from accounts where id = $1 for_update";

    /// When the last proof for a purpose was issued, and how many since an instant.
    pub(crate) RECENT_PROOFS = "
        select max(created_at) as last,
            coalesce(sum(case when created_at > $2 then 1 else 0 end), 0) as letters
        from proofs
        where account_id = $1 and purpose = $3";

    /// What the organisation that an account joined last has decided.
    pub(crate) LAST_POLICIES = "
        select o.policies
        from memberships m
        join organisations o on o.id = m.organisation_id
        where m.account_id = $1
        order by m.id desc
        limit 1";

    /// Ends older proofs for a purpose, or for every one.
    pub(crate) SUPERSEDE_PROOFS = "
        update proofs
        set superseded_at = $2
        where account_id = $1 and superseded_at is null and used_at is null
            and (cast($3 as text) is null or purpose = $3)";

    /// The places of a person, in the order of their organisations.
    pub(crate) PLACES = "
        select id, organisation_id
        from memberships
        where account_id = $1
        order by organisation_id";

    /// How often the trails of a person's places told something after an instant.
    pub(crate) COUNT_TOLD = "
        select count(*) as told
        from memberships m
        join audit a on a.organisation_id = m.organisation_id and a.target = m.id
        where m.account_id = $1 and a.action = $2 and a.at > $3";

    /// Issues a proof.
    pub(crate) INSERT_PROOF = "
        insert into proofs (id, account_id, token_hash, code_hash, code_expires_at, expires_at,
            created_at, purpose, email, email_key)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";

    /// A proof by the token of its link; one of an address may be shown again.
    pub(crate) FIND_PROOF = "
        select id, account_id
        from proofs
        where token_hash = $1 and expires_at > $2 and superseded_at is null and purpose = $3
            and (used_at is null or purpose = 'address')";

    /// Whose password the token of a link sets, as long as it does.
    pub(crate) FIND_RESET = "
        select a.email
        from proofs p
        join accounts a on a.id = p.account_id
        where p.token_hash = $1 and p.expires_at > $2 and p.superseded_at is null
            and p.used_at is null and p.purpose = 'reset'";

    /// Counts an attempt at a code; no row when there are none left for it, or for its account.
    pub(crate) ATTEMPT_CODE = "
        update proofs
        set code_attempts = code_attempts + 1
        where id = $1 and code_attempts < $2 and code_expires_at > $3 and superseded_at is null
            and purpose = $4
            and (used_at is null or purpose = 'address')
            and cast($6 as bigint) > (
                select coalesce(sum(o.code_attempts), 0)
                from proofs o
                where o.account_id = proofs.account_id and o.created_at > $5)
        returning account_id, code_hash, code_attempts";

    /// Notes that a proof was used.
    pub(crate) USE_PROOF = "
        update proofs
        set used_at = coalesce(used_at, $2)
        where id = $1";

    /// Proves an account; no row when it was proved already.
    pub(crate) PROVE_ACCOUNT = "
        update accounts
        set proved_at = $2
        where id = $1 and proved_at is null";

    /// The address that a proof is about.
    pub(crate) EMAIL_OF_PROOF = "
        select a.email
        from proofs p
        join accounts a on a.id = p.account_id
        where p.id = $1";

    /// Uses a proof that may be used once.
    pub(crate) USE_PROOF_ONCE = "
        update proofs
        set used_at = $2
        where id = $1 and used_at is null and superseded_at is null
        returning email";

    /// An account by its id, with its password.
    pub(crate) FIND_BY_ID = "
        select a.id, a.email, a.first_name, a.last_name, a.proved_at, c.password_hash
        from accounts a
        left join credentials c on c.account_id = a.id
        where a.id = $1";

    /// Gives an account another address, which is proved; no row when somebody else has it.
    pub(crate) CHANGE_ADDRESS = "
        update accounts
        set email = $2, email_key = $3, name_key = $4, proved_at = $5, changed_at = $5
        where id = $1
            and not exists (select 1 from accounts o where o.email_key = $3 and o.id <> $1)";

    /// Notes that the mailbox an account had is to be told that it has another one.
    pub(crate) NOTE_CHANGE = "
        insert into address_notices (key, account_id, email, at)
        values ($1, $2, $3, $4)";

    /// Forgets mailboxes whose letter is queued.
    pub(crate) FORGET_TOLD = "
        delete from address_notices
        where key in (
            select n.key from address_notices n join mails q on q.key = n.key limit 1000)";

    /// When a seat of an account was last taken back.
    pub(crate) LAST_REVOCATION = "
        select at from revocations where account_id = $1";

    /// Opens a session.
    pub(crate) INSERT_SESSION = "
        insert into person_sessions (token_hash, account_id, created_at, expires_at)
        values ($1, $2, $3, $4)";

    /// Sweeps the ended sessions of a person.
    pub(crate) DELETE_ENDED_SESSIONS = "
        delete from person_sessions
        where account_id = $1 and expires_at <= $2";

    /// Ends a session.
    pub(crate) DELETE_SESSION = "
        delete from person_sessions
        where token_hash = $1
        returning account_id";

    /// Ends every session of a person but one; an empty hash is none's.
    pub(crate) DELETE_OTHER_SESSIONS = "
        delete from person_sessions
        where account_id = $1 and token_hash <> $2";

    /// Whose sessions these are, unless a seat of theirs was revoked since they began: as it was noted,
    /// or, by nodes of an earlier release that still run, as the place says.
    pub(crate) AUTHENTICATE_SESSIONS = "
        select s.token_hash, a.id, a.email, a.first_name, a.last_name, a.proved_at
        from rows($1)
        join person_sessions s on s.token_hash = rows.value ->> 'hash'
        join accounts a on a.id = s.account_id
        where s.expires_at > $2
            and not exists (
                select 1
                from revocations r
                where r.account_id = a.id and r.at >= s.created_at)
            and not exists (
                select 1
                from memberships m
                where m.account_id = a.id and m.revoked_at >= s.created_at)";

    /// Notes that a person was there.
    pub(crate) TOUCH_ACCOUNT = "
        update accounts
        set last_active_at = $2, changed_at = $2
        where id = $1";

    /// Keeps others from accounts that were erased from their last organisation, once their mail is
    /// forgotten: it is found by their addresses. Whom somebody has at this moment is passed over.
    pub(crate) LOCK_ERASED = "
        select a.id
        from accounts a
        where a.id in (
            select e.account_id
            from erasures e
            where not exists (select 1 from memberships m where m.account_id = e.account_id)
                and not exists (
                    select 1
                    from erasures o
                    where o.account_id = e.account_id
                        and not exists (
                            select 1
                            from forgotten f
                            where f.account_id = o.account_id
                                and f.organisation_id = o.organisation_id and f.at >= o.at)))
        order by a.id
        limit 500
        skip_locked";

    /// Forgets those of them of whom that is so by now, too: whoever gives a place has the account first.
    pub(crate) DELETE_ERASED = "
        delete from accounts
        where id in (select rows.value ->> 'id' from rows($1))
            and not exists (select 1 from memberships m where m.account_id = accounts.id)
            and not exists (
                select 1
                from erasures o
                where o.account_id = accounts.id
                    and not exists (
                        select 1
                        from forgotten f
                        where f.account_id = o.account_id
                            and f.organisation_id = o.organisation_id and f.at >= o.at))
        returning id";

    /// Where accounts were erased last.
    pub(crate) LAST_ERASURES = "
        select e.account_id, max(e.organisation_id) as organisation_id
        from rows($1)
        join erasures e on e.account_id = rows.value ->> 'id'
        where not exists (
            select 1 from erasures l where l.account_id = e.account_id and l.at > e.at)
        group by e.account_id";

    /// Deletes proofs that ended long ago.
    pub(crate) SWEEP_PROOFS = "
        delete from proofs
        where id in (select id from proofs where expires_at < $1 limit 1000)";

    /// Keeps others from accounts that nobody has proved and on which nothing hangs: neither a letter
    /// that is remembered, nor a place, nor a session.
    pub(crate) LOCK_ABANDONED = "
        select a.id
        from accounts a
        where a.proved_at is null
            and not exists (select 1 from erasures e where e.account_id = a.id)
            and not exists (select 1 from proofs p where p.account_id = a.id)
            and not exists (select 1 from memberships m where m.account_id = a.id)
            and not exists (
                select 1 from person_sessions s where s.account_id = a.id and s.expires_at > $1)
        order by a.id
        limit 500
        skip_locked";

    /// Forgets those of them on which nothing hangs by now either.
    pub(crate) DELETE_ABANDONED = "
        delete from accounts
        where id in (select rows.value ->> 'id' from rows($1))
            and proved_at is null
            and not exists (select 1 from proofs p where p.account_id = accounts.id)
            and not exists (select 1 from memberships m where m.account_id = accounts.id)
            and not exists (
                select 1
                from person_sessions s
                where s.account_id = accounts.id and s.expires_at > $2)";
}
