//! Time and ids are injected: nothing else in the system reads the clock or draws an id.

use std::{
    fmt,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
};

use ulid::Ulid;

use crate::timestamp::Timestamp;

/// Where the time and new ids come from.
pub trait Clock: Send + Sync + fmt::Debug + 'static {
    /// The present instant.
    fn now(&self) -> Timestamp;

    /// A new id, greater than every id this clock gave before, so that ids sort by creation.
    fn ulid(&self) -> Ulid;
}

/// The clock of the machine.
#[derive(Debug, Default)]
pub struct SystemClock {
    last: Mutex<Option<Ulid>>,
}

impl SystemClock {
    /// The clock of the machine, ready to be shared.
    pub fn shared() -> Arc<dyn Clock> {
        Arc::new(Self::default())
    }
}

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one place that reads the clock"
    )]
    fn now(&self) -> Timestamp {
        let since = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap_or_default();
        Timestamp::from_micros(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
    }

    fn ulid(&self) -> Ulid {
        let mut bytes = [0_u8; 16];
        if getrandom::fill(&mut bytes).is_err() {
            // Without entropy there are no secrets either: refuse to go on rather than to repeat.
            std::process::abort();
        }
        let fresh = Ulid::from_parts(self.now().millis(), u128::from_be_bytes(bytes));
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let next = match *last {
            Some(last) if last >= fresh => last.increment().unwrap_or(fresh),
            _ => fresh,
        };
        *last = Some(next);
        next
    }
}

/// A clock that stands still until it is told otherwise, with ids that count up: for tests, whose
/// snapshots then need no redactions.
#[derive(Debug)]
pub struct ManualClock {
    now: AtomicI64,
    count: AtomicU64,
}

impl ManualClock {
    /// Stands at `now`.
    pub fn at(now: Timestamp) -> Arc<Self> {
        Arc::new(Self {
            now: AtomicI64::new(now.micros()),
            count: AtomicU64::new(0),
        })
    }

    /// Moves on.
    pub fn advance_seconds(&self, seconds: i64) {
        let now = self.now().plus_seconds(seconds);
        self.now.store(now.micros(), Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.now.load(Ordering::SeqCst))
    }

    fn ulid(&self) -> Ulid {
        let count = self.count.fetch_add(1, Ordering::SeqCst);
        Ulid::from_parts(self.now().millis(), u128::from(count))
    }
}

/// When, by whom and in which request a transaction is made: what the audit trail and the event
/// feed note beside every change.
#[derive(Clone, Debug)]
pub struct Stamp {
    /// The instant that every row of the transaction bears.
    pub now: Timestamp,
    /// [`crate::Caller::actor`] of whoever asked.
    pub actor: String,
    /// The request it belongs to.
    pub request_id: String,
}
