//! Those who work in the Subscription Manager. Owner: admin-directory.

use serde::{Deserialize, Serialize};

use crate::{
    address::EmailAddress,
    call::{Call, Need, Service},
    caller::Role,
    ids::{AdministratorId, OrganisationId},
    page::{Page, PageRequest},
    secret::Secret,
    text::{Language, Name},
    timestamp::Timestamp,
};

/// Makes an administrator, who sets a password through a one-time set-up link. Refused as
/// `too-many-requests`, with nothing changed, where the organisation has had this address mailed enough
/// today; the operator is not.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CreateAdministrator {
    /// In which organisation.
    pub organisation: OrganisationId,
    /// The address to sign in with.
    pub email: EmailAddress,
    /// What they may do.
    pub role: Role,
}

/// An administrator was made, or given a fresh set-up link.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AdministratorCreated {
    /// Who.
    pub id: AdministratorId,
    /// The token of the set-up link, shown this once; `None` when the administrator already has a
    /// password (from another organisation) and just signs in.
    pub setup_token: Option<Secret>,
    /// The address administers elsewhere, which only its mailbox is to learn: they have no office, and
    /// the link opens nothing.
    #[serde(default)]
    pub is_elsewhere: bool,
}

impl Call for CreateAdministrator {
    const SUBJECT: &'static str = "usher.v1.administrators.create";
    const OWNER: Service = Service::AdminDirectory;
    const FROM: &'static [Service] = &[Service::HttpEdge, Service::Node];
    const NEEDS: Need = Need::Administrator(Role::Owner);
    type Reply = AdministratorCreated;
    fn organisation(&self) -> Option<&OrganisationId> {
        Some(&self.organisation)
    }
}

/// An administrator as an organisation sees them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Colleague {
    /// Who.
    pub id: AdministratorId,
    /// The address they sign in with.
    pub email: EmailAddress,
    /// What they may do here.
    pub role: Role,
    /// Until when the set-up link works; `None` once they have a password.
    pub setup_expires_at: Option<Timestamp>,
    /// Since when they have an office here.
    pub created_at: Timestamp,
}

/// The administrators of an organisation, the first appointed first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListAdministrators {
    /// Of which organisation.
    pub organisation: OrganisationId,
    /// Which page.
    #[serde(default)]
    pub page: PageRequest,
}

impl Call for ListAdministrators {
    const SUBJECT: &'static str = "usher.v1.administrators.list";
    const OWNER: Service = Service::AdminDirectory;
    const FROM: &'static [Service] = &[Service::HttpEdge];
    const NEEDS: Need = Need::Administrator(Role::Viewer);
    type Reply = Page<Colleague>;
    fn organisation(&self) -> Option<&OrganisationId> {
        Some(&self.organisation)
    }
}

/// Gives an administrator another role. The last owner stays one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UpdateAdministrator {
    /// In which organisation.
    pub organisation: OrganisationId,
    /// Whom.
    pub id: AdministratorId,
    /// What they may do from now on.
    pub role: Role,
}

impl Call for UpdateAdministrator {
    const SUBJECT: &'static str = "usher.v1.administrators.update";
    const OWNER: Service = Service::AdminDirectory;
    const FROM: &'static [Service] = &[Service::HttpEdge];
    const NEEDS: Need = Need::Administrator(Role::Owner);
    type Reply = Colleague;
    fn organisation(&self) -> Option<&OrganisationId> {
        Some(&self.organisation)
    }
}

/// Takes the office from an administrator; with the last office they are forgotten. The last owner
/// of an organisation stays. Whoever has no office is removed already.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RemoveAdministrator {
    /// From which organisation.
    pub organisation: OrganisationId,
    /// Whom.
    pub id: AdministratorId,
}

impl Call for RemoveAdministrator {
    const SUBJECT: &'static str = "usher.v1.administrators.remove";
    const OWNER: Service = Service::AdminDirectory;
    const FROM: &'static [Service] = &[Service::HttpEdge];
    const NEEDS: Need = Need::Administrator(Role::Owner);
    type Reply = ();
    fn organisation(&self) -> Option<&OrganisationId> {
        Some(&self.organisation)
    }
}

/// Issues a one-time link with which a forgotten password is set anew. Answers alike whether or not
/// the address is an administrator's: only the mailbox learns it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct StartAdministratorReset {
    /// The address.
    pub email: EmailAddress,
}

/// The answer to [`StartAdministratorReset`].
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ResetStarted {
    /// What to mail; `None`: nothing.
    pub link: Option<ResetLink>,
}

/// A reset that waits for its link, which is only ever mailed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ResetLink {
    /// Whom the mail goes to.
    pub email: EmailAddress,
    /// For [`SetUpAdministrator`].
    pub token: Secret,
    /// When the link ends.
    pub expires_at: Timestamp,
    /// In which language they are written to: that of the organisation they were appointed in last.
    #[serde(default)]
    pub language: Language,
}

impl Call for StartAdministratorReset {
    const SUBJECT: &'static str = "usher.v1.administrators.start-reset";
    const OWNER: Service = Service::AdminDirectory;
    const FROM: &'static [Service] = &[Service::HttpEdge];
    const NEEDS: Need = Need::Anyone;
    type Reply = ResetStarted;
}

/// Whose password a one-time link sets; `set-up-refused` once it does not any more. A link that opens nothing
/// because its address administers elsewhere is answered as any.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ResolveSetUp {
    /// From the link.
    pub token: Secret,
}

/// Whose password a link sets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetUpFace {
    /// The address that they sign in with.
    pub email: EmailAddress,
}

impl Call for ResolveSetUp {
    const SUBJECT: &'static str = "usher.v1.administrators.resolve-set-up";
    const OWNER: Service = Service::AdminDirectory;
    const FROM: &'static [Service] = &[Service::HttpEdge];
    const NEEDS: Need = Need::Anyone;
    type Reply = SetUpFace;
}

/// Sets the password through a one-time link, the first one or a reset, and signs in. Every other
/// session of the administrator ends.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SetUpAdministrator {
    /// From the set-up link.
    pub token: Secret,
    /// 12 to 256 characters (NIST SP 800-63B section 3.1.1.2).
    pub password: Secret,
}

impl Call for SetUpAdministrator {
    const SUBJECT: &'static str = "usher.v1.administrators.set-up";
    const OWNER: Service = Service::AdminDirectory;
    const FROM: &'static [Service] = &[Service::HttpEdge, Service::Node];
    const NEEDS: Need = Need::Anyone;
    type Reply = SessionOpened;
}

/// Signs in. Takes as long for an unknown address as for a wrong password.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SignInAdministrator {
    /// The address.
    pub email: EmailAddress,
    /// The password.
    pub password: Secret,
}

/// A session of an administrator began.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SessionOpened {
    /// For the cookie.
    pub token: Secret,
    /// When it ends by itself.
    pub expires_at: Timestamp,
}

impl Call for SignInAdministrator {
    const SUBJECT: &'static str = "usher.v1.administrators.sign-in";
    const OWNER: Service = Service::AdminDirectory;
    const FROM: &'static [Service] = &[Service::HttpEdge];
    const NEEDS: Need = Need::Anyone;
    type Reply = SessionOpened;
}

/// Has the trail tell that a sign-in was refused. Whoever asks learns nothing, and within an hour it is
/// told once.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct NoteRefusedAdministrator {
    /// The address that was typed; it need not be anybody's.
    pub email: EmailAddress,
}

impl Call for NoteRefusedAdministrator {
    const SUBJECT: &'static str = "usher.v1.administrators.note-refused-sign-in";
    const OWNER: Service = Service::AdminDirectory;
    const FROM: &'static [Service] = &[Service::HttpEdge];
    const NEEDS: Need = Need::Anyone;
    type Reply = ();
}

/// Whose session a cookie is; answers `unauthenticated` when it is nobody's.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AuthenticateSession {
    /// From the cookie.
    pub token: Secret,
}

/// An administrator who is signed in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedIn {
    /// Who.
    pub administrator: AdministratorId,
    /// The address they signed in with.
    pub email: EmailAddress,
    /// Where they may do what; never empty.
    pub organisations: Vec<Office>,
}

/// An administrator's place in one organisation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Office {
    /// Which organisation.
    pub organisation: OrganisationId,
    /// What it is called.
    pub name: Name,
    /// What they may do there.
    pub role: Role,
}

impl Call for AuthenticateSession {
    const SUBJECT: &'static str = "usher.v1.administrators.authenticate";
    const OWNER: Service = Service::AdminDirectory;
    const FROM: &'static [Service] = &[Service::HttpEdge];
    const NEEDS: Need = Need::Anyone;
    type Reply = SignedIn;
}

/// Ends a session, or every session of its administrator; an unknown one is ended already.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SignOutAdministrator {
    /// From the cookie.
    pub token: Secret,
    /// Whether every session of the administrator ends.
    #[serde(default)]
    pub everywhere: bool,
}

impl Call for SignOutAdministrator {
    const SUBJECT: &'static str = "usher.v1.administrators.sign-out";
    const OWNER: Service = Service::AdminDirectory;
    const FROM: &'static [Service] = &[Service::HttpEdge];
    const NEEDS: Need = Need::Anyone;
    type Reply = ();
}
