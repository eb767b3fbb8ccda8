//! What one key asks of another, and of the roles of the node; and what a node would not start with.

use http_edge::{HookKeysError, Network};
use invite_dispatcher::MailboxOptions;
use secrecy::{ExposeSecret as _, SecretString};
use tracing_subscriber::EnvFilter;
use url::Url;

use super::{Settings, bus::LOCAL, http::is_loopback, mail::Mail};
use crate::roles::Roles;

/// The fewest characters of a key.
const KEY_LEAST: usize = 32;
/// Below this, argon2 refuses to work.
const ARGON2_LEAST_KIB: u32 = 8;
/// Memory times passes of OWASP's weakest recommendation.
const ARGON2_USUAL: u64 = 19_456 * 2;

/// Which key to change, and why.
pub(super) type Broken = Vec<(&'static str, String)>;

/// The rules that are broken for a node with these roles.
pub(super) fn broken(settings: &Settings, roles: &Roles) -> Broken {
    let mut broken = broken_without_mail(settings, roles);
    broken.extend(broken_mail(&settings.mail, roles));
    broken
}

/// What whoever makes or sends mail would not start with. The files that `[mail]` names are read.
fn broken_mail(mail: &Mail, roles: &Roles) -> Broken {
    let mut broken = Vec::new();
    if roles.make_mail()
        && let Err(wrong) = mail.options()
    {
        broken.extend(wrong.iter().map(|error| (error.key(), error.to_string())));
    }
    if roles.send_mail()
        && let Err(error) = mail.authorities()
    {
        broken.push(("mail.tls_ca_file", error.to_string()));
    }
    broken
}

/// The rules that are broken where no mail is made.
pub(super) fn broken_without_mail(settings: &Settings, roles: &Roles) -> Broken {
    let mut broken = Vec::new();
    let mut refuse = |key: &'static str, text: &str| broken.push((key, text.to_owned()));
    let Settings {
        http,
        ops,
        database,
        bus,
        sealing,
        mail,
        auth,
        log,
        ..
    } = settings;

    if let Some(url) = &http.public_url
        && let Err(text) = public_url(url)
    {
        refuse("http.public_url", text);
    }
    if let Some(url) = &http.terms_url
        && let Err(text) = web_url(url)
    {
        refuse("http.terms_url", text);
    }
    for proxy in http
        .trusted_proxies
        .iter()
        .filter(|proxy| proxy.parse::<Network>().is_err())
    {
        refuse(
            "http.trusted_proxies",
            &format!("{proxy} is neither an address nor a network"),
        );
    }
    if roles.runs_edge() && http.listen == ops.listen && ops.listen.port() != 0 {
        refuse("ops.listen", "is the same as http.listen");
    }
    if !starts(&database.url, &["sqlite:", "postgres://", "postgresql://"]) {
        refuse(
            "database.url",
            "begins with neither sqlite: nor postgres://",
        );
    }
    if let Err(text) = bus_url(bus.url.expose_secret(), roles) {
        refuse("bus.url", text);
    }
    if bus.key.is_none() && !roles.use_database() {
        refuse(
            "bus.key",
            "a node that only runs the edge has no database to take it from: set it",
        );
    }
    for (key, value) in [("bus.key", &bus.key), ("sealing.key", &sealing.key)] {
        let length = value
            .as_ref()
            .map(|value| value.expose_secret().chars().count());
        if length.is_some_and(|length| length < KEY_LEAST) {
            refuse(key, &format!("has fewer than {KEY_LEAST} characters"));
        }
    }
    if let Err(error) = MailboxOptions::parse(&mail.return_path, &mail.bounces) {
        refuse("mail.bounces", &error.to_string());
    }
    if let Err(error) = http_edge::hook_keys(&mail.webhook_standard(), &mail.webhook_sendgrid) {
        let (key, why) = match error {
            HookKeysError::Standard(why) => ("mail.webhook_standard", why),
            HookKeysError::Sendgrid(why) => ("mail.webhook_sendgrid", why),
        };
        refuse(key, &why.to_string());
    }
    if auth.argon2_memory_kib.get() < ARGON2_LEAST_KIB {
        refuse(
            "auth.argon2_memory_kib",
            &format!("is less than {ARGON2_LEAST_KIB}"),
        );
    }
    if let Err(error) = EnvFilter::try_new(&log.filter) {
        refuse("log.filter", &error.to_string());
    }
    broken
}

/// What holds, but is seldom meant.
pub(super) fn warnings(settings: &Settings) -> Vec<String> {
    let mut warnings = Vec::new();
    let Settings { http, auth, .. } = settings;
    if let Some(url) = http.public_url.as_ref()
        && url.scheme() != "https"
        && !is_loopback(url)
    {
        warnings.push(format!(
            "http.public_url is {url}: without https, passwords cross the network in the clear"
        ));
    }
    let effort = u64::from(auth.argon2_memory_kib.get()) * u64::from(auth.argon2_passes.get());
    if effort < ARGON2_USUAL {
        warnings.push("auth.argon2_*: passwords are hashed more cheaply than OWASP advises".into());
    }
    warnings
}

fn starts(url: &SecretString, schemes: &[&str]) -> bool {
    schemes.iter().any(|scheme| {
        url.expose_secret()
            .strip_prefix(scheme)
            .is_some_and(|rest| !rest.is_empty())
    })
}

/// A page of the web.
fn web_url(url: &Url) -> Result<(), &'static str> {
    if matches!(url.scheme(), "http" | "https") && url.host().is_some() {
        return Ok(());
    }
    Err("begins with neither http:// nor https://")
}

fn public_url(url: &Url) -> Result<(), &'static str> {
    web_url(url)?;
    let bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
    let anonymous = url.username().is_empty() && url.password().is_none();
    if bare && anonymous {
        Ok(())
    } else {
        Err("has more than scheme, host and port")
    }
}

fn bus_url(url: &str, roles: &Roles) -> Result<(), &'static str> {
    if url == LOCAL {
        return if roles.are_all() {
            Ok(())
        } else {
            Err("is local: but this node does not run every role; set nats://HOST:PORT")
        };
    }
    let Ok(url) = Url::parse(url) else {
        return Err("is neither local: nor nats://HOST:PORT");
    };
    match url.scheme() {
        "tls" if url.has_host() => Ok(()),
        "nats" if is_loopback(&url) => Ok(()),
        "nats" if url.has_host() => {
            Err("leads to another machine without TLS, and passwords cross the bus; set tls://")
        }
        _ => Err("is neither local:, nats://HOST:PORT nor tls://HOST:PORT"),
    }
}
