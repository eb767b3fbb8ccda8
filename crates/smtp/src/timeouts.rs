//! How long each step may take.

use std::time::Duration;

use crate::Stage;

/// How long each step may take; shorter than RFC 5321 section 4.5.3.2 asks, but for the final dot:
/// who gives up there makes duplicates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// One address of the host, and finding the addresses.
    pub connect: Duration,
    /// The greeting.
    pub greeting: Duration,
    /// Each of EHLO, STARTTLS with its handshake, and AUTH.
    pub hello: Duration,
    /// Each of MAIL, RCPT and RSET.
    pub envelope: Duration,
    /// The reply to DATA.
    pub data: Duration,
    /// Each write.
    pub write: Duration,
    /// The reply to the final dot.
    pub dot: Duration,
    /// Saying goodbye.
    pub quit: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            greeting: Duration::from_secs(30),
            hello: Duration::from_secs(30),
            envelope: Duration::from_mins(1),
            data: Duration::from_mins(1),
            write: Duration::from_mins(1),
            dot: Duration::from_mins(5),
            quit: Duration::from_secs(2),
        }
    }
}

impl Timeouts {
    pub(crate) const fn of(&self, stage: Stage) -> Duration {
        match stage {
            Stage::Connect => self.connect,
            Stage::Greeting => self.greeting,
            Stage::Hello | Stage::StartTls | Stage::Auth => self.hello,
            Stage::Reset | Stage::Mail | Stage::Rcpt => self.envelope,
            Stage::Data => self.data,
            Stage::Write => self.write,
            Stage::Dot => self.dot,
            Stage::Quit => self.quit,
        }
    }
}
