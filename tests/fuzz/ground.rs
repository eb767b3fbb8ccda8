//! A node, an institution, and the ids that a request can be about.

use std::{fs, path::Path, process::Command, time::Duration};

use reqwest::{Client, Method};
use serde_json::{Value, json};
use testkit::{SqliteFile, UsherProcess, eventually_some};

const BINARY: &str = env!("CARGO_BIN_EXE_usher");
const PATIENCE: Duration = Duration::from_mins(1);
/// Mails that are waited for; others may still be on their way.
const UNSUBSCRIBES: usize = 8;

/// A parameter, and values of it that name something.
pub(crate) type Known = (&'static str, Vec<String>);

/// What is fuzzed.
#[derive(Debug)]
pub(crate) struct Ground {
    process: UsherProcess,
    pub(crate) http: String,
    /// The operator's token.
    pub(crate) operator: String,
    /// An owner's token of the organisation.
    pub(crate) owner: String,
    pub(crate) organisation: String,
    /// What is in the organisation.
    pub(crate) known: Vec<Known>,
    database: SqliteFile,
}

fn settings(database: &SqliteFile) -> Vec<(&'static str, String)> {
    let often = || "1000000".to_owned();
    let mail = database.url().replace("sqlite:", "file:") + ".mail";
    vec![
        ("USHER_HTTP__LISTEN", "127.0.0.1:0".to_owned()),
        ("USHER_HTTP__WORKERS", "2".to_owned()),
        ("USHER_OPS__LISTEN", "127.0.0.1:0".to_owned()),
        ("USHER_DATABASE__URL", database.url()),
        ("USHER_MAIL__URL", mail),
        // a refusal by a throttle would hide every other answer
        ("USHER_THROTTLE__PER_IP_PER_MINUTE", often()),
        ("USHER_THROTTLE__PER_EMAIL_PER_MINUTE", often()),
        ("USHER_THROTTLE__PER_LINK_PER_MINUTE", often()),
        ("USHER_THROTTLE__PER_ORGANISATION_PER_MINUTE", often()),
        ("USHER_AUTH__ARGON2_MEMORY_KIB", "8".to_owned()),
        ("USHER_AUTH__ARGON2_PASSES", "1".to_owned()),
        // nobody here signs with it: events are refused, and not where there are none
        (
            "USHER_MAIL__WEBHOOK_STANDARD",
            "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz".to_owned(),
        ),
    ]
}

/// The token that the command makes.
fn token(database: &SqliteFile, args: &[&str]) -> String {
    let output = Command::new(BINARY)
        .args(["token", "create", "--name", "fuzz"])
        .args(args)
        .envs(settings(database))
        .output()
        .unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{error}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

impl Ground {
    pub(crate) async fn new() -> Self {
        let database = SqliteFile::fresh();
        let process = UsherProcess::start(BINARY, ["serve"], settings(&database));
        let mut ground = Self {
            http: process.wait_ready(PATIENCE).http,
            process,
            operator: token(&database, &[]),
            owner: String::new(),
            organisation: String::new(),
            known: Vec::new(),
            database,
        };
        let new = json!({ "name": "University", "product_url": "https://library.example/" });
        let made = ground.post("/organisations", new).await;
        ground.organisation = text(&made["id"]);
        let args = ["--organisation", &ground.organisation];
        ground.owner = token(&ground.database, &args);
        ground.known = ground.seed().await;
        ground
    }

    /// Several of each, as requests also delete.
    async fn seed(&self) -> Vec<Known> {
        let within = format!("/organisations/{}", self.organisation);
        let post = async |path: &str, new| self.post(&format!("{within}{path}"), new).await;
        let (mut plans, mut links, mut joins) = (Vec::new(), Vec::new(), Vec::new());
        for name in ["Law", "Arts", "Medicine"] {
            let plan = post("/plans", json!({ "name": name, "seats": 1_000 })).await;
            let link = json!({ "name": name, "plan_id": plan["id"] });
            let link = post("/links", link).await;
            plans.push(text(&plan["id"]));
            links.push(text(&link["id"]));
            joins.push(text(&link["token"]));
        }
        let (mut users, mut proofs) = (Vec::new(), Vec::new());
        let (mut administrators, mut tokens) = (Vec::new(), Vec::new());
        for n in 0..16 {
            let form = json!({
                "first_name": "Ann", "last_name": "Lee", "email": format!("{n}@people.example"),
                "password": "a few words for me", "accept_terms": true,
            });
            let joined = self.post(&format!("/join/{}", joins[0]), form).await;
            users.push(text(&joined["user"]["id"]));
            proofs.push(text(&joined["proof_id"]));
            let new = json!({ "email": format!("{n}@office.example"), "role": "owner" });
            let made = post("/administrators", new).await;
            administrators.push(text(&made["id"]));
            let made = post("/tokens", json!({ "name": "spare", "role": "viewer" })).await;
            tokens.push(text(&made["id"]));
        }
        let bulk = json!({
            "filter": {}, "action": "retag", "add_tags": ["2026"], "expected_count": users.len(),
        });
        let job = text(&post("/users/bulk", bulk).await["job_id"]);
        let (mut batches, mut invites, mut held) = (Vec::new(), Vec::new(), Vec::new());
        for (n, link) in links.iter().cycle().take(24).enumerate() {
            let new = json!({
                "link_id": link, "addresses": format!("a{n}@hill.edu b{n}@hill.edu nobody"),
            });
            batches.push(text(&post("/invites", new).await["batch_id"]));
        }
        while invites.len() < 2 * batches.len() {
            let url = format!("{}/api/v1{within}/invites?limit=200", self.http);
            let asked = Client::new().get(url).bearer_auth(&self.operator);
            let page: Value = asked.send().await.unwrap().json().await.unwrap();
            let items = page["items"].as_array().unwrap();
            invites = items.iter().map(|invite| text(&invite["id"])).collect();
            let urls = items.iter().filter_map(|invite| invite["url"].as_str());
            held = urls
                .map(|url| url.rsplit('/').next().unwrap().to_owned())
                .collect();
        }
        let slugs = ["invalid", "not-found"].map(str::to_owned);
        vec![
            ("plan", plans),
            ("link", links),
            ("token", joins),
            ("user", users),
            ("proof", proofs),
            ("administrator", administrators),
            ("token_id", tokens),
            ("batch", batches),
            ("invite", invites),
            ("invite_token", held),
            ("unsubscribe_token", self.unsubscribes(UNSUBSCRIBES).await),
            ("job", vec![job]),
            ("slug", slugs.into()),
            ("future", vec!["2126-01-01T00:00:00Z".to_owned()]),
        ]
    }

    /// Tokens of mails that were sent, by which they are unsubscribed.
    async fn unsubscribes(&self, least: usize) -> Vec<String> {
        let folder = self.database.url().replace("sqlite:", "") + ".mail";
        let token = |path: &Path| {
            let mail: Value = serde_json::from_str(&fs::read_to_string(path).ok()?).ok()?;
            let (_, rest) = mail["text"].as_str()?.split_once("/unsubscribe/")?;
            Some(rest.split_whitespace().next()?.to_owned())
        };
        eventually_some(PATIENCE, "invites were mailed", async || {
            let files = fs::read_dir(&folder).ok()?;
            let paths = files.filter_map(|file| Some(file.ok()?.path()));
            let tokens: Vec<_> = paths.filter_map(|path| token(&path)).collect();
            (tokens.len() >= least).then_some(tokens)
        })
        .await
    }

    async fn post(&self, path: &str, body: Value) -> Value {
        let url = format!("{}/api/v1{path}", self.http);
        let request = Client::new().request(Method::POST, url).json(&body);
        let response = request.bearer_auth(&self.operator).send().await.unwrap();
        let status = response.status();
        let answer = response.text().await.unwrap();
        assert!(status.is_success(), "{path}: {status} {answer}");
        serde_json::from_str(&answer).unwrap()
    }

    /// The description that is served.
    pub(crate) async fn description(&self) -> Value {
        let url = format!("{}/api/v1/openapi.json", self.http);
        reqwest::get(url).await.unwrap().json().await.unwrap()
    }

    /// Whether the token is still good for the organisation.
    pub(crate) async fn lets_in(&self, token: &str) -> bool {
        let url = format!("{}/api/v1/organisations/{}", self.http, self.organisation);
        let request = Client::new().get(url).bearer_auth(token);
        request.send().await.unwrap().status() == 200
    }

    /// What went wrong, in the node's own words.
    pub(crate) fn errors(&self) -> String {
        let log = self.process.stderr_text();
        let errors = log.lines().filter(|line| line.contains("ERROR"));
        errors.collect::<Vec<_>>().join("\n")
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}
