//! Every page of an office, as the code lists them, is tried by another organisation's administrator, with
//! what is another organisation's, and by whoever may only look.

use std::collections::BTreeSet;

use testkit::BusKind;

use crate::{described::Things, routes, tenants::Scene};

/// What forms cannot be read without.
const FORM: &[(&str, &str)] = &[("expected_count", "0")];

/// What may be done where a path ends with an action; what takes something away comes last.
const ACTIONS: [(&str, &[&str]); 4] = [
    ("/invite/", &["resend", "address", "cancel"]),
    (
        "/invites/",
        &["pause", "resume", "send", "resend", "cancel"],
    ),
    ("/links/", &["disable", "enable", "rotate", "delete"]),
    ("/users/", &["revoke", "reassign", "tags", "erase"]),
];

/// The pages of an organisation's office as they are written, with each action in their paths.
fn pages() -> Vec<String> {
    let paths = routes::of_an_office();
    assert!(paths.len() > 10, "{paths:?}");
    let mut pages = Vec::new();
    for path in paths {
        let Some(place) = path.strip_suffix("{action}") else {
            pages.push(path);
            continue;
        };
        let known = ACTIONS.iter().find(|(start, _)| path.starts_with(start));
        let (_, actions) = known.unwrap_or_else(|| panic!("what can be done at {path}?"));
        pages.extend(actions.iter().map(|action| format!("{place}{action}")));
    }
    pages
}

/// The path of a page in an office, with things in it.
fn page_at(organisation: &str, page: &str, things: &Things) -> String {
    let mut page = format!("/admin/{organisation}{page}");
    for (name, id) in things {
        page = page.replace(&format!("{{{name}}}"), id);
    }
    assert!(!page.contains('{'), "nothing is known for {page}");
    page
}

/// The pages of the first institution's office, with things in their paths.
fn office(things: &Things) -> Vec<String> {
    let pages = pages().into_iter();
    pages
        .map(|page| page_at(&things["organisation"], &page, things))
        .collect()
}

#[tokio::test]
async fn no_page_of_an_office_is_there_for_another_organisations_administrator() {
    let scene = Scene::open(BusKind::Local).await;
    let (stranger, own) = (&scene.other.administrator, &scene.own.administrator);
    let before = scene.changes().await;
    for page in office(&scene.things) {
        let (got, posted) = (
            stranger.open(&page).await.status,
            stranger.post(&page, FORM).await.status,
        );
        // 405 where only the other method is taken
        for status in [got, posted] {
            assert!([404, 405].contains(&status), "{page}: {got} {posted}");
        }
        assert!(got == 404 || posted == 404, "{page}: {got} {posted}");
    }
    assert_eq!(scene.changes().await, before);
    // and all of them are there for the own ones
    for page in office(&scene.things) {
        let (got, posted) = (
            own.open(&page).await.status,
            own.post(&page, FORM).await.status,
        );
        let is_there = [got, posted]
            .iter()
            .any(|status| ![404, 405].contains(status));
        assert!(is_there, "{page}: {got} {posted}");
    }
}

#[tokio::test]
async fn an_id_of_another_organisation_is_not_there_in_ones_own_office() {
    let scene = Scene::open(BusKind::Local).await;
    let stranger = &scene.other.administrator;
    let before = scene.changes().await;
    let mut tried = BTreeSet::new();
    for page in pages().into_iter().filter(|page| page.contains('{')) {
        let address = page_at(&scene.other.id, &page, &scene.things);
        let got = stranger.open(&address).await;
        let posted = stranger.post(&address, FORM).await;
        assert!([404, 405].contains(&got.status), "{page}: {}", got.text());
        // whoever has no office here is removed already
        let is_gone = page == "/administrators/{administrator}/remove" && posted.status == 200;
        let is_refused = [404, 405, 422].contains(&posted.status);
        assert!(is_gone || is_refused, "{page}: {}", posted.text());
        for shown in [got.text(), posted.text()] {
            assert!(!shown.contains(&scene.own.name), "{page}: {shown}");
        }
        tried.extend(page.split(['{', '}']).nth(1).map(str::to_owned));
    }
    assert!(tried.contains("job") && tried.len() > 6, "{tried:?}");
    // nor is one that is chosen in a form
    let [plan, link, user] = ["plan", "link", "user"].map(|name| scene.things[name].as_str());
    for (page, form) in [
        ("/links/new", vec![("name", "Theirs"), ("plan_id", plan)]),
        (
            "/invites/new",
            vec![("link_id", link), ("addresses", "bob@hill.edu")],
        ),
        (
            "/users/bulk",
            vec![("id", user), ("action", "revoke"), ("whom", "")],
        ),
    ] {
        let address = format!("/admin/{}{page}", scene.other.id);
        let refused = stranger.post(&address, &form).await;
        let is_refused = [404, 422].contains(&refused.status);
        assert!(is_refused, "{page}: {} {}", refused.status, refused.text());
    }
    assert_eq!(scene.changes().await, before);
}

#[tokio::test]
async fn whoever_may_only_look_changes_nothing_on_any_page() {
    let scene = Scene::open(BusKind::Local).await;
    let (_, viewer) = scene.viewer().await;
    let before = scene.changes().await;
    for page in office(&scene.things) {
        let posted = viewer.post(&page, FORM).await;
        assert!(
            (400..500).contains(&posted.status),
            "{page}: {}",
            posted.text()
        );
        let got = viewer.open(&page).await.status;
        assert!([200, 403, 404, 405].contains(&got), "{page}: {got}");
    }
    assert_eq!(scene.changes().await, before);
}
