//! The numbers of plans and their ledgers: changed together or not at all.

use std::collections::BTreeMap;

use contract::{
    Kind, Problem, Stamp, Timestamp,
    ids::{LinkId, MembershipId, OrganisationId, PlanId},
    seats::Status,
};
use serde::Serialize;
use store::{Row, StoreError, Tx};

use crate::sql;

/// A plan as it stands in this transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PlanBook {
    pub(crate) organisation: OrganisationId,
    pub(crate) purchased: i64,
    pub(crate) held: i64,
    pub(crate) assigned: i64,
    pub(crate) waiting: i64,
    pub(crate) ends_at: Option<Timestamp>,
    /// The last entry of its ledger.
    pub(crate) entries: i64,
}

impl PlanBook {
    /// How many seats can be given; none while more are taken than purchased.
    pub(crate) fn free(&self) -> i64 {
        (self.purchased - self.held - self.assigned).max(0)
    }

    pub(crate) fn has_ended(&self, now: Timestamp) -> bool {
        self.ends_at.is_some_and(|end| end <= now)
    }
}

/// What happens to a plan's numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// Seats are bought, or given back.
    Purchase(i64),
    /// A free seat becomes somebody's.
    Assign,
    /// A free seat is kept for somebody.
    Hold,
    /// Somebody joins the queue.
    Wait,
    /// A proof came: a kept seat becomes theirs.
    Settle,
    /// No proof came: a kept seat is free again.
    ReturnHeld,
    /// No proof came: a given seat is free again.
    ReturnAssigned,
    /// The head of the queue gets a free seat.
    PromoteToAssigned,
    /// The head of the queue gets a free seat once the address is proved.
    PromoteToHeld,
    /// An administrator withdraws what somebody has.
    Revoke(Status),
    /// An administrator gives a free seat to somebody who is revoked, or waits.
    Reassign(Status),
    /// An administrator takes somebody out for good, with what they have.
    Erase(Status),
}

/// By how much each number changes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Delta {
    purchased: i64,
    held: i64,
    assigned: i64,
    waiting: i64,
}

impl Change {
    const fn row(self) -> (&'static str, Delta) {
        let (name, purchased, held, assigned, waiting) = match self {
            Self::Revoke(from) => without("revoke", from),
            Self::Erase(from) => without("erase", from),
            Self::Reassign(Status::Waiting) => ("reassign", 0, 0, 1, -1),
            Self::Reassign(_) => ("reassign", 0, 0, 1, 0),
            Self::Purchase(seats) => ("purchase", seats, 0, 0, 0),
            Self::Assign => ("assign", 0, 0, 1, 0),
            Self::Hold => ("hold", 0, 1, 0, 0),
            Self::Wait => ("wait", 0, 0, 0, 1),
            Self::Settle => ("settle", 0, -1, 1, 0),
            Self::ReturnHeld => ("return", 0, -1, 0, 0),
            Self::ReturnAssigned => ("return", 0, 0, -1, 0),
            Self::PromoteToAssigned => ("promote", 0, 0, 1, -1),
            Self::PromoteToHeld => ("promote", 0, 1, 0, -1),
        };
        (
            name,
            Delta {
                purchased,
                held,
                assigned,
                waiting,
            },
        )
    }
}

/// What a plan loses with somebody who stands there.
const fn without(name: &'static str, from: Status) -> (&'static str, i64, i64, i64, i64) {
    match from {
        Status::Assigned => (name, 0, 0, -1, 0),
        Status::Held => (name, 0, -1, 0, 0),
        Status::Waiting => (name, 0, 0, 0, -1),
        Status::Revoked => (name, 0, 0, 0, 0),
    }
}

#[derive(Clone, Debug, Serialize)]
#[expect(
    clippy::struct_field_names,
    reason = "the fields are the columns of the ledger"
)]
struct Entry {
    organisation_id: OrganisationId,
    plan_id: PlanId,
    entry: i64,
    change: &'static str,
    membership_id: Option<MembershipId>,
    link_id: Option<LinkId>,
    #[serde(flatten)]
    delta: Delta,
    actor: String,
    request_id: String,
}

/// The plans a transaction works with.
#[derive(Debug, Default)]
pub(crate) struct Books {
    plans: BTreeMap<PlanId, PlanBook>,
    deltas: BTreeMap<PlanId, Delta>,
    entries: Vec<Entry>,
}

#[derive(Serialize)]
struct PlanKey {
    id: PlanId,
}

#[derive(Serialize)]
struct PlanDelta {
    id: PlanId,
    #[serde(flatten)]
    delta: Delta,
}

impl Books {
    /// Opens the books of plans; ask for them after the histories are locked.
    pub(crate) async fn open(
        tx: &mut Tx,
        plans: impl IntoIterator<Item = PlanId>,
    ) -> Result<Self, StoreError> {
        let keys: Vec<_> = plans.into_iter().map(|id| PlanKey { id }).collect();
        let rows = sql::LOAD_PLANS.bind_rows(&keys).fetch_all(tx).await?;
        let plans = rows.iter().map(plan_book).collect::<Result<_, _>>()?;
        Ok(Self {
            plans,
            ..Self::default()
        })
    }

    #[cfg(test)]
    pub(crate) fn of(plans: BTreeMap<PlanId, PlanBook>) -> Self {
        Self {
            plans,
            ..Self::default()
        }
    }

    pub(crate) fn plan(&self, plan: PlanId) -> Option<&PlanBook> {
        self.plans.get(&plan)
    }

    /// Changes a plan's numbers and notes it in its ledger.
    pub(crate) fn enter(
        &mut self,
        plan_id: PlanId,
        change: Change,
        who: Option<(MembershipId, Option<LinkId>)>,
        stamp: &Stamp,
    ) {
        let Some(plan) = self.plans.get_mut(&plan_id) else {
            return;
        };
        let (name, delta) = change.row();
        plan.purchased += delta.purchased;
        plan.held += delta.held;
        plan.assigned += delta.assigned;
        plan.waiting += delta.waiting;
        plan.entries += 1;
        let sum = self.deltas.entry(plan_id).or_default();
        sum.purchased += delta.purchased;
        sum.held += delta.held;
        sum.assigned += delta.assigned;
        sum.waiting += delta.waiting;
        self.entries.push(Entry {
            organisation_id: plan.organisation,
            plan_id,
            entry: plan.entries,
            change: name,
            membership_id: who.map(|(membership, _)| membership),
            link_id: who.and_then(|(_, link)| link),
            delta,
            actor: stamp.actor.clone(),
            request_id: stamp.request_id.clone(),
        });
    }

    /// The plan's end was changed in this transaction.
    pub(crate) fn set_end(&mut self, plan: PlanId, ends_at: Option<Timestamp>) {
        if let Some(plan) = self.plans.get_mut(&plan) {
            plan.ends_at = ends_at;
        }
    }

    /// Writes numbers and ledgers.
    pub(crate) async fn write(self, tx: &mut Tx) -> Result<(), Problem> {
        if self.entries.is_empty() {
            return Ok(());
        }
        let deltas: Vec<_> = self
            .deltas
            .into_iter()
            .map(|(id, delta)| PlanDelta { id, delta })
            .collect();
        let changed = sql::CHANGE_PLANS.bind_rows(&deltas).execute(tx).await?;
        must_be(changed, deltas.len(), "plans")?;
        let now = tx.stamp().now;
        sql::INSERT_LEDGER
            .bind_rows(&self.entries)
            .bind(now)
            .execute(tx)
            .await?;
        Ok(())
    }
}

fn plan_book(row: &Row) -> Result<(PlanId, PlanBook), StoreError> {
    let book = PlanBook {
        organisation: row.get("organisation_id")?,
        purchased: row.get("purchased")?,
        held: row.get("held")?,
        assigned: row.get("assigned")?,
        waiting: row.get("waiting")?,
        ends_at: row.get("ends_at")?,
        entries: row.get("entries")?,
    };
    Ok((row.get("id")?, book))
}

/// A conditional statement changed as many rows as the decision said. It always does, because the
/// decision was made under the lock; if not, nothing of it may stand.
pub(crate) fn must_be(changed: u64, wanted: usize, what: &'static str) -> Result<(), Problem> {
    if usize::try_from(changed) == Ok(wanted) {
        return Ok(());
    }
    tracing::error!(what, changed, wanted, "a decision does not fit the rows");
    Err(Problem::new(Kind::Internal))
}
