//! API tokens. Owner: admin-directory.

use serde::{Deserialize, Serialize};

use crate::{
    call::{Call, Need, Service},
    caller::Role,
    ids::{OrganisationId, TokenId},
    secret::Secret,
    text::Name,
    timestamp::Timestamp,
};

/// Makes an API token of the operator, or of an organisation on the operator's behalf.
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
    const FROM: &'static [Service] = &[Service::Node];
    const NEEDS: Need = Need::Operator;
    type Reply = TokenCreated;
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
