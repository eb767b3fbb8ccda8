//! What an operator reads after an installation.

use serde_json::{Value, json};

use super::answered;

fn notes(values: &str, set: Value) -> String {
    let answer = answered(values, "1.36", set).unwrap();
    answer["notes"].as_str().unwrap().to_owned()
}

#[test]
fn the_notes_lead_to_the_first_administrator() {
    let notes = notes("least", json!({}));
    assert!(notes.contains("https://seats.example.org"), "{notes}");
    assert!(notes.contains("admin create"), "{notes}");
}

#[test]
fn an_ingress_without_trusted_proxies_is_warned_of() {
    let ingress = json!({ "enabled": true, "hosts": [{ "host": "seats.example.org" }] });
    let set = |key: &str, value: Value| json!({ "ingress": ingress.clone(), key: value });
    let warns = |notes: &str| notes.contains("WARNING") && notes.contains("http.trusted_proxies");
    for unnamed in [
        json!({ "ingress": ingress }),
        set("settings/http/trusted_proxies", json!([])),
        set("settings/http/trusted_proxies", json!("")),
    ] {
        let said = notes("least", unnamed.clone());
        assert!(warns(&said), "{unnamed}: {said}");
    }
    for named in [
        set("settings/http/trusted_proxies", json!(["10.42.0.0/16"])),
        set("settings/http/trusted_proxies", json!("10.42.0.0/16")),
    ] {
        let said = notes("least", named.clone());
        assert!(!warns(&said), "{named}: {said}");
    }
    for values in ["least", "full"] {
        let said = notes(values, json!({}));
        assert!(!warns(&said), "{values}: {said}");
    }
}

#[test]
fn mail_from_nobody_in_particular_is_warned_of_but_not_refused() {
    let warns = |notes: &str| notes.contains("WARNING") && notes.contains("settings.mail.from");
    let said = notes("least", json!({}));
    assert!(warns(&said), "{said}");
    let from = json!({ "settings/mail": { "from": "Usher <usher@mail.hill.edu>" } });
    let keys = json!({
        "database.url": "database-url", "mail.url": "mail-url", "mail.from": "mail-from",
    });
    for said in [
        notes("least", from),
        notes("least", json!({ "secrets/keys": keys })),
        notes("full", json!({})),
    ] {
        assert!(!said.contains("WARNING"), "{said}");
    }
}
