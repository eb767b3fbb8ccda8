//! What people do with their own accounts: sign in and out, reset, change. Owner: people, and
//! roster for what an account shows.

use serde::{Deserialize, Serialize};
use url::Url;

use crate::{
    address::{DomainName, EmailAddress},
    call::{Call, Need, Service},
    ids::{AccountId, MembershipId, OrganisationId, PlanId},
    people::{Evidence, ProofStarted, Proved},
    seats::Status,
    secret::Secret,
    text::{Language, Name, PersonName},
    timestamp::Timestamp,
};

/// Signs a person in. Takes as long for an unknown address as for a wrong password.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SignInPerson {
    /// The address.
    pub email: EmailAddress,
    /// The password.
    pub password: Secret,
}

/// A session of a person began.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PersonSession {
    /// Whose.
    pub account_id: AccountId,
    /// For the cookie.
    pub token: Secret,
    /// When it ends by itself.
    pub expires_at: Timestamp,
}

impl Call for SignInPerson {
    const SUBJECT: &'static str = "usher.v1.accounts.sign-in";
    const OWNER: Service = Service::People;
    const FROM: &'static [Service] = &[Service::HttpEdge];
    const NEEDS: Need = Need::Anyone;
    type Reply = PersonSession;
}

/// Has the trail tell that a sign-in with an address was refused: the password was wrong, or there were too
/// many. Whoever asks learns nothing, and within an hour it is told once.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct NoteRefusedSignIn {
    /// The address that was typed; it need not be anybody's.
    pub email: EmailAddress,
}

impl Call for NoteRefusedSignIn {
    const SUBJECT: &'static str = "usher.v1.accounts.note-refused-sign-in";
    const OWNER: Service = Service::People;
    const FROM: &'static [Service] = &[Service::HttpEdge];
    const NEEDS: Need = Need::Anyone;
    type Reply = ();
}

/// Whose session a cookie is; answers `unauthenticated` when it is nobody's. A session that began
/// before a seat of the person was revoked is nobody's.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AuthenticatePerson {
    /// From the cookie.
    pub token: Secret,
}

/// A person who is signed in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedInPerson {
    /// Who.
    pub account_id: AccountId,
    /// First name.
    pub first_name: PersonName,
    /// Last name.
    pub last_name: PersonName,
    /// The address.
    pub email: EmailAddress,
    /// Whether the address is proved.
    pub is_proved: bool,
}

impl Call for AuthenticatePerson {
    const SUBJECT: &'static str = "usher.v1.accounts.authenticate";
    const OWNER: Service = Service::People;
    const FROM: &'static [Service] = &[Service::HttpEdge];
    const NEEDS: Need = Need::Anyone;
    type Reply = SignedInPerson;
}

/// Ends a session, or every session of its person; an unknown one is ended already.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SignOutPerson {
    /// From the cookie.
    pub token: Secret,
    /// Whether every session of the person ends.
    #[serde(default)]
    pub everywhere: bool,
}

impl Call for SignOutPerson {
    const SUBJECT: &'static str = "usher.v1.accounts.sign-out";
    const OWNER: Service = Service::People;
    const FROM: &'static [Service] = &[Service::HttpEdge];
    const NEEDS: Need = Need::Anyone;
    type Reply = ();
}

/// Issues what a forgotten password is set anew with. Answers alike whether or not the address has
/// an account: only the mailbox learns it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct StartReset {
    /// The address.
    pub email: EmailAddress,
}

impl Call for StartReset {
    const SUBJECT: &'static str = "usher.v1.accounts.start-reset";
    const OWNER: Service = Service::People;
    const FROM: &'static [Service] = &[Service::HttpEdge];
    const NEEDS: Need = Need::Anyone;
    type Reply = ProofStarted;
}

/// Whose password the link of a reset letter sets; `proof-refused` once it does not any more. For a password
/// manager: nobody learns an address by it who does not hold the letter.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ResolveReset {
    /// From the link.
    pub token: Secret,
}

/// Whose password a link sets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResetFace {
    /// The address that they sign in with.
    pub email: EmailAddress,
}

impl Call for ResolveReset {
    const SUBJECT: &'static str = "usher.v1.accounts.resolve-reset";
    const OWNER: Service = Service::People;
    const FROM: &'static [Service] = &[Service::HttpEdge];
    const NEEDS: Need = Need::Anyone;
    type Reply = ResetFace;
}

/// Sets the password anew. Whoever shows the evidence reads the mailbox, so the address is proved;
/// every session and every other pending proof of the account ends, and one session begins: whoever is
/// guessed at from everywhere could not sign in. Works once.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct FinishReset {
    /// From the mail.
    pub evidence: Evidence,
    /// The password from now on.
    pub new_password: Secret,
}

/// A password was set anew.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PasswordReset {
    /// Whose address that proved.
    #[serde(flatten)]
    pub proved: Proved,
    /// The session that begins; people of before this field begin none.
    #[serde(default)]
    pub session: Option<PersonSession>,
}

impl Call for FinishReset {
    const SUBJECT: &'static str = "usher.v1.accounts.finish-reset";
    const OWNER: Service = Service::People;
    const FROM: &'static [Service] = &[Service::HttpEdge];
    const NEEDS: Need = Need::Anyone;
    type Reply = PasswordReset;
}

/// Begins to change the address of the caller's account: the new mailbox gets the evidence. Answers
/// alike whether or not the new address has an account.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct StartAddressChange {
    /// The new address.
    pub email: EmailAddress,
    /// The caller's password: a session left open is not enough.
    pub password: Secret,
}

impl Call for StartAddressChange {
    const SUBJECT: &'static str = "usher.v1.accounts.start-address-change";
    const OWNER: Service = Service::People;
    const FROM: &'static [Service] = &[Service::HttpEdge];
    const NEEDS: Need = Need::Person;
    type Reply = ProofStarted;
}

/// Changes the address of the caller's account; only a session of the very account that began the
/// change can finish it. Every other session ends.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct FinishAddressChange {
    /// From the mail to the new address.
    pub evidence: Evidence,
    /// The caller's session, which goes on.
    pub session: Secret,
}

/// An address was changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AddressChanged {
    /// Where mail went until now, for a notice.
    pub from: EmailAddress,
    /// Where it goes from now on.
    pub to: EmailAddress,
    /// How the notice greets them.
    pub first_name: PersonName,
    /// In which language they are written to: that of the organisation they joined last.
    #[serde(default)]
    pub language: Language,
    /// Whether it is on record that the old mailbox is to be told, which then is, whoever dies; people of
    /// before this field leave it to whoever asked.
    #[serde(default)]
    pub is_noted: bool,
}

impl Call for FinishAddressChange {
    const SUBJECT: &'static str = "usher.v1.accounts.finish-address-change";
    const OWNER: Service = Service::People;
    const FROM: &'static [Service] = &[Service::HttpEdge];
    const NEEDS: Need = Need::Person;
    type Reply = AddressChanged;
}

/// Sets another password for the caller's account. Every other session ends.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ChangePassword {
    /// The password until now.
    pub password: Secret,
    /// The password from now on.
    pub new_password: Secret,
    /// The caller's session, which goes on.
    pub session: Secret,
}

impl Call for ChangePassword {
    const SUBJECT: &'static str = "usher.v1.accounts.change-password";
    const OWNER: Service = Service::People;
    const FROM: &'static [Service] = &[Service::HttpEdge];
    const NEEDS: Need = Need::Person;
    type Reply = ();
}

/// The caller's memberships, in every organisation, the oldest first; at most 200.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListOwnMemberships {}

/// A membership as the person sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnMembership {
    /// Which.
    pub id: MembershipId,
    /// In which organisation; `None` from a roster that is older than this field.
    #[serde(default)]
    pub organisation: Option<OrganisationId>,
    /// Of which plan; as `organisation`.
    #[serde(default)]
    pub plan: Option<PlanId>,
    /// What the organisation is called.
    pub organisation_name: Name,
    /// Where its people go once they are seated.
    pub product_url: Url,
    /// What the plan is called.
    pub plan_name: Name,
    /// Where it stands.
    pub status: Status,
    /// Until when the address must be proved.
    pub proof_due_at: Option<Timestamp>,
    /// When the seat was given.
    pub redeemed_at: Option<Timestamp>,
    /// Of one of which domains the address has to be before there is a seat; none where it is, or any
    /// will do.
    #[serde(default)]
    pub domains_needed: Vec<DomainName>,
}

impl Call for ListOwnMemberships {
    const SUBJECT: &'static str = "usher.v1.accounts.list-memberships";
    const OWNER: Service = Service::Roster;
    const FROM: &'static [Service] = &[Service::HttpEdge];
    const NEEDS: Need = Need::Person;
    type Reply = Vec<OwnMembership>;
}
