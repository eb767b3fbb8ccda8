//! The numbers of seats, for Prometheus.

use contract::{
    Problem,
    seats::{Admit, Admitted},
};
use kernel::Asked;
use prometheus::{IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry};
use store::{Row, StoreError};

/// Seats by plan, admissions by outcome, and whether clocks are ahead.
#[derive(Clone, Debug)]
pub struct SeatMetrics {
    seats: IntGaugeVec,
    waiting: IntGaugeVec,
    admissions: IntCounterVec,
    /// By how many seconds the newest decision is ahead of the database's clock.
    pub(crate) ahead: IntGauge,
}

impl SeatMetrics {
    /// Makes and registers them.
    pub fn register(registry: &Registry) -> Result<Self, prometheus::Error> {
        let seats = IntGaugeVec::new(
            Opts::new(
                "usher_seats",
                "Seats by plan and state; purchased = free + held + assigned.",
            ),
            &["plan", "state"],
        )?;
        let waiting = IntGaugeVec::new(
            Opts::new(
                "usher_seats_waiting_people",
                "People who wait for a seat, by plan.",
            ),
            &["plan"],
        )?;
        let admissions = IntCounterVec::new(
            Opts::new(
                "usher_seat_admissions_total",
                "Admissions by door and outcome.",
            ),
            &["door", "outcome"],
        )?;
        let ahead = IntGauge::new(
            "usher_history_ahead_seconds",
            "By how much the newest decision is ahead of the database's clock; 0 when none is.",
        )?;
        registry.register(Box::new(ahead.clone()))?;
        registry.register(Box::new(seats.clone()))?;
        registry.register(Box::new(waiting.clone()))?;
        registry.register(Box::new(admissions.clone()))?;
        for door in ["link", "invite"] {
            for outcome in ["assigned", "held", "waiting", "repeated", "refused"] {
                admissions.with_label_values(&[door, outcome]);
            }
        }
        Ok(Self {
            seats,
            waiting,
            admissions,
            ahead,
        })
    }

    pub(crate) fn count(&self, batch: &[Asked<Admit>], answers: &[Result<Admitted, Problem>]) {
        for (asked, answer) in batch.iter().zip(answers) {
            let outcome = match answer {
                Ok(admitted) if admitted.is_new => admitted.status.name(),
                Ok(_) => "repeated",
                Err(_) => "refused",
            };
            let door = asked.message.door.name();
            self.admissions.with_label_values(&[door, outcome]).inc();
        }
    }

    pub(crate) fn show(&self, plans: &[Row]) -> Result<(), StoreError> {
        for row in plans {
            let plan: String = row.get("id")?;
            let (purchased, held, assigned): (i64, i64, i64) = (
                row.get("purchased")?,
                row.get("held")?,
                row.get("assigned")?,
            );
            let free = (purchased - held - assigned).max(0);
            for (state, seats) in [
                ("purchased", purchased),
                ("held", held),
                ("assigned", assigned),
                ("free", free),
            ] {
                self.seats
                    .with_label_values(&[plan.as_str(), state])
                    .set(seats);
            }
            self.waiting
                .with_label_values(&[plan.as_str()])
                .set(row.get("waiting")?);
        }
        Ok(())
    }
}
