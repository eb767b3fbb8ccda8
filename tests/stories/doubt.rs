//! An answer that was lost: what is asked again with its key is not done twice.

use reqwest::{Client, RequestBuilder};
use serde_json::{Value, json};
use testkit::{BusKind, Engine, PostgresServer, TcpProxy, eventually};
use tokio::join;

use crate::{
    institution::Institution,
    node::{Ground, Node, PATIENCE},
};

const ALL_BUT_SEATS: [&str; 8] = [
    "edge", "links", "invites", "courier", "people", "roster", "admin", "relay",
];

/// A program of the operator that makes a plan, always with the same key.
fn make_plan(
    ground: &Ground,
    node: &Node,
    institution: &Institution,
) -> impl Fn() -> RequestBuilder {
    let token = ground.usher(&["token", "create", "--name", "a story"]);
    let url = format!(
        "{}/api/v1/organisations/{}/plans",
        node.http, institution.id
    );
    move || {
        let request = Client::new().post(&url).bearer_auth(&token);
        let request = request.header("idempotency-key", "once");
        request.json(&json!({ "name": "History", "seats": 3 }))
    }
}

async fn answer(request: RequestBuilder) -> (u16, String) {
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    let problem: Value = response.json().await.unwrap();
    (status, problem["type"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn what_may_have_been_done_is_not_done_again_with_its_key() {
    let ground = Ground::new(Engine::Postgres, BusKind::Nats);
    let server = PostgresServer::shared();
    let wire = TcpProxy::start(server.address());
    let url = ground.database.url();
    let url = url.replace(&server.address(), &wire.address().to_string());
    let node = ground.start_with(&ALL_BUT_SEATS, &[]);
    let _seats = ground.start_with(&["seats"], &[("USHER_DATABASE__URL", &url)]);
    let institution = Institution::found(&ground, &node).await;
    let make = make_plan(&ground, &node, &institution);
    let count = || {
        let plans = "select count(*) from plans where name = 'History'";
        server.query(ground.database.url(), plans)
    };

    wire.hold_replies_after("COMMIT");
    let cut = async {
        eventually(PATIENCE, "it is done", async || count() == "1").await;
        wire.cut();
    };
    let (lost, ()) = join!(answer(make()), cut);
    assert_eq!(lost, (503, "/problems/in-doubt".to_owned()));

    wire.restore();
    let again = answer(make()).await;
    assert_eq!(again, (409, "/problems/conflict".to_owned()));
    assert_eq!(count(), "1");
}

#[tokio::test]
async fn what_was_refused_beforehand_may_be_asked_again_with_its_key() {
    let ground = Ground::new(Engine::Postgres, BusKind::Nats);
    let node = ground.start_with(&ALL_BUT_SEATS, &[]);
    let seats = ground.start_with(&["seats"], &[]);
    let institution = Institution::found(&ground, &node).await;
    let make = make_plan(&ground, &node, &institution);
    drop(seats);
    let refused = answer(make()).await;
    assert_eq!(refused, (503, "/problems/unavailable".to_owned()));
    let _seats = ground.start_with(&["seats"], &[]);
    assert_eq!(make().send().await.unwrap().status().as_u16(), 201);
}
