//! Every page on a small screen, by light and in the dark, by keyboard and read out.

use std::collections::{BTreeSet, VecDeque};

use serde_json::{Value, json};
use testkit::{BusKind, Engine};

use crate::{
    institution::Institution,
    look,
    node::{Ground, Node},
    person::Person,
    program::Program,
    tab::{Manner, Tab},
};

/// The pages that a walk comes to, at most.
const MOST: usize = 80;

/// An address with its ids and tokens left out.
fn shape(address: &str) -> String {
    let path = address.split(['?', '#']).next().unwrap();
    let parts = path.split('/').map(|part| match part.len() {
        0..=20 => part,
        _ => "…",
    });
    parts.collect::<Vec<_>>().join("/")
}

/// Walks from some pages along their links, but for files; answers what was wrong, and the kinds of pages it saw.
async fn walk(tab: &Tab, from: &[String]) -> (Vec<String>, BTreeSet<String>) {
    let (mut faults, mut seen) = (Vec::new(), BTreeSet::new());
    let mut next: VecDeque<_> = from.iter().cloned().collect();
    while let Some(address) = next.pop_front() {
        assert!(seen.len() < MOST, "the walk ends: {seen:?}");
        if !seen.insert(shape(&address)) {
            continue;
        }
        tab.open(&address).await;
        let found = look::faults(tab).await.into_iter();
        faults.extend(found.map(|fault| format!("{address} {fault}")));
        let links =
            "return [...document.links].filter((link) => link.origin === origin && !link.pathname.includes('.'))
            .map((link) => link.pathname + link.search)";
        let links = tab.run(links).await;
        let links = links.as_array().unwrap().iter();
        next.extend(links.map(|link| link.as_str().unwrap().to_owned()));
    }
    (faults, seen)
}

/// An institution with something on each of its pages.
async fn furnished(ground: &Ground, node: &Node) -> (Institution, String) {
    let (institution, link) =
        Institution::with_link(ground, node, 2, &[("tags", "law, 2026")]).await;
    let program = Program::of(ground, node, &institution);
    for number in 1..4 {
        let visitor = node.browser();
        Person::numbered(number).join(&visitor, &link.url).await;
    }
    let at = format!("/organisations/{}", institution.id);
    let long = format!("{}@hill.edu", "a-very-long-name".repeat(4));
    let list = format!("bob@hill.edu {long} nobody");
    for is_draft in [true, false] {
        let body = json!({ "link_id": link.id, "addresses": list, "dry_run": is_draft });
        let path = format!("{at}/invites");
        let (status, sent) = program.send(reqwest::Method::POST, &path, &body).await;
        assert_eq!(status, 202, "{sent}");
    }
    let token = json!({ "name": "library", "role": "viewer" });
    program.make(&format!("{at}/tokens"), token).await;
    let colleague = json!({ "email": format!("viewer.{}", institution.email), "role": "viewer" });
    program
        .make(&format!("{at}/administrators"), colleague)
        .await;
    (institution, link.url)
}

#[tokio::test]
async fn every_page_of_the_subscription_manager_can_be_seen_read_and_reached() {
    let ground = Ground::new(Engine::Sqlite, BusKind::Local);
    let node = ground.start();
    let (institution, _) = furnished(&ground, &node).await;
    let tab = Tab::at(&node.http, Manner::Usual).await;
    tab.sign_in(&institution).await;
    look::on_a_small_screen(&tab).await;
    let (faults, seen) = walk(&tab, &[format!("/admin/{}", institution.id)]).await;
    assert!(faults.is_empty(), "{faults:#?}");
    assert!(seen.len() > 20, "{seen:?}");
    tab.close().await;
}

#[tokio::test]
async fn every_page_of_a_person_can_be_seen_read_and_reached() {
    let ground = Ground::new(Engine::Sqlite, BusKind::Local);
    let node = ground.start();
    let (_, link) = furnished(&ground, &node).await;
    let tab = Tab::at(&node.http, Manner::Usual).await;
    look::on_a_small_screen(&tab).await;
    let public = ["/", "/admin/sign-in", "/invite"].map(str::to_owned);
    let (faults, seen) = walk(&tab, &[&public[..], std::slice::from_ref(&link)].concat()).await;
    assert!(faults.is_empty(), "{faults:#?}");
    assert!(seen.len() > 5, "{seen:?}");

    let ann = Person::numbered(1);
    tab.open("/").await;
    tab.fill("E-mail address", &ann.email).await;
    tab.fill("Password", &ann.password).await;
    tab.press("Sign in").await;
    tab.until_says("Sign out").await;
    let (faults, seen) = walk(&tab, &["/".to_owned(), link]).await;
    assert!(faults.is_empty(), "{faults:#?}");
    assert!(!seen.is_empty());
    tab.close().await;
}

#[tokio::test]
async fn what_is_wrong_with_a_page_is_found() {
    let ground = Ground::new(Engine::Sqlite, BusKind::Local);
    let node = ground.start();
    let tab = Tab::at(&node.http, Manner::Usual).await;
    tab.open("/admin/sign-in").await;
    look::on_a_small_screen(&tab).await;
    assert_eq!(look::faults(&tab).await, [""; 0]);
    for wrong in [
        "document.getElementById('email').style.width = '40rem'",
        "document.querySelector('label').remove()",
        "document.querySelector('h1').style.color = 'rgb(170, 170, 170)'",
        "document.querySelector('main a').style.outline = 'none'",
        "document.querySelector('main a').style.cssText = 'position: absolute; left: -99rem'",
        "document.getElementById('email').placeholder = 'you@hill.edu';
            document.styleSheets[0].insertRule('::placeholder { color: gray !important }')",
        "console.warn('something')",
    ] {
        tab.open("/admin/sign-in").await;
        tab.run(wrong).await;
        assert_ne!(look::faults(&tab).await, [""; 0], "{wrong}");
    }
    // the first key of a keyboard leads past the navigation, and is seen
    tab.open("/admin/sign-in").await;
    look::press_tab(&tab).await;
    let first = tab
        .run("const e = document.activeElement; return [e.textContent, e.getBoundingClientRect().left >= 0]")
        .await;
    assert_eq!(
        first,
        Value::from(vec![Value::from("To the content"), Value::from(true)])
    );
    tab.close().await;
}
