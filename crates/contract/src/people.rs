//! Who somebody is: accounts, known by proof. Owner: people.

use serde::{Deserialize, Serialize};

use crate::{
    address::EmailAddress,
    call::{Call, Need, Service},
    ids::{AccountId, InviteId, ProofId},
    secret::Secret,
    text::{Language, PersonName},
    timestamp::Timestamp,
};

/// The fewest characters of a password (NIST SP 800-63B section 3.1.1.2 asks for 8 where it is not
/// the only factor, 15 where it is; this is the product's choice between).
pub const PASSWORD_LEAST: usize = 10;
/// The most characters of a password: bounds the work of hashing it.
pub const PASSWORD_MOST: usize = 256;

/// Makes an account, or recognises one by its password. Idempotent: the same address and password
/// get the same account.
///
/// Refuses with `account-exists` when the address has an account that this password does not open,
/// unless nothing hangs on that account yet (unproved and without a membership): then it is as if
/// it had never been made, and a crash between enrol and admit blocks nobody.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Enrol {
    /// First name.
    pub first_name: PersonName,
    /// Last name.
    pub last_name: PersonName,
    /// The address; not proved by being typed in.
    pub email: EmailAddress,
    /// [`PASSWORD_LEAST`] to [`PASSWORD_MOST`] characters; refused when it contains the address.
    pub password: Secret,
    /// A token that only the registering browser knows (a cookie): whoever later proves the address
    /// from there keeps the password that was set there, anybody else does not.
    #[serde(default)]
    pub registrant: Option<Secret>,
    /// Makes nothing: whoever has no account that this password opens is refused with `not-found`.
    /// For a link that has closed since somebody joined through it.
    #[serde(default)]
    pub known_only: bool,
    /// The invite that they hold: whoever was invited at this very address reads its mailbox, so
    /// the address is proved, and what somebody else set up with it before falls.
    #[serde(default)]
    pub invite: Option<InviteId>,
}

/// The answer to [`Enrol`].
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Enrolled {
    /// Who it is.
    pub account_id: AccountId,
    /// Whether the address is proved.
    pub is_proved: bool,
    /// How to prove it, to be mailed; `None` when it is proved, or when a letter went out less than
    /// a minute ago.
    pub proof: Option<ProofIssued>,
}

impl Call for Enrol {
    const SUBJECT: &'static str = "usher.v1.people.enrol";
    const OWNER: Service = Service::People;
    const FROM: &'static [Service] = &[Service::HttpEdge];
    const NEEDS: Need = Need::Anyone;
    type Reply = Enrolled;
}

/// Whether an address has an account with a password: whether a password that is typed with it may be
/// a guess at one. For the edge alone, which tells nobody.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct HasPassword {
    /// The address.
    pub email: EmailAddress,
}

impl Call for HasPassword {
    const SUBJECT: &'static str = "usher.v1.people.has-password";
    const OWNER: Service = Service::People;
    const FROM: &'static [Service] = &[Service::HttpEdge];
    const NEEDS: Need = Need::Anyone;
    type Reply = bool;
}

/// A proof that waits for its code or its link; both are only ever mailed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ProofIssued {
    /// Names the proof; no secret.
    pub id: ProofId,
    /// Whom the mail goes to.
    pub email: EmailAddress,
    /// How the mail greets them.
    pub first_name: PersonName,
    /// For the link in the mail; good for 7 days.
    pub token: Secret,
    /// Six digits for typing; good for ten minutes and five attempts.
    pub code: Secret,
    /// When the link ends.
    pub expires_at: Timestamp,
    /// In which language they are written to: that of the organisation they joined last, English
    /// where they are new.
    #[serde(default)]
    pub language: Language,
}

/// Issues a fresh proof for an address; the codes of older ones die. Answers alike whether or not
/// the address has an account: only the mailbox learns it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct StartProof {
    /// The address.
    pub email: EmailAddress,
}

/// The answer to [`StartProof`].
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ProofStarted {
    /// Names the proof, also when there is none behind it.
    pub id: ProofId,
    /// What to mail; `None`: nothing.
    pub proof: Option<ProofIssued>,
}

impl Call for StartProof {
    const SUBJECT: &'static str = "usher.v1.proofs.start";
    const OWNER: Service = Service::People;
    const FROM: &'static [Service] = &[Service::HttpEdge, Service::InviteDispatcher];
    const NEEDS: Need = Need::Anyone;
    type Reply = ProofStarted;
}

/// What shows that somebody reads the mailbox.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Evidence {
    /// The token of the link in the mail.
    Token(Secret),
    /// The six digits in the mail, with the id of the proof that the page was given.
    Code {
        /// Which proof.
        proof: ProofId,
        /// Six digits.
        code: Secret,
    },
}

/// Proves an address. Refused evidence answers `proof-refused`, whatever the reason.
///
/// A password that was set before is kept only when `registrant` is the one it was set with;
/// otherwise it dies (pre-hijacking), and `new_password` takes its place where it is given.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ConfirmProof {
    /// The evidence.
    pub evidence: Evidence,
    /// The registering browser's token, see [`Enrol::registrant`].
    #[serde(default)]
    pub registrant: Option<Secret>,
    /// The password from now on.
    #[serde(default)]
    pub new_password: Option<Secret>,
}

/// An address was proved; the same evidence gets the same answer again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proved {
    /// Whose.
    pub account_id: AccountId,
    /// Whether the account has a password now; if not, the page asks for one, and the same evidence
    /// sets it.
    pub has_password: bool,
}

impl Call for ConfirmProof {
    const SUBJECT: &'static str = "usher.v1.proofs.confirm";
    const OWNER: Service = Service::People;
    const FROM: &'static [Service] = &[Service::HttpEdge];
    const NEEDS: Need = Need::Anyone;
    type Reply = Proved;
}
