//! Institutions that bought seats. Owner: admin-directory.

use serde::{Deserialize, Serialize};
use url::Url;

use crate::{
    call::{Call, Need, Service},
    caller::Role,
    ids::OrganisationId,
    page::{Page, PageRequest},
    text::{Language, Name},
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
    /// Which address may accept an invite.
    pub invite_acceptance: InviteAcceptance,
    /// Days that an invite works, 1 to 180.
    pub invite_days: u16,
    /// How many days before its end a pending invite is brought to mind once, 0 to 30; 0: never.
    /// None is sent where the invite works less than twice as long.
    pub remind_days: u16,
    /// In which language its mails are written; English where there is no text in it.
    pub language: Language,
}

impl Default for Policies {
    fn default() -> Self {
        Self {
            join_proof: JoinProof::Later,
            proof_days: 7,
            invite_acceptance: InviteAcceptance::Strict,
            invite_days: 30,
            remind_days: 3,
            language: Language::default(),
        }
    }
}

/// Which policies become what; the others stay. What stays is sent as null, so that a node that knows
/// whole policies alone refuses it instead of deciding what nobody asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PoliciesChange {
    /// When somebody who joins by an open link must prove their address.
    pub join_proof: Option<JoinProof>,
    /// Days until an unproved seat returns to the pool.
    pub proof_days: Option<u16>,
    /// Which address may accept an invite.
    pub invite_acceptance: Option<InviteAcceptance>,
    /// Days that an invite works.
    pub invite_days: Option<u16>,
    /// How many days before its end a pending invite is brought to mind once.
    pub remind_days: Option<u16>,
    /// In which language its mails are written.
    pub language: Option<Language>,
}

impl PoliciesChange {
    /// The policies that there are once those of before have changed.
    #[must_use]
    pub fn of(self, before: Policies) -> Policies {
        Policies {
            join_proof: self.join_proof.unwrap_or(before.join_proof),
            proof_days: self.proof_days.unwrap_or(before.proof_days),
            invite_acceptance: self.invite_acceptance.unwrap_or(before.invite_acceptance),
            invite_days: self.invite_days.unwrap_or(before.invite_days),
            remind_days: self.remind_days.unwrap_or(before.remind_days),
            language: self.language.unwrap_or(before.language),
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

/// Which address may accept an invite.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum InviteAcceptance {
    /// Only the one that it was sent to.
    Strict,
    /// Any that its holder is signed in with; both are in the audit trail.
    Lenient,
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
    /// The policies that change.
    #[serde(default)]
    pub policies: Option<PoliciesChange>,
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
