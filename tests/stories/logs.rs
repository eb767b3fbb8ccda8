//! What is logged of a request: every actor that it passed, and no secret.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
};

use reqwest::Client;
use rstest::rstest;
use serde_json::{Value, json};
use testkit::{BusKind, Engine, eventually, eventually_some};

use crate::{
    administrators::sign_in,
    browser::Browser,
    colleagues::{ANOTHER, choose, invite, mailed},
    html,
    institution::{Institution, PASSWORD},
    invited::Scene,
    mail::decoded,
    node::{BUS_KEY, Ground, Node, PATIENCE},
    overheard::Overheard,
    person::{Outcome, Person},
    program::Program,
};

const REQUEST_ID: &str = "story-of-one-registration";

/// Every line, as an object.
fn logged(node: &Node) -> Vec<Value> {
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

/// Checks that none of these is in what the node says or counts, or on the outside of what it sends.
async fn keeps(node: &Node, wire: Option<Overheard>, secrets: &[(&str, String)]) {
    let (_, metrics) = node.ops("/metrics").await;
    let (log, out) = (node.process.stderr_text(), node.process.stdout_text());
    let wire = heard(wire).await;
    for (what, secret) in secrets {
        assert!(!secret.is_empty(), "{what}");
        let said = log.lines().chain(metrics.lines()).chain(out.lines());
        let mut lines = said.chain(wire.iter().map(String::as_str));
        let line = lines.find(|line| line.contains(secret.as_str()));
        assert_eq!(line, None, "{what} is told");
    }
}

/// What was heard of the bus, where anything can be.
async fn heard(wire: Option<Overheard>) -> Vec<String> {
    let Some(mut wire) = wire else {
        return Vec::new();
    };
    let heard = wire.until_now().await;
    assert!(heard.iter().any(|line| line.starts_with("usher.v1.")));
    heard
}

/// Checks that nothing that the node logs has one of these codes as a word of its own: six digits also stand
/// in times and numbers.
fn keeps_codes(node: &Node, codes: &[&str]) {
    for mut line in logged(node) {
        line.as_object_mut().unwrap().remove("timestamp");
        let line = line.to_string();
        let mut words = line.split(|c: char| !c.is_ascii_alphanumeric() && c != '.');
        assert!(
            !words.any(|word| codes.contains(&word)),
            "a code is told: {line}"
        );
    }
}

#[rstest]
#[tokio::test]
async fn no_secret_of_an_administrator_is_logged_or_counted(
    #[values(BusKind::Local, BusKind::Nats)] bus: BusKind,
) {
    let ground = Ground::new(Engine::Sqlite, bus);
    let node = ground.start_with(&[], &[("USHER_LOG__FILTER", "trace")]);
    let wire = Overheard::on(&ground).await;
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
    keeps(&node, wire, &secrets).await;
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
    let wire = Overheard::on(&ground).await;
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
    keeps(&node, wire, &secrets).await;
    keeps_codes(&node, &[&letter.code]);
    assert_eq!(html::first(&page.html, "h1"), "Welcome, Ann");
}

/// What follows this in the mail to somebody, and the next six digits.
async fn written(scene: &Scene, to: &str, before: &str) -> (String, String) {
    let found = async || {
        let mails = scene.relay.messages();
        let to_them = mails.iter().filter(|mail| mail.recipients == [to]);
        let mut texts = to_them.map(|mail| decoded(&mail.text()));
        texts.find(|text| text.contains(before))
    };
    let text = eventually_some(PATIENCE, before, found).await;
    let (_, rest) = text.split_once(before).unwrap();
    let token = rest.split(['>', ' ', '\n']).next().unwrap().to_owned();
    let is_code = |word: &&str| word.len() == 6 && word.bytes().all(|b| b.is_ascii_digit());
    let code = rest.split_whitespace().find(is_code).unwrap_or_default();
    (token, code.to_owned())
}

#[rstest]
#[case(Engine::Sqlite, BusKind::Local)]
#[case(Engine::Postgres, BusKind::Nats)]
#[tokio::test]
async fn no_secret_of_an_invite_or_an_account_is_logged_or_counted(
    #[case] engine: Engine,
    #[case] bus: BusKind,
) {
    let settings = [
        ("USHER_MAIL__PER_SECOND", "0"),
        ("USHER_LOG__FORMAT", "json"),
        ("USHER_LOG__FILTER", "trace"),
    ];
    let scene = Scene::within(engine, bus, 5, &settings).await;
    let wire = Overheard::on(&scene.ground).await;
    scene.invite("ann@hill.edu bob@hill.edu", false).await;
    let (invite, invite_code) = scene.mailed("ann@hill.edu").await;
    let (unsubscribe, _) = written(&scene, "bob@hill.edu", "/unsubscribe/").await;
    let bob = scene.node.browser();
    let path = format!("/unsubscribe/{unsubscribe}");
    bob.open(&path).await;
    bob.post(&path, &[("List-Unsubscribe", "One-Click")]).await;

    let (visitor, wrong_code) = (scene.node.browser(), "WXYZ-2345");
    let ann = |code| [("email", "ann@hill.edu"), ("code", code)];
    visitor.post("/invite", &ann(wrong_code)).await;
    let page = visitor.post("/invite", &ann(&invite_code)).await;
    let form = page.form(&invite).fill("first_name", "Ann");
    let form = form.fill("last_name", "Lee").fill("password", PASSWORD);
    let form = form.fill("accept_terms", "yes");
    let page = visitor.submit(&page, &form).await;
    assert_eq!(page.heading(), "Welcome, Ann");

    let (key, wrong) = ("key-of-one-program", "not what was chosen");
    let session = format!("{}/api/v1/session", scene.node.http);
    let sign_in = async |password: &str| {
        let request = Client::new().post(&session).header("idempotency-key", key);
        let typed = json!({ "email": "ann@hill.edu", "password": password });
        request.json(&typed).send().await.unwrap()
    };
    let opened: Value = sign_in(PASSWORD).await.json().await.unwrap();
    let token = opened["token"].as_str().unwrap();
    assert_eq!(sign_in(PASSWORD).await.status(), 201);
    assert_eq!(sign_in(wrong).await.status(), 422);
    let left = Client::new().delete(&session).bearer_auth(token).send();
    assert_eq!(left.await.unwrap().status(), 204);

    let page = visitor.post("/reset", &[("email", "ann@hill.edu")]).await;
    let (reset, reset_code) = written(&scene, "ann@hill.edu", "/reset/").await;
    let form = page.form("/reset/code").fill("code", &reset_code);
    let refused = visitor
        .submit(&page, &form.fill("new_password", "short"))
        .await;
    assert_eq!(refused.status, 422);
    let page = visitor.open(&format!("/reset/{reset}")).await;
    let form = page.form("").fill("new_password", ANOTHER);
    let page = visitor.submit(&page, &form).await;
    assert_eq!(page.heading(), "Your password is set");

    let page = visitor.open("/").await;
    let form = page.form("/account/address").fill("email", "lee@hill.edu");
    let page = visitor.submit(&page, &form.fill("password", ANOTHER)).await;
    let (change, change_code) = written(&scene, "lee@hill.edu", "/account/address/").await;
    visitor.open(&format!("/account/address/{change}")).await;
    let form = page
        .form("/account/address/code")
        .fill("code", &change_code);
    let page = visitor.submit(&page, &form).await;
    assert!(page.text().contains("lee@hill.edu"), "{}", page.text());

    let invite = invite.rsplit('/').next().unwrap();
    let mut secrets = vec![
        ("the token of the invite", invite.to_owned()),
        ("the code of the invite", invite_code),
        ("a wrong code", wrong_code.to_owned()),
        ("a wrong code", wrong_code.replace('-', "")),
        ("the token that unsubscribes", unsubscribe),
        ("the key of a request", key.to_owned()),
        ("the token of a session", token.to_owned()),
        ("the token of the reset", reset),
        ("the token of the change", change),
    ];
    for password in [PASSWORD, ANOTHER, wrong] {
        secrets.push(("a password", password.to_owned()));
        secrets.push(("a password in a form", password.replace(' ', "+")));
    }
    let cookies = visitor.cookies();
    assert!(!cookies.is_empty());
    secrets.extend(cookies.into_iter().map(|value| ("a cookie", value)));
    let log = scene.node.process.stderr_text();
    assert!(log.contains("usher.v1.accounts.finish-address-change"));
    keeps(&scene.node, wire, &secrets).await;
    assert_eq!((reset_code.len(), change_code.len()), (6, 6));
    keeps_codes(&scene.node, &[&reset_code, &change_code]);
}

#[tokio::test]
async fn bytes_that_are_no_http_are_logged_as_errors_only_where_that_was_asked_for() {
    let ground = Ground::new(Engine::Sqlite, BusKind::Local);
    for (settings, is_told) in [
        (&[][..], false),
        (&[("USHER_LOG__FILTER", "info")][..], true),
    ] {
        let mut node = ground.start_with(&[], settings);
        let mut wire = TcpStream::connect(node.http.trim_start_matches("http://")).unwrap();
        wire.write_all(b"\x16\x03\x01\x02\x00 no http\r\n\r\n")
            .unwrap();
        let mut answer = Vec::new();
        wire.read_to_end(&mut answer).unwrap();
        assert!(answer.starts_with(b"HTTP/1.1 400 "), "{answer:?}");
        node.process.sigterm();
        assert!(node.process.wait_exit(PATIENCE).success());
        let logged = node.process.stderr_text();
        assert!(!logged.is_empty());
        assert_eq!(logged.contains("ERROR"), is_told, "{logged}");
    }
}
