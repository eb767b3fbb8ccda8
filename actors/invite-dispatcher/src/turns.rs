//! Whose batch is next where all wait for one worker: round robin over organisations, and over the
//! batches of each. Pure.

use std::collections::HashMap;

use contract::ids::{BatchId, OrganisationId};

/// Who had a turn, and when.
#[derive(Debug, Default)]
pub(crate) struct Turns {
    count: u64,
    organisations: HashMap<OrganisationId, u64>,
    batches: HashMap<BatchId, u64>,
}

/// Something of a batch waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Waiting {
    pub(crate) organisation: OrganisationId,
    pub(crate) batch: BatchId,
    pub(crate) is_cancelled: bool,
}

impl Turns {
    /// Brings those that wait into their order: who had no turn yet, then who had it the longest ago.
    /// Who does not wait any more is forgotten.
    pub(crate) fn order(&mut self, waiting: &mut [Waiting]) {
        self.organisations
            .retain(|id, _| waiting.iter().any(|one| one.organisation == *id));
        self.batches
            .retain(|id, _| waiting.iter().any(|one| one.batch == *id));
        waiting.sort_by_key(|one| {
            let organisation = self.organisations.get(&one.organisation);
            (organisation, self.batches.get(&one.batch), one.batch)
        });
    }

    /// It is a batch's turn.
    pub(crate) fn take(&mut self, one: Waiting) {
        self.count += 1;
        self.organisations.insert(one.organisation, self.count);
        self.batches.insert(one.batch, self.count);
    }
}

#[cfg(test)]
mod tests {
    use contract::ids::Ulid;

    use super::*;

    fn waiting(of: u128, batch: u128) -> Waiting {
        Waiting {
            organisation: OrganisationId::new(Ulid::from_parts(1, of)),
            batch: BatchId::new(Ulid::from_parts(2, batch)),
            is_cancelled: false,
        }
    }

    /// The batches of so many turns.
    fn turns(turns: &mut Turns, waiting: &[Waiting], count: usize) -> Vec<u128> {
        let next = |_| {
            let mut waiting = waiting.to_vec();
            turns.order(&mut waiting);
            turns.take(waiting[0]);
            waiting[0].batch.ulid().random()
        };
        (0..count).map(next).collect()
    }

    #[test]
    fn organisations_take_turns_however_many_batches_each_has() {
        let mut all = Turns::default();
        let found = [waiting(1, 10), waiting(1, 11), waiting(2, 20)];
        assert_eq!(turns(&mut all, &found, 6), [10, 20, 11, 20, 10, 20]);
    }

    #[test]
    fn whoever_comes_is_next_and_then_in_line() {
        let mut all = Turns::default();
        assert_eq!(turns(&mut all, &[waiting(1, 10)], 3), [10, 10, 10]);
        let found = [waiting(1, 10), waiting(2, 20)];
        assert_eq!(turns(&mut all, &found, 3), [20, 10, 20]);
        assert_eq!(turns(&mut all, &found[1..], 1), [20]);
        assert_eq!(all.organisations.len(), 1, "who is done is forgotten");
    }
}
