//! Purchases of seats. Owner: seat-pool.

use serde::{Deserialize, Serialize};

use crate::{
    call::{Call, Need, Service},
    caller::Role,
    ids::{OrganisationId, PlanId},
    links::absent_or_null,
    page::{Page, PageRequest},
    text::Name,
    timestamp::Timestamp,
};

/// A purchase of seats.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// Its id.
    pub id: PlanId,
    /// What it is called.
    pub name: Name,
    /// How its seats stand.
    pub seats: SeatCount,
    /// How many wait for a seat of it.
    pub waiting: u64,
    /// When it ends: nobody is admitted any more.
    pub ends_at: Option<Timestamp>,
    /// Since when it is known.
    pub created_at: Timestamp,
}

/// `purchased = free + held + assigned`, unless more are taken than purchased: then `free` is 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeatCount {
    /// How many were bought.
    pub purchased: u64,
    /// How many can be given.
    pub free: u64,
    /// How many are kept for somebody who has yet to prove an address.
    pub held: u64,
    /// How many are somebody's.
    pub assigned: u64,
}

impl SeatCount {
    /// From the three numbers that are kept.
    pub const fn new(purchased: u64, held: u64, assigned: u64) -> Self {
        let free = purchased.saturating_sub(held.saturating_add(assigned));
        Self {
            purchased,
            free,
            held,
            assigned,
        }
    }
}

/// The most seats of a plan.
pub const MOST_SEATS: u64 = 10_000_000;

/// Makes a plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreatePlan {
    /// In which organisation.
    pub organisation: OrganisationId,
    /// What it is called.
    pub name: Name,
    /// How many seats were bought; at most [`MOST_SEATS`].
    pub seats: u64,
    /// When it ends.
    #[serde(default)]
    pub ends_at: Option<Timestamp>,
}

impl Call for CreatePlan {
    const SUBJECT: &'static str = "usher.v1.plans.create";
    const OWNER: Service = Service::SeatPool;
    const FROM: &'static [Service] = &[Service::HttpEdge, Service::Node];
    const NEEDS: Need = Need::Administrator(Role::Owner);
    type Reply = Plan;
    fn organisation(&self) -> Option<&OrganisationId> {
        Some(&self.organisation)
    }
}

/// Every plan of the organisation, the oldest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListPlans {
    /// Of which organisation.
    pub organisation: OrganisationId,
    /// Which page.
    #[serde(default)]
    pub page: PageRequest,
}

impl Call for ListPlans {
    const SUBJECT: &'static str = "usher.v1.plans.list";
    const OWNER: Service = Service::SeatPool;
    const FROM: &'static [Service] = &[Service::HttpEdge];
    const NEEDS: Need = Need::Administrator(Role::Viewer);
    type Reply = Page<Plan>;
    fn organisation(&self) -> Option<&OrganisationId> {
        Some(&self.organisation)
    }
}

/// One plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GetPlan {
    /// Of which organisation.
    pub organisation: OrganisationId,
    /// Which.
    pub plan_id: PlanId,
}

impl Call for GetPlan {
    const SUBJECT: &'static str = "usher.v1.plans.get";
    const OWNER: Service = Service::SeatPool;
    const FROM: &'static [Service] = &[Service::HttpEdge];
    const NEEDS: Need = Need::Administrator(Role::Viewer);
    type Reply = Plan;
    fn organisation(&self) -> Option<&OrganisationId> {
        Some(&self.organisation)
    }
}

/// Changes what is given and leaves the rest. Fewer seats than are taken drops nobody: nothing is
/// free until the numbers fit again. More seats go to whoever waits, in order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UpdatePlan {
    /// Of which organisation.
    pub organisation: OrganisationId,
    /// Which.
    pub plan_id: PlanId,
    /// A new name.
    #[serde(default)]
    pub name: Option<Name>,
    /// How many seats are bought from now on.
    #[serde(default)]
    pub seats: Option<u64>,
    /// `Some(None)` takes the end away.
    #[serde(default, with = "absent_or_null")]
    pub ends_at: Option<Option<Timestamp>>,
}

impl Call for UpdatePlan {
    const SUBJECT: &'static str = "usher.v1.plans.update";
    const OWNER: Service = Service::SeatPool;
    const FROM: &'static [Service] = &[Service::HttpEdge];
    const NEEDS: Need = Need::Administrator(Role::Owner);
    type Reply = Plan;
    fn organisation(&self) -> Option<&OrganisationId> {
        Some(&self.organisation)
    }
}
