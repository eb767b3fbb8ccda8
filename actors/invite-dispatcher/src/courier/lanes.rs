//! Who is next: round robin over organisations, and over the batches of each, small ones first. Pure.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    sync::Arc,
};

use contract::ids::{BatchId, OrganisationId};

/// A batch with at most so many mails that are due goes before larger ones of its organisation.
pub(super) const FEW: i64 = 10;

/// Something of a batch is due.
#[derive(Debug)]
pub(super) struct Lane<T> {
    pub(super) organisation: OrganisationId,
    pub(super) batch: BatchId,
    /// How many are due, counted to a little more than [`FEW`].
    pub(super) due: i64,
    /// Whether what came due last was tried before.
    pub(super) has_retries: bool,
    /// What all mails of the batch have in common.
    pub(super) common: Arc<T>,
}

/// The batch whose turn it is.
#[derive(Debug)]
pub(super) struct Taken<T> {
    pub(super) batch: BatchId,
    pub(super) common: Arc<T>,
    has_retries: bool,
    /// Every other turn of the batch.
    is_odd: bool,
}

impl<T> Taken<T> {
    /// How many of so many mails are those that came due last: half, where those are tried again.
    /// They would have to wait for all that was due before them, and none of that waits for all of
    /// them.
    pub(super) fn newest(&self, of: u32) -> u32 {
        if self.has_retries {
            of.saturating_add(self.is_odd.into()) / 2
        } else {
            0
        }
    }
}

/// The lanes, in their order.
#[derive(Debug)]
pub(super) struct Lanes<T> {
    organisations: VecDeque<OrganisationId>,
    by_organisation: HashMap<OrganisationId, VecDeque<Lane<T>>>,
    /// The batches whose last turn was an odd one.
    odd: HashSet<BatchId>,
}

impl<T> Default for Lanes<T> {
    fn default() -> Self {
        Self {
            organisations: VecDeque::new(),
            by_organisation: HashMap::new(),
            odd: HashSet::new(),
        }
    }
}

impl<T> Lanes<T> {
    /// What is due now. Organisations and batches keep their places; new ones come first, for they
    /// had nothing yet.
    pub(super) fn renew(&mut self, found: Vec<Lane<T>>) {
        let mut places: HashMap<BatchId, usize> = HashMap::new();
        for (place, lane) in self.by_organisation.values().flatten().enumerate() {
            places.insert(lane.batch, place + 1);
        }
        let mut lanes: HashMap<OrganisationId, Vec<Lane<T>>> = HashMap::new();
        for lane in found.into_iter().filter(|lane| lane.due > 0) {
            let of_organisation = lanes.entry(lane.organisation).or_default();
            of_organisation.push(lane);
        }
        self.organisations.retain(|id| lanes.contains_key(id));
        let is_there = |id: &BatchId| lanes.values().flatten().any(|lane| lane.batch == *id);
        self.odd.retain(is_there);
        for (organisation, mut batches) in lanes {
            batches.sort_by_key(|lane| {
                let place = places.get(&lane.batch).copied().unwrap_or(0);
                (lane.due > FEW, place, lane.batch)
            });
            if !self.organisations.contains(&organisation) {
                self.organisations.push_front(organisation);
            }
            self.by_organisation.insert(organisation, batches.into());
        }
        let organisations = &self.organisations;
        self.by_organisation
            .retain(|id, _| organisations.contains(id));
    }

    /// Whether nothing is due.
    pub(super) fn is_empty(&self) -> bool {
        self.organisations.is_empty()
    }

    /// The organisations with something due, the next one first.
    pub(super) fn organisations(&self) -> impl Iterator<Item = OrganisationId> {
        self.organisations.iter().copied()
    }

    /// The next batch of an organisation, which then comes last; so does the batch, unless it is
    /// small.
    pub(super) fn take(&mut self, organisation: OrganisationId) -> Option<Taken<T>> {
        self.organisations.retain(|id| *id != organisation);
        let batches = self.by_organisation.get_mut(&organisation)?;
        self.organisations.push_back(organisation);
        let lane = batches.pop_front()?;
        let is_odd = self.odd.insert(lane.batch);
        if !is_odd {
            self.odd.remove(&lane.batch);
        }
        let taken = Taken {
            batch: lane.batch,
            common: Arc::clone(&lane.common),
            has_retries: lane.has_retries,
            is_odd,
        };
        if lane.due <= FEW {
            batches.push_front(lane);
        } else {
            batches.push_back(lane);
        }
        Some(taken)
    }

    /// Nothing of a batch is due any more.
    pub(super) fn exhaust(&mut self, organisation: OrganisationId, batch: BatchId) {
        let Some(batches) = self.by_organisation.get_mut(&organisation) else {
            return;
        };
        batches.retain(|lane| lane.batch != batch);
        if batches.is_empty() {
            self.by_organisation.remove(&organisation);
            self.organisations.retain(|id| *id != organisation);
        }
    }
}

#[cfg(test)]
mod tests {
    use contract::ids::Ulid;

    use super::*;

    fn organisation(n: u128) -> OrganisationId {
        OrganisationId::new(Ulid::from_parts(1, n))
    }

    fn lane(of: u128, batch: u128, due: i64) -> Lane<()> {
        Lane {
            organisation: organisation(of),
            batch: BatchId::new(Ulid::from_parts(2, batch)),
            due,
            has_retries: false,
            common: Arc::new(()),
        }
    }

    /// The batches of so many turns.
    fn turns(lanes: &mut Lanes<()>, count: usize) -> Vec<u128> {
        let next = |_| {
            let organisation = lanes.organisations().next().unwrap();
            let taken = lanes.take(organisation).unwrap();
            assert_eq!(taken.newest(50), 0);
            taken.batch.ulid().random()
        };
        (0..count).map(next).collect()
    }

    #[test]
    fn organisations_take_turns_however_much_each_has() {
        let mut lanes = Lanes::default();
        lanes.renew(vec![lane(1, 10, 11), lane(1, 11, 11), lane(1, 12, 11)]);
        lanes.renew(vec![
            lane(1, 10, 11),
            lane(1, 11, 11),
            lane(1, 12, 11),
            lane(2, 20, 11),
        ]);
        assert_eq!(turns(&mut lanes, 6), [20, 10, 20, 11, 20, 12]);
    }

    #[test]
    fn small_batches_come_first_and_until_they_are_done() {
        let mut lanes = Lanes::default();
        lanes.renew(vec![lane(1, 10, 11), lane(1, 11, 10), lane(1, 12, 1)]);
        assert_eq!(turns(&mut lanes, 2), [11, 11]);
        lanes.exhaust(organisation(1), lane(1, 11, 0).batch);
        assert_eq!(turns(&mut lanes, 1), [12]);
        lanes.exhaust(organisation(1), lane(1, 12, 0).batch);
        assert_eq!(turns(&mut lanes, 2), [10, 10]);
        lanes.exhaust(organisation(1), lane(1, 10, 0).batch);
        assert!(lanes.is_empty());
    }

    #[test]
    fn turns_go_on_where_they_were_when_the_lanes_are_looked_at_again() {
        let found = || {
            vec![
                lane(1, 10, 11),
                lane(1, 11, 11),
                lane(2, 20, 11),
                lane(3, 30, 11),
            ]
        };
        let mut lanes = Lanes::default();
        let mut seen = Vec::new();
        for _ in 0..6 {
            lanes.renew(found());
            seen.extend(turns(&mut lanes, 1));
        }
        seen.sort_unstable();
        assert_eq!(seen, [10, 11, 20, 20, 30, 30]);
    }

    #[test]
    fn half_of_what_goes_is_tried_again_turn_by_turn_where_one_goes() {
        let mut lanes = Lanes::default();
        let tried = |batch| Lane {
            has_retries: true,
            ..lane(1, batch, 11)
        };
        let found = || vec![tried(10), tried(11)];
        let mut newest = HashMap::<_, Vec<_>>::new();
        for _ in 0..8 {
            lanes.renew(found());
            let taken = lanes.take(organisation(1)).unwrap();
            let of_batch = newest.entry(taken.batch).or_default();
            of_batch.push((taken.newest(1), taken.newest(50)));
        }
        for of_batch in newest.values() {
            assert_eq!(of_batch, &[(1, 25), (0, 25), (1, 25), (0, 25)]);
        }
        lanes.renew(Vec::new());
        assert!(lanes.odd.is_empty());
    }
}
