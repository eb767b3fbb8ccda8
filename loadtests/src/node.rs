//! The whole node: the `usher` binary as an operator runs it, and an institution in it whose program
//! uses the JSON API.

use std::{
    path::PathBuf,
    process::Command,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use reqwest::{Client, RequestBuilder, StatusCode};
use serde_json::{Value, json};
use testkit::{NatsServer, PostgresServer, SqliteFile, UsherProcess};
use tokio::time::sleep;

/// How long a node may take to be ready, and a batch to move at all.
const PATIENCE: Duration = Duration::from_mins(1);
/// How often a batch is looked at. Each look counts its rows, which is work of the same machine.
const LOOK: Duration = Duration::from_millis(200);

/// Beside this program, so of the same build.
fn binary() -> Result<PathBuf> {
    let path = std::env::current_exe()?.with_file_name("usher");
    ensure!(
        path.is_file(),
        "{} is missing: cargo build --release -p usher",
        path.display()
    );
    Ok(path)
}

/// What nodes stand on.
pub(crate) struct Ground {
    pub(crate) postgres: Option<PostgresServer>,
    pub(crate) database: String,
    nats: Option<NatsServer>,
    _file: Option<SqliteFile>,
    folder: tempfile::TempDir,
    settings: Vec<(&'static str, String)>,
}

impl Ground {
    /// `PostgreSQL`, as durable as it is by default, and NATS.
    pub(crate) fn large() -> Result<Self> {
        let postgres = PostgresServer::durable();
        let database = postgres.fresh_database();
        Ok(Self {
            postgres: Some(postgres),
            database,
            nats: Some(NatsServer::start()),
            _file: None,
            folder: tempfile::tempdir()?,
            settings: Vec::new(),
        })
    }

    /// `SQLite` and the bus of the process.
    pub(crate) fn small() -> Result<Self> {
        let file = SqliteFile::fresh();
        Ok(Self {
            postgres: None,
            database: file.url(),
            nats: None,
            _file: Some(file),
            folder: tempfile::tempdir()?,
            settings: Vec::new(),
        })
    }

    pub(crate) fn name(&self) -> &'static str {
        match self.postgres {
            Some(_) => "PostgreSQL and NATS",
            None => "SQLite and the bus of the process",
        }
    }

    /// With a setting more.
    #[must_use]
    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.settings.push((name, value.into()));
        self
    }

    fn environment(&self) -> Vec<(&'static str, String)> {
        let bus = self.nats.as_ref().map(NatsServer::url);
        let mut settings = vec![
            ("USHER_HTTP__LISTEN", "127.0.0.1:0".to_owned()),
            (
                "USHER_HTTP__PUBLIC_URL",
                "https://usher.hill.edu".to_owned(),
            ),
            ("USHER_OPS__LISTEN", "127.0.0.1:0".to_owned()),
            ("USHER_DATABASE__URL", self.database.clone()),
            ("USHER_BUS__URL", bus.unwrap_or_else(|| "local:".to_owned())),
            ("USHER_MAIL__FROM", "Usher <usher@mail.hill.edu>".to_owned()),
        ];
        settings.extend(self.settings.iter().cloned());
        settings
    }

    /// A node with these roles; with every one where none is named.
    pub(crate) fn start(&self, roles: &[&str]) -> Result<Node> {
        let roles = roles.iter().flat_map(|role| ["--role", *role]);
        let args = ["serve"].into_iter().chain(roles);
        let process = UsherProcess::start(binary()?, args, self.environment());
        let line = process.wait_line("ready ", PATIENCE);
        let at = |key: &str| {
            let word = line
                .split_whitespace()
                .find_map(|word| word.strip_prefix(key));
            word.unwrap_or_default().to_owned()
        };
        let (http, ops) = (at("http="), at("ops="));
        Ok(Node { process, http, ops })
    }

    /// Runs a command of the node, and returns its line.
    fn usher(&self, args: &[&str]) -> Result<String> {
        let mut command = Command::new(binary()?);
        command.args(args).envs(self.environment());
        let output = command.current_dir(self.folder.path()).output()?;
        let errors = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "usher {args:?}: {errors}");
        Ok(String::from_utf8(output.stdout)?.trim().to_owned())
    }

    /// An institution with a plan and a link, and a program of its.
    pub(crate) async fn found(&self, node: &Node, name: &str) -> Result<Institution> {
        let product = "https://read.hill.edu/";
        let args = [
            "organisation",
            "create",
            "--name",
            name,
            "--product-url",
            product,
        ];
        let id = self.usher(&args)?;
        let args = ["token", "create", "--name", "load", "--organisation", &id];
        let mut institution = Institution {
            token: self.usher(&args)?,
            site: format!("{}/api/v1/organisations/{id}", node.http),
            client: Client::new(),
            link: String::new(),
        };
        let plan = json!({ "name": "Law 2026", "seats": 1_000_000 });
        let plan = institution.make("plans", &plan).await?;
        let link = json!({ "name": "Law", "plan_id": plan, "tags": ["law"] });
        institution.link = institution.make("links", &link).await?;
        Ok(institution)
    }
}

/// A node that is ready.
pub(crate) struct Node {
    pub(crate) process: UsherProcess,
    http: String,
    ops: String,
}

impl Node {
    pub(crate) fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// A number that it shows to Prometheus; 0 where it shows none.
    pub(crate) async fn metric(&self, name: &str) -> Result<f64> {
        let url = format!("{}/metrics", self.ops);
        let text = reqwest::get(url).await?.text().await?;
        let of = |line: &str| {
            let rest = line.strip_prefix(name)?;
            rest.starts_with(['{', ' '])
                .then(|| rest.rsplit(' ').next()?.parse::<f64>().ok())?
        };
        Ok(text.lines().filter_map(of).sum())
    }
}

/// Somebody who invites.
pub(crate) struct Institution {
    client: Client,
    site: String,
    token: String,
    link: String,
}

/// How a batch stands.
pub(crate) struct Standing {
    pub(crate) sent: u64,
    pub(crate) given: u64,
}

impl Institution {
    async fn answer(&self, request: RequestBuilder, expected: StatusCode) -> Result<Value> {
        let response = request.bearer_auth(&self.token).send().await?;
        let (status, text) = (response.status(), response.text().await?);
        ensure!(status == expected, "{status}: {text}");
        Ok(serde_json::from_str(&text)?)
    }

    /// Makes something; its id.
    async fn make(&self, what: &str, body: &Value) -> Result<String> {
        let request = self.client.post(format!("{}/{what}", self.site)).json(body);
        id(&self.answer(request, StatusCode::CREATED).await?, "id")
    }

    /// Invites the addresses of a file; the batch.
    pub(crate) async fn import(&self, file: Vec<u8>, is_draft: bool) -> Result<String> {
        let (site, link) = (&self.site, &self.link);
        let url = format!("{site}/invites/import?link_id={link}&dry_run={is_draft}");
        let request = self.client.post(url).header("content-type", "text/csv");
        let imported = self
            .answer(request.body(file), StatusCode::ACCEPTED)
            .await?;
        ensure!(
            imported.get("accepted") == imported.get("given"),
            "rows were refused: {imported}"
        );
        id(&imported, "batch_id")
    }

    pub(crate) async fn standing(&self, batch: &str) -> Result<Standing> {
        let request = self.client.get(format!("{}/batches/{batch}", self.site));
        let batch = self.answer(request, StatusCode::OK).await?;
        let sent = batch.pointer("/states/sent").and_then(Value::as_u64);
        Ok(Standing {
            sent: sent.unwrap_or(0),
            given: batch.get("given").and_then(Value::as_u64).unwrap_or(0),
        })
    }

    /// Waits until every invite of a batch is recorded as sent.
    pub(crate) async fn wait_sent(&self, batch: &str, patience: Duration) -> Result<()> {
        let since = Instant::now();
        loop {
            let Standing { sent, given } = self.standing(batch).await?;
            if sent == given {
                return Ok(());
            }
            ensure!(since.elapsed() < patience, "{sent} of {given} are sent");
            sleep(LOOK).await;
        }
    }
}

fn id(made: &Value, field: &str) -> Result<String> {
    let id = made.get(field).and_then(Value::as_str);
    Ok(id
        .with_context(|| format!("no {field}: {made}"))?
        .to_owned())
}

/// A file of so many addresses that are in no other file.
pub(crate) fn file(rows: usize) -> Vec<u8> {
    use std::{
        fmt::Write as _,
        sync::atomic::{AtomicUsize, Ordering},
    };

    static FILES: AtomicUsize = AtomicUsize::new(0);
    let number = FILES.fetch_add(1, Ordering::Relaxed);
    let mut text = String::from("name,e-mail\r\n");
    for row in 0..rows {
        // nothing is refused by a String
        let _ = write!(text, "Ann Lee,student.{number}.{row}@students.hill.edu\r\n");
    }
    text.into_bytes()
}
