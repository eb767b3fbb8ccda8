//! The effective settings as TOML, with the place of each and without the secrets.

use std::fmt::Write as _;

use config::{Value, ValueKind};
use url::Url;

use super::{manual, sources::Layer};

/// Every key, in the order of the manual.
pub(super) fn show(effective: &Layer) -> String {
    let mut text = String::new();
    let mut section = String::new();
    for entry in manual::entries() {
        let Some(value) = effective.get(&entry.key) else {
            continue;
        };
        if entry.section() != section {
            let gap = if section.is_empty() { "" } else { "\n" };
            entry.section().clone_into(&mut section);
            let _ = writeln!(text, "{gap}[{section}]");
        }
        let shown = toml(value, manual::is_secret(&entry.key));
        let place = value.origin().unwrap_or("default");
        let _ = writeln!(text, "{} = {shown} # {place}", entry.name());
    }
    text
}

fn toml(value: &Value, is_secret: bool) -> toml::Value {
    match &value.kind {
        ValueKind::Boolean(yes) => toml::Value::Boolean(*yes),
        ValueKind::I64(number) => toml::Value::Integer(*number),
        ValueKind::Array(all) => {
            toml::Value::Array(all.iter().map(|one| toml(one, is_secret)).collect())
        }
        ValueKind::String(text) if is_secret => toml::Value::String(masked(text)),
        other => toml::Value::String(other.to_string()),
    }
}

/// An address without its password; of anything else, nothing.
fn masked(secret: &str) -> String {
    const MASK: &str = "***";
    if secret.is_empty() {
        return String::new();
    }
    // `local:`, `sqlite:FILE` and `file:DIR` have no place for a password.
    let plain = ["local:", "sqlite:", "file:"];
    if plain.iter().any(|scheme| secret.starts_with(scheme)) {
        return secret.to_owned();
    }
    let Ok(mut url) = Url::parse(secret) else {
        return MASK.to_owned();
    };
    if !url.has_host() {
        return MASK.to_owned();
    }
    if url.query().is_some() {
        url.set_query(Some(MASK));
    }
    // A user name alone is a token on NATS.
    if url.password().is_some() {
        let _ = url.set_password(Some(MASK));
    } else if !url.username().is_empty() {
        let _ = url.set_username(MASK);
    }
    url.to_string()
}
