//! Values that cannot work are refused with the value's name.

use serde_json::{Value, json};

use super::rendered;

#[test]
fn a_value_that_cannot_work_is_refused_by_its_name() {
    let cases: [(&str, Value, &str); 13] = [
        (
            "secrets/existingSecret",
            json!(""),
            "secrets.existingSecret",
        ),
        (
            "secrets/keys",
            json!({ "database.url": null }),
            "database.url",
        ),
        (
            "settings/http/public_url",
            json!(""),
            "settings.http.public_url",
        ),
        (
            "settings/ops",
            json!({ "listen": "0.0.0.0:1" }),
            "settings.ops.listen",
        ),
        (
            "settings/database",
            json!({ "url": "sqlite:x" }),
            "settings.database.url",
        ),
        ("replicas", json!("two"), "replicas"),
        ("replica", json!(2), "replica"),
        ("ingress", json!({ "enabled": true }), "ingress.hosts"),
        ("service/port", json!(0), "service/port"),
        (
            "mailAuthority",
            json!({ "existingConfigMap": "ours", "existingSecret": "ours" }),
            "mailAuthority",
        ),
        (
            "mailAuthority",
            json!({ "existingSecret": "ours", "key": "a/b" }),
            "mailAuthority/key",
        ),
        (
            "mailAuthority",
            json!({ "existingsecret": "ours" }),
            "mailAuthority",
        ),
        (
            "secrets/keys/mail.tls_ca_file",
            json!("ca.crt"),
            "mailAuthority",
        ),
    ];
    for (key, value, named) in cases {
        let refused = rendered("least", "1.36", json!({ key: value }));
        let text = refused.err().unwrap_or_default();
        assert!(text.contains(named), "{key}: {text}");
    }
}

#[test]
fn a_chart_under_another_one_takes_its_global_values() {
    let values = json!({ "global": { "region": "eu" }, "enabled": true });
    assert!(rendered("least", "1.36", values).is_ok());
}

#[test]
fn an_authority_is_set_in_one_place() {
    let refused = rendered(
        "least",
        "1.36",
        json!({
            "mailAuthority": { "existingSecret": "ours" },
            "settings/mail": { "tls_ca_file": "/elsewhere.pem" },
        }),
    );
    let text = refused.err().unwrap_or_default();
    assert!(text.contains("settings.mail.tls_ca_file"), "{text}");
}
