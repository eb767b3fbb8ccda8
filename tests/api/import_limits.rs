//! What an operator sets about how much is handed in.

use std::time::Duration;

use reqwest::{Client, Method, RequestBuilder};
use serde_json::{Value, json};
use testkit::{SqliteFile, UsherProcess};

use crate::server::{Answer, text};

const PATIENCE: Duration = Duration::from_mins(1);

/// A node of its own, with small limits.
struct Small {
    _process: UsherProcess,
    _database: SqliteFile,
    url: String,
    token: String,
    link: String,
}

impl Small {
    async fn start() -> Self {
        let binary = env!("CARGO_BIN_EXE_usher");
        let database = SqliteFile::fresh();
        let mail = database.url().replace("sqlite:", "file:");
        let settings: Vec<(&str, String)> = vec![
            ("USHER_HTTP__LISTEN", "127.0.0.1:0".to_owned()),
            ("USHER_OPS__LISTEN", "127.0.0.1:0".to_owned()),
            ("USHER_DATABASE__URL", database.url()),
            ("USHER_MAIL__URL", format!("{mail}.mail")),
            ("USHER_INVITES__PASTE_LIMIT", "1000".to_owned()),
            ("USHER_INVITES__IMPORT_LIMIT", "5".to_owned()),
            ("USHER_INVITES__IMPORT_MIB", "1".to_owned()),
            ("USHER_INVITES__PER_ORGANISATION_PER_DAY", "4".to_owned()),
        ];
        let process = UsherProcess::start(binary, ["serve"], settings.clone());
        let http = process.wait_ready(PATIENCE).http;
        let output = std::process::Command::new(binary)
            .args(["token", "create", "--name", "tests"])
            .envs(settings)
            .output()
            .unwrap();
        let token = String::from_utf8(output.stdout).unwrap().trim().to_owned();
        let mut small = Self {
            _process: process,
            _database: database,
            url: format!("{http}/api/v1/organisations"),
            token,
            link: String::new(),
        };
        let new = json!({ "name": "Hill", "product_url": "https://read.hill.edu/" });
        let made = small.post("", new).await.body(201);
        small.url = format!("{}/{}", small.url, text(&made["id"]));
        let plan = json!({ "name": "Law", "seats": 9 });
        let plan = small.post("/plans", plan).await.body(201);
        let link = json!({ "name": "First year", "plan_id": plan["id"] });
        let link = small.post("/links", link).await.body(201);
        text(&link["id"]).clone_into(&mut small.link);
        small
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = Client::new().request(method, format!("{}{path}", self.url));
        request.bearer_auth(&self.token)
    }

    async fn post(&self, path: &str, body: Value) -> Answer {
        Answer::of(self.request(Method::POST, path).json(&body)).await
    }

    async fn import(&self, file: impl Into<Vec<u8>>) -> Answer {
        let path = format!("/invites/import?link_id={}", self.link);
        let request = self.request(Method::POST, &path);
        Answer::of(request.header("content-type", "text/csv").body(file.into())).await
    }

    async fn batches(&self) -> Vec<Value> {
        let page = Answer::of(self.request(Method::GET, "/batches"))
            .await
            .body(200);
        page["items"].as_array().unwrap().clone()
    }
}

#[tokio::test]
async fn the_operators_limits_of_files_and_of_a_day_hold() {
    let small = Small::start().await;
    let file = |from: u32, to: u32| {
        let rows = (from..to).map(|i| format!("p{i}@hill.edu\n"));
        format!("email\n{}", rows.collect::<String>())
    };
    small
        .import(file(0, 6))
        .await
        .refused_fields(&["file too-many"]);
    let large = [file(0, 3), " \n".repeat(600_000)].concat();
    let answer = small.import(large).await;
    answer.refused(413, "too-large");
    assert!(text(&answer.body["detail"]).contains("1 MiB"));
    assert_eq!(small.batches().await.len(), 0);

    // what the day does not hold stays a draft, whole
    let over = small.import(file(0, 5)).await;
    over.refused_fields(&["batch over-day-limit"]);
    let drafts = small.batches().await;
    assert_eq!(drafts.len(), 1);
    assert!(text(&over.body["detail"]).contains(text(&drafts[0]["id"])));
    assert_eq!(drafts[0]["states"], json!({ "draft": 5 }));
    small.import(file(0, 3)).await.body(202);
    let over = small.import(file(3, 5)).await;
    over.refused_fields(&["batch over-day-limit"]);
    assert!(text(&over.body["errors"][0]["detail"]).contains("1 are left"));
    small.import(file(3, 4)).await.body(202);
    let pasted = json!({ "link_id": small.link, "addresses": "ann@hill.edu" });
    let over = small.post("/invites", pasted).await;
    over.refused_fields(&["batch over-day-limit"]);
}

#[tokio::test]
async fn a_paste_may_be_longer_where_it_may_hold_more() {
    let small = Small::start().await;
    let paste = async |number: u32, room: usize| {
        let row = |i| format!("{:room$} {i} <somebody.{i}@hill.edu>\n", "Ann");
        let addresses: String = (0..number).map(row).collect();
        let new = json!({ "link_id": small.link, "addresses": addresses, "dry_run": true });
        (addresses.len(), small.post("/invites", new).await)
    };
    let (length, all) = paste(1_000, 60).await;
    assert!(length > 64 << 10, "{length}");
    assert_eq!(all.body(202)["accepted"], 1_000);
    let (_, many) = paste(1_001, 60).await;
    many.refused_fields(&["addresses too-many"]);
    let (_, long) = paste(1_000, 92).await;
    long.refused_fields(&["addresses too-long"]);
    let (_, longer) = paste(1_000, 120).await;
    longer.refused(413, "too-large");
}
