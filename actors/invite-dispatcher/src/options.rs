//! Where mail goes, parsed and checked once.

use std::{path::PathBuf, str::FromStr as _};

use contract::Secret;
use lettre::message::Mailbox;
use url::Url;

/// Why the settings of mail are refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MailOptionsError {
    /// `mail.url` is none of the three kinds.
    #[error("mail.url must be smtp://host:port, smtps://host:port or file:DIR")]
    Url,
    /// `mail.from` is no address.
    #[error("mail.from must be an address such as Usher <usher@example.edu>")]
    From,
}

/// Where mail goes and who it is from.
#[derive(Clone, Debug)]
pub struct MailOptions {
    pub(crate) way: Way,
    pub(crate) from: Mailbox,
}

/// The way out.
#[derive(Clone, Debug)]
pub(crate) enum Way {
    /// One file a letter: the demo, and tests.
    File(PathBuf),
    /// A relay.
    Smtp(Relay),
}

/// An SMTP relay.
#[derive(Clone, Debug)]
pub(crate) struct Relay {
    pub(crate) host: String,
    pub(crate) port: u16,
    /// TLS from the first byte (`smtps:`); otherwise STARTTLS wherever it is offered.
    pub(crate) is_implicit_tls: bool,
    pub(crate) login: Option<(String, Secret)>,
}

impl MailOptions {
    /// Reads `mail.url` and `mail.from`.
    pub fn parse(url: &Secret, from: &str) -> Result<Self, MailOptionsError> {
        let from = Mailbox::from_str(from).map_err(|_| MailOptionsError::From)?;
        // Relays that take anything else in the envelope (RFC 6531) are few.
        if !AsRef::<str>::as_ref(&from.email).is_ascii() {
            return Err(MailOptionsError::From);
        }
        let url = url.expose();
        if let Some(directory) = url.strip_prefix("file:") {
            let directory = directory.strip_prefix("//").unwrap_or(directory);
            if directory.is_empty() {
                return Err(MailOptionsError::Url);
            }
            return Ok(Self {
                way: Way::File(PathBuf::from(directory)),
                from,
            });
        }
        let url = Url::parse(url).map_err(|_| MailOptionsError::Url)?;
        let (is_implicit_tls, port) = match url.scheme() {
            "smtp" => (false, 25),
            "smtps" => (true, 465),
            _ => return Err(MailOptionsError::Url),
        };
        let host = url
            .host_str()
            .filter(|host| !host.is_empty())
            .ok_or(MailOptionsError::Url)?;
        let decoded = |text: &str| {
            let form = format!("x={}", text.replace('+', "%2B"));
            let pair = url::form_urlencoded::parse(form.as_bytes()).next();
            pair.map(|(_, value)| value.into_owned())
                .unwrap_or_default()
        };
        let login = (!url.username().is_empty()).then(|| {
            let password = Secret::new(decoded(url.password().unwrap_or_default()));
            (decoded(url.username()), password)
        });
        let host = host.trim_matches(['[', ']']).to_owned();
        let relay = Relay {
            host,
            port: url.port().unwrap_or(port),
            is_implicit_tls,
            login,
        };
        Ok(Self {
            way: Way::Smtp(relay),
            from,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(url: &str) -> Result<MailOptions, MailOptionsError> {
        MailOptions::parse(&Secret::new(url), "Usher <usher@example.edu>")
    }

    #[test]
    fn the_three_kinds_of_ways_are_understood() {
        assert!(matches!(parse("file:mail").unwrap().way, Way::File(_)));
        let Way::Smtp(relay) = parse("smtp://us%40er:p%40ss+@relay.example:2525")
            .unwrap()
            .way
        else {
            panic!("not a relay");
        };
        assert_eq!((relay.host.as_str(), relay.port), ("relay.example", 2525));
        let (user, password) = relay.login.unwrap();
        assert_eq!((user.as_str(), password.expose()), ("us@er", "p@ss+"));
        let Way::Smtp(relay) = parse("smtps://relay.example").unwrap().way else {
            panic!("not a relay");
        };
        assert_eq!((relay.port, relay.is_implicit_tls), (465, true));
    }

    #[test]
    fn anything_else_is_refused_by_its_key() {
        for url in [
            "",
            "file:",
            "http://relay.example",
            "smtp://",
            "relay.example",
        ] {
            assert_eq!(parse(url).unwrap_err(), MailOptionsError::Url, "{url:?}");
        }
        for from in [
            "nobody",
            "Usher <usher@bücher.example>",
            "a@x.edu\r\nBcc: b@y.edu",
        ] {
            let refused = MailOptions::parse(&Secret::new("file:mail"), from);
            assert_eq!(refused.unwrap_err(), MailOptionsError::From, "{from:?}");
        }
    }
}
