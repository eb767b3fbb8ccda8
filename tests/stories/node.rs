//! Nodes and commands as an operator runs them.

use std::{
    process::{Command, Output},
    time::Duration,
};

use contract::{Secret, Stamp, SystemClock};
use reqwest::Client;
use store::{Database, DatabaseOptions, Db, Query};
use tempfile::TempDir;
use testkit::{BusKind, Engine, NatsServer, Ready, TestDatabase, UsherProcess};

use crate::browser::Browser;

/// How long anything may take on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

const BINARY: &str = env!("CARGO_BIN_EXE_usher");
/// The file of settings, where there is one.
const FILE: &str = "usher.toml";
/// Nodes without a database have no other way to the key.
pub(crate) const BUS_KEY: &str = "a key that only these stories know of";

/// What nodes stand on: a database, a bus, a folder for letters.
///
/// Each has a nats-server of its own: nodes of one NATS are one system.
#[derive(Debug)]
pub(crate) struct Ground {
    pub(crate) database: TestDatabase,
    pub(crate) nats: Option<NatsServer>,
    folder: TempDir,
}

impl Ground {
    pub(crate) fn new(engine: Engine, bus: BusKind) -> Self {
        let database = engine.prepared(async |url| {
            let options = DatabaseOptions::new(Secret::new(url), SystemClock::shared());
            let database = Database::connect(&options).await.unwrap();
            database.migrate().await.unwrap();
            database.close().await;
        });
        Self::with(database, bus)
    }

    /// On a database without a schema, as nodes find it that are the first.
    pub(crate) fn bare(engine: Engine, bus: BusKind) -> Self {
        Self::with(engine.fresh(), bus)
    }

    fn with(database: TestDatabase, bus: BusKind) -> Self {
        Self {
            database,
            nats: (bus == BusKind::Nats).then(NatsServer::start),
            folder: tempfile::tempdir().unwrap(),
        }
    }

    /// Its database, beside the nodes.
    pub(crate) async fn open(&self) -> (Db, Stamp) {
        let clock = SystemClock::shared();
        let stamp = Stamp {
            now: clock.now(),
            actor: "operator".to_owned(),
            request_id: "fixture".to_owned(),
        };
        let url = Secret::new(self.database.url());
        let options = DatabaseOptions::new(url, clock);
        let database = Database::connect(&options).await.unwrap();
        (database.open("fixture").await.unwrap(), stamp)
    }

    /// Changes what no node does by itself: time goes by, for instance.
    pub(crate) async fn change(&self, query: Query) {
        let (db, stamp) = self.open().await;
        let mut tx = db.write(&stamp).await.unwrap();
        query.execute(&mut tx).await.unwrap();
        tx.commit().await.unwrap();
    }

    /// What its nodes are told, as variables of the environment.
    pub(crate) fn settings(&self) -> Vec<(String, String)> {
        let bus = self.nats.as_ref().map(NatsServer::url);
        let settings = [
            ("USHER_HTTP__LISTEN", "127.0.0.1:0".to_owned()),
            ("USHER_HTTP__WORKERS", "2".to_owned()),
            ("USHER_OPS__LISTEN", "127.0.0.1:0".to_owned()),
            ("USHER_DATABASE__URL", self.database.url().to_owned()),
            ("USHER_DATABASE__CONNECTIONS", "3".to_owned()),
            ("USHER_BUS__URL", bus.unwrap_or_else(|| "local:".to_owned())),
            ("USHER_BUS__KEY", BUS_KEY.to_owned()),
            (
                "USHER_MAIL__URL",
                format!("file:{}", self.folder.path().join("mail").display()),
            ),
            // what passwords cost is measured elsewhere
            // stories come from one address, and many of them share a node
            ("USHER_THROTTLE__PER_IP_PER_MINUTE", "100000".to_owned()),
            ("USHER_THROTTLE__PER_EMAIL_PER_MINUTE", "1000".to_owned()),
            ("USHER_AUTH__ARGON2_MEMORY_KIB", "8".to_owned()),
            ("USHER_AUTH__ARGON2_PASSES", "1".to_owned()),
        ];
        settings
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect()
    }

    /// A node with every role.
    pub(crate) fn start(&self) -> Node {
        self.start_with(&[], &[])
    }

    /// A node with these roles (none: all) and settings over the usual ones.
    pub(crate) fn start_with(&self, roles: &[&str], settings: &[(&str, &str)]) -> Node {
        Node::start(self.launch(roles, settings))
    }

    /// The process of a node that may not become ready.
    pub(crate) fn launch(&self, roles: &[&str], settings: &[(&str, &str)]) -> UsherProcess {
        let roles = roles.iter().flat_map(|role| ["--role", *role]);
        let file = self.folder.path().join(FILE);
        let file = file
            .exists()
            .then(|| ["--config", file.to_str().unwrap()].map(str::to_owned));
        let file = file.into_iter().flatten();
        let args = ["serve"].into_iter().chain(roles).map(str::to_owned);
        let args = args.chain(file);
        let own = settings
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        UsherProcess::start(BINARY, args, self.settings().into_iter().chain(own))
    }

    /// What its nodes are told by a file, where the environment says nothing.
    pub(crate) fn tell(&self, settings: &str) {
        std::fs::write(self.folder.path().join(FILE), settings).unwrap();
    }

    /// Runs a command, which must succeed, and returns its line.
    pub(crate) fn usher(&self, args: &[&str]) -> String {
        let output = self.try_usher(args, &[]);
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "usher {args:?}: {error}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// Runs a command.
    pub(crate) fn try_usher(&self, args: &[&str], settings: &[(&str, &str)]) -> Output {
        let mut command = Command::new(BINARY);
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("USHER_") {
                command.env_remove(name);
            }
        }
        command
            .args(args)
            .envs(self.settings())
            .envs(settings.iter().copied())
            .current_dir(self.folder.path())
            .output()
            .unwrap()
    }

    /// The letters that were sent, as they would go to a relay.
    pub(crate) fn letters(&self) -> Vec<String> {
        let Ok(files) = std::fs::read_dir(self.folder.path().join("mail")) else {
            return Vec::new();
        };
        let paths = files.map(|file| file.unwrap().path());
        let whole = paths.filter(|path| path.extension().is_some_and(|ending| ending == "json"));
        whole
            .map(|path| std::fs::read_to_string(path).unwrap())
            .collect()
    }
}

/// A node that is ready.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) process: UsherProcess,
    /// Empty without the edge.
    pub(crate) http: String,
    pub(crate) ops: String,
}

impl Node {
    /// Waits for it.
    pub(crate) fn start(process: UsherProcess) -> Self {
        let line = process.wait_line("ready ", PATIENCE);
        if line.contains(" http=") {
            let Ready { http, ops } = process.wait_ready(PATIENCE);
            return Self { process, http, ops };
        }
        let (_, ops) = line.split_once("ops=").unwrap();
        Self {
            process,
            http: String::new(),
            ops: ops.to_owned(),
        }
    }

    /// The demo, which needs no ground.
    pub(crate) fn demo(args: &[&str]) -> Self {
        Self::demo_with(args, &[])
    }

    /// The demo where these variables are set.
    pub(crate) fn demo_with(args: &[&str], environment: &[(&str, &str)]) -> Self {
        let args = ["demo", "--listen", "127.0.0.1:0"].iter().chain(args);
        Self::start(UsherProcess::start(
            BINARY,
            args,
            environment.iter().copied(),
        ))
    }

    /// A fresh browser at its pages.
    pub(crate) fn browser(&self) -> Browser {
        Browser::at(&self.http)
    }

    /// What its operations port answers: status and body.
    pub(crate) async fn ops(&self, path: &str) -> (u16, String) {
        let response = Client::new()
            .get(format!("{}{path}", self.ops))
            .send()
            .await
            .unwrap();
        (response.status().as_u16(), response.text().await.unwrap())
    }
}
