//! The history of a plan's numbers. Owner: seat-pool.

use serde::{Deserialize, Serialize};

use crate::{
    call::{Call, Need, Service},
    caller::Role,
    ids::{LinkId, MembershipId, OrganisationId, PlanId},
    page::{Page, PageRequest},
    plans::SeatCount,
    timestamp::Timestamp,
};

/// A change of a plan's numbers; summed up from the first they are the plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LedgerEntry {
    /// 1, 2, 3… in each plan.
    pub entry: u64,
    /// When.
    pub at: Timestamp,
    /// What happened: purchase, assign, hold, wait, settle, return, promote, revoke, reassign, erase.
    pub change: String,
    /// To whom.
    pub membership_id: Option<MembershipId>,
    /// Through which link they came.
    pub link_id: Option<LinkId>,
    /// By how much the purchased seats changed.
    pub purchased: i64,
    /// By how much the held seats changed.
    pub held: i64,
    /// By how much the assigned seats changed.
    pub assigned: i64,
    /// By how much the queue changed.
    pub waiting: i64,
    /// Who did it, as the audit trail names them.
    pub actor: String,
    /// The request in which it happened.
    pub request_id: String,
}

/// The ledger of a plan, the newest entry first, and what it adds up to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GetLedger {
    /// Of which organisation.
    pub organisation: OrganisationId,
    /// Of which plan.
    pub plan_id: PlanId,
    /// As it stood at this instant; now, unless said.
    #[serde(default)]
    pub at: Option<Timestamp>,
    /// Which page.
    #[serde(default)]
    pub page: PageRequest,
}

/// The answer to [`GetLedger`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ledger {
    /// At which instant.
    pub at: Timestamp,
    /// How the seats stood then.
    pub seats: SeatCount,
    /// How many waited then.
    pub waiting: u64,
    /// What had happened by then.
    pub entries: Page<LedgerEntry>,
}

impl Call for GetLedger {
    const SUBJECT: &'static str = "usher.v1.plans.ledger";
    const OWNER: Service = Service::SeatPool;
    const FROM: &'static [Service] = &[Service::HttpEdge];
    const NEEDS: Need = Need::Administrator(Role::Viewer);
    type Reply = Ledger;
    fn organisation(&self) -> Option<&OrganisationId> {
        Some(&self.organisation)
    }
}
