//! A database whose sealing key is lost: what is kept sealed stays shut, and says so.

use reqwest::Method;
use rstest::rstest;
use serde_json::{Value, json};
use testkit::{BusKind, Engine};

use crate::{
    administrators::sign_in,
    institution::{Institution, PASSWORD},
    node::Ground,
    person::{Outcome, Person},
    program::Program,
};

const FORMER: (&str, &str) = (
    "USHER_SEALING__KEY",
    "the key that everything was sealed with",
);
const LATER: (&str, &str) = (
    "USHER_SEALING__KEY",
    "another key, because the former is lost",
);
/// What is said wherever the URL of a link would have to be shown.
const SAID: &str = "must bring back the sealing.key";

#[rstest]
#[case(Engine::Sqlite, BusKind::Local)]
#[case(Engine::Postgres, BusKind::Nats)]
#[tokio::test]
async fn a_lost_sealing_key_is_named_where_a_link_is_shown_and_breaks_nothing_else(
    #[case] engine: Engine,
    #[case] bus: BusKind,
) {
    let ground = Ground::new(engine, bus);
    let node = ground.start_with(&[], &[FORMER]);
    let (institution, link) = Institution::with_link(&ground, &node, 5, &[]).await;
    Person::numbered(1).join(&node.browser(), &link.url).await;
    drop(node);

    let node = ground.start_with(&[], &[LATER]);
    let office = node.browser();
    sign_in(&office, &institution.email, PASSWORD).await;
    let institution = Institution {
        administrator: office,
        ..institution
    };
    let program = Program::of(&ground, &node, &institution);
    let links = format!("/organisations/{}/links", institution.id);
    let shown = format!("{links}/{}", link.id);
    for page in ["/links".to_owned(), format!("/links/{}", link.id)] {
        let page = institution.open(&page).await;
        assert_eq!(page.status, 503, "{}", page.text());
        assert!(page.text().contains(SAID), "{}", page.text());
    }
    for path in [&links, &shown] {
        let (status, problem) = program.send(Method::GET, path, &Value::Null).await;
        assert_eq!(
            (status, &problem["type"]),
            (503, &"/problems/unavailable".into())
        );
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.contains(SAID), "{detail}");
    }

    // the link itself works, letters leave, and the office is open
    let person = Person::numbered(2);
    let page = person.join(&node.browser(), &link.at(&node)).await;
    assert_eq!(Outcome::of(page.status, &page.html), Outcome::Assigned);
    person.letter(&ground).await;
    for page in [
        "",
        "/plans",
        "/invites",
        "/administrators",
        "/tokens",
        "/audit",
    ] {
        let page = institution.open(page).await;
        assert_eq!(page.status, 200, "{}: {}", page.url, page.text());
    }
    assert_eq!(institution.people("").await.len(), 2);
    let plans = program
        .get(&format!("/organisations/{}/plans", institution.id))
        .await;
    let new = json!({ "name": "Second year", "plan_id": plans["items"][0]["id"] });
    let made = program.make(&links, new).await;
    let opened = format!("/join/{}", made["token"].as_str().unwrap());
    assert_eq!(node.browser().open(&opened).await.status, 200);

    // a link with another URL is whole again
    let rotated = program.act(&format!("{shown}/rotate")).await;
    assert_eq!(program.get(&shown).await["url"], rotated["url"]);
    assert_eq!(node.browser().open(&link.at(&node)).await.status, 404);
    assert_eq!(institution.open("/links").await.rows().len(), 2);
}
