//! `[throttle]`: how often is often enough.

use std::num::NonZeroU32;

use http_edge::ThrottleLimits;
use serde::Deserialize;

/// What is borne each minute, by this node.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Throttle {
    /// Of one network address.
    pub per_ip_per_minute: NonZeroU32,
    /// For one e-mail address.
    pub per_email_per_minute: NonZeroU32,
    /// Through one link.
    pub per_link_per_minute: NonZeroU32,
    /// Of one organisation's tokens.
    pub per_organisation_per_minute: NonZeroU32,
}

impl Throttle {
    /// What the edge calls it.
    pub const fn limits(&self) -> ThrottleLimits {
        ThrottleLimits {
            per_ip: self.per_ip_per_minute,
            per_email: self.per_email_per_minute,
            per_link: self.per_link_per_minute,
            per_organisation: self.per_organisation_per_minute,
        }
    }
}
