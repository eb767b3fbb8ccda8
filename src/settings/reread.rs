//! Settings that are read again while a node runs.

use super::{load::Loaded, manual};

/// The keys that take effect at once; every other needs a restart.
const LIVE: [&str; 16] = [
    "mail.per_second",
    "mail.per_day",
    "mail.connections",
    "mail.messages_per_connection",
    "mail.connect_timeout_seconds",
    "mail.hello_timeout_seconds",
    "mail.command_timeout_seconds",
    "mail.final_dot_timeout_seconds",
    "mail.connection_idle_seconds",
    "mail.connection_age_seconds",
    "mail.per_domain_per_second",
    "mail.per_organisation_per_second",
    "throttle.per_ip_per_minute",
    "throttle.per_email_per_minute",
    "throttle.per_link_per_minute",
    "throttle.per_organisation_per_minute",
];

/// What is different in settings that were read again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// What takes effect at once: key, former and present value. None of them is a secret.
    pub taken: Vec<String>,
    /// The keys that need a restart.
    pub waiting: Vec<String>,
}

impl Loaded {
    /// Takes over what may change while a node runs, and says what is different.
    pub fn take_over(&mut self, newer: &Self) -> Changes {
        let mut changes = Changes::default();
        for entry in manual::entries() {
            let values = (
                self.effective.get(&entry.key),
                newer.effective.get(&entry.key),
            );
            let (Some(old), Some(new)) = values else {
                continue;
            };
            // Not the places that they come from.
            let [was, is] = [old, new].map(|value| value.kind.to_string());
            if was == is {
                continue;
            }
            if LIVE.contains(&entry.key.as_str()) {
                changes
                    .taken
                    .push(format!("{} from {was} to {is}", entry.key));
                self.effective.set(&entry.key, new.clone());
            } else {
                changes.waiting.push(entry.key);
            }
        }
        changes
    }
}
