//! Where mail goes, parsed and checked once.

use std::{
    path::{Path, PathBuf},
    str::FromStr as _,
    sync::Arc,
};

use bounces::ReturnPath;
use contract::Secret;
use lettre::message::Mailbox;
use smtp::{Login, Relay, Tls, Trust};
use url::Url;

use crate::{
    dkim::{DkimError, DkimOptions, Signer},
    message::Sender,
    rates::{Patience, Rates, return_path},
    templates::{Templates, TemplatesError},
};

/// Where links lead until somebody says.
const NOWHERE: &str = "http://localhost:8080";

/// Why a setting of mail is refused; [`MailOptionsError::key`] says which.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MailOptionsError {
    /// `mail.url` is none of the three kinds.
    #[error("must be smtp://host:port, smtps://host:port or file:DIR")]
    Url,
    /// `mail.from` is no address.
    #[error("must be an address such as Usher <usher@example.edu>")]
    From,
    /// `mail.reply_to` is no address.
    #[error("must be an address such as help@example.edu, or empty")]
    ReplyTo,
    /// `mail.return_path` is no address, or too long for a token.
    #[error(
        "must be an address such as b@bounce.example.edu, at most 11 characters before the @, or empty"
    )]
    ReturnPath,
    /// The templates of `mail.templates`, or of this crate.
    #[error(transparent)]
    Templates(#[from] TemplatesError),
    /// One of `mail.dkim_selector`, `mail.dkim_domain` and `mail.dkim_key`.
    #[error(transparent)]
    Dkim(#[from] DkimError),
}

impl MailOptionsError {
    /// The setting that is to be changed.
    pub const fn key(&self) -> &'static str {
        match self {
            Self::Url => "mail.url",
            Self::From => "mail.from",
            Self::ReplyTo => "mail.reply_to",
            Self::ReturnPath => "mail.return_path",
            Self::Templates(_) => "mail.templates",
            Self::Dkim(error) => error.key(),
        }
    }
}

/// `[mail]` as it is written; all but `url` and `from` may be empty.
#[derive(Clone, Copy, Debug)]
pub struct MailWritten<'a> {
    /// Where mail goes.
    pub url: &'a Secret,
    /// Who it is from.
    pub from: &'a str,
    /// Where answers go.
    pub reply_to: &'a str,
    /// Where reports about invitations come back to.
    pub return_path: &'a str,
    /// The directory of an operator's templates.
    pub templates: &'a str,
    /// How it is signed.
    pub dkim: DkimOptions<'a>,
}

/// Where mail goes, who it is from, what it says and who vouches for it.
#[derive(Clone, Debug)]
pub struct MailOptions {
    pub(crate) way: Way,
    /// Who mail is from.
    pub sender: Sender,
    /// What it says.
    pub templates: Templates,
    /// Who vouches for it.
    pub signer: Option<Arc<Signer>>,
    /// How much of it goes.
    pub rates: Rates,
    /// How long the relay is waited for.
    pub patience: Patience,
    /// Where the links of invitations lead, without a slash at its end.
    pub(crate) public_url: String,
    /// Where reports about invitations come back to.
    pub(crate) return_path: Option<ReturnPath>,
}

/// The way out.
#[derive(Clone, Debug)]
pub(crate) enum Way {
    /// One file a letter: the demo, and tests.
    File(PathBuf),
    /// A relay.
    Smtp(Relay),
}

impl MailOptions {
    /// What the relay is called in metrics: its host, or `file`.
    pub fn relay(&self) -> &str {
        match &self.way {
            Way::File(_) => "file",
            Way::Smtp(relay) => &relay.host,
        }
    }

    /// The relay, unless mail is kept in files.
    pub const fn relay_to(&self) -> Option<&Relay> {
        match &self.way {
            Way::File(_) => None,
            Way::Smtp(relay) => Some(relay),
        }
    }

    /// Reads `mail.url` and `mail.from`; nothing else is set.
    pub fn parse(url: &Secret, from: &str) -> Result<Self, MailOptionsError> {
        let from = mailbox(from).ok_or(MailOptionsError::From)?;
        let way = Way::parse(url)?;
        Ok(Self::plain(from, way, Templates::load(None, None)?))
    }

    fn plain(from: Mailbox, mut way: Way, templates: Templates) -> Self {
        if let Way::Smtp(relay) = &mut way {
            from.email.domain().clone_into(&mut relay.hello);
        }
        Self {
            way,
            sender: Sender {
                from,
                reply_to: None,
            },
            templates,
            signer: None,
            rates: Rates::default(),
            patience: Patience::default(),
            public_url: NOWHERE.to_owned(),
            return_path: None,
        }
    }

    /// Reads all of it: templates are compiled and tried, the key is opened. Or else everything that
    /// is wrong.
    pub fn read(written: MailWritten<'_>) -> Result<Self, Vec<MailOptionsError>> {
        let mut wrong = Vec::new();
        let reply_to = match written.reply_to {
            "" => None,
            text => noted(mailbox(text).ok_or(MailOptionsError::ReplyTo), &mut wrong),
        };
        let answers = reply_to.as_ref().map(|mailbox| mailbox.email.as_ref());
        let directory = Some(written.templates).filter(|directory| !directory.is_empty());
        let templates = Templates::load(directory.map(Path::new), answers);
        let templates = noted(templates, &mut wrong);
        let signer = noted(Signer::parse(written.dkim), &mut wrong);
        let return_path = noted(return_path(written.return_path), &mut wrong);
        let from = mailbox(written.from).ok_or(MailOptionsError::From);
        let from = noted(from, &mut wrong);
        let way = noted(Way::parse(written.url), &mut wrong);
        let (Some(from), Some(way), Some(templates), Some(signer), Some(return_path), true) =
            (from, way, templates, signer, return_path, wrong.is_empty())
        else {
            return Err(wrong);
        };
        let mut options = Self::plain(from, way, templates);
        options.sender.reply_to = reply_to;
        options.signer = signer.map(Arc::new);
        options.return_path = return_path;
        Ok(options)
    }
}

impl Way {
    fn parse(url: &Secret) -> Result<Self, MailOptionsError> {
        let url = url.expose();
        if let Some(directory) = url.strip_prefix("file:") {
            let directory = directory.strip_prefix("//").unwrap_or(directory);
            if directory.is_empty() {
                return Err(MailOptionsError::Url);
            }
            return Ok(Self::File(PathBuf::from(directory)));
        }
        let url = Url::parse(url).map_err(|_| MailOptionsError::Url)?;
        let (tls, port) = match (url.scheme(), url.query()) {
            ("smtp", None) => (Tls::StartTlsIfOffered, 25),
            ("smtp", Some("tls=required")) => (Tls::StartTlsRequired, 25),
            ("smtps", None) => (Tls::Implicit, 465),
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
        let login = (!url.username().is_empty()).then(|| Login {
            user: decoded(url.username()),
            password: Secret::new(decoded(url.password().unwrap_or_default())),
        });
        Ok(Self::Smtp(Relay {
            host: host.trim_matches(['[', ']']).to_owned(),
            port: url.port().unwrap_or(port),
            tls,
            login,
            hello: String::new(),
            trust: Trust::of_the_machine(),
        }))
    }
}

/// What was read; what is wrong with it goes to the rest.
fn noted<T, E: Into<MailOptionsError>>(
    read: Result<T, E>,
    wrong: &mut Vec<MailOptionsError>,
) -> Option<T> {
    read.map_err(|error| wrong.push(error.into())).ok()
}

fn mailbox(text: &str) -> Option<Mailbox> {
    let mailbox = Mailbox::from_str(text).ok()?;
    smtp::Path::parse(mailbox.email.as_ref()).ok()?;
    Some(mailbox)
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
        assert_eq!(relay.tls, Tls::StartTlsIfOffered);
        let Login { user, password } = relay.login.unwrap();
        assert_eq!((user.as_str(), password.expose()), ("us@er", "p@ss+"));
        let Way::Smtp(relay) = parse("smtp://relay.example:587?tls=required").unwrap().way else {
            panic!("not a relay");
        };
        assert_eq!((relay.port, relay.tls), (587, Tls::StartTlsRequired));
        let Way::Smtp(relay) = parse("smtps://relay.example").unwrap().way else {
            panic!("not a relay");
        };
        assert_eq!((relay.port, relay.tls), (465, Tls::Implicit));
    }

    #[test]
    fn anything_else_is_refused_by_its_key() {
        for url in [
            "",
            "file:",
            "http://relay.example",
            "smtp://",
            "relay.example",
            "smtp://relay.example?tls=never",
            "smtps://relay.example?tls=required",
        ] {
            assert_eq!(parse(url).unwrap_err(), MailOptionsError::Url, "{url:?}");
        }
        for from in [
            "nobody",
            "Usher <usher@bücher.example>",
            "Usher <\"us her\"@mail.example>",
            "a@x.edu\r\nBcc: b@y.edu",
        ] {
            let refused = MailOptions::parse(&Secret::new("file:mail"), from);
            assert_eq!(refused.unwrap_err(), MailOptionsError::From, "{from:?}");
        }
    }
}
