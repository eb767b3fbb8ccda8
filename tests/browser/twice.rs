//! Somebody clicks twice because nothing seems to happen.

use testkit::{BusKind, Engine, TcpProxy, eventually};

use crate::{
    institution::Institution,
    node::{Ground, Node, PATIENCE},
    tab::{Manner, Tab},
};

/// How many forms of this page were answered.
async fn posts(node: &Node, page: &str) -> u64 {
    let (_, metrics) = node.ops("/metrics").await;
    let counts = metrics.lines().filter(|line| {
        line.starts_with("usher_http_requests_total{")
            && line.contains("method=\"POST\"")
            && line.contains(&format!("/{page}\""))
    });
    let counts = counts.map(|line| line.rsplit(' ').next().unwrap().parse::<u64>().unwrap());
    counts.sum()
}

#[tokio::test]
async fn a_second_click_while_the_first_is_under_way_sends_nothing() {
    let ground = Ground::new(Engine::Sqlite, BusKind::Local);
    let node = ground.start();
    let institution = Institution::found(&ground, &node).await;
    let slow = TcpProxy::start(node.http.trim_start_matches("http://"));
    let tab = Tab::at(&format!("http://{}", slow.address()), Manner::Hasty).await;
    tab.sign_in(&institution).await;

    // one goes the ordinary way, the other by the script that copies the link
    for (page, heading, button, done) in [
        ("plans", "Plans", "Add plan", "Plans"),
        (
            "links/new",
            "Create access link",
            "Create and copy the link",
            "Physics",
        ),
    ] {
        let before = posts(&node, page).await;
        tab.open(&format!("/admin/{}/{page}", institution.id)).await;
        tab.until_headed(heading).await;
        tab.fill("Name", "Physics").await;
        if page == "plans" {
            tab.fill("Seats purchased", "7").await;
        }
        slow.hold_replies_after("POST ");
        tab.press_twice(button).await;
        slow.wait_held(PATIENCE).await;
        let answered = async || posts(&node, page).await > before;
        eventually(PATIENCE, "the form is answered", answered).await;
        slow.restore();
        tab.until_says("Physics").await;
        tab.until_headed(done).await;
        assert_eq!(posts(&node, page).await, before + 1, "{page}");
    }
    tab.close().await;
}
