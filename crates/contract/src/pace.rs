//! How fast a batch goes, and what holds it back.

use serde::{Deserialize, Serialize};

/// What holds a batch back at this moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Limit {
    /// It rests until somebody resumes it.
    Paused,
    /// The relay cannot be reached, or takes nothing from us.
    RelayAway,
    /// The relay asked for fewer mails.
    RelayBusy,
    /// What the relay takes on a day has left.
    RelayDay,
    /// Nobody sends: no courier is alive.
    NoCourier,
    /// What its organisation may send in a second.
    OrganisationRate,
    /// What may go to one recipient domain in a second.
    RecipientDomain,
    /// What the relay takes in a second.
    RelayRate,
    /// Every connection to the relay is in use.
    Connections,
    /// What is left was refused for now, or its reply was lost, and is tried again later.
    Retries,
}

impl Limit {
    /// Every one.
    pub const ALL: [Self; 10] = [
        Self::Paused,
        Self::RelayAway,
        Self::RelayBusy,
        Self::RelayDay,
        Self::NoCourier,
        Self::OrganisationRate,
        Self::RecipientDomain,
        Self::RelayRate,
        Self::Connections,
        Self::Retries,
    ];

    /// Whether nothing of anybody leaves because of it.
    pub const fn stops_all(self) -> bool {
        matches!(self, Self::RelayAway | Self::RelayBusy | Self::RelayDay)
    }
}

/// How fast a batch goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pace {
    /// Mails of this batch that were settled in the last minute.
    pub last_minute: u64,
    /// Seconds until the rest is settled, at the pace of that minute; `None` while nothing goes, and while
    /// the relay asks for fewer mails: how fast it goes changes by the minute then.
    pub seconds_left: Option<u64>,
    /// What holds it back, as a sentence.
    pub limited_by: Option<String>,
    /// The same by its name; `None`: nothing does.
    #[serde(default)]
    pub limit: Option<Limit>,
}
