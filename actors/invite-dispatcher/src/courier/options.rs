//! How long a courier waits for what.

use std::time::Duration;

/// Times of a courier, by the database's clock where they are about rows.
#[derive(Clone, Copy, Debug)]
pub struct CourierTiming {
    /// How long an invite is a courier's, unless it says again that it is; more than a few times
    /// [`renew`](Self::renew).
    pub lease: Duration,
    /// How often a courier says so.
    pub renew: Duration,
    /// How long an invite rests whose courier ended in the middle.
    pub after_crash: Duration,
    /// How often batches are looked for while there is work.
    pub look: Duration,
    /// How long mails begin while the database does not answer.
    pub unanswered: Duration,
    /// How long the history of an organisation is waited for whose batch is finished: less than a courier may
    /// be silent and keep its share.
    pub history: Duration,
    /// How long a courier without work keeps its connections and its share.
    pub idle: Duration,
    /// How long it waits for what is on its way when it is to end.
    pub grace: Duration,
}

/// A courier may wait for a relay far longer than a lease: it says again that it lives while it does.
/// Three times it may fail to.
const _: () = assert!(
    RENEW.saturating_mul(4).as_micros() <= LEASE.as_micros(),
    "a lease outlasts several renewals"
);
const LEASE: Duration = Duration::from_mins(1);
const RENEW: Duration = Duration::from_secs(10);

impl Default for CourierTiming {
    fn default() -> Self {
        Self {
            lease: LEASE,
            renew: RENEW,
            after_crash: Duration::from_mins(1),
            look: Duration::from_millis(500),
            unanswered: Duration::from_secs(1),
            history: Duration::from_secs(2),
            idle: Duration::from_secs(5),
            grace: Duration::from_secs(20),
        }
    }
}
