//! The alerts that operators are given: right, fed by what nodes show, and tried.

use std::{collections::BTreeSet, process::Command};

use testkit::{BusKind, Engine, SmtpSink, eventually};

use crate::{
    institution::Institution,
    node::{Ground, PATIENCE},
};

const DOCS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs");

/// Everything that is called like a metric.
fn metrics_of(rules: &str) -> BTreeSet<&str> {
    let words = rules.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    words.filter(|word| word.starts_with("usher_")).collect()
}

#[test]
fn alerts_fire_at_what_they_say_and_at_nothing_else() {
    let promtool = std::env::var_os("PROMTOOL").unwrap_or_else(|| "promtool".into());
    for args in [
        ["check", "rules", "alerts.yaml"],
        ["test", "rules", "alerts.test.yaml"],
    ] {
        let output = Command::new(&promtool)
            .args(args)
            .current_dir(DOCS)
            .output()
            .expect(
                "promtool is not installed: `apt-get install prometheus`, or name it by PROMTOOL",
            );
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said);
        assert!(output.status.success(), "{args:?}: {said}");
    }
}

#[tokio::test]
async fn a_node_shows_everything_that_alerts_look_at() {
    let rules = std::fs::read_to_string(format!("{DOCS}/alerts.yaml")).unwrap();
    let looked_at = metrics_of(&rules);
    assert!(looked_at.contains("usher_mail_held_up"), "{looked_at:?}");
    let ground = Ground::new(Engine::Sqlite, BusKind::Nats);
    let relay = SmtpSink::start();
    let node = ground.start_with(&[], &[("USHER_MAIL__URL", &relay.url())]);
    Institution::with_link(&ground, &node, 3, &[]).await;
    drop(node);
    // The seats of plans are counted at the start.
    let node = ground.start_with(&[], &[("USHER_MAIL__URL", &relay.url())]);
    node.browser().open("/").await;
    eventually(PATIENCE, "every metric of an alert is shown", async || {
        let (_, metrics) = node.ops("/metrics").await;
        let series: BTreeSet<_> = metrics
            .lines()
            .filter_map(|line| line.split(['{', ' ']).next())
            .collect();
        let missing: Vec<_> = looked_at
            .iter()
            .filter(|name| !series.contains(**name))
            .collect();
        eprintln!("missing: {missing:?}");
        missing.is_empty()
    })
    .await;
}
