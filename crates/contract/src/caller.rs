//! On whose behalf a request is made. Travels signed in the `Usher-Caller` header.

use serde::{Deserialize, Serialize};

use crate::{
    call::{Need, Service},
    ids::{AccountId, AdministratorId, OrganisationId, TokenId},
    problem::{Kind, Problem},
    timestamp::Timestamp,
};

/// Who asks, through whom, until when. Signed by the sender, so a receiver may rely on it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Caller {
    /// The part of the system that sends the message.
    pub service: Service,
    /// On whose behalf.
    pub principal: Principal,
    /// The organisation in which the principal acts; `None` for the public and the operator.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organisation: Option<OrganisationId>,
    /// What the principal may do in that organisation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    /// After this instant the caller is not believed; at most [`Caller::LIFETIME_SECONDS`] ahead.
    pub expires_at: Timestamp,
}

/// A kind of principal and which one. Administrators and people never mix.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "id", rename_all = "kebab-case")]
pub enum Principal {
    /// Nobody in particular.
    Public,
    /// A person who signed in.
    Person(AccountId),
    /// An administrator who signed in.
    Administrator(AdministratorId),
    /// An API token of an organisation, or of the operator.
    Token(TokenId),
    /// The operator of the platform.
    Operator,
    /// A part of the system on its own behalf (a sweep, a retry).
    System,
}

/// What an administrator may do; each role may do what the ones before it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Sees everything of the organisation, changes nothing.
    Viewer,
    /// Works with links, people and seats.
    Manager,
    /// Also administrators, tokens and policies.
    Owner,
}

impl Role {
    /// The name on the wire and in the database.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Manager => "manager",
            Self::Owner => "owner",
        }
    }

    /// Reads a name back.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Viewer, Self::Manager, Self::Owner]
            .into_iter()
            .find(|role| role.name() == name)
    }
}

impl Caller {
    /// The longest life of a signed caller, in seconds.
    pub const LIFETIME_SECONDS: i64 = 60;

    /// The public, through `service`.
    pub fn public(service: Service, now: Timestamp) -> Self {
        Self::new(service, Principal::Public, now)
    }

    /// `service` on its own behalf.
    pub fn system(service: Service, now: Timestamp) -> Self {
        Self::new(service, Principal::System, now)
    }

    /// The operator, through `service`.
    pub fn operator(service: Service, now: Timestamp) -> Self {
        Self::new(service, Principal::Operator, now)
    }

    /// A principal that acts in one organisation with a role.
    pub fn within(
        service: Service,
        principal: Principal,
        (organisation, role): (OrganisationId, Role),
        now: Timestamp,
    ) -> Self {
        Self {
            organisation: Some(organisation),
            role: Some(role),
            ..Self::new(service, principal, now)
        }
    }

    fn new(service: Service, principal: Principal, now: Timestamp) -> Self {
        let expires_at = now.plus_seconds(Self::LIFETIME_SECONDS);
        Self {
            service,
            principal,
            organisation: None,
            role: None,
            expires_at,
        }
    }

    /// Whether this caller may send a message with these rules: the one place where authorisation
    /// is decided.
    ///
    /// A caller of another organisation gets `not-found`, so that nobody learns what exists there.
    pub fn may(
        &self,
        from: &[Service],
        needs: Need,
        organisation: Option<&OrganisationId>,
    ) -> Result<(), Problem> {
        if !from.contains(&self.service) {
            return Err(Problem::new(Kind::Forbidden));
        }
        let role = match needs {
            // Whoever acts for one organisation stands at no door of another.
            Need::Anyone if self.is_of_another(organisation) => {
                return Err(Problem::new(Kind::NotFound));
            }
            Need::Anyone => return Ok(()),
            Need::Operator if self.principal == Principal::Operator => return Ok(()),
            Need::Person if matches!(self.principal, Principal::Person(_)) => return Ok(()),
            Need::Operator | Need::Person => return Err(Problem::new(Kind::Forbidden)),
            Need::Administrator(role) => role,
        };
        match &self.principal {
            Principal::Operator => Ok(()),
            Principal::Administrator(_) | Principal::Token(_) => {
                if self.organisation.is_none() || self.organisation.as_ref() != organisation {
                    return Err(Problem::new(Kind::NotFound));
                }
                if self.role < Some(role) {
                    return Err(Problem::new(Kind::Forbidden));
                }
                Ok(())
            }
            Principal::Public | Principal::Person(_) | Principal::System => {
                Err(Problem::new(Kind::Forbidden))
            }
        }
    }

    /// Whether this acts for another organisation than that of the message.
    fn is_of_another(&self, organisation: Option<&OrganisationId>) -> bool {
        let own = self.organisation.as_ref();
        own.is_some_and(|own| organisation.is_some_and(|other| other != own))
    }

    /// The person who is signed in, for a message that needs one ([`Need::Person`]).
    pub fn person(&self) -> Result<AccountId, Problem> {
        match self.principal {
            Principal::Person(account) => Ok(account),
            _ => Err(Problem::new(Kind::Forbidden)),
        }
    }

    /// How the audit trail names the principal: `administrator:adm_…`, `operator`, `system:seat-pool`.
    pub fn actor(&self) -> String {
        match &self.principal {
            Principal::Public => "public".to_owned(),
            Principal::Person(id) => format!("person:{id}"),
            Principal::Administrator(id) => format!("administrator:{id}"),
            Principal::Token(id) => format!("token:{id}"),
            Principal::Operator => "operator".to_owned(),
            Principal::System => format!("system:{}", self.service.name()),
        }
    }
}
