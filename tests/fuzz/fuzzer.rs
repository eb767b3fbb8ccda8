//! What schemathesis is told.

use std::{env, fmt::Write as _, fs, path::Path, process::Command};

use serde_json::Value;

use crate::ground::Ground;

const MISSING: &str = "requests are made up by schemathesis==4.32.5: `pip install` it, and name it \
                       by SCHEMATHESIS";

/// How many requests are made up for each operation in each phase: about a minute for all.
const EXAMPLES: &str = "15";

/// Fails the test with what schemathesis prints, a curl line for each finding.
pub(crate) async fn run(ground: &Ground, token: &str) {
    let folder = tempfile::tempdir().unwrap();
    let settings = folder.path().join("schemathesis.toml");
    fs::write(&settings, settings_of(ground, token)).unwrap();
    // as a file: where it is served it would be left out
    let description = ground.description().await;
    let file = folder.path().join("openapi.json");
    fs::write(&file, description.to_string()).unwrap();
    let checks = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/checks.py");
    let output = Command::new(env::var_os("SCHEMATHESIS").expect(MISSING))
        .arg("--config-file")
        .arg(&settings)
        .arg("run")
        .arg(&file)
        .args(["--url", &ground.http])
        .args(["--seed", "1", "--max-examples", EXAMPLES])
        .args(["--continue-on-failure", "--no-color"])
        .args(["--generation-database", "none"])
        // the secrets are of this test, and a curl line without them is none
        .args(["--output-sanitize", "false"])
        .env("SCHEMATHESIS_HOOKS", checks)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .current_dir(folder.path())
        .output()
        .expect(MISSING);
    let printed = String::from_utf8_lossy(&output.stdout);
    let complaint = String::from_utf8_lossy(&output.stderr);
    let errors = ground.errors();
    assert!(
        output.status.success(),
        "{printed}\n{complaint}\n-- the node\n{errors}"
    );
    let every = format!("Tested: {}\n", operations(&description));
    assert!(printed.contains(&every), "not {every}{printed}");
    assert!(
        ground.lets_in(token).await,
        "the token ended meanwhile: its requests were refused for that alone"
    );
}

/// Every check is on but these: `checks.py` has the one, with an eye on why a request was refused;
/// a deleted link is still shown, as reports name it; nobody is written to again within the hour
/// that this takes a part of; an address that is made up is seldom one to invite; a batch of two has
/// left before anybody pauses it; and no event is signed.
const EXCEPTIONS: &str = "
[checks.positive_data_acceptance]
enabled = false

[[operations]]
include-operation-id = \"links-show\"
checks = { use_after_free = { enabled = false } }

[[operations]]
include-operation-id = \"invites-resend\"
warnings = false

[[operations]]
include-operation-id = \"invites-update\"
warnings = false

[[operations]]
include-operation-id = \"batches-pause\"
warnings = false

[[operations]]
include-operation-id = \"hooks-take\"
warnings = false
";

/// The file of settings: who asks, and what can be asked about.
fn settings_of(ground: &Ground, token: &str) -> String {
    let mut settings = format!(
        "[auth.openapi]\nbearer = {{ bearer = \"{token}\" }}\n\
         [warnings]\nfail-on = [\"missing_test_data\"]\n\
         [parameters]\n\"path.organisation\" = \"{}\"\n",
        ground.organisation
    );
    let paths = ground.known.iter().map(|(name, _)| ("path", *name, *name));
    let bodies = [
        ("plan_id", "plan"),
        ("link_id", "link"),
        ("expires_at", "future"),
        ("ends_at", "future"),
    ];
    let bodies = bodies.map(|(field, name)| ("body", field, name));
    let queries = [("query", "link_id", "link")];
    for (place, field, name) in paths.chain(bodies).chain(queries) {
        let known = format!("{{ dictionary = \"{name}\", probability = 0.8 }}");
        writeln!(settings, "\"{place}.{field}\" = {known}").unwrap();
    }
    for (name, values) in &ground.known {
        writeln!(settings, "[dictionaries.{name}]\nvalues = {values:?}").unwrap();
    }
    settings + EXCEPTIONS
}

/// How many the description has.
fn operations(description: &Value) -> usize {
    let paths = description["paths"].as_object().unwrap().values();
    paths.map(|path| path.as_object().unwrap().len()).sum()
}
