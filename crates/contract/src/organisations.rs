//! Institutions that bought seats. Owner: admin-directory.

use serde::{Deserialize, Serialize};
use url::Url;

use crate::{
    call::{Call, Need, Service},
    caller::Role,
    ids::OrganisationId,
    page::{Page, PageRequest},
    text::Name,
    timestamp::Timestamp,
};

/// What an organisation has decided about its people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Policies {
    /// When somebody who joins by an open link must prove their address.
    pub join_proof: JoinProof,
    /// Days until an unproved seat returns to the pool, 1 to 90.
    pub proof_days: u16,
}

impl Default for Policies {
    fn default() -> Self {
        Self {
            join_proof: JoinProof::Later,
            proof_days: 7,
        }
    }
}

/// When an address must be proved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum JoinProof {
    /// The seat is assigned at once and returns if the address is not proved in `proof_days`.
    Later,
    /// The seat is held and is assigned when the address is proved.
    First,
}

/// An institution.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Organisation {
    /// Its id.
    pub id: OrganisationId,
    /// What it is called, on pages and in mails.
    pub name: Name,
    /// Where its people go once they are seated.
    pub product_url: Url,
    /// What it decided.
    pub policies: Policies,
    /// Since when it is known.
    pub created_at: Timestamp,
}

/// Makes an organisation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreateOrganisation {
    /// What it is called.
    pub name: Name,
    /// Where its people go once they are seated; https, or http on a loopback address.
    pub product_url: Url,
    /// What it decided.
    #[serde(default)]
    pub policies: Policies,
}

impl Call for CreateOrganisation {
    const SUBJECT: &'static str = "usher.v1.organisations.create";
    const OWNER: Service = Service::AdminDirectory;
    const FROM: &'static [Service] = &[Service::HttpEdge, Service::Node];
    const NEEDS: Need = Need::Operator;
    type Reply = Organisation;
}

/// Every organisation, by name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListOrganisations {
    /// Which page.
    #[serde(default)]
    pub page: PageRequest,
}

impl Call for ListOrganisations {
    const SUBJECT: &'static str = "usher.v1.organisations.list";
    const OWNER: Service = Service::AdminDirectory;
    const FROM: &'static [Service] = &[Service::HttpEdge, Service::Node];
    const NEEDS: Need = Need::Operator;
    type Reply = Page<Organisation>;
}

/// One organisation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GetOrganisation {
    /// Which.
    pub organisation: OrganisationId,
}

impl Call for GetOrganisation {
    const SUBJECT: &'static str = "usher.v1.organisations.get";
    const OWNER: Service = Service::AdminDirectory;
    const FROM: &'static [Service] = &[Service::HttpEdge, Service::Node];
    const NEEDS: Need = Need::Administrator(Role::Viewer);
    type Reply = Organisation;
    fn organisation(&self) -> Option<&OrganisationId> {
        Some(&self.organisation)
    }
}

/// Changes what is given and leaves the rest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UpdateOrganisation {
    /// Which.
    pub organisation: OrganisationId,
    /// A new name.
    #[serde(default)]
    pub name: Option<Name>,
    /// A new product address.
    #[serde(default)]
    pub product_url: Option<Url>,
    /// New policies, whole.
    #[serde(default)]
    pub policies: Option<Policies>,
}

impl Call for UpdateOrganisation {
    const SUBJECT: &'static str = "usher.v1.organisations.update";
    const OWNER: Service = Service::AdminDirectory;
    const FROM: &'static [Service] = &[Service::HttpEdge];
    const NEEDS: Need = Need::Administrator(Role::Owner);
    type Reply = Organisation;
    fn organisation(&self) -> Option<&OrganisationId> {
        Some(&self.organisation)
    }
}
