//! The audit trail: one entry per change, written in the transaction that makes it. Read through
//! admin-directory.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::{
    address::EmailAddress,
    call::{Call, Need, Service},
    caller::Role,
    ids::{AdministratorId, AuditId, OrganisationId, TokenId},
    page::{Page, PageRequest},
    text::Name,
    timestamp::Timestamp,
};

/// An entry of the audit trail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEntry {
    /// Its id.
    pub id: AuditId,
    /// When.
    pub at: Timestamp,
    /// Who: `administrator:adm_…`, `token:tok_…`, `operator`, `public`, `system:seat-pool`.
    pub actor: String,
    /// What: `link.rotate`.
    pub action: String,
    /// On what: the id.
    pub target: String,
    /// What changed: `{field: {from, to}}`, or what was made. Never a secret.
    pub change: Value,
    /// The request in which it happened.
    pub request_id: String,
}

/// What an entry notes of an update: `{field: {from, to}}` of every field that is another now. Both
/// name the same fields in the same order.
pub fn changes<const N: usize>(
    before: [(&str, Value); N],
    after: [(&str, Value); N],
) -> Map<String, Value> {
    let pairs = before.into_iter().zip(after);
    pairs
        .filter(|((_, from), (_, to))| from != to)
        .map(|((field, from), (_, to))| (field.to_owned(), json!({ "from": from, "to": to })))
        .collect()
}

/// The audit trail of an organisation, the newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListAudit {
    /// Of which organisation.
    pub organisation: OrganisationId,
    /// Which page.
    #[serde(default)]
    pub page: PageRequest,
}

impl Call for ListAudit {
    const SUBJECT: &'static str = "usher.v1.audit.list";
    const OWNER: Service = Service::AdminDirectory;
    const FROM: &'static [Service] = &[Service::HttpEdge];
    const NEEDS: Need = Need::Administrator(Role::Viewer);
    type Reply = Page<AuditEntry>;
    fn organisation(&self) -> Option<&OrganisationId> {
        Some(&self.organisation)
    }
}

/// The most that [`NameActors`] asks for: whoever the entries of the longest page name, by whom and
/// on whom.
pub const ACTORS_MOST: usize = 2 * PageRequest::MOST as usize;

/// Who the administrators and tokens are that an organisation's history names by their ids.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NameActors {
    /// Of which organisation.
    pub organisation: OrganisationId,
    /// These administrators; with the tokens at most [`ACTORS_MOST`].
    #[serde(default)]
    pub administrators: BTreeSet<AdministratorId>,
    /// These API tokens.
    #[serde(default)]
    pub tokens: BTreeSet<TokenId>,
}

/// The answer to [`NameActors`]. Whoever is not, or not any more, of the organisation is left out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActorNames {
    /// Those who have an office there.
    pub administrators: Vec<AdministratorName>,
    /// Its tokens; revoked and ended ones too.
    pub tokens: Vec<TokenName>,
}

/// An administrator, as a page names them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AdministratorName {
    /// Who.
    pub id: AdministratorId,
    /// The address they sign in with.
    pub email: EmailAddress,
}

/// An API token, as a page names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenName {
    /// Which.
    pub id: TokenId,
    /// What it is for.
    pub name: Name,
}

impl Call for NameActors {
    const SUBJECT: &'static str = "usher.v1.audit.name-actors";
    const OWNER: Service = Service::AdminDirectory;
    const FROM: &'static [Service] = &[Service::HttpEdge];
    const NEEDS: Need = Need::Administrator(Role::Viewer);
    type Reply = ActorNames;
    fn organisation(&self) -> Option<&OrganisationId> {
        Some(&self.organisation)
    }
}
