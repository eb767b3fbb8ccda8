//! Tenants never see each other: every route and every subject, as the code lists them, is tried by
//! somebody of another organisation, and by whoever may only look; the pages are in `offices`.

use std::{collections::BTreeSet, fs, path::Path};

use async_nats::{Client, HeaderMap};
use contract::{
    Caller, Clock as _, Need, Principal, Role, Secret, Service, SystemClock, Timestamp,
    ids::{AdministratorId, Ulid},
    subjects::{self, Subject},
};
use kernel::BusKey;
use reqwest::Method;
use serde_json::{Value, json};
use testkit::{BusKind, Engine, eventually};

use crate::{
    browser::Browser,
    described::{Description, Things},
    institution::{Institution, PASSWORD},
    node::{BUS_KEY, Ground, Node, PATIENCE},
    person::Person,
    program::Program,
};

/// Who has a seat in the first institution, and who is invited there.
const MEMBER: &str = "ann.1@students.example";
const INVITED: &str = "ann@hill.edu";

const ROOT: &str = env!("CARGO_MANIFEST_DIR");
/// What every id in the samples of messages ends with.
const SAMPLED: &str = "01M86PTPG00000000000000007";

/// Two institutions on a node.
pub(crate) struct Scene {
    ground: Ground,
    node: Node,
    pub(crate) own: Institution,
    pub(crate) other: Institution,
    pub(crate) owner: Program,
    pub(crate) stranger: Program,
    /// What there is in `own`.
    pub(crate) things: Things,
}

impl Scene {
    pub(crate) async fn open(bus: BusKind) -> Self {
        let ground = Ground::new(Engine::Sqlite, bus);
        let many = [("USHER_THROTTLE__PER_ORGANISATION_PER_MINUTE", "100000")];
        let node = ground.start_with(&[], &many);
        let (own, link) = Institution::with_link(&ground, &node, 5, &[]).await;
        let other = Institution::found(&ground, &node).await;
        Person::at(MEMBER).join(&node.browser(), &link.url).await;
        let owner = Program::of(&ground, &node, &own);
        let stranger = Program::of(&ground, &node, &other);
        let first = async |list: &str| {
            let page = owner
                .get(&format!("/organisations/{}/{list}", own.id))
                .await;
            page["items"][0]["id"].as_str().unwrap().to_owned()
        };
        let new = json!({ "link_id": link.id, "addresses": INVITED });
        let at = format!("/organisations/{}", own.id);
        let path = format!("{at}/invites");
        owner.send(Method::POST, &path, &new).await;
        // What is sent by itself is not counted as a change by somebody.
        let finished = async || {
            let page = owner.get(&format!("{at}/batches")).await;
            page["items"][0]["finished_at"].is_string()
        };
        eventually(PATIENCE, "the batch is finished", finished).await;
        let user = first("users").await;
        let change = json!({
            "ids": [user], "action": "retag", "add_tags": ["medicine"], "expected_count": 1
        });
        let path = format!("{at}/users/bulk");
        let (status, bulk) = owner.send(Method::POST, &path, &change).await;
        assert_eq!(status, 202, "{bulk}");
        let job = bulk["job_id"].as_str().unwrap().to_owned();
        let done = async || {
            let bulk = owner.get(&format!("{path}/{job}")).await;
            bulk["finished_at"].is_string()
        };
        eventually(PATIENCE, "the job is finished", done).await;
        let events = owner.get(&format!("{at}/events")).await.to_string();
        let account = events.split('"').find(|word| word.starts_with("acc_"));
        let things = Things::from([
            ("account", account.unwrap().to_owned()),
            ("job", job),
            ("invite", first("invites").await),
            ("batch", first("batches").await),
            ("organisation", own.id.clone()),
            ("link", link.id),
            ("plan", first("plans").await),
            ("user", user),
            ("administrator", first("administrators").await),
            ("token", first("tokens").await),
            ("token_id", first("tokens").await),
        ]);
        Self {
            ground,
            node,
            own,
            other,
            owner,
            stranger,
            things,
        }
    }

    /// How many changes there were in the first institution.
    pub(crate) async fn changes(&self) -> usize {
        let path = format!("/organisations/{}/audit", self.own.id);
        self.owner.all(&path).await.len()
    }

    /// What only the first institution knows.
    pub(crate) fn marks(&self) -> Vec<&str> {
        let ids = self.things.values().map(String::as_str);
        let names = [&self.own.name, &self.own.email, MEMBER, INVITED];
        ids.chain(names.map(AsRef::as_ref)).collect()
    }

    /// Nothing of it stands in an answer.
    pub(crate) fn tells_nothing(&self, said: &str) {
        for mark in self.marks() {
            assert!(!said.contains(mark), "{mark} is told: {said}");
        }
    }

    /// Somebody of the first institution who may only look.
    pub(crate) async fn viewer(&self) -> (Program, Browser) {
        let path = format!("/organisations/{}", self.own.id);
        let token = json!({ "name": "viewer", "role": "viewer" });
        let token = self.owner.make(&format!("{path}/tokens"), token).await;
        let email = format!("viewer.{}", self.own.email);
        let invite = json!({ "email": email, "role": "viewer" });
        let invited = self
            .owner
            .make(&format!("{path}/administrators"), invite)
            .await;
        let browser = self.node.browser();
        let page = browser.open(invited["setup_url"].as_str().unwrap()).await;
        let form = page.form("").fill("password", PASSWORD);
        assert_eq!(browser.submit(&page, &form).await.status, 200);
        let program = Program::with(&self.node, token["token"].as_str().unwrap());
        (program, browser)
    }
}

#[tokio::test]
async fn no_route_shows_or_changes_what_is_another_organisations() {
    let scene = Scene::open(BusKind::Local).await;
    let description = Description::of(&scene.owner).await;
    let routes = description.routes();
    assert!(routes.len() > 20, "{}", routes.len());
    let before = scene.changes().await;
    for route in &routes {
        let path = route.path(&description, &scene.things);
        for body in description.bodies(route, &scene.things) {
            let (status, said) = scene
                .stranger
                .send(route.method.clone(), &path, &body)
                .await;
            assert_eq!(status, 404, "{} {body}: {said}", route.name());
            assert_eq!(said["type"], "/problems/not-found", "{}", route.name());
        }
    }
    assert_eq!(scene.changes().await, before);
    // and all of it is there for its own
    for route in routes.iter().filter(|route| route.reads()) {
        for name in route.names() {
            assert!(scene.things.contains_key(name), "none of {}", route.name());
        }
        let path = route.path(&description, &scene.things);
        let (status, said) = scene.owner.send(Method::GET, &path, &Value::Null).await;
        assert_eq!(status, 200, "{}: {said}", route.name());
    }
}

#[tokio::test]
async fn an_id_of_another_organisation_is_not_there_in_the_place_of_an_own_one() {
    let scene = Scene::open(BusKind::Local).await;
    let description = Description::of(&scene.owner).await;
    let mut mixed = scene.things.clone();
    mixed.insert("organisation", scene.other.id.clone());
    let before = scene.changes().await;
    for route in description.routes() {
        if route.names().len() < 2 {
            continue;
        }
        let path = route.path(&description, &mixed);
        for body in description.bodies(&route, &mixed) {
            let (status, said) = scene
                .stranger
                .send(route.method.clone(), &path, &body)
                .await;
            // whoever has no office here is removed already
            let is_gone = route.name().contains("/administrators/") && status == 204;
            let is_refused = status == 404 || (status == 422 && !route.reads());
            assert!(
                is_gone || is_refused,
                "{} {body}: {status} {said}",
                route.name()
            );
        }
    }
    assert_eq!(scene.changes().await, before);
}

#[tokio::test]
async fn whoever_may_only_look_changes_nothing_by_any_route() {
    let scene = Scene::open(BusKind::Local).await;
    let description = Description::of(&scene.owner).await;
    let (viewer, _) = scene.viewer().await;
    let before = scene.changes().await;
    for route in description.routes() {
        if route.reads() {
            continue;
        }
        let path = route.path(&description, &scene.things);
        let mut answers = BTreeSet::new();
        for body in description.bodies(&route, &scene.things) {
            let (status, said) = viewer.send(route.method.clone(), &path, &body).await;
            let is_refused = (400..500).contains(&status);
            assert!(is_refused, "{} {body}: {said}", route.name());
            answers.insert(status);
        }
        assert!(answers.contains(&403), "{}: {answers:?}", route.name());
    }
    assert_eq!(scene.changes().await, before);
}

/// What the examples ask for is so already: an owner is one, placeholders are not invited, who has a
/// seat has it, what was taken back with its batch is.
const CHANGES_NOTHING_HERE: [&str; 4] = [
    "/administrators/{administrator}",
    "/invites",
    "/invites/{invite}/cancel",
    "/users/{user}/reassign",
];

#[tokio::test]
async fn whatever_an_owner_changes_by_any_route_is_in_the_audit_trail() {
    let scene = Scene::open(BusKind::Local).await;
    let description = Description::of(&scene.owner).await;
    let mut routes = description.routes();
    // a job for many tells its changes when it comes to each of them
    routes.retain(|route| !route.reads() && !route.name().ends_with("/users/bulk"));
    // what takes something away comes last, and what asks here after everything else
    routes.sort_by_key(|route| {
        let is_delete = route.method == Method::DELETE;
        (
            is_delete && route.name().contains("token"),
            is_delete,
            route.name(),
        )
    });
    let (mut told, mut silent) = (0, Vec::new());
    for route in &routes {
        let path = route.path(&description, &scene.things);
        let (mut is_done, mut is_told) = (false, false);
        for body in description.bodies(route, &scene.things) {
            if is_told || body["dry_run"] == true {
                continue;
            }
            let before = scene.changes().await;
            let (status, _) = scene.owner.send(route.method.clone(), &path, &body).await;
            if (200..300).contains(&status) {
                is_done = true;
                // whoever has revoked their own token asks no more
                is_told = route.name().contains("token_id") || scene.changes().await > before;
            }
        }
        told += usize::from(is_told);
        if is_done && !is_told {
            silent.push(route.name());
        }
    }
    silent.retain(|name| !CHANGES_NOTHING_HERE.iter().any(|end| name.ends_with(end)));
    assert_eq!(silent, Vec::<String>::new());
    assert!(told > 15, "only {told} routes changed anything");
}

/// The samples of a message, which the contract's own tests keep complete; about these things.
fn samples(subject: &str, things: &Things) -> Vec<Vec<u8>> {
    let file = format!("crates/contract/tests/it/snapshots/wire/{subject}.snap");
    let text = fs::read_to_string(Path::new(ROOT).join(file)).unwrap();
    let (_, json) = text.rsplit_once("\n---\n").unwrap();
    let mut json = json.to_owned();
    for id in things.values() {
        let (kind, _) = id.split_once('_').unwrap();
        json = json.replace(&format!("{kind}_{SAMPLED}"), id);
    }
    let sample: Value = serde_json::from_str(&json).unwrap();
    let messages = sample["messages"].as_array().unwrap();
    messages
        .iter()
        .map(|message| serde_json::to_vec(message).unwrap())
        .collect()
}

/// Somebody with the key of the bus.
struct Peer {
    client: Client,
    key: BusKey,
}

impl Peer {
    async fn of(ground: &Ground) -> Self {
        let url = ground.nats.as_ref().unwrap().url();
        Self {
            client: async_nats::connect(url).await.unwrap(),
            key: BusKey::new(&Secret::new(BUS_KEY)),
        }
    }

    /// The status of the answer, 200 when it is no problem, and the answer.
    async fn ask(&self, subject: &'static str, caller: &Caller, body: &[u8]) -> (u16, String) {
        let signed = self.key.sign(subject, caller, body).unwrap();
        self.ask_signed(subject, &signed, body).await
    }

    async fn ask_signed(&self, subject: &'static str, signed: &str, body: &[u8]) -> (u16, String) {
        let mut headers = HeaderMap::new();
        headers.insert("Usher-Caller", signed);
        let asked = self
            .client
            .request_with_headers(subject, headers, body.to_vec().into());
        let answer = asked
            .await
            .unwrap_or_else(|error| panic!("{subject}: {error}"));
        let headers = answer.headers.unwrap_or_default();
        let code = headers.get("Nats-Service-Error-Code");
        let code = code.map_or(200, |code| code.as_str().parse().unwrap());
        (code, String::from_utf8_lossy(&answer.payload).into_owned())
    }
}

fn administrator(of: &Institution, role: Role, service: Service, now: Timestamp) -> Caller {
    let principal = Principal::Administrator(AdministratorId::new(Ulid::nil()));
    Caller::within(service, principal, (of.id.parse().unwrap(), role), now)
}

#[tokio::test]
async fn no_subject_answers_a_caller_of_another_organisation() {
    let scene = Scene::open(BusKind::Nats).await;
    let peer = Peer::of(&scene.ground).await;
    let clock = SystemClock::default();
    let before = scene.changes().await;
    for Subject {
        subject,
        from,
        needs,
        ..
    } in subjects::ALL
    {
        let bodies = samples(subject, &scene.things);
        assert!(!bodies.is_empty(), "{subject}");
        for body in bodies {
            let now = clock.now();
            let foreign = administrator(&scene.other, Role::Owner, from[0], now);
            let viewer = administrator(&scene.own, Role::Viewer, from[0], now);
            let owner = administrator(&scene.own, Role::Owner, Service::Probe, now);
            // a part of the system that does not send this may not, whoever is behind it
            assert_eq!(peer.ask(subject, &owner, &body).await.0, 403, "{subject}");
            // nor is a caller taken for what nobody signed
            let stale = peer.key.sign(subject, &foreign, b"another body").unwrap();
            let (status, _) = peer.ask_signed(subject, &stale, &body).await;
            assert_eq!(status, 401, "{subject}");
            let is_about_own = String::from_utf8_lossy(&body).contains(&scene.own.id);
            let (status, said) = peer.ask(subject, &foreign, &body).await;
            scene.tells_nothing(&format!("{subject}: {said}"));
            let expected = match needs {
                // a public door may be anybody's, but not where it is another organisation's
                Need::Anyone if !is_about_own => continue,
                Need::Anyone | Need::Administrator(_) => 404,
                Need::Operator | Need::Person => 403,
            };
            assert_eq!(status, expected, "{subject}");
            if matches!(needs, Need::Administrator(Role::Manager | Role::Owner)) {
                let expected = if is_about_own { 403 } else { 404 };
                let (status, _) = peer.ask(subject, &viewer, &body).await;
                assert_eq!(status, expected, "{subject}");
            }
        }
    }
    assert_eq!(scene.changes().await, before);
}

#[tokio::test]
async fn no_subject_finds_what_is_another_organisations_in_ones_own() {
    let scene = Scene::open(BusKind::Nats).await;
    let peer = Peer::of(&scene.ground).await;
    let clock = SystemClock::default();
    let mut mixed = scene.things.clone();
    mixed.insert("organisation", scene.other.id.clone());
    let before = scene.changes().await;
    for Subject {
        subject,
        from,
        needs,
        ..
    } in subjects::ALL
    {
        if !matches!(needs, Need::Administrator(_)) {
            continue;
        }
        for body in samples(subject, &mixed) {
            let foreign = administrator(&scene.other, Role::Owner, from[0], clock.now());
            let (_, said) = peer.ask(subject, &foreign, &body).await;
            scene.tells_nothing(&format!("{subject}: {said}"));
        }
    }
    assert_eq!(scene.changes().await, before);
}
