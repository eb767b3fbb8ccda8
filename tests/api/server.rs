//! A node, a client, and institutions of the test's own.

use std::{
    process::Command,
    sync::{
        OnceLock,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use aws_lc_rs::{
    encoding::{AsDer, PublicKeyX509Der},
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _},
};
use data_encoding::BASE64;
use reqwest::{Client, Method, RequestBuilder, header::HeaderMap};
use serde_json::{Value, json};
use testkit::{SqliteFile, UsherProcess, eventually_some};

const BINARY: &str = env!("CARGO_BIN_EXE_usher");
const PATIENCE: Duration = Duration::from_mins(1);

/// The node of this test binary.
#[derive(Debug)]
struct Server {
    _process: UsherProcess,
    database: SqliteFile,
    http: String,
    operator: String,
}

/// What events are signed with.
pub(crate) const HOOK_SECRET: [u8; 32] = [7; 32];

/// What `SendGrid` would sign events with, PKCS #8.
pub(crate) fn sendgrid_key() -> &'static [u8] {
    static KEY: OnceLock<Vec<u8>> = OnceLock::new();
    KEY.get_or_init(|| {
        let random = SystemRandom::new();
        let key = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &random);
        key.unwrap().as_ref().to_vec()
    })
}

/// The other half of it, as its settings show it.
fn sendgrid_public_key() -> String {
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, sendgrid_key());
    let public = AsDer::<PublicKeyX509Der<'_>>::as_der(pair.unwrap().public_key());
    BASE64.encode(public.unwrap().as_ref())
}

/// Where mails are put.
fn folder(database: &SqliteFile) -> String {
    format!("{}.mail", database.url().trim_start_matches("sqlite:"))
}

fn settings(database: &SqliteFile) -> Vec<(&'static str, String)> {
    vec![
        ("USHER_HTTP__LISTEN", "127.0.0.1:0".to_owned()),
        ("USHER_HTTP__WORKERS", "2".to_owned()),
        ("USHER_OPS__LISTEN", "127.0.0.1:0".to_owned()),
        ("USHER_DATABASE__URL", database.url()),
        // what passwords cost is measured elsewhere
        // every test comes from one address
        ("USHER_THROTTLE__PER_IP_PER_MINUTE", "100000".to_owned()),
        ("USHER_THROTTLE__PER_EMAIL_PER_MINUTE", "1000".to_owned()),
        ("USHER_AUTH__ARGON2_MEMORY_KIB", "8".to_owned()),
        ("USHER_AUTH__ARGON2_PASSES", "1".to_owned()),
        (
            "USHER_MAIL__WEBHOOK_STANDARD",
            format!("whsec_{}", BASE64.encode(&HOOK_SECRET)),
        ),
        ("USHER_MAIL__WEBHOOK_SENDGRID", sendgrid_public_key()),
        ("USHER_MAIL__URL", format!("file:{}", folder(database))),
    ]
}

/// Runs a command beside the node and returns its line.
fn usher(database: &SqliteFile, args: &[&str]) -> String {
    let output = Command::new(BINARY)
        .args(args)
        .envs(settings(database))
        .output()
        .unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "usher {args:?}: {error}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// What follows `before` in the last mail to an address.
pub(crate) async fn mailed(to: &str, before: &str) -> String {
    let folder = folder(&server().database);
    let to = format!("\"to\":\"{to}\"");
    eventually_some(PATIENCE, &to, async || {
        let files = std::fs::read_dir(&folder).ok()?;
        let paths = files.map(|file| file.unwrap().path());
        let whole = paths.filter(|path| path.extension().is_some_and(|ending| ending == "json"));
        let mut mails = whole.map(|path| std::fs::read_to_string(path).unwrap());
        let mail = mails.find(|mail| mail.contains(&to))?;
        let mail: Value = serde_json::from_str(&mail).unwrap();
        let (_, rest) = mail["text"].as_str()?.split_once(before)?;
        Some(rest.split_whitespace().next()?.to_owned())
    })
    .await
}

/// The database of the node of this test binary.
pub(crate) fn database_url() -> String {
    server().database.url()
}

/// What a command prints beside the node of this test binary.
pub(crate) fn printed(args: &[&str]) -> String {
    usher(&server().database, args)
}

fn server() -> &'static Server {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(|| {
        let database = SqliteFile::fresh();
        let process = UsherProcess::start(BINARY, ["serve"], settings(&database));
        let http = process.wait_ready(PATIENCE).http;
        let operator = usher(&database, &["token", "create", "--name", "tests"]);
        Server {
            _process: process,
            database,
            http,
            operator,
        }
    })
}

/// Who asks: with a token, or without.
#[derive(Clone, Debug)]
pub(crate) struct Api {
    client: Client,
    token: Option<String>,
}

impl Api {
    /// The public.
    pub(crate) fn public() -> Self {
        server();
        Self {
            client: Client::new(),
            token: None,
        }
    }

    /// Whoever holds this token.
    pub(crate) fn with(token: &str) -> Self {
        Self {
            token: Some(token.to_owned()),
            ..Self::public()
        }
    }

    /// The operator.
    pub(crate) fn operator() -> Self {
        Self::with(&server().operator)
    }

    /// A request that is not sent yet; `path` is below `/api/v1` unless it is absolute.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let path = match path.strip_prefix('!') {
            Some(absolute) => absolute.to_owned(),
            None => format!("/api/v1{path}"),
        };
        let request = self
            .client
            .request(method, format!("{}{path}", server().http));
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        Answer::of(self.request(Method::GET, path)).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        Answer::of(self.request(Method::DELETE, path)).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        Answer::of(self.request(Method::POST, path).json(&body)).await
    }

    pub(crate) async fn patch(&self, path: &str, body: Value) -> Answer {
        Answer::of(self.request(Method::PATCH, path).json(&body)).await
    }
}

/// What was answered.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    /// Null when there is none.
    pub(crate) body: Value,
}

impl Answer {
    pub(crate) async fn of(request: RequestBuilder) -> Self {
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await.unwrap();
        let body = match text.as_str() {
            "" => Value::Null,
            text => serde_json::from_str(text).unwrap(),
        };
        Self {
            status,
            headers,
            body,
        }
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name);
        value.map_or("", |value| value.to_str().unwrap())
    }

    /// The body of an answer with this status.
    #[track_caller]
    pub(crate) fn body(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.body);
        self.body
    }

    /// Checks that it is a problem of this kind, as RFC 9457 wants it.
    #[track_caller]
    pub(crate) fn refused(&self, status: u16, slug: &str) {
        assert_eq!(self.status, status, "{}", self.body);
        assert_eq!(self.header("content-type"), "application/problem+json");
        assert_eq!(self.body["type"], format!("/problems/{slug}"));
        assert_eq!(self.body["status"], status);
        assert_eq!(self.body["instance"], self.header("x-request-id"));
    }

    /// Checks that it refuses exactly these fields, `name code`, in any order.
    #[track_caller]
    pub(crate) fn refused_fields(&self, expected: &[&str]) {
        self.refused(422, "invalid");
        let errors = self.body["errors"].as_array().unwrap();
        let word = |error: &Value, key: &str| error[key].as_str().unwrap().to_owned();
        let named = |error| format!("{} {}", word(error, "field"), word(error, "code"));
        let mut errors: Vec<String> = errors.iter().map(named).collect();
        errors.sort();
        let mut expected = expected.to_vec();
        expected.sort_unstable();
        assert_eq!(errors, expected);
    }
}

/// An institution and a token of its own.
#[derive(Clone, Debug)]
pub(crate) struct Institution {
    pub(crate) id: String,
    pub(crate) api: Api,
}

impl Institution {
    pub(crate) async fn found() -> Self {
        static FOUNDED: AtomicU32 = AtomicU32::new(1);
        let name = format!("University {}", FOUNDED.fetch_add(1, Ordering::Relaxed));
        let new = json!({ "name": name, "product_url": "https://library.example/" });
        let made = Api::operator().post("/organisations", new).await.body(201);
        let id = made["id"].as_str().unwrap().to_owned();
        let args = ["token", "create", "--name", "tests", "--organisation", &id];
        let api = Api::with(&usher(&server().database, &args));
        Self { id, api }
    }

    /// A path below this institution.
    pub(crate) fn path(&self, rest: &str) -> String {
        format!("/organisations/{}{rest}", self.id)
    }

    pub(crate) async fn get(&self, rest: &str) -> Answer {
        self.api.get(&self.path(rest)).await
    }

    pub(crate) async fn post(&self, rest: &str, body: Value) -> Answer {
        self.api.post(&self.path(rest), body).await
    }

    pub(crate) async fn patch(&self, rest: &str, body: Value) -> Answer {
        self.api.patch(&self.path(rest), body).await
    }

    /// Whoever holds a token of its own with this role.
    pub(crate) async fn token(&self, role: &str) -> Api {
        let new = json!({ "name": role, "role": role });
        let made = self.post("/tokens", new).await.body(201);
        Api::with(text(&made["token"]))
    }

    /// A plan with that many seats; returns its id.
    pub(crate) async fn plan(&self, seats: u64) -> String {
        let new = json!({ "name": "Law", "seats": seats });
        let plan = self.post("/plans", new).await.body(201);
        plan["id"].as_str().unwrap().to_owned()
    }

    /// A link to a fresh plan with that many seats.
    pub(crate) async fn link(&self, seats: u64, more: Value) -> Value {
        let mut new = json!({ "name": "First year", "plan_id": self.plan(seats).await });
        for (name, value) in more.as_object().unwrap() {
            new[name] = value.clone();
        }
        self.post("/links", new).await.body(201)
    }
}

/// A text of an answer.
pub(crate) fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

/// What somebody sends who registers.
pub(crate) fn registration(email: &str) -> Value {
    json!({
        "first_name": "Ann", "last_name": "Lee", "email": email,
        "password": "a few words for me", "accept_terms": true,
    })
}
