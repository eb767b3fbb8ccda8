//! Of whom nobody could be told: they are tried again after a while, and nobody waits for them.

use std::collections::BTreeMap;

use contract::{Kind, Problem, Timestamp};

/// How long somebody waits, in seconds: by how often they failed in a row.
const PAUSES: [i64; 3] = [60, 300, 900];
/// After any more failures.
const LONGEST_PAUSE: i64 = 3_600;
/// Where somebody else was away, and it is not known whose fault it is.
const AWAY_PAUSE: i64 = 30;

/// Who waits, by the key of what they are to be told. Kept in memory: after a crash they are tried at once.
#[derive(Debug, Default)]
pub(crate) struct Aside(BTreeMap<String, Pause>);

#[derive(Debug)]
struct Pause {
    failures: usize,
    until: Timestamp,
}

impl Aside {
    /// Whether they wait still.
    pub(crate) fn waits(&self, key: &str, now: Timestamp) -> bool {
        self.0.get(key).is_some_and(|pause| pause.until > now)
    }

    /// Somebody could not be told, and waits; for longer each time, where it is they who fail.
    pub(crate) fn put(&mut self, key: String, problem: &Problem, now: Timestamp) {
        let failures = self.0.get(&key).map_or(0, |pause| pause.failures);
        let (pause, more) = if is_away(problem) {
            (AWAY_PAUSE, 0)
        } else {
            let pause = PAUSES.get(failures).copied();
            (pause.unwrap_or(LONGEST_PAUSE), 1)
        };
        tracing::error!(key, %problem, failures, pause, "somebody cannot be told of a seat or a change of address");
        let (failures, until) = (failures + more, now.plus_seconds(pause));
        self.0.insert(key, Pause { failures, until });
    }

    /// Somebody was told.
    pub(crate) fn done(&mut self, key: &str) {
        self.0.remove(key);
    }

    /// Forgets whoever is to be told no more: they were not tried again when they could be.
    pub(crate) fn tidy(&mut self, now: Timestamp) {
        let before = now.plus_seconds(-LONGEST_PAUSE);
        self.0.retain(|_, pause| pause.until > before);
    }
}

/// Whether it is likely to be so for the next as well: whoever tells rests then.
pub(crate) fn is_away(problem: &Problem) -> bool {
    matches!(
        problem.kind,
        Kind::Unavailable | Kind::InDoubt | Kind::DeadlinePassed | Kind::Overloaded
    )
}
