//! What the cluster asks of a pod, of the node itself.

use std::time::Duration;

use serde_json::Value;
use testkit::{SqliteFile, UsherProcess};

use super::{VALUES, objects, pod, the};

const PATIENCE: Duration = Duration::from_mins(1);

/// A container's entry of this name in one of its lists.
fn named<'a>(container: &'a Value, list: &str, name: &Value) -> &'a Value {
    let mut entries = container[list].as_array().unwrap().iter();
    entries.find(|entry| entry["name"] == *name).unwrap()
}

#[tokio::test]
async fn every_probe_asks_what_the_node_answers() {
    let database = SqliteFile::fresh();
    let settings = [
        ("USHER_HTTP__LISTEN", "127.0.0.1:0".to_owned()),
        ("USHER_OPS__LISTEN", "127.0.0.1:0".to_owned()),
        ("USHER_DATABASE__URL", database.url()),
    ];
    let binary = env!("CARGO_BIN_EXE_usher");
    let node = UsherProcess::start(binary, ["serve"], settings);
    let ops = node.wait_ready(PATIENCE).ops;
    for values in VALUES {
        let objects = objects(values);
        let container = &pod(the(&objects, "Deployment"))["spec"]["containers"][0];
        let listens = &named(container, "env", &"USHER_OPS__LISTEN".into())["value"];
        let (_, listens) = listens.as_str().unwrap().rsplit_once(':').unwrap();
        let probe = |name: &str| {
            let asks = &container[name]["httpGet"];
            assert!(asks.is_object(), "{values}: no {name}");
            let port = &named(container, "ports", &asks["port"])["containerPort"];
            assert_eq!(port.to_string(), listens, "{values}: {name}");
            asks["path"].as_str().unwrap().to_owned()
        };
        let [startup, liveness, readiness] =
            ["startupProbe", "livenessProbe", "readinessProbe"].map(probe);
        // A pod that waits for the database or the bus is not ended for that.
        assert_ne!(liveness, readiness, "{values}");
        for path in [startup, liveness, readiness] {
            let answer = reqwest::get(format!("{ops}{path}")).await.unwrap();
            assert_eq!(answer.status(), 200, "{values}: {path}");
        }
    }
}
