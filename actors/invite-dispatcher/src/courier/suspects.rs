//! Invites at which the relay ends the connection while it takes others: it is not the relay that is away.
//! Pure.

use std::{collections::HashMap, time::Duration};

use contract::ids::InviteId;

/// At the how-manieth end an invite is to blame, where the relay took others since the first.
const ENDS: u32 = 2;
/// A relay that closes channels more often than that, and takes mail in between, has our pace in mind.
const SELDOM: Duration = Duration::from_mins(1);
/// So many are remembered.
const MOST: usize = 1_000;

/// Those at which connections ended.
#[derive(Debug, Default)]
pub(super) struct Suspects {
    /// How many mails the relay took.
    taken: u64,
    ends: HashMap<InviteId, Ends>,
    /// When it closed a channel last without saying why, and how many it had taken by then.
    closed: Option<(Duration, u64)>,
}

#[derive(Debug)]
struct Ends {
    count: u32,
    /// How many mails the relay had taken at the first.
    taken: u64,
}

impl Suspects {
    /// The relay took a mail.
    pub(super) fn take(&mut self) {
        self.taken = self.taken.wrapping_add(1);
    }

    /// The relay ended a connection at this one; whether it is to blame.
    pub(super) fn end(&mut self, id: InviteId) -> bool {
        if self.ends.len() >= MOST {
            self.ends.clear();
        }
        let first = Ends {
            count: 0,
            taken: self.taken,
        };
        let ends = self.ends.entry(id).or_insert(first);
        ends.count = ends.count.saturating_add(1);
        ends.count >= ENDS && ends.taken != self.taken
    }

    /// The relay closed a channel and did not say why; whether it is our pace. Times are since any fixed start.
    pub(super) fn close(&mut self, now: Duration) -> bool {
        let earlier = self.closed.replace((now, self.taken));
        earlier.is_some_and(|(at, taken)| now < at.saturating_add(SELDOM) && taken != self.taken)
    }

    /// The relay said something of this one.
    pub(super) fn forget(&mut self, id: InviteId) {
        self.ends.remove(&id);
    }
}

#[cfg(test)]
mod tests {
    use contract::ids::Ulid;

    use super::*;

    fn invite(n: u128) -> InviteId {
        InviteId::new(Ulid::from_parts(1, n))
    }

    #[test]
    fn an_invite_is_to_blame_when_the_relay_takes_others_and_ends_at_it_again() {
        let mut suspects = Suspects::default();
        suspects.take();
        assert!(!suspects.end(invite(1)), "that happens");
        suspects.take();
        assert!(!suspects.end(invite(2)), "another");
        assert!(suspects.end(invite(1)));
        assert!(suspects.end(invite(1)), "and each further time");
        suspects.forget(invite(1));
        assert!(!suspects.end(invite(1)), "it had an answer in between");
    }

    #[test]
    fn nobody_is_to_blame_while_the_relay_takes_nothing() {
        let mut suspects = Suspects::default();
        suspects.take();
        for _ in 0..10 {
            assert!(!suspects.end(invite(1)));
        }
        suspects.take();
        assert!(suspects.end(invite(1)), "it goes on with others");
    }

    #[test]
    fn a_relay_that_closes_channels_again_soon_and_takes_mail_in_between_has_our_pace_in_mind() {
        let at = Duration::from_secs;
        let mut suspects = Suspects::default();
        suspects.take();
        assert!(!suspects.close(at(0)), "that happens");
        assert!(!suspects.close(at(10)), "it is away");
        suspects.take();
        assert!(suspects.close(at(20)), "it is not");
        suspects.take();
        assert!(!suspects.close(at(80)), "a minute later");
    }

    #[test]
    fn no_more_than_so_many_are_remembered() {
        let mut suspects = Suspects::default();
        for n in 0..5_000 {
            suspects.end(invite(n));
        }
        assert!(suspects.ends.len() <= MOST);
    }
}
