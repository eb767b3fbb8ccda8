//! `[mail]`: where letters go.

use std::{num::NonZeroU32, path::Path};

use contract::Secret;
use invite_dispatcher::{
    Authorities, AuthoritiesError, DkimOptions, MailLimits, MailOptions, MailOptionsError,
    MailWritten, Patience, Rates, Timeouts,
};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::field::{self, Seconds};

/// How mail leaves.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mail {
    /// `smtp://…`, `smtps://…` or `file:DIR`; may contain a password.
    pub url: SecretString,
    /// The certificates, PEM, that the relay's may hang on in addition to what the machine trusts;
    /// empty: none.
    pub tls_ca_file: String,
    /// Who letters are from.
    pub from: String,
    /// Where answers go; empty: to `from`.
    pub reply_to: String,
    /// The address that what comes back is sent to; empty: to `from`.
    pub return_path: String,
    /// Where what comes back is read: `maildir:DIR` or `smtp://IP:PORT`; empty: nowhere.
    pub bounces: String,
    /// What providers sign events with as Standard Webhooks say, `whsec_…`; empty: none is believed.
    #[serde(deserialize_with = "field::secret")]
    pub webhook_standard: Option<SecretString>,
    /// The public key of `SendGrid`'s signed events; empty: none is believed.
    pub webhook_sendgrid: String,
    /// Mails a second that the relay takes; 0: any number.
    pub per_second: u32,
    /// Mails a day that the relay takes, by UTC; 0: any number.
    pub per_day: u32,
    /// Connections to the relay at the same time.
    pub connections: NonZeroU32,
    /// Mails of one connection.
    pub messages_per_connection: NonZeroU32,
    /// How long finding the relay and connecting to it may take.
    pub connect_timeout_seconds: Seconds<1, 300>,
    /// How long its greeting, and each of EHLO, STARTTLS and AUTH, may take.
    pub hello_timeout_seconds: Seconds<1, 600>,
    /// How long each further command and each write may take.
    pub command_timeout_seconds: Seconds<1, 900>,
    /// How long the reply to a whole message may take.
    pub final_dot_timeout_seconds: Seconds<60, 3_600>,
    /// How long a connection waits for its next mail.
    pub connection_idle_seconds: Seconds<1, 3_600>,
    /// How long a connection lives.
    pub connection_age_seconds: Seconds<1, 86_400>,
    /// Invites a second to one recipient domain; 0: any number.
    pub per_domain_per_second: u32,
    /// Invites a second of one organisation; 0: any number.
    pub per_organisation_per_second: u32,
    /// The directory of an operator's templates; empty: the built-in ones alone.
    pub templates: String,
    /// Names the key among those of the domain; empty, as the next two: mail is not signed.
    pub dkim_selector: String,
    /// The domain that vouches.
    pub dkim_domain: String,
    /// The private key, PEM.
    #[serde(deserialize_with = "field::secret")]
    pub dkim_key: Option<SecretString>,
}

impl Mail {
    /// What providers sign events with as Standard Webhooks say; may be empty.
    pub fn webhook_standard(&self) -> Secret {
        let keys = self.webhook_standard.as_ref();
        Secret::new(keys.map(ExposeSecret::expose_secret).unwrap_or_default())
    }

    /// The authorities that are believed of the relay in addition to those of the machine, if any.
    pub fn authorities(&self) -> Result<Option<Authorities>, AuthoritiesError> {
        let file = Some(Path::new(&self.tls_ca_file)).filter(|_| !self.tls_ca_file.is_empty());
        file.map(Authorities::read).transpose()
    }

    /// What those who make and send mail are started with, or everything that is wrong with it.
    pub fn options(&self) -> Result<MailOptions, Vec<MailOptionsError>> {
        let key = self.dkim_key.as_ref().map(ExposeSecret::expose_secret);
        let options = MailOptions::read(MailWritten {
            url: &Secret::new(self.url.expose_secret()),
            from: &self.from,
            reply_to: &self.reply_to,
            return_path: &self.return_path,
            templates: &self.templates,
            dkim: DkimOptions {
                selector: &self.dkim_selector,
                domain: &self.dkim_domain,
                key: &Secret::new(key.unwrap_or_default()),
            },
        })?;
        Ok(options.with_limits(self.limits()))
    }

    /// What may be changed while couriers run.
    pub fn limits(&self) -> MailLimits {
        MailLimits {
            rates: self.rates(),
            patience: self.patience(),
        }
    }

    /// How long the relay is waited for.
    fn patience(&self) -> Patience {
        let hello = self.hello_timeout_seconds.duration();
        let command = self.command_timeout_seconds.duration();
        Patience {
            timeouts: Timeouts {
                connect: self.connect_timeout_seconds.duration(),
                greeting: hello,
                hello,
                envelope: command,
                data: command,
                write: command,
                dot: self.final_dot_timeout_seconds.duration(),
                ..Timeouts::default()
            },
            idle: self.connection_idle_seconds.duration(),
            age: self.connection_age_seconds.duration(),
        }
    }

    /// What all couriers together may ask of the relay.
    fn rates(&self) -> Rates {
        Rates {
            per_second: self.per_second,
            per_day: self.per_day.into(),
            connections: self.connections.get(),
            messages_per_connection: self.messages_per_connection.get(),
            per_domain_per_second: self.per_domain_per_second,
            per_organisation_per_second: self.per_organisation_per_second,
        }
    }
}
