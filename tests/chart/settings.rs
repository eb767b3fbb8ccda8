//! The node understands what the chart tells it.

use std::{fs, process::Command};

use serde_json::Value;

use super::{VALUES, objects, pod, the};

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
    for values in VALUES {
        let objects = objects(values);
        for kind in ["Deployment", "Job"] {
            let container = &pod(the(&objects, kind))["spec"]["containers"][0];
            let mounted = container["volumeMounts"][0]["mountPath"].as_str().unwrap();
            let mut check = Command::new(env!("CARGO_BIN_EXE_usher"));
            check.args(["config", "check"]);
            for variable in container["env"].as_array().unwrap() {
                let text = |key: &str| variable[key].as_str().unwrap().to_owned();
                let value = text("value").replace(mounted, folder.path().to_str().unwrap());
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
