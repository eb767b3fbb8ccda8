//! What a request names beside its path, in a body or after the question mark, is not there when it is
//! another organisation's.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::{Value, json};
use testkit::BusKind;

use crate::{
    described::{Description, Things},
    tenants::Scene,
};

#[tokio::test]
async fn what_a_body_names_of_another_organisation_is_not_there() {
    let scene = Scene::open(BusKind::Local).await;
    let description = Description::of(&scene.owner).await;
    let mut mixed = scene.things.clone();
    mixed.insert("organisation", scene.other.id.clone());
    let before = scene.changes().await;
    let mut named = BTreeSet::new();
    for route in description.routes() {
        if route.reads() || route.names().len() > 1 {
            continue;
        }
        let path = route.path(&description, &mixed);
        for body in description.bodies(&route, &mixed) {
            let text = body.to_string();
            if !scene.things.values().any(|id| text.contains(id)) {
                continue;
            }
            let (status, said) = scene
                .stranger
                .send(route.method.clone(), &path, &body)
                .await;
            let finds_nobody = (status, &said) == (200, &json!({ "count": 0 }));
            let is_refused = [404, 409, 422].contains(&status);
            assert!(
                is_refused || finds_nobody,
                "{} {body}: {status} {said}",
                route.name()
            );
            scene.tells_nothing(&said.to_string());
            named.insert(route.name());
        }
    }
    let ends = ["/links", "/invites", "/users/bulk"];
    let is_named = |end: &&str| named.iter().any(|name| name.ends_with(*end));
    assert!(ends.iter().all(is_named), "{named:?}");
    assert_eq!(scene.changes().await, before);
}

#[tokio::test]
async fn what_is_asked_after_a_question_mark_finds_nothing_of_another_organisation() {
    let scene = Scene::open(BusKind::Local).await;
    let description = Description::of(&scene.owner).await;
    let at = format!("/organisations/{}", scene.other.id);
    // what the paths are about is the stranger's own
    let mut theirs = Things::from([("organisation", scene.other.id.clone())]);
    let plan = json!({ "name": "Arts", "seats": 1 });
    let plan = scene.stranger.make(&format!("{at}/plans"), plan).await;
    let plan = plan["id"].as_str().unwrap();
    theirs.insert("plan", plan.to_owned());
    let link = json!({ "name": "Second year", "plan_id": plan, "tags": ["arts"] });
    let link = scene.stranger.make(&format!("{at}/links"), link).await;
    let invite = json!({ "link_id": link["id"], "addresses": "bob@dale.edu", "dry_run": true });
    let path = format!("{at}/invites");
    let (_, draft) = scene.stranger.send(Method::POST, &path, &invite).await;
    theirs.insert("batch", draft["batch_id"].as_str().unwrap().to_owned());

    let (mut asked, mut found) = (BTreeSet::new(), BTreeSet::new());
    for route in description.routes() {
        if !route.reads() || route.names().iter().any(|name| !theirs.contains_key(name)) {
            continue;
        }
        let foreign = route.path(&description, &scene.things);
        let path = route.path(&description, &theirs);
        let mut cursor = None;
        if route.asks("cursor") {
            let first = format!("{foreign}?limit=1");
            let (_, first) = scene.owner.send(Method::GET, &first, &Value::Null).await;
            cursor = first["next_cursor"].as_str().map(str::to_owned);
        }
        for (name, value) in description.queries(&route, &scene.things, cursor.as_deref()) {
            let question = format!("{path}?{name}={value}");
            let (status, said) = scene
                .stranger
                .send(Method::GET, &question, &Value::Null)
                .await;
            assert!([200, 404, 422].contains(&status), "{question}: {said}");
            scene.tells_nothing(&format!("{name}: {said}"));
            asked.insert(name.clone());
            // and its own finds it
            let question = format!("{foreign}?{name}={value}");
            let (_, said) = scene.owner.send(Method::GET, &question, &Value::Null).await;
            if scene
                .marks()
                .iter()
                .any(|mark| said.to_string().contains(mark))
            {
                found.insert(name);
            }
        }
    }
    for name in ["batch", "link", "plan", "tag", "cursor", "q"] {
        assert!(
            asked.contains(name) && found.contains(name),
            "{name}: {asked:?} {found:?}"
        );
    }
}

#[tokio::test]
async fn every_list_refuses_a_cursor_that_is_none_of_its_own() {
    let scene = Scene::open(BusKind::Local).await;
    let description = Description::of(&scene.owner).await;
    let mut lists = BTreeSet::new();
    for route in description.routes() {
        if !route.reads() || !route.asks("cursor") {
            continue;
        }
        let path = route.path(&description, &scene.things);
        let mark = if path.contains('?') { '&' } else { '?' };
        for cursor in [
            "garbage",
            "-1",
            "prf_01ARZ3NDEKTSV4RRFFQ69G5FAV",
            "Ann@hill.edu",
        ] {
            let question = format!("{path}{mark}cursor={cursor}");
            let asked = scene.owner.send(Method::GET, &question, &Value::Null);
            let (status, said) = asked.await;
            assert_eq!(status, 422, "{question}: {said}");
            let named =
                |error: &Value| error["field"] == "cursor" && error["code"] == "not-a-cursor";
            let errors = said["errors"].as_array().unwrap();
            assert!(errors.len() == 1 && named(&errors[0]), "{question}: {said}");
        }
        lists.insert(route.name());
    }
    for end in ["/plans", "/ledger", "/suppressions", "/rows", "/users"] {
        assert!(lists.iter().any(|name| name.ends_with(end)), "{lists:?}");
    }
}
