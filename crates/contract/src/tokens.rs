//! API tokens. Owner: admin-directory.

use serde::{Deserialize, Serialize};

use crate::{
    call::{Call, Need, Service},
    caller::Role,
    ids::{OrganisationId, TokenId},
    page::{Page, PageRequest},
    secret::Secret,
    text::Name,
    timestamp::Timestamp,
};

/// Makes an API token of an organisation; one without an organisation is the operator's, and only
/// the operator makes one.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CreateToken {
    /// Whose; `None` is the operator's.
    pub organisation: Option<OrganisationId>,
    /// What it is for.
    pub name: Name,
    /// What it may do in its organisation; means nothing for the operator's.
    pub role: Role,
    /// When it ends.
    #[serde(default)]
    pub expires_at: Option<Timestamp>,
}

/// A token was made.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TokenCreated {
    /// Its id.
    pub id: TokenId,
    /// The token itself, shown this once.
    pub token: Secret,
}

impl Call for CreateToken {
    const SUBJECT: &'static str = "usher.v1.tokens.create";
    const OWNER: Service = Service::AdminDirectory;
    const FROM: &'static [Service] = &[Service::HttpEdge, Service::Node];
    const NEEDS: Need = Need::Administrator(Role::Owner);
    type Reply = TokenCreated;
    fn organisation(&self) -> Option<&OrganisationId> {
        self.organisation.as_ref()
    }
}

/// An API token as it is listed; the token itself is not kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenEntry {
    /// Its id.
    pub id: TokenId,
    /// What it is for.
    pub name: Name,
    /// What it may do.
    pub role: Role,
    /// When it ends.
    pub expires_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
    /// Since when it is known.
    pub created_at: Timestamp,
}

/// The API tokens of an organisation, or the operator's, the newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListTokens {
    /// Whose; `None` is the operator's.
    pub organisation: Option<OrganisationId>,
    /// Which page.
    #[serde(default)]
    pub page: PageRequest,
}

impl Call for ListTokens {
    const SUBJECT: &'static str = "usher.v1.tokens.list";
    const OWNER: Service = Service::AdminDirectory;
    const FROM: &'static [Service] = &[Service::HttpEdge, Service::Node];
    const NEEDS: Need = Need::Administrator(Role::Owner);
    type Reply = Page<TokenEntry>;
    fn organisation(&self) -> Option<&OrganisationId> {
        self.organisation.as_ref()
    }
}

/// Ends a token for good; doing it twice is the same as once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RevokeToken {
    /// Whose; `None` is the operator's.
    pub organisation: Option<OrganisationId>,
    /// Which.
    pub id: TokenId,
}

impl Call for RevokeToken {
    const SUBJECT: &'static str = "usher.v1.tokens.revoke";
    const OWNER: Service = Service::AdminDirectory;
    const FROM: &'static [Service] = &[Service::HttpEdge, Service::Node];
    const NEEDS: Need = Need::Administrator(Role::Owner);
    type Reply = TokenEntry;
    fn organisation(&self) -> Option<&OrganisationId> {
        self.organisation.as_ref()
    }
}

/// Whose token it is; answers `unauthenticated` when it is nobody's.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AuthenticateToken {
    /// From the `Authorization` header.
    pub token: Secret,
}

/// What a valid token may do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenGrant {
    /// Which token.
    pub id: TokenId,
    /// Its organisation; `None` is the operator's.
    pub organisation: Option<OrganisationId>,
    /// What it may do there.
    pub role: Role,
}

impl Call for AuthenticateToken {
    const SUBJECT: &'static str = "usher.v1.tokens.authenticate";
    const OWNER: Service = Service::AdminDirectory;
    const FROM: &'static [Service] = &[Service::HttpEdge];
    const NEEDS: Need = Need::Anyone;
    type Reply = TokenGrant;
}
