//! Who works in the Subscription Manager, and with which tokens: as owners decide it.

use std::time::{Duration, Instant};

use reqwest::Method;
use rstest::rstest;
use serde_json::{Value, json};
use testkit::{BusKind, Engine, eventually_some};

use crate::{
    administrators::sign_in,
    browser::{Browser, Page},
    html,
    institution::{Institution, PASSWORD},
    node::{Ground, Node, PATIENCE},
    program::Program,
};

/// What replaces a forgotten password.
pub(crate) const ANOTHER: &str = "some other words for me";

/// The link with this part in the letter to somebody; the courier may still be on its way.
pub(crate) async fn mailed(ground: &Ground, email: &str, part: &str) -> String {
    let to = format!("\"to\":\"{email}\"");
    eventually_some(PATIENCE, "the letter was sent", async || {
        let letters = ground.letters().into_iter();
        let mut ours = letters.filter(|letter| letter.contains(&to));
        ours.find_map(|letter| {
            let kept: Value = serde_json::from_str(&letter).unwrap();
            let mut words = kept["text"].as_str().unwrap().split_whitespace();
            words.find(|word| word.contains(part)).map(str::to_owned)
        })
    })
    .await
}

/// An owner invites somebody, who is shown the set-up link once.
pub(crate) async fn invite(institution: &Institution, email: &str, role: &str) -> Page {
    let page = institution.open("/administrators").await;
    let form = page.form("/administrators").fill("email", email);
    let form = form.fill("role", role);
    institution.administrator.submit(&page, &form).await
}

/// Somebody chooses a password behind a link; where it is dead, its page says so.
pub(crate) async fn choose(browser: &Browser, url: &str, password: &str) -> Page {
    let page = browser.open(url).await;
    if page.status != 200 {
        return page;
    }
    let form = page.form("").fill("password", password);
    browser.submit(&page, &form).await
}

/// The page of one administrator, as an owner sees it.
async fn page_of(institution: &Institution, email: &str) -> Page {
    let page = institution.open("/administrators").await;
    institution.administrator.open(&page.link(email)).await
}

async fn scene(engine: Engine, bus: BusKind) -> (Ground, Node, Institution) {
    let ground = Ground::new(engine, bus);
    let node = ground.start();
    let institution = Institution::found(&ground, &node).await;
    (ground, node, institution)
}

#[rstest]
#[tokio::test]
async fn a_viewer_comes_in_by_the_mailed_link_and_changes_nothing(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
    #[values(BusKind::Local, BusKind::Nats)] bus: BusKind,
) {
    let (ground, node, institution) = scene(engine, bus).await;
    institution.plan("Law", 3).await;
    let link = institution.link("Law", &[]).await;
    let email = format!("viewer.{}", institution.email);
    let invited = invite(&institution, &email, "viewer").await;
    assert_eq!(
        (invited.status, invited.heading().as_str()),
        (201, "Invited")
    );
    let letter = mailed(&ground, &email, "/admin/set-up/").await;
    assert_eq!(letter, invited.input("url"));
    let rows = institution.open("/administrators").await.rows();
    assert_eq!(rows[1][..3], [email.as_str(), "Viewer", "Invited"]);

    let viewer = node.browser();
    let page = choose(&viewer, &letter, PASSWORD).await;
    assert_eq!(page.heading(), "Manage Users");
    for part in ["", "/links", "/plans", "/administrators", "/audit"] {
        let page = viewer
            .open(&format!("/admin/{}{part}", institution.id))
            .await;
        assert_eq!(page.status, 200, "{part}");
        // no button but those of their own account
        let forms = html::forms(&page.html);
        let actions = forms.iter().map(|form| form.action.as_str());
        let office = format!("/admin/{}", institution.id);
        let changing: Vec<_> = actions
            .filter(|action| action.starts_with(&office))
            .collect();
        assert_eq!(changing, Vec::<&str>::new(), "{part}");
    }
    for part in ["/tokens", "/settings"] {
        let page = viewer
            .open(&format!("/admin/{}{part}", institution.id))
            .await;
        assert_eq!(page.status, 403, "{part}");
    }
    // nor with the forms that an owner sees
    let (link_page, link_path) = (
        format!("/links/{}", link.id),
        format!("/links/{}/disable", link.id),
    );
    for (part, action, field, value) in [
        ("/plans", "/plans", "name", "Medicine"),
        ("/administrators", "/administrators", "email", "x@x.example"),
        ("/tokens", "/tokens", "name", "Mine"),
        ("/settings", "/settings", "name", "Mine"),
        (link_page.as_str(), link_path.as_str(), "", ""),
    ] {
        let page = institution.open(part).await;
        let form = page.form(action);
        let form = match field {
            "" => form,
            "name" if part == "/plans" => form.fill("name", value).fill("seats", "5"),
            field => form.fill(field, value),
        };
        assert_eq!(viewer.submit(&page, &form).await.status, 403, "{part}");
    }
    assert_eq!(node.browser().open(&link.url).await.status, 200);

    // until an owner says otherwise
    let page = page_of(&institution, &email).await;
    let form = page.form(page.url.path()).fill("role", "manager");
    let saved = institution.administrator.submit(&page, &form).await;
    assert!(saved.text().contains("Saved."), "{}", saved.text());
    let manager = viewer
        .open(&format!("/admin/{}{link_page}", institution.id))
        .await;
    viewer.submit(&manager, &manager.form("/disable")).await;
    assert_eq!(node.browser().open(&link.url).await.status, 404);
    let page = page_of(&institution, &email).await;
    institution
        .administrator
        .submit(&page, &page.form("/remove"))
        .await;
    let gone = viewer.open(&format!("/admin/{}", institution.id)).await;
    assert_eq!(gone.url.path(), "/admin/sign-in");
}

#[rstest]
#[tokio::test]
async fn a_reset_by_mail_ends_the_other_sessions(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
    #[values(BusKind::Local, BusKind::Nats)] bus: BusKind,
) {
    let (ground, node, institution) = scene(engine, bus).await;
    let browser = node.browser();
    let forget = async |email: &str| {
        let page = browser.open("/admin/sign-in").await;
        let page = browser.open(&page.link("Forgot your password?")).await;
        let form = page.form("/admin/reset").fill("email", email);
        let asked = Instant::now();
        let said = browser.submit(&page, &form).await;
        let text = said.text().replace(email, "somebody");
        (said.status, text, asked.elapsed())
    };
    let known = forget(&institution.email).await;
    let unknown = forget("nobody@university.example").await;
    assert_eq!((known.0, &known.1), (200, &unknown.1));
    for took in [known.2, unknown.2] {
        assert!(took >= Duration::from_millis(100), "{took:?}");
    }
    assert_eq!(forget("no address").await.0, 422);
    let link = mailed(&ground, &institution.email, "/admin/reset/").await;
    assert_eq!(ground.letters().len(), 1, "nobody else gets one");

    // opening it changes nothing: scanners open every link
    assert_eq!(browser.open(&link).await.heading(), "Choose a new password");
    assert_eq!(institution.open("").await.heading(), "Manage Users");
    let short = choose(&browser, &link, "short").await;
    assert_eq!(
        (short.status, short.heading().as_str()),
        (422, "Choose a new password")
    );
    assert_eq!(
        choose(&browser, &link, ANOTHER).await.heading(),
        "Manage Users"
    );
    let other = institution.open("").await;
    assert_eq!(other.url.path(), "/admin/sign-in");
    let thief = node.browser();
    assert_eq!(
        sign_in(&thief, &institution.email, PASSWORD).await.status,
        401
    );
    assert_eq!(choose(&thief, &link, PASSWORD).await.status, 410);
    let entered = sign_in(&thief, &institution.email, ANOTHER).await;
    assert_eq!(entered.heading(), "Manage Users");
}

#[tokio::test]
async fn the_last_owner_stays_until_there_is_another() {
    let (ground, node, institution) = scene(Engine::Sqlite, BusKind::Local).await;
    let owner = &institution.administrator;
    let page = page_of(&institution, &institution.email).await;
    let removed = owner.submit(&page, &page.form("/remove")).await;
    assert_eq!(removed.status, 409);
    assert!(
        removed.error("remove").contains("last owner"),
        "{}",
        removed.text()
    );
    let form = page.form(page.url.path()).fill("role", "viewer");
    let demoted = owner.submit(&page, &form).await;
    assert_eq!(demoted.status, 409);
    assert!(
        demoted.error("role").contains("last owner"),
        "{}",
        demoted.text()
    );
    assert_eq!(institution.open("/tokens").await.status, 200);

    let email = format!("second.{}", institution.email);
    invite(&institution, &email, "owner").await;
    let link = mailed(&ground, &email, "/admin/set-up/").await;
    let second = node.browser();
    choose(&second, &link, PASSWORD).await;
    let left = owner.submit(&page, &page.form("/remove")).await;
    assert_eq!(left.url.path(), "/admin/sign-in");
    let refused = sign_in(owner, &institution.email, PASSWORD).await;
    assert_eq!(refused.status, 401);
    let path = format!("/admin/{}/tokens", institution.id);
    assert_eq!(second.open(&path).await.status, 200);
}

#[tokio::test]
async fn an_address_is_invited_again_until_it_is_set_up() {
    let (_ground, node, institution) = scene(Engine::Sqlite, BusKind::Local).await;
    let email = format!("late.{}", institution.email);
    let first = invite(&institution, &email, "manager").await.input("url");
    let page = page_of(&institution, &email).await;
    let again = institution.administrator;
    let second = again.submit(&page, &page.form("/administrators")).await;
    let (visitor, second) = (node.browser(), second.input("url"));
    assert_eq!(choose(&visitor, &first, PASSWORD).await.status, 410);
    let opened = node.browser().open(&second).await;
    let text = opened.text();
    assert!(text.contains(&format!("sign in as {email}")), "{text}");
    let form = opened.form("").fill("password", PASSWORD);
    assert_eq!(choose(&visitor, &second, PASSWORD).await.status, 200);
    // its page says at once that it was used, and a form that was opened before says so, too
    let used = node.browser().open(&second).await;
    let late = node.browser().submit(&opened, &form).await;
    for dead in [used, late] {
        assert_eq!(dead.status, 410, "{}", dead.text());
        assert_eq!(dead.heading(), "This link does not work any more");
        assert!(html::forms(&dead.html).is_empty(), "{}", dead.html);
        assert!(dead.html.contains("href=\"/admin/sign-in\""));
    }

    let page = again
        .open(&format!("/admin/{}/administrators", institution.id))
        .await;
    let form = page.form("/administrators").fill("email", &email);
    let refused = again.submit(&page, &form).await;
    assert_eq!(refused.status, 409);
    assert!(
        refused.error("email").contains("already"),
        "{}",
        refused.text()
    );
    let form = page.form("/administrators").fill("email", "no address");
    let refused = again.submit(&page, &form).await;
    assert_eq!(refused.status, 422);
    assert!(!refused.error("email").is_empty());
}

#[rstest]
#[tokio::test]
async fn a_token_works_with_its_role_until_it_is_revoked(
    #[values(BusKind::Local, BusKind::Nats)] bus: BusKind,
) {
    let (_ground, node, institution) = scene(Engine::Sqlite, bus).await;
    let owner = &institution.administrator;
    let page = institution.open("/tokens").await;
    let form = page.form("/tokens").fill("name", "Nightly report");
    let past = form.clone().fill("expires_at", "2020-01-01T00:00");
    let refused = owner.submit(&page, &past).await;
    assert_eq!(refused.status, 422);
    assert!(!refused.error("expires_at").is_empty());
    let form = form.fill("expires_at", "2099-01-01T12:30");
    let made = owner.submit(&page, &form).await;
    assert_eq!(made.status, 201);
    let token = made.input("token");
    let program = Program::with(&node, &token);

    let plans = format!("/organisations/{}/plans", institution.id);
    program.get(&plans).await;
    let new = json!({ "name": "Law", "seats": 3 });
    assert_eq!(program.send(Method::POST, &plans, &new).await.0, 403);
    let listed = institution.open("/tokens").await;
    assert!(!listed.html.contains(&token), "it is shown once");
    let row = &listed.rows()[0];
    assert_eq!(
        row[..4],
        [
            "Nightly report",
            "Viewer",
            "Active",
            "1 Jan 2099, 12:30 UTC"
        ]
    );

    let revoked = owner.submit(&listed, &listed.form("/revoke")).await;
    assert_eq!(revoked.rows()[0][2], "Revoked");
    let (status, refused) = program.send(Method::GET, &plans, &Value::Null).await;
    assert_eq!(
        (status, &refused["type"]),
        (401, &json!("/problems/unauthenticated"))
    );
}

#[tokio::test]
async fn signing_out_everywhere_ends_every_session() {
    let (_ground, node, institution) = scene(Engine::Sqlite, BusKind::Local).await;
    let elsewhere = node.browser();
    let page = sign_in(&elsewhere, &institution.email, PASSWORD).await;
    let form = page.form("/admin/sign-out-everywhere");
    let out = elsewhere.submit(&page, &form).await;
    assert_eq!(out.url.path(), "/admin/sign-in");
    for browser in [&elsewhere, &institution.administrator] {
        let page = browser.open(&format!("/admin/{}", institution.id)).await;
        assert_eq!(page.url.path(), "/admin/sign-in");
    }
    let page = sign_in(&elsewhere, &institution.email, PASSWORD).await;
    assert_eq!(page.heading(), "Manage Users");
}

#[tokio::test]
async fn an_owner_decides_what_the_organisation_is_called_and_how_people_join() {
    let (ground, node, institution) = scene(Engine::Sqlite, BusKind::Local).await;
    let owner = &institution.administrator;
    let page = institution.open("/settings").await;
    let form = page.form("/settings");
    for (field, value, beside) in [
        ("name", " ", "name"),
        ("product_url", "nowhere", "product_url"),
        ("product_url", "http://plain.example/", "product_url"),
        ("proof_days", "many", "proof_days"),
        ("proof_days", "91", "proof_days"),
        ("join_proof", "never", "join_proof"),
        ("invite_acceptance", "any", "invite_acceptance"),
        ("invite_days", "181", "invite_days"),
        ("invite_days", "", "invite_days"),
        ("remind_days", "31", "remind_days"),
        ("language", "German", "language"),
    ] {
        let refused = owner.submit(&page, &form.clone().fill(field, value)).await;
        assert_eq!(refused.status, 422, "{field} {value}");
        assert!(!refused.error(beside).is_empty(), "{field} {value}");
        assert_eq!(
            refused.form("/settings").value(field),
            Some(value).filter(|_| !["join_proof", "invite_acceptance"].contains(&field))
        );
    }
    // Nobody knows what is new in it: not all of it, which would undo what others decided.
    let unread = form.clone().fill("was", "{\"name\":").fill("name", "Hill");
    let refused = owner.submit(&page, &unread).await;
    assert_eq!(refused.status, 422);
    assert!(refused.text().contains("Nothing was saved"));
    let again = refused.form("/settings");
    assert_eq!(again.value("name"), Some("Hill"));
    assert_eq!(again.value("was"), form.value("was"));
    let form = form.fill("name", "Hill Valley").fill("join_proof", "first");
    let form = form.fill("product_url", "https://read.example/");
    let form = form
        .fill("invite_acceptance", "lenient")
        .fill("invite_days", "60");
    let form = form.fill("remind_days", "0").fill("language", "de");
    let saved = owner.submit(&page, &form.fill("proof_days", "30")).await;
    assert!(saved.text().contains("Saved."), "{}", saved.text());
    let program = Program::of(&ground, &node, &institution);
    let organisation = program
        .get(&format!("/organisations/{}", institution.id))
        .await;
    assert_eq!(organisation["name"], "Hill Valley");
    assert_eq!(organisation["product_url"], "https://read.example/");
    let policies = json!({
        "join_proof": "first", "proof_days": 30, "invite_acceptance": "lenient",
        "invite_days": 60, "remind_days": 0, "language": "de",
    });
    assert_eq!(organisation["policies"], policies);
    let again = institution.open("/settings").await;
    let form = again.form("/settings");
    for (field, value) in [
        ("invite_days", "60"),
        ("remind_days", "0"),
        ("language", "de"),
    ] {
        assert_eq!(form.value(field), Some(value));
    }
}

#[rstest]
#[tokio::test]
async fn owners_who_decide_at_once_undo_nothing_of_each_other(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (ground, node, institution) = scene(engine, BusKind::Local).await;
    let program = Program::of(&ground, &node, &institution);
    let owner = &institution.administrator;
    let (one, other) = (
        institution.open("/settings").await,
        institution.open("/settings").await,
    );
    let of = format!("/organisations/{}", institution.id);
    let change = json!({ "policies": { "remind_days": 0 } });
    let (status, body) = program.send(Method::PATCH, &of, &change).await;
    assert_eq!(status, 200, "{body}");
    let form = one.form("/settings").fill("proof_days", "30");
    let refused = form.clone().fill("name", " ");
    let refused = owner.submit(&one, &refused).await;
    assert_eq!(refused.status, 422);
    let form = refused.form("/settings").fill("name", "Hill Valley");
    owner.submit(&refused, &form).await;
    let form = other.form("/settings").fill("invite_days", "60");
    let saved = owner.submit(&other, &form).await;
    assert!(saved.text().contains("Saved."), "{}", saved.text());

    let now = program.get(&of).await;
    let decided = ["proof_days", "invite_days", "remind_days"].map(|it| &now["policies"][it]);
    assert_eq!(
        (&now["name"], decided),
        (&json!("Hill Valley"), [&json!(30), &json!(60), &json!(0)])
    );
    let trail = program.all(&format!("{of}/audit")).await;
    let updates = trail
        .iter()
        .filter(|entry| entry["action"] == "organisation.update");
    let told: Vec<_> = updates.map(|entry| entry["change"].clone()).collect();
    let name = &told[1]["name"];
    assert_eq!(
        told,
        [
            json!({ "invite_days": { "from": 30, "to": 60 } }),
            json!({ "name": name, "proof_days": { "from": 7, "to": 30 } }),
            json!({ "remind_days": { "from": 3, "to": 0 } }),
        ]
    );
}

#[tokio::test]
async fn only_the_mailbox_learns_that_an_invited_address_administers_elsewhere() {
    let (ground, node, institution) = scene(Engine::Sqlite, BusKind::Local).await;
    let other = Institution::found(&ground, &node).await;
    let told = invite(&institution, &other.email, "owner").await;
    let new = format!("new.{}", institution.email);
    let alike = invite(&institution, &new, "owner").await;
    assert_eq!((told.status, alike.status), (201, 201));
    let without = |page: &Page, email: &str| page.text().replace(email, "somebody");
    assert_eq!(without(&told, &other.email), without(&alike, &new));
    let urls = [told.input("url"), alike.input("url")];
    assert_eq!(urls[0].len(), urls[1].len());
    let stranger = node.browser();
    let mut behind = Vec::new();
    for (url, email) in urls.iter().zip([&other.email, &new]) {
        let page = stranger.open(url).await;
        let short = choose(&stranger, url, "short").await;
        let wrong = sign_in(&stranger, email, "not their password").await;
        let seen = [page, short, wrong].map(|page| (page.status, page.text()));
        behind.push(seen.map(|(status, text)| (status, text.replace(email.as_str(), "somebody"))));
    }
    assert_eq!(behind[0][1].0, 422, "{behind:?}");
    assert_eq!(behind[0], behind[1]);
    let trail = institution.open("/audit").await.text();
    assert!(trail.contains("Administrator invited"), "{trail}");
    assert!(!trail.contains("Sign-ins were refused"), "{trail}");

    let to = format!("\"to\":\"{}\"", other.email);
    let letter = eventually_some(PATIENCE, "the letter was sent", async || {
        let mut letters = ground.letters().into_iter();
        letters.find(|letter| letter.contains(&to))
    });
    let letter = letter.await;
    assert!(letter.contains("already manage another"), "{letter}");
    assert!(letter.contains(&institution.name), "{letter}");
    assert!(!letter.contains("/admin/set-up/"), "{letter}");
    // they administer what they did, and nothing else
    let page = other.open("/administrators").await;
    assert_eq!(page.status, 200);
    let path = format!("/admin/{}", institution.id);
    assert_eq!(other.administrator.open(&path).await.status, 404);
}
