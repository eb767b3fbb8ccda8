//! When a batch is to rest by itself: too much of it came back, or was complained about, or is
//! refused for what we are.

use contract::batches::PauseReason;
use store::{Row, StoreError};

/// Fewer results than these tell nothing.
const LEAST: i64 = 100;

/// What became of the mails of a batch since it was sent, or was resumed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Results {
    /// All of them.
    pub(crate) all: i64,
    /// The mailbox does not exist.
    pub(crate) bounces: i64,
    /// Somebody complained.
    pub(crate) complaints: i64,
    /// The other side refuses us, not the receiver.
    pub(crate) refusals: i64,
}

impl Results {
    pub(crate) fn of(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            all: row.get("results")?,
            bounces: row.get("bounces")?,
            complaints: row.get("complaints")?,
            refusals: row.get("refusals")?,
        })
    }

    /// Why the batch is to rest: more than 0.1 % complaints, 5 % mailboxes that do not exist, or
    /// 2 % refusals. Whoever goes on beyond that is not delivered anywhere for long.
    pub(crate) const fn alarm(self) -> Option<PauseReason> {
        if self.all < LEAST {
            None
        } else if self.complaints * 1_000 > self.all {
            Some(PauseReason::Complaints)
        } else if self.bounces * 100 > self.all * 5 {
            Some(PauseReason::Bounces)
        } else if self.refusals * 100 > self.all * 2 {
            Some(PauseReason::Refusals)
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_rests_beyond_its_limits_and_not_at_them() {
        let results = |all, bounces, complaints, refusals| Results {
            all,
            bounces,
            complaints,
            refusals,
        };
        for (results, expected) in [
            (results(99, 99, 99, 99), None),
            (results(100, 5, 0, 2), None),
            (results(100, 6, 0, 0), Some(PauseReason::Bounces)),
            (results(100, 0, 0, 3), Some(PauseReason::Refusals)),
            (results(1_000, 0, 1, 0), None),
            (results(1_000, 60, 2, 0), Some(PauseReason::Complaints)),
        ] {
            assert_eq!(results.alarm(), expected, "{results:?}");
        }
    }
}
