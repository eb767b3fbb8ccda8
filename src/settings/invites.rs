//! `[invites]`: e-mail invites.

use std::num::{NonZeroU16, NonZeroUsize};

use serde::Deserialize;

/// How invites are handed in, and for how long they are kept.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Invites {
    /// The most addresses of one paste.
    pub paste_limit: NonZeroUsize,
    /// The most addresses of one file.
    pub import_limit: NonZeroUsize,
    /// The largest file, in MiB.
    pub import_mib: NonZeroU16,
    /// The most people that one organisation invites in a day; 0: any number.
    pub per_organisation_per_day: u64,
    /// For how many days after its end an invite is kept that nobody accepted.
    pub keep_expired_days: NonZeroU16,
}

impl Invites {
    /// The largest file, in bytes.
    pub fn import_bytes(&self) -> usize {
        usize::from(self.import_mib.get()) << 20
    }
}
