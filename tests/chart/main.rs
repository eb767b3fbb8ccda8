//! The chart and the image's recipe, without a cluster: what is rendered, whether Kubernetes would
//! take it, and whether the node understands what the chart tells it.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails"
)]

mod image;
mod notes;
mod pods;
mod probes;
mod refusals;
mod settings;

use std::{
    env,
    io::Write as _,
    path::Path,
    process::{Command, Stdio},
};

use serde_json::{Value, json};

const MISSING: &str = "the chart is rendered by python with helm-python-sdk==0.2.2 and \
                       kubernetes-validate==1.37.0: `pip install` them, and name the interpreter \
                       by CHART_PYTHON";

/// The oldest and the newest Kubernetes that the chart is checked against.
const KUBERNETES: [&str; 2] = ["1.29", "1.36"];

/// The smallest and the largest set of values.
const VALUES: [&str; 2] = ["least", "full"];

/// The objects of the chart with these values, of which `set` changes some (`section/key`).
fn rendered(values: &str, kubernetes: &str, set: Value) -> Result<Vec<Value>, String> {
    let mut answer = answered(values, kubernetes, set)?;
    Ok(serde_json::from_value(answer["objects"].take()).unwrap())
}

/// What the renderer answers: the objects, and the notes that an operator reads.
fn answered(values: &str, kubernetes: &str, set: Value) -> Result<Value, String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let asked = json!({
        "chart": root.join("helm/usher"),
        "values": root.join(format!("helm/usher/ci/{values}-values.yaml")),
        "kubernetes": kubernetes,
        "set": set,
    });
    let mut python = Command::new(env::var_os("CHART_PYTHON").expect(MISSING))
        .arg(root.join("tests/chart/render.py"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect(MISSING);
    let mut stdin = python.stdin.take().unwrap();
    stdin.write_all(asked.to_string().as_bytes()).unwrap();
    drop(stdin);
    let output = python.wait_with_output().unwrap();
    assert!(output.status.success(), "{MISSING}");
    let mut answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    match answer["refused"].take() {
        Value::String(refused) => Err(refused),
        _ => Ok(answer),
    }
}

fn objects(values: &str) -> Vec<Value> {
    rendered(values, "1.36", json!({})).unwrap()
}

fn of_kind<'a>(objects: &'a [Value], kind: &str) -> Vec<&'a Value> {
    objects
        .iter()
        .filter(|object| object["kind"] == kind)
        .collect()
}

fn the<'a>(objects: &'a [Value], kind: &str) -> &'a Value {
    match of_kind(objects, kind)[..] {
        [one] => one,
        ref several => panic!("{} of kind {kind}", several.len()),
    }
}

/// The template of the pods of a deployment or job.
fn pod(object: &Value) -> &Value {
    &object["spec"]["template"]
}
