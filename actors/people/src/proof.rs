//! Proofs: issued in the transaction of whoever asks for one.

use contract::{
    Clock, EmailAddress, Timestamp,
    ids::{AccountId, ProofId},
    organisations::Policies,
    people::ProofIssued,
    text::{Language, PersonName},
};
use serde_json::json;
use store::{
    StoreError, Tx,
    vault::{draw_code, draw_token, hash_code, hash_token},
};

use crate::{sql, trail};

/// How long a code is good, in seconds.
const CODE_SECONDS: i64 = 600;
/// How many times a code may be tried.
pub(crate) const CODE_ATTEMPTS: i64 = 5;
/// How many attempts at codes an account has in 24 hours, however many letters it gets.
pub(crate) const GUESSES_A_DAY: i64 = 50;
/// How long an address gets no second letter for a purpose, in seconds.
const LETTER_SECONDS: i64 = 60;
/// How many of those an address gets in 24 hours: bounds what a stranger can have sent to it.
const LETTERS_A_DAY: i64 = 10;
/// How long it gets none after those, in seconds: no longer than the link of the last one is good, so
/// that a stranger who keeps asking never leaves the owner without one.
const LATER_SECONDS: i64 = 3_600;

/// What a proof is for. One for one purpose is nothing for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// The account's own address.
    Address,
    /// A password that was forgotten.
    Reset,
    /// The address that the account is to have.
    Change,
}

impl Purpose {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Address => "address",
            Self::Reset => "reset",
            Self::Change => "change",
        }
    }

    /// What the trail calls it that a letter was asked for.
    const fn start(self) -> &'static str {
        match self {
            Self::Address => "account.start-proof",
            Self::Reset => "account.start-reset",
            Self::Change => "account.start-address-change",
        }
    }

    /// Whether anybody who knows the address may ask for a letter. A change is asked for by whoever is
    /// signed in, about an address that need not be theirs.
    const fn is_anybodys(self) -> bool {
        matches!(self, Self::Address | Self::Reset)
    }

    /// How long the link of the mail is good, in seconds.
    const fn seconds(self) -> i64 {
        match self {
            Self::Address => 7 * 86_400,
            Self::Reset | Self::Change => 3_600,
        }
    }
}

/// Whose proof it is.
pub(crate) struct Owner {
    pub(crate) account: AccountId,
    pub(crate) email: EmailAddress,
    pub(crate) first_name: PersonName,
}

/// Issues a proof and ends the older ones for the same purpose; `owner.email` is where it goes.
pub(crate) async fn issue(
    tx: &mut Tx,
    owner: Owner,
    purpose: Purpose,
    clock: &dyn Clock,
) -> Result<ProofIssued, StoreError> {
    let now = tx.stamp().now;
    let id = ProofId::new(clock.ulid());
    let (token, code) = (draw_token(), draw_code());
    let expires_at = now.plus_seconds(purpose.seconds());
    sql::SUPERSEDE_PROOFS
        .bind(owner.account)
        .bind(now)
        .bind(purpose.name())
        .execute(tx)
        .await?;
    let new_address = (purpose == Purpose::Change).then(|| owner.email.clone());
    sql::INSERT_PROOF
        .bind(id)
        .bind(owner.account)
        .bind(hash_token(&token))
        .bind(hash_code(id, &code))
        .bind(now.plus_seconds(CODE_SECONDS))
        .bind(expires_at)
        .bind(now)
        .bind(purpose.name())
        .bind(new_address.as_ref().map(EmailAddress::as_str))
        .bind(new_address.as_ref().map(EmailAddress::key))
        .execute(tx)
        .await?;
    let Owner {
        email, first_name, ..
    } = owner;
    Ok(ProofIssued {
        id,
        email,
        first_name,
        token,
        code,
        expires_at,
        language: Language::default(),
    })
}

/// As [`issue`], unless a letter for the purpose went out less than a minute ago, or an hour ago when
/// there were enough today. The account must be locked, so that many who ask at once get one.
pub(crate) async fn issue_unless_recent(
    tx: &mut Tx,
    owner: Owner,
    purpose: Purpose,
    clock: &dyn Clock,
) -> Result<Option<ProofIssued>, StoreError> {
    let now = tx.stamp().now;
    let recent = sql::RECENT_PROOFS
        .bind(owner.account)
        .bind(now.plus_days(-1))
        .bind(purpose.name())
        .fetch_one(tx)
        .await?;
    let last: Option<Timestamp> = recent.get("last")?;
    let is_enough = recent.get::<i64>("letters")? >= LETTERS_A_DAY;
    let pause = if is_enough {
        LATER_SECONDS
    } else {
        LETTER_SECONDS
    };
    let is_recent = last.is_some_and(|last| last.plus_seconds(pause) > now);
    if is_recent || (is_enough && !purpose.is_anybodys()) {
        return Ok(None);
    }
    let language = language(tx, owner.account).await?;
    let issued = issue(tx, owner, purpose, clock).await?;
    Ok(Some(ProofIssued { language, ..issued }))
}

/// Notes that somebody asked for a letter, which is sent.
pub(crate) async fn tell_asked(
    tx: &mut Tx,
    account: AccountId,
    purpose: Purpose,
) -> Result<(), StoreError> {
    let by = tx.stamp().clone();
    trail::note(tx, &by, account, purpose.start(), &json!({})).await
}

/// In which language an account is written to: that of the organisation it joined last.
pub(crate) async fn language(tx: &mut Tx, account: AccountId) -> Result<Language, StoreError> {
    let row = sql::LAST_POLICIES.bind(account).fetch_optional(tx).await?;
    let policies: Option<Policies> = row.map(|row| row.json("policies")).transpose()?;
    Ok(policies.unwrap_or_default().language)
}

/// Locks an account: whoever changes it or its proofs begins with this, so that nobody waits for
/// each other in a circle. `None` when it is gone, otherwise when it was proved.
pub(crate) async fn lock(
    tx: &mut Tx,
    account: AccountId,
) -> Result<Option<Option<Timestamp>>, StoreError> {
    let row = sql::LOCK_ACCOUNT.bind(account).fetch_optional(tx).await?;
    row.map(|row| row.get("proved_at")).transpose()
}
