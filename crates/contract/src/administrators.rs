//! Those who work in the Subscription Manager. Owner: admin-directory.

use serde::{Deserialize, Serialize};

use crate::{
    address::EmailAddress,
    call::{Call, Need, Service},
    caller::Role,
    ids::{AdministratorId, OrganisationId},
    secret::Secret,
    text::Name,
    timestamp::Timestamp,
};

/// Makes an administrator, who sets a password through a one-time set-up link.
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

/// Sets the password through a one-time set-up link, and signs in.
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

/// Ends a session; an unknown one is ended already.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SignOutAdministrator {
    /// From the cookie.
    pub token: Secret,
}

impl Call for SignOutAdministrator {
    const SUBJECT: &'static str = "usher.v1.administrators.sign-out";
    const OWNER: Service = Service::AdminDirectory;
    const FROM: &'static [Service] = &[Service::HttpEdge];
    const NEEDS: Need = Need::Anyone;
    type Reply = ();
}
