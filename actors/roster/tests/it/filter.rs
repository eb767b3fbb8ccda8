//! Who is found.

use contract::{Kind, seats::Status, text::Tag, users::ListUsers};
use rstest::rstest;
use testkit::Engine;

use crate::scene::Scene;

impl Scene {
    async fn search(&self, text: &str) -> Vec<String> {
        self.found(ListUsers {
            q: Some(text.to_owned()),
            ..self.everybody()
        })
        .await
    }
}

#[rstest]
#[actix_rt::test]
async fn filters_combine_with_and(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let scene = Scene::open(engine).await;
    let second = scene.second_campus().await;
    scene
        .person("Ann Lee", Status::Assigned, &["law", "2026"])
        .await;
    scene.person("Bob Lee", Status::Assigned, &["arts"]).await;
    scene.person("Cat Lee", Status::Waiting, &["law"]).await;
    scene
        .member(second, "Dan Lee", Status::Assigned, &["law"])
        .await;
    scene.person("Eve Poe", Status::Revoked, &[]).await;

    let all = || scene.everybody();
    let law = Some(Tag::parse("law").unwrap());
    let assigned = Some(Status::Assigned);
    assert_eq!(
        scene.found(all()).await,
        ["Eve", "Dan", "Cat", "Bob", "Ann"]
    );
    assert_eq!(
        scene
            .found(ListUsers {
                tag: law.clone(),
                ..all()
            })
            .await,
        ["Dan", "Cat", "Ann"]
    );
    let both = ListUsers {
        tag: law.clone(),
        status: assigned,
        ..all()
    };
    assert_eq!(scene.found(both.clone()).await, ["Dan", "Ann"]);
    let by_link = ListUsers {
        link: Some(second.link),
        ..both.clone()
    };
    assert_eq!(scene.found(by_link).await, ["Dan"]);
    let by_plan = ListUsers {
        plan: Some(scene.ours.plan),
        ..both.clone()
    };
    assert_eq!(scene.found(by_plan).await, ["Ann"]);
    let nobody = ListUsers {
        q: Some("poe".to_owned()),
        ..both
    };
    assert_eq!(scene.found(nobody).await, [""; 0]);
    let revoked = ListUsers {
        status: Some(Status::Revoked),
        ..all()
    };
    assert_eq!(scene.found(revoked).await, ["Eve"]);
}

#[rstest]
#[actix_rt::test]
async fn a_search_finds_parts_of_name_and_address_whatever_the_case(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::open(engine).await;
    let zoe = scene.person("Zoë1 ÅNGSTRÖM", Status::Assigned, &[]).await;
    scene.person("Bob Lee", Status::Assigned, &[]).await;
    let address = format!("ZO1@{}", zoe.to_string().replace('_', ""));
    let decomposed = "A\u{30a}NGSTRO\u{308}M";
    for text in [
        "zoë",
        "ZOE\u{308}",
        "ångström",
        decomposed,
        "1 å",
        " Zoë ",
        &address,
    ] {
        assert_eq!(scene.search(text).await, ["Zo1"], "{text}");
    }
    assert_eq!(scene.search("angstrom").await, [""; 0]);
    assert_eq!(scene.search("  ").await, ["Bob", "Zo1"]);
    let long = ListUsers {
        q: Some("x".repeat(101)),
        ..scene.everybody()
    };
    let refused = scene.ask_as(scene.ours.id, long).await.unwrap_err();
    assert_eq!(
        (refused.kind, refused.errors.first().unwrap().field.as_str()),
        (Kind::Invalid, "q")
    );
}

#[rstest]
#[actix_rt::test]
async fn wildcards_in_a_search_mean_themselves(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::open(engine).await;
    scene.person("A 100%", Status::Assigned, &[]).await;
    scene.person("B 100x", Status::Assigned, &[]).await;
    scene.person("C d_e", Status::Assigned, &[]).await;
    scene.person("D dxe", Status::Assigned, &[]).await;
    scene.person(r"E f\g", Status::Assigned, &[]).await;
    scene.person("F f'g", Status::Assigned, &[]).await;
    assert_eq!(scene.search("100%").await, ["A"]);
    assert_eq!(scene.search("0%").await, ["A"]);
    assert_eq!(scene.search("d_e").await, ["C"]);
    assert_eq!(scene.search(r"f\g").await, ["E"]);
    assert_eq!(scene.search(r"\").await, ["E"]);
    assert_eq!(scene.search("f'g").await, ["F"]);
    assert_eq!(scene.search("%%").await, [""; 0]);
}
