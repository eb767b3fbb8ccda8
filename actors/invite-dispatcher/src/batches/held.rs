//! What holds batches under way back at this moment, and how that is said.

use std::collections::BTreeMap;

use contract::{
    batches::{Batch, Limit},
    ids::{BatchId, OrganisationId},
    invites::InviteState,
};
use store::{Connection, Row, StoreError};

use super::{BatchKey, sql};
use crate::courier::Holds;

/// What is known of the couriers and of what waits.
#[derive(Debug, Default)]
pub(super) struct Held {
    couriers: Vec<Holds>,
    waiting: BTreeMap<BatchId, Waiting>,
}

/// What of a batch waits.
#[derive(Clone, Debug, Default)]
struct Waiting {
    /// Something could go at once.
    is_due: bool,
    /// Something could have gone a while ago.
    is_late: bool,
    /// Where the next of those goes that wait for their turn.
    domain: Option<String>,
}

impl Held {
    /// Looks after the batches that are under way; nothing is asked where none is.
    pub(super) async fn look(on: &mut impl Connection, rows: &[Row]) -> Result<Self, StoreError> {
        let mut keys = Vec::new();
        for row in rows {
            let is = |column| Ok::<_, StoreError>(row.get::<Option<i64>>(column)?.is_some());
            if is("sent_at")? && !is("finished_at")? && !is("cancelled_at")? {
                keys.push(BatchKey { id: row.get("id")? });
            }
        }
        let mut held = Self::default();
        if keys.is_empty() {
            return Ok(held);
        }
        for row in sql::COURIERS.query().fetch_all(on).await? {
            let told: Option<String> = row.get("hindrance")?;
            // One of another version is at least alive.
            let told = told.and_then(|told| serde_json::from_str(&told).ok());
            held.couriers.push(told.unwrap_or_default());
        }
        for row in sql::WAITING.bind_rows(&keys).fetch_all(on).await? {
            let waiting = Waiting {
                is_due: row.get::<i64>("is_due")? == 1,
                is_late: row.get::<i64>("is_late")? == 1,
                domain: row.get("domain")?,
            };
            held.waiting.insert(row.get("id")?, waiting);
        }
        Ok(held)
    }

    /// What holds a batch back, and the sentence that says so.
    pub(super) fn back(
        &self,
        batch: &Batch,
        organisation: OrganisationId,
    ) -> Option<(Limit, String)> {
        let waiting = self.waiting.get(&batch.id).cloned().unwrap_or_default();
        let limit = self.limit(batch, organisation, &waiting)?;
        Some((limit, self.sentence(limit, waiting.domain.as_deref())))
    }

    fn limit(
        &self,
        batch: &Batch,
        organisation: OrganisationId,
        waiting: &Waiting,
    ) -> Option<Limit> {
        if batch.paused_at.is_some() {
            return Some(Limit::Paused);
        }
        let mut relay = self.couriers.iter().filter_map(|courier| courier.relay);
        let relay = relay
            .clone()
            .find(|limit| limit.stops_all())
            .or(relay.next());
        if relay.is_some_and(Limit::stops_all) {
            return relay;
        }
        if waiting.is_late && self.couriers.is_empty() {
            return Some(Limit::NoCourier);
        }
        // Neither the relay's rate nor the organisation's is what it waits for.
        let is_in_vain = |courier: &Holds| courier.in_vain.contains(&batch.id);
        if waiting.is_due && self.couriers.iter().any(is_in_vain) {
            return Some(Limit::RecipientDomain);
        }
        let names = |courier: &Holds| courier.organisations.contains(&organisation);
        if waiting.is_due && self.couriers.iter().any(names) {
            return Some(Limit::OrganisationRate);
        }
        if waiting.is_due && relay.is_some() {
            return relay;
        }
        if waiting.domain.is_some() {
            return Some(Limit::RecipientDomain);
        }
        let has = |state| batch.states.get(&state).is_some_and(|count| *count > 0);
        if has(InviteState::Sending) || has(InviteState::Draft) || waiting.is_due {
            return relay;
        }
        (has(InviteState::Deferred) || batch.to_repeat > 0).then_some(Limit::Retries)
    }

    fn sentence(&self, limit: Limit, domain: Option<&str>) -> String {
        let most = |of: fn(&Holds) -> u64| self.couriers.iter().map(of).max().unwrap_or_default();
        match limit {
            Limit::Paused => "It rests until somebody resumes it.".to_owned(),
            Limit::RelayAway => {
                "The mail relay cannot be reached, or takes nothing from us. It is tried again and \
                 again, and nothing is lost."
                    .to_owned()
            }
            Limit::RelayBusy => "The mail relay asked for fewer mails.".to_owned(),
            Limit::RelayDay => format!(
                "The mail relay takes {} mails a day, and today's have left. It goes on at midnight \
                 UTC.",
                most(|courier| courier.per_day)
            ),
            Limit::NoCourier => "Nothing sends mail at this moment.".to_owned(),
            Limit::OrganisationRate => format!(
                "An organisation sends at most {} mails a second.",
                most(|courier| courier.per_organisation_per_second.into())
            ),
            Limit::RecipientDomain => format!(
                "{} takes only so many mails at a time.",
                domain.unwrap_or("A recipient's domain")
            ),
            Limit::RelayRate => format!(
                "The mail relay takes {} mails a second.",
                most(|courier| courier.per_second.into())
            ),
            Limit::Connections => format!(
                "All {} connections to the mail relay are in use.",
                most(|courier| courier.connections.into())
            ),
            Limit::Retries => {
                "What is left was refused for now, or its reply was lost, and is tried again later."
                    .to_owned()
            }
        }
    }
}
