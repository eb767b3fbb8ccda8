//! Other limits, while mails are under way.

use super::{Courier, hall::Terms};
use crate::rates::MailLimits;

impl Courier {
    /// Takes over the limits that came since.
    pub(super) fn heed_changes(&mut self) {
        let Some(changes) = &mut self.changes else {
            return;
        };
        // Where nobody can change them any more, those that hold go on.
        if changes.has_changed().unwrap_or(false) {
            let limits = *changes.borrow_and_update();
            self.adopt(limits);
        }
    }

    /// These hold from now on. What of the relay's is shared changes with the next word to the other
    /// couriers, which is said at once: as long as some have other limits, all together have no more
    /// than the largest.
    fn adopt(&mut self, limits: MailLimits) {
        let was = self.desk.options.rates;
        let was_limited = was.per_day > 0;
        let options = self.desk.options.clone().with_limits(limits);
        let rates = options.rates;
        self.carry.change(Terms::of(&options));
        self.desk.options = options;
        // Where days are limited mails count when they are taken, otherwise when they have left.
        let under_way = self.carry.count() + self.unrecorded.len();
        let under_way = i64::try_from(under_way).unwrap_or(i64::MAX);
        match (was_limited, rates.per_day > 0) {
            (false, true) => self.day_owed += under_way,
            (true, false) => self.day_owed -= under_way,
            _ => {}
        }
        if rates.per_second != was.per_second {
            // What waits for a connection was let through by the former rate.
            self.recall(|_| false);
        }
        self.is_day_over = false;
        self.in_vain.clear();
        self.limits.change(
            rates.per_organisation_per_second,
            rates.per_domain_per_second,
        );
        self.beat_at = None;
    }
}
