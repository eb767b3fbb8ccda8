//! What every change leaves behind, and what it never leaves behind.

use contract::links::{LinkSwitch, RotateLink, UpdateLink};
use rstest::rstest;
use testkit::Engine;

use crate::scene::{Scene, tags};

#[rstest]
#[actix_rt::test]
async fn every_change_has_an_audit_entry_and_an_event_and_neither_has_the_secret(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::open(engine).await;
    let organisation = scene.ours.id;
    let made = scene.link("Law").await;
    let link_id = made.id;
    let update = UpdateLink {
        organisation,
        link_id,
        name: None,
        tags: Some(tags(&["law"])),
        expires_at: None,
        max_uses: None,
        allowed_domains: None,
        to_all: None,
    };
    scene.ask(update).await.unwrap();
    let rotated = scene
        .ask(RotateLink {
            organisation,
            link_id,
        })
        .await
        .unwrap();
    for switch in [LinkSwitch::Disable, LinkSwitch::Enable, LinkSwitch::Archive] {
        scene.switch(link_id, switch).await;
    }

    let rows = scene.rows().await;
    let of =
        |kind: &str| -> Vec<&String> { rows.iter().filter(|row| row.starts_with(kind)).collect() };
    let (audit, events) = (of("audit "), of("event "));
    let actions = ["create", "update", "rotate", "disable", "enable", "archive"]
        .map(|verb| format!("link.{verb}"));
    let happened = [
        "created", "updated", "rotated", "disabled", "enabled", "archived",
    ]
    .map(|verb| format!("link-{verb}"));
    assert_eq!((audit.len(), events.len()), (6, 6));
    for (entry, action) in audit.iter().zip(actions) {
        assert!(entry.contains(&format!(" {action} {link_id} ")), "{entry}");
        assert!(
            entry.contains("administrator:adm_") && entry.ends_with("request-1"),
            "{entry}"
        );
    }
    assert!(
        audit[1].contains(r#"{"tags":{"from":[],"to":["law"]}}"#),
        "{}",
        audit[1]
    );
    for (event, name) in events.iter().zip(happened) {
        assert!(
            event.contains(&name) && event.contains(&link_id.to_string()),
            "{event}"
        );
    }
    // Not in the links either: they hold a hash and a sealed text.
    for token in [made.token.expose(), rotated.token.expose()] {
        assert!(rows.iter().all(|row| !row.contains(token)));
    }
}
