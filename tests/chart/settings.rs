//! The node understands what the chart tells it.

use std::{fs, process::Command};

use serde_json::{Value, json};
use testkit::{SmtpScript, SmtpSink, SmtpTls};

use super::{VALUES, objects, pod, rendered, the};

/// What the cluster would mount.
const SECRETS: [(&str, &str); 5] = [
    ("database-url", "postgres://usher:word@db.seats.svc/usher"),
    ("mail-url", "smtps://usher:word@mail.example.org:465"),
    ("bus-url", "tls://nats.seats.svc:4222"),
    ("bus-key", "a key of thirty-two characters.."),
    ("sealing-key", "another of thirty-two characters"),
];

#[test]
fn the_node_takes_every_setting_that_the_chart_makes() {
    let folder = tempfile::tempdir().unwrap();
    for (name, value) in SECRETS {
        fs::write(folder.path().join(name), value).unwrap();
    }
    let relay = SmtpSink::start_with(SmtpScript::new().tls(SmtpTls::Implicit));
    fs::write(folder.path().join("campus.pem"), relay.authority_pem()).unwrap();
    for values in VALUES {
        let objects = objects(values);
        for kind in ["Deployment", "Job"] {
            let container = &pod(the(&objects, kind))["spec"]["containers"][0];
            let mounts = container["volumeMounts"].as_array().unwrap();
            let mut check = Command::new(env!("CARGO_BIN_EXE_usher"));
            check.args(["config", "check"]);
            for variable in container["env"].as_array().unwrap() {
                let text = |key: &str| variable[key].as_str().unwrap().to_owned();
                let value = mounts.iter().fold(text("value"), |value, mount| {
                    let mounted = mount["mountPath"].as_str().unwrap();
                    value.replace(mounted, folder.path().to_str().unwrap())
                });
                check.env(text("name"), value);
            }
            let checked = check.output().unwrap();
            let said = String::from_utf8_lossy(&checked.stderr);
            assert!(checked.status.success(), "{values} {kind}: {said}");
        }
    }
}

#[test]
fn the_chart_calls_commands_that_the_node_has() {
    let objects = objects("least");
    for kind in ["Deployment", "Job"] {
        let args = &pod(the(&objects, kind))["spec"]["containers"][0]["args"];
        let [Value::String(command)] = args.as_array().unwrap().as_slice() else {
            panic!("{kind}: {args}");
        };
        let help = Command::new(env!("CARGO_BIN_EXE_usher"))
            .args([command, "--help"])
            .output()
            .unwrap();
        assert!(help.status.success(), "usher {command}");
    }
}

#[test]
fn the_authority_of_the_relay_is_mounted_where_the_node_reads_it() {
    let map = json!({ "name": "campus", "defaultMode": 0o444, "items": [{ "key": "ca.crt", "path": "ca.crt" }] });
    let mut secret = map.clone();
    secret["secretName"] = secret.as_object_mut().unwrap().remove("name").unwrap();
    for (key, source, volume) in [
        ("existingConfigMap", "configMap", map),
        ("existingSecret", "secret", secret),
    ] {
        let values = json!({ "mailAuthority": { key: "campus" } });
        let objects = rendered("least", "1.36", values).unwrap();
        for kind in ["Deployment", "Job"] {
            let spec = &pod(the(&objects, kind))["spec"];
            let named = |list: &Value, name: &str| {
                let found = list.as_array().unwrap().iter();
                let mut found = found.filter(|one| one["name"] == name);
                found.next().cloned().unwrap_or_default()
            };
            assert_eq!(named(&spec["volumes"], "mail-authority")[source], volume);
            let container = &spec["containers"][0];
            let mount = named(&container["volumeMounts"], "mail-authority");
            assert_eq!(mount["readOnly"], true, "{kind}");
            let file = format!("{}/ca.crt", mount["mountPath"].as_str().unwrap());
            let told = named(&container["env"], "USHER_MAIL__TLS_CA_FILE");
            assert_eq!(told["value"], file, "{kind}");
        }
    }
    let least = serde_json::to_string(&objects("least")).unwrap();
    assert!(!least.contains("TLS_CA_FILE") && !least.contains("mail-authority"));
}
