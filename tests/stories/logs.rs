//! What is logged of a request: every actor that it passed, and no secret.

use rstest::rstest;
use testkit::{BusKind, Engine, eventually};

use crate::{
    administrators::sign_in,
    browser::Browser,
    colleagues::{ANOTHER, choose, invite, mailed},
    html,
    institution::{Institution, PASSWORD},
    node::{BUS_KEY, Ground, Node, PATIENCE},
    person::{Outcome, Person},
    program::Program,
};

const REQUEST_ID: &str = "story-of-one-registration";

/// Every line, as an object.
fn logged(node: &Node) -> Vec<serde_json::Value> {
    let text = node.process.stderr_text();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("not JSON: {line}")))
        .collect()
}

#[rstest]
#[tokio::test]
async fn a_request_is_found_in_every_actor_that_it_passed(
    #[values(BusKind::Local, BusKind::Nats)] bus: BusKind,
) {
    let ground = Ground::new(Engine::Sqlite, bus);
    let settings = [
        ("USHER_HTTP__TRUSTED_PROXIES", "127.0.0.0/8"),
        ("USHER_LOG__FORMAT", "json"),
        ("USHER_LOG__FILTER", "info,kernel=debug,http_edge=debug"),
    ];
    let node = ground.start_with(&[], &settings);
    let (_, link) = Institution::with_link(&ground, &node, 3, &[]).await;
    let proxy = Browser::named(&node.http, REQUEST_ID);
    let page = Person::numbered(1).join(&proxy, &link.url).await;
    assert_eq!(Outcome::of(page.status, &page.html), Outcome::Assigned);
    assert_eq!(page.header("x-request-id"), REQUEST_ID);

    eventually(PATIENCE, "the lines have been written", async || {
        let lines = logged(&node);
        let named = |line: &&serde_json::Value| line["request_id"] == REQUEST_ID;
        let subjects: Vec<_> = lines
            .iter()
            .filter(named)
            .map(|line| &line["subject"])
            .collect();
        let passed = [
            "usher.v1.links.resolve",
            "usher.v1.people.enrol",
            "usher.v1.seats.admit",
            "usher.v1.mails.queue",
        ];
        let mut answers = lines.iter().filter(named);
        passed
            .iter()
            .all(|subject| subjects.iter().any(|one| *one == subject))
            && answers.any(|line| line["message"] == "answered" && line["method"] == "POST")
    })
    .await;
}

#[tokio::test]
async fn a_name_that_a_stranger_gives_a_request_is_not_believed() {
    let ground = Ground::new(Engine::Sqlite, BusKind::Local);
    let node = ground.start();
    let page = Browser::named(&node.http, REQUEST_ID).open("/").await;
    assert_ne!(page.header("x-request-id"), REQUEST_ID);
}

/// Checks that none of these is in what the node says or counts.
async fn keeps(node: &Node, secrets: &[(&str, String)]) {
    let (_, metrics) = node.ops("/metrics").await;
    let (log, out) = (node.process.stderr_text(), node.process.stdout_text());
    for (what, secret) in secrets {
        assert!(!secret.is_empty(), "{what}");
        let mut lines = log.lines().chain(metrics.lines()).chain(out.lines());
        let line = lines.find(|line| line.contains(secret.as_str()));
        assert_eq!(line, None, "{what} is told");
    }
}

#[rstest]
#[tokio::test]
async fn no_secret_of_an_administrator_is_logged_or_counted(
    #[values(BusKind::Local, BusKind::Nats)] bus: BusKind,
) {
    let ground = Ground::new(Engine::Sqlite, bus);
    let node = ground.start_with(&[], &[("USHER_LOG__FILTER", "trace")]);
    let institution = Institution::found(&ground, &node).await;
    let owner = &institution.administrator;
    let email = format!("new.{}", institution.email);
    let invited = invite(&institution, &email, "manager").await;
    let (browser, set_up) = (node.browser(), invited.input("url"));
    choose(&browser, &set_up, PASSWORD).await;
    browser.post("/admin/reset", &[("email", &email)]).await;
    let reset = mailed(&ground, &email, "/admin/reset/").await;
    choose(&browser, &reset, ANOTHER).await;
    let page = institution.open("/tokens").await;
    let form = page.form("/tokens").fill("name", "Nightly report");
    let token = owner.submit(&page, &form).await.input("token");
    let program = Program::with(&node, &token);
    program
        .get(&format!("/organisations/{}/plans", institution.id))
        .await;
    // and what is not right is no less secret
    let wrong = "not what was chosen";
    sign_in(&browser, &email, wrong).await;

    let end = |url: &str| url.rsplit('/').next().unwrap().to_owned();
    let mut secrets = vec![
        ("the token of the set-up", end(&set_up)),
        ("the token of the reset", end(&reset)),
        ("the token of a program", token),
    ];
    for password in [PASSWORD, ANOTHER, wrong] {
        secrets.push(("a password", password.to_owned()));
        secrets.push(("a password in a form", password.replace(' ', "+")));
    }
    for browser in [&browser, owner] {
        let cookies = browser.cookies();
        assert!(!cookies.is_empty());
        secrets.extend(cookies.into_iter().map(|value| ("a cookie", value)));
    }
    assert!(
        node.process
            .stderr_text()
            .contains("usher.v1.administrators.set-up")
    );
    keeps(&node, &secrets).await;
}

#[rstest]
#[case(Engine::Sqlite, BusKind::Local)]
#[case(Engine::Postgres, BusKind::Nats)]
#[tokio::test]
async fn no_secret_of_a_registration_is_logged_or_counted(
    #[case] engine: Engine,
    #[case] bus: BusKind,
) {
    let ground = Ground::new(engine, bus);
    let settings = [
        ("USHER_LOG__FORMAT", "json"),
        ("USHER_LOG__FILTER", "trace"),
    ];
    let node = ground.start_with(&[], &settings);
    let (institution, link) = Institution::with_link(&ground, &node, 3, &[]).await;
    let (visitor, person) = (node.browser(), Person::numbered(1));
    let page = person.join(&visitor, &link.url).await;
    let letter = person.letter(&ground).await;
    let form = page.form("/proofs/code").fill("code", &letter.code);
    visitor.submit(&page, &form).await;
    // and what is not right is no less secret
    let again = visitor.open(&letter.proof_url).await;
    visitor.submit(&again, &again.form("")).await;
    visitor.open(&format!("{}x", link.url)).await;
    let fresh = institution.press(&link, "rotate").await.input("url");

    let proof = letter.proof_url.rsplit('/').next().unwrap();
    let mut secrets = vec![
        ("the bus key", BUS_KEY.to_owned()),
        ("the token of the link", link.token().to_owned()),
        (
            "its fresh token",
            fresh.rsplit('/').next().unwrap().to_owned(),
        ),
        ("the token of the proof", proof.to_owned()),
        ("a password", person.password.clone()),
        ("a password in a form", person.password.replace(' ', "+")),
        ("the administrator's password", PASSWORD.to_owned()),
    ];
    for browser in [&visitor, &institution.administrator] {
        let cookies = browser.cookies();
        assert!(!cookies.is_empty());
        secrets.extend(cookies.into_iter().map(|value| ("a cookie", value)));
    }
    assert!(node.process.stderr_text().contains("usher.v1.seats.admit"));
    keeps(&node, &secrets).await;
    // six digits also stand in times and numbers: the code would be a word of its own
    for line in logged(&node) {
        let mut line = line;
        line.as_object_mut().unwrap().remove("timestamp");
        let line = line.to_string();
        let mut words = line.split(|c: char| !c.is_ascii_alphanumeric() && c != '.');
        assert!(
            !words.any(|word| word == letter.code),
            "the code is told: {line}"
        );
    }
    assert_eq!(html::first(&page.html, "h1"), "Welcome, Ann");
}
