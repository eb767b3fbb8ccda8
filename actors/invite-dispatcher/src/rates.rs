//! How much the relay takes, how long it is waited for, and where what comes back goes to.

use std::time::Duration;

use bounces::ReturnPath;
use rustls_pki_types::CertificateDer;
use smtp::{Limits, Timeouts, Trust};
use url::Url;

use crate::options::{MailOptions, MailOptionsError, Way};

/// What all couriers together may ask of the relay. 0 is no limit, except for the connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rates {
    /// Mails a second.
    pub per_second: u32,
    /// Mails a day, by UTC.
    pub per_day: u64,
    /// Connections at the same time; at least 1.
    pub connections: u32,
    /// Mails of one connection.
    pub messages_per_connection: u32,
    /// Invites a second to one recipient domain; letters do not wait for it.
    pub per_domain_per_second: u32,
    /// Invites a second of one organisation.
    pub per_organisation_per_second: u32,
}

impl Default for Rates {
    fn default() -> Self {
        Self {
            per_second: 0,
            per_day: 0,
            connections: 10,
            messages_per_connection: 100,
            per_domain_per_second: 0,
            per_organisation_per_second: 0,
        }
    }
}

/// How long the relay is waited for, and how long a connection to it is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// Each step of a connection.
    pub timeouts: Timeouts,
    /// How long a connection waits for its next mail.
    pub idle: Duration,
    /// How long a connection lives; a mail that has begun is finished.
    pub age: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        let Limits { idle, age, .. } = Limits::default();
        Self {
            timeouts: Timeouts::default(),
            idle,
            age,
        }
    }
}

/// What may be changed while couriers run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MailLimits {
    /// What all couriers together may ask of the relay.
    pub rates: Rates,
    /// How long it is waited for.
    pub patience: Patience,
}

impl MailOptions {
    /// Within these limits, waiting so long.
    #[must_use]
    pub fn with_limits(self, limits: MailLimits) -> Self {
        self.with_rates(limits.rates).with_patience(limits.patience)
    }

    /// Waiting so long for the relay.
    #[must_use]
    pub fn with_patience(self, patience: Patience) -> Self {
        Self { patience, ..self }
    }

    /// Within these limits.
    #[must_use]
    pub fn with_rates(self, rates: Rates) -> Self {
        let rates = match self.way {
            Way::Smtp(_) => rates,
            // A directory takes what comes.
            Way::File(_) => Rates::default(),
        };
        Self { rates, ..self }
    }

    /// The links in invitations lead there, and the relay is greeted by that name.
    #[must_use]
    pub fn with_public_url(mut self, public_url: &Url) -> Self {
        if let (Way::Smtp(relay), Some(name)) = (&mut self.way, public_url.domain())
            && name != "localhost"
        {
            name.clone_into(&mut relay.hello);
        }
        let public_url = public_url.as_str().trim_end_matches('/').to_owned();
        Self { public_url, ..self }
    }

    /// A relay may also show a certificate that hangs on one of these (DER): they are added to what
    /// the machine trusts.
    #[must_use]
    pub fn with_roots(
        mut self,
        roots: impl IntoIterator<Item = impl Into<CertificateDer<'static>>>,
    ) -> Self {
        if let Way::Smtp(relay) = &mut self.way {
            relay.trust = Trust::with_roots(roots.into_iter().map(Into::into));
        }
        self
    }
}

/// Where reports about invitations come back to, each to an address of its own; `None` where it is
/// empty: to the sender.
pub(crate) fn return_path(address: &str) -> Result<Option<ReturnPath>, MailOptionsError> {
    if address.is_empty() {
        return Ok(None);
    }
    let path = ReturnPath::parse(address).map_err(|_| MailOptionsError::ReturnPath)?;
    if path.longest_token() < crate::tokens::RETURN_PATH_LENGTH {
        return Err(MailOptionsError::ReturnPath);
    }
    Ok(Some(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_return_path_must_leave_room_for_a_token() {
        assert_eq!(return_path("").unwrap(), None);
        assert_eq!(
            return_path("b@bounce.example.edu").unwrap().unwrap().local,
            "b"
        );
        let long = format!("{}@bounce.example.edu", "b".repeat(12));
        for address in ["bounce.example.edu", "b+x@bounce.example.edu", &long] {
            assert_eq!(
                return_path(address).unwrap_err(),
                MailOptionsError::ReturnPath,
                "{address}"
            );
        }
    }
}
