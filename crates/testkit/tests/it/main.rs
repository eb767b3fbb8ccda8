//! The kit tried on itself, with the real servers.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "what fails in a test's own helper fails the test"
)]

mod databases;
mod leash;
mod nats;
mod process;
mod proxy;
mod smtp;
mod wire;

use std::time::Duration;

/// Long enough for a busy machine; nothing takes it when all is well.
const SOON: Duration = Duration::from_secs(20);
