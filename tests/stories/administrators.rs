//! Administrators: how they come in, and what nobody else gets to see.

use rstest::rstest;
use testkit::{BusKind, Engine};

use crate::{
    browser::{Browser, Page},
    institution::{Institution, PASSWORD},
    node::Ground,
    person::Person,
};

/// Fills the sign-in form and presses its button.
pub(crate) async fn sign_in(browser: &Browser, email: &str, password: &str) -> Page {
    let page = browser.open("/admin/sign-in").await;
    let form = page.form("/admin/sign-in").fill("email", email);
    browser
        .submit(&page, &form.fill("password", password))
        .await
}

#[rstest]
#[tokio::test]
async fn an_administrator_signs_in_and_out(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
    #[values(BusKind::Local, BusKind::Nats)] bus: BusKind,
) {
    let ground = Ground::new(engine, bus);
    let node = ground.start();
    let institution = Institution::found(&ground, &node).await;
    let browser = node.browser();
    for (email, password) in [
        (institution.email.as_str(), "not what was chosen"),
        ("nobody@university.example", PASSWORD),
        ("no address", PASSWORD),
    ] {
        let page = sign_in(&browser, email, password).await;
        assert_eq!(page.status, 401, "{email}");
        assert!(page.text().contains("Address or password are not right."));
        assert_eq!(page.form("/admin/sign-in").value("password"), Some(""));
    }
    let page = sign_in(&browser, &institution.email, PASSWORD).await;
    assert_eq!(
        (page.status, page.heading().as_str()),
        (200, "Manage Users")
    );
    assert_eq!(page.url.path(), format!("/admin/{}", institution.id));

    let out = browser.submit(&page, &page.form("/admin/sign-out")).await;
    assert_eq!(out.url.path(), "/admin/sign-in");
    let again = browser.open(page.url.path()).await;
    assert_eq!(again.url.path(), "/admin/sign-in");
    // the other browser of the same administrator is still signed in
    assert_eq!(institution.open("").await.heading(), "Manage Users");
}

#[tokio::test]
async fn a_set_up_url_works_once() {
    let ground = Ground::new(Engine::Sqlite, BusKind::Local);
    let node = ground.start();
    let institution = Institution::found(&ground, &node).await;
    let email = "second@university.example";
    let url = institution.invite(&ground, email);
    let browser = node.browser();
    let page = browser.open(&url).await;
    let weak = page.form("").fill("password", "short");
    let refused = browser.submit(&page, &weak).await;
    assert_eq!(refused.status, 422);
    assert!(!refused.error("password").is_empty());

    let form = page.form("").fill("password", PASSWORD);
    let entered = browser.submit(&page, &form).await;
    assert_eq!(entered.heading(), "Manage Users");
    let thief = node.browser();
    let form = page.form("").fill("password", "another one, not so good");
    assert_eq!(thief.submit(&page, &form).await.status, 410);
    let page = sign_in(&thief, email, PASSWORD).await;
    assert_eq!(page.heading(), "Manage Users", "the password stayed");
}

#[rstest]
#[tokio::test]
async fn an_office_is_open_to_its_own_administrators_only(
    #[values(BusKind::Local, BusKind::Nats)] bus: BusKind,
) {
    let ground = Ground::new(Engine::Sqlite, bus);
    let node = ground.start();
    let (own, link) = Institution::with_link(&ground, &node, 3, &[]).await;
    let other = Institution::found(&ground, &node).await;
    let (visitor, person) = (node.browser(), Person::numbered(1));
    person.join(&visitor, &link.url).await;
    let link_page = format!("/links/{}", link.id);
    for part in ["", "/links", "/links/new", "/plans", "/audit", &link_page] {
        let address = format!("/admin/{}{part}", own.id);
        // whoever has a seat is no administrator
        let page = visitor.open(&address).await;
        assert_eq!(page.url.path(), "/admin/sign-in", "{part}");
        assert_eq!(
            other.administrator.open(&address).await.status,
            404,
            "{part}"
        );
        assert_eq!(own.open(part).await.status, 200, "{part}");
    }
    // nor is one's own address a way to what is theirs
    let smuggled = other.open(&link_page).await;
    assert_eq!(smuggled.status, 404);
}

#[tokio::test]
async fn a_form_of_another_site_changes_nothing() {
    let ground = Ground::new(Engine::Sqlite, BusKind::Local);
    let node = ground.start();
    let (institution, link) = Institution::with_link(&ground, &node, 3, &[]).await;
    let page = institution.open(&format!("/links/{}", link.id)).await;
    let administrator = &institution.administrator;
    let form = page.form("/disable");
    let refused = administrator
        .submit_from("https://evil.example", &page, &form)
        .await;
    assert_eq!(refused.status, 403);
    assert_eq!(node.browser().open(&link.url).await.status, 200);
    administrator.submit(&page, &form).await;
    assert_eq!(node.browser().open(&link.url).await.status, 404);
}
