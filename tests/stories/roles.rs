//! One system of several nodes, each with a part of the roles.

use rstest::rstest;
use testkit::{BusKind, Engine, eventually};

use crate::{
    institution::Institution,
    node::{Ground, PATIENCE},
    person::{Outcome, Person},
};

const ALL_BUT_EDGE: [&str; 8] = [
    "links", "seats", "invites", "courier", "people", "roster", "admin", "relay",
];

#[rstest]
#[tokio::test]
async fn an_edge_without_a_database_serves_what_another_node_decides(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let ground = Ground::new(engine, BusKind::Nats);
    let inside = ground.start_with(&ALL_BUT_EDGE, &[]);
    let nowhere = [("USHER_DATABASE__URL", "postgres://127.0.0.1:1/none")];
    let edge = ground.start_with(&["edge"], &nowhere);
    assert_eq!(inside.http, "");
    assert_eq!(
        (inside.ops("/readyz").await.0, edge.ops("/readyz").await.0),
        (200, 200)
    );

    let (institution, link) = Institution::with_link(&ground, &edge, 1, &[]).await;
    let person = Person::numbered(1);
    let page = person.join(&edge.browser(), &link.url).await;
    assert_eq!(Outcome::of(page.status, &page.html), Outcome::Assigned);
    assert_eq!(institution.people("").await.len(), 1);
    person.letter(&ground).await;
}

#[tokio::test]
async fn who_decides_may_be_away_for_a_while() {
    let ground = Ground::new(Engine::Postgres, BusKind::Nats);
    let without_seats: Vec<&str> = ALL_BUT_EDGE
        .into_iter()
        .filter(|role| *role != "seats")
        .collect();
    let _inside = ground.start_with(&without_seats, &[]);
    let seats = ground.start_with(&["seats"], &[]);
    let edge = ground.start_with(&["edge"], &[]);
    let (institution, link) = Institution::with_link(&ground, &edge, 1, &[]).await;
    drop(seats);

    let (visitor, person) = (edge.browser(), Person::numbered(1));
    let page = person.join(&visitor, &link.url).await;
    assert_eq!((page.status, page.header("retry-after")), (503, "1"));
    assert!(
        page.text().contains("trying again is safe"),
        "{}",
        page.text()
    );

    let _seats = ground.start_with(&["seats"], &[]);
    let page = person.join(&visitor, &link.url).await;
    assert_eq!(Outcome::of(page.status, &page.html), Outcome::Assigned);
    assert_eq!(institution.people("").await.len(), 1);
}

#[tokio::test]
async fn tags_of_a_link_reach_who_joined_though_the_seats_were_away_when_it_changed() {
    let ground = Ground::new(Engine::Sqlite, BusKind::Nats);
    let mut others = ALL_BUT_EDGE.map(|role| if role == "seats" { "edge" } else { role });
    others.sort_unstable();
    let node = ground.start_with(&others, &[]);
    let seats = ground.start_with(&["seats"], &[]);
    let (institution, link) = Institution::with_link(&ground, &node, 5, &[("tags", "Law")]).await;
    Person::numbered(1).join(&node.browser(), &link.url).await;
    drop(seats);

    let page = institution.open(&format!("/links/{}", link.id)).await;
    let form = page.form(&format!("/links/{}", link.id));
    let form = form.fill("tags", "Arts").fill("apply_tags", "all");
    let page = institution.administrator.submit(&page, &form).await;
    assert_eq!(page.status, 200, "{}", page.text());
    assert!(
        page.text().contains("gets the tags as soon"),
        "{}",
        page.text()
    );

    let _seats = ground.start_with(&["seats"], &[]);
    eventually(PATIENCE, "the tags are there", async || {
        institution.people("").await[0][6] == "Arts"
    })
    .await;
}

#[test]
fn a_part_of_the_roles_needs_a_bus_to_the_others() {
    let ground = Ground::new(Engine::Sqlite, BusKind::Local);
    let mut process = ground.launch(&["edge"], &[]);
    assert_eq!(process.wait_exit(PATIENCE).code(), Some(2));
    let said = process.stderr_text();
    assert!(
        said.contains("bus.url") && said.contains("does not run every role"),
        "{said}"
    );
}
