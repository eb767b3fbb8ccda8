//! The page of an invite where somebody else is signed in, and forms that it did not show.

use reqwest::Method;
use serde_json::json;
use testkit::{BusKind, Engine, Mail, eventually_some};

use crate::{
    browser::{Browser, Page},
    institution::{Institution, PASSWORD},
    invited::Scene,
    invited_states::accept,
    mail::decoded,
    node::PATIENCE,
    program::Program,
};

/// The ways that an invite goes.
const WAYS: [&str; 4] = ["", "/as-me", "/decline", "/sign-out"];

impl Scene {
    /// Invites both, and has Bob accept and sign in; answers his browser and the path of Ann's invite.
    async fn bob_with_anns(&self) -> (Browser, String) {
        self.invite("ann@hill.edu bob@hill.edu", false).await;
        let (ann, _) = self.mailed("ann@hill.edu").await;
        let (bob, _) = self.mailed("bob@hill.edu").await;
        let browser = self.node.browser();
        assert_eq!(accept(&browser, &bob).await.status, 200);
        sign_in(&browser, "/", "bob@hill.edu").await;
        (browser, ann)
    }

    /// What became of the invite of an address.
    async fn life(&self, email: &str) -> String {
        let list = format!("{}/invites?q={email}", self.at);
        let list = self.owner.get(&list).await;
        list["items"][0]["life"].as_str().unwrap().to_owned()
    }
}

async fn sign_in(browser: &Browser, path: &str, email: &str) -> Page {
    let page = browser.open(path).await;
    let form = page.form("/sign-in").fill("email", email);
    let form = form.fill("password", PASSWORD);
    browser.submit(&page, &form).await
}

#[tokio::test]
async fn whoever_is_signed_in_as_another_sees_both_addresses_and_signs_out_to_go_on() {
    let scene = Scene::open(Engine::Sqlite, BusKind::Local, 5).await;
    let (browser, ann) = scene.bob_with_anns().await;
    let page = browser.open(&ann).await;
    let text = page.text();
    for address in ["bob@hill.edu", "ann@hill.edu"] {
        assert!(text.contains(address), "{text}");
    }
    // there is no form to accept with by mistake
    assert!(!page.html.contains("name=\"password\""), "{text}");
    let goes_on = browser.press(&page, "/sign-out").await;
    assert_eq!((goes_on.status, goes_on.url.path()), (200, ann.as_str()));
    assert!(
        !goes_on.text().contains("bob@hill.edu"),
        "{}",
        goes_on.text()
    );
    let start = browser.open("/").await;
    assert!(start.text().contains("Sign in"), "{}", start.text());
    assert_eq!(scene.life("ann@hill.edu").await, "pending");
    assert_eq!(accept(&browser, &ann).await.heading(), "Welcome, Ann");
}

#[tokio::test]
async fn a_form_that_was_open_before_somebody_else_signed_in_does_not_accept() {
    let scene = Scene::open(Engine::Sqlite, BusKind::Local, 5).await;
    let (browser, ann) = scene.bob_with_anns().await;
    let page = browser.open(&ann).await;
    let form = browser.press(&page, "/sign-out").await;
    sign_in(&browser, "/", "bob@hill.edu").await;
    let filled = form.form(&ann).fill("first_name", "Ann");
    let filled = filled.fill("last_name", "Lee").fill("password", PASSWORD);
    let filled = filled.fill("accept_terms", "yes");
    let refused = browser.submit(&form, &filled).await;
    let text = refused.text();
    assert_eq!(refused.status, 403, "{text}");
    assert!(text.contains("It is for a••@hill.edu"), "{text}");
    assert!(text.contains("signed in as bob@hill.edu"), "{text}");
    assert!(!refused.html.contains("ann@hill.edu"), "{text}");
    assert_eq!(scene.life("ann@hill.edu").await, "pending");
    let goes_on = browser.press(&refused, "/sign-out").await;
    assert_eq!(goes_on.url.path(), ann);
    let done = browser.submit(&goes_on, &filled).await;
    assert_eq!(done.heading(), "Welcome, Ann", "{}", done.text());
}

#[tokio::test]
async fn only_the_forms_of_the_page_accept_and_decline_and_only_where_it_was_shown() {
    let scene = Scene::open(Engine::Sqlite, BusKind::Local, 5).await;
    scene.invite("ann@hill.edu", false).await;
    let (ann, _) = scene.mailed("ann@hill.edu").await;
    let own = scene.node.browser();
    let page = own.open(&ann).await;
    let nonce = |way: &str| {
        let form = page.form(&format!("{ann}{way}"));
        form.value("nonce").unwrap().to_owned()
    };
    let fields = |nonce: &str| {
        [
            ("first_name", "Ann"),
            ("last_name", "Lee"),
            ("password", PASSWORD),
            ("accept_terms", "yes"),
            ("nonce", nonce),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
    };
    let posted = async |browser: &Browser, way: &str, nonce: &str| {
        let fields = fields(nonce);
        let fields: Vec<_> = fields
            .iter()
            .map(|(a, b)| (a.as_str(), b.as_str()))
            .collect();
        browser.post(&format!("{ann}{way}"), &fields).await
    };
    let (accepts, declines) = (nonce(""), nonce("/decline"));
    assert_ne!(accepts, declines);
    let elsewhere = scene.node.browser();
    elsewhere.open(&ann).await;
    for way in WAYS {
        let mut answers = vec![
            // who never opened the page, or never looked at it
            posted(&scene.node.browser(), way, "").await,
            posted(&own, way, "").await,
            // what another browser was shown
            posted(&elsewhere, way, &accepts).await,
            posted(&elsewhere, way, &declines).await,
        ];
        if !way.is_empty() {
            answers.push(posted(&own, way, &accepts).await);
        }
        for answer in answers {
            let text = answer.text();
            assert_eq!(answer.status, 403, "{way}: {text}");
            assert!(text.contains("Nothing was done yet"), "{way}: {text}");
            // and there is a way on from there, with what was typed
            if way.is_empty() {
                assert_eq!(answer.input("first_name"), "Ann");
            }
        }
        assert_eq!(scene.life("ann@hill.edu").await, "pending", "{way}");
    }
    assert_eq!(posted(&own, "/decline", &declines).await.status, 200);
    assert_eq!(scene.life("ann@hill.edu").await, "declined");
    let done = posted(&own, "", &accepts).await;
    assert_eq!(done.heading(), "Welcome, Ann", "{}", done.text());
    // what happened already is said, whatever form it was
    let late = posted(&own, "/decline", &declines).await;
    assert_eq!(late.status, 409);
    let text = late.text();
    assert!(text.contains("accepted already"), "{text}");
}

#[tokio::test]
async fn whoever_has_an_account_signs_in_on_the_way_to_their_invite() {
    let scene = Scene::open(Engine::Sqlite, BusKind::Local, 5).await;
    let (_, ann) = scene.bob_with_anns().await;
    assert_eq!(accept(&scene.node.browser(), &ann).await.status, 200);
    // another organisation invites her
    let (other, link) = Institution::with_link(&scene.ground, &scene.node, 5, &[]).await;
    let owner = Program::of(&scene.ground, &scene.node, &other);
    let body = json!({ "link_id": link.id, "addresses": "ann@hill.edu" });
    let path = format!("/organisations/{}/invites", other.id);
    let before = scene.relay.messages().len();
    let (status, sent) = owner.send(Method::POST, &path, &body).await;
    assert_eq!((status, &sent["accepted"]), (202, &json!(1)), "{sent}");
    let mail = eventually_some(PATIENCE, "the other invite", async || {
        scene.relay.messages().get(before).map(Mail::text)
    });
    let text = decoded(&mail.await);
    let token = text.split("/invite/").nth(1).unwrap();
    let path = format!(
        "/invite/{}",
        token.split(char::is_whitespace).next().unwrap()
    );

    let browser = scene.node.browser();
    let page = browser.open(&path).await;
    let form = page.form(&path).fill("first_name", "Ann");
    let form = form.fill("last_name", "Lee").fill("accept_terms", "yes");
    let form = form.fill("password", "not the password");
    let refused = browser.submit(&page, &form).await;
    assert_eq!(refused.status, 409, "{}", refused.text());
    let to = refused.link("Sign in");
    let page = sign_in(&browser, &to, "ann@hill.edu").await;
    assert_eq!(page.url.path(), path);
    let done = browser.press(&page, "/as-me").await;
    assert_eq!(done.heading(), "Welcome, Ann", "{}", done.text());
}
