//! `[actors]`: how actors are hosted.

use std::{
    num::{NonZeroU64, NonZeroUsize},
    time::Duration,
};

use kernel::{StageOptions, supervise::Intensity};
use serde::Deserialize;

/// How actors are hosted.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Actors {
    /// Messages of one kind that may wait.
    pub inbox: NonZeroUsize,
    /// Restarts that are borne within the window.
    pub max_restarts: usize,
    /// The window, in seconds.
    pub restart_window_seconds: NonZeroU64,
    /// Instances of link-registry.
    pub links_instances: NonZeroUsize,
    /// Instances of people.
    pub people_instances: NonZeroUsize,
    /// Instances of roster.
    pub roster_instances: NonZeroUsize,
    /// Instances of admin-directory.
    pub admin_instances: NonZeroUsize,
    /// Instances of what lists invites and suppressions and counts batches.
    pub invites_readers: NonZeroUsize,
    /// Instances of the event feed.
    pub feed_instances: NonZeroUsize,
}

impl Actors {
    /// What the kernel calls it.
    pub fn stage(&self) -> StageOptions {
        StageOptions {
            inbox: self.inbox.get(),
            intensity: self.intensity(),
        }
    }

    /// How much panicking is borne.
    pub fn intensity(&self) -> Intensity {
        Intensity {
            most: self.max_restarts,
            within: Duration::from_secs(self.restart_window_seconds.get()),
            ..Intensity::default()
        }
    }
}
