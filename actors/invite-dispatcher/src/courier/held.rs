//! What holds mail back at this moment: noted where a limit is met, told with each beat.

use std::{
    collections::{BTreeSet, HashMap},
    time::Duration,
};

use contract::{
    batches::Limit,
    ids::{BatchId, OrganisationId},
};
use serde::{Deserialize, Serialize};

use crate::rates::Rates;

/// How long a limit that was met is told: a little more than from one beat to the next but one.
const FRESH: Duration = Duration::from_secs(3);
/// How many organisations, and how many batches, are named at most.
const MOST: usize = 500;

/// The limits that this courier met. Times are since any fixed start.
#[derive(Debug, Default)]
pub(super) struct Held {
    /// What the breaker last opened for.
    stopped_by: Option<Limit>,
    relay: Option<(Duration, Limit)>,
    organisations: HashMap<OrganisationId, Duration>,
    in_vain: BTreeSet<BatchId>,
}

impl Held {
    /// Nothing goes to the relay for now.
    pub(super) fn stopped(&mut self, by: Limit) {
        self.stopped_by = Some(by);
    }

    /// More could go, did the relay not have this limit.
    pub(super) fn relay(&mut self, now: Duration, by: Limit) {
        self.relay = Some((now, by));
    }

    /// More of an organisation could go, had it no limit of its own.
    pub(super) fn organisation(&mut self, now: Duration, id: OrganisationId) {
        self.organisations.insert(id, now);
    }

    /// Of these batches nothing could go, had nobody else a limit.
    pub(super) fn in_vain(&mut self, batches: BTreeSet<BatchId>) {
        self.in_vain = batches;
    }

    /// What is told now. `stop` is why nothing goes, in words for operators, where that is so.
    pub(super) fn told(
        &mut self,
        now: Duration,
        rates: &Rates,
        is_day_over: bool,
        is_slow: bool,
        stop: Option<&str>,
    ) -> Holds {
        let is_fresh = |at: Duration| now.saturating_sub(at) <= FRESH;
        self.organisations.retain(|_, at| is_fresh(*at));
        let met = self.relay.filter(|(at, _)| is_fresh(*at));
        let relay = if stop.is_some() {
            Some(self.stopped_by.unwrap_or(Limit::RelayAway))
        } else if is_day_over {
            Some(Limit::RelayDay)
        } else {
            match met.map(|(_, limit)| limit) {
                Some(Limit::RelayRate) if is_slow => Some(Limit::RelayBusy),
                met => met,
            }
        };
        Holds {
            relay,
            why: stop.map(str::to_owned),
            organisations: self.organisations.keys().copied().take(MOST).collect(),
            in_vain: self.in_vain.iter().copied().take(MOST).collect(),
            per_second: rates.per_second,
            per_day: rates.per_day,
            connections: rates.connections,
            per_organisation_per_second: rates.per_organisation_per_second,
        }
    }
}

/// What holds the mail of a courier back, as it stands in its row.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Holds {
    /// Everybody's.
    pub(crate) relay: Option<Limit>,
    /// What the relay said. It may name somebody's address: for operators alone.
    pub(crate) why: Option<String>,
    /// That of these organisations, by their own limit.
    pub(crate) organisations: BTreeSet<OrganisationId>,
    /// Of these batches nothing is due but for domains that take no more.
    #[serde(default)]
    pub(crate) in_vain: BTreeSet<BatchId>,
    /// The limits of the courier's settings.
    pub(crate) per_second: u32,
    pub(crate) per_day: u64,
    pub(crate) connections: u32,
    pub(crate) per_organisation_per_second: u32,
}

#[cfg(test)]
mod tests {
    use contract::ids::Ulid;

    use super::*;

    const fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn told(held: &mut Held, now: Duration, is_day_over: bool, stop: Option<&str>) -> Holds {
        held.told(now, &Rates::default(), is_day_over, false, stop)
    }

    #[test]
    fn a_limit_is_told_while_it_is_met() {
        let id = OrganisationId::new(Ulid::from_parts(1, 1));
        let mut held = Held::default();
        assert_eq!(told(&mut held, at(0), false, None).relay, None);
        held.relay(at(1), Limit::RelayRate);
        held.organisation(at(1), id);
        let holds = told(&mut held, at(3), false, None);
        assert_eq!(holds.relay, Some(Limit::RelayRate));
        assert!(holds.organisations.contains(&id));
        let holds = told(&mut held, at(5), false, None);
        assert!(holds.relay.is_none() && holds.organisations.is_empty());
    }

    #[test]
    fn what_stops_everything_goes_before_what_slows_it_down() {
        let mut held = Held::default();
        held.relay(at(0), Limit::Connections);
        assert_eq!(
            told(&mut held, at(0), true, None).relay,
            Some(Limit::RelayDay)
        );
        held.stopped(Limit::RelayBusy);
        let holds = told(&mut held, at(0), true, Some("454 slower"));
        assert_eq!(holds.relay, Some(Limit::RelayBusy));
        assert_eq!(holds.why.as_deref(), Some("454 slower"));
    }

    #[test]
    fn a_rate_that_is_less_than_the_settings_say_is_the_relays_wish() {
        let mut held = Held::default();
        held.relay(at(0), Limit::RelayRate);
        let holds = held.told(at(0), &Rates::default(), false, true, None);
        assert_eq!(holds.relay, Some(Limit::RelayBusy));
    }
}
