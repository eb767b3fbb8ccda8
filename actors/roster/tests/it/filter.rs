//! Who is found.

use contract::{
    Kind,
    seats::Status,
    text::Tag,
    users::{ListUserIds, ListUsers, UserFilter, UserSort},
};
use rstest::rstest;
use testkit::Engine;

use crate::{
    scene::{NOON, Scene},
    sql,
};

impl Scene {
    async fn search(&self, text: &str) -> Vec<String> {
        self.filtered(UserFilter {
            q: Some(text.to_owned()),
            ..UserFilter::default()
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

    let law = UserFilter {
        tags: vec![Tag::parse("law").unwrap()],
        ..UserFilter::default()
    };
    assert_eq!(
        scene.filtered(UserFilter::default()).await,
        ["Eve", "Dan", "Cat", "Bob", "Ann"]
    );
    assert_eq!(scene.filtered(law.clone()).await, ["Dan", "Cat", "Ann"]);
    let both = UserFilter {
        status: Some(Status::Assigned),
        ..law
    };
    assert_eq!(scene.filtered(both.clone()).await, ["Dan", "Ann"]);
    let by_link = UserFilter {
        link: Some(second.link),
        ..both.clone()
    };
    assert_eq!(scene.filtered(by_link).await, ["Dan"]);
    let by_plan = UserFilter {
        plan: Some(scene.ours.plan),
        ..both.clone()
    };
    assert_eq!(scene.filtered(by_plan).await, ["Ann"]);
    let through = |door: &str| UserFilter {
        door: Some(door.to_owned()),
        ..both.clone()
    };
    assert_eq!(scene.filtered(through("link")).await, ["Dan", "Ann"]);
    assert_eq!(scene.filtered(through("lti")).await, [""; 0]);
    let nobody = UserFilter {
        q: Some("poe".to_owned()),
        ..both
    };
    assert_eq!(scene.filtered(nobody).await, [""; 0]);
    let revoked = UserFilter {
        status: Some(Status::Revoked),
        ..UserFilter::default()
    };
    assert_eq!(scene.filtered(revoked).await, ["Eve"]);
}

#[rstest]
#[actix_rt::test]
async fn who_is_found_by_several_tags_has_every_one_of_them(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::open(engine).await;
    scene
        .person("Ann Lee", Status::Assigned, &["law", "2026", "night"])
        .await;
    scene.person("Bob Lee", Status::Assigned, &["law"]).await;
    scene.person("Cat Lee", Status::Assigned, &["2026"]).await;
    let with = |tags: &[&str]| UserFilter {
        tags: tags.iter().map(|tag| Tag::parse(tag).unwrap()).collect(),
        ..UserFilter::default()
    };
    assert_eq!(scene.filtered(with(&["law"])).await, ["Bob", "Ann"]);
    assert_eq!(scene.filtered(with(&["law", "2026"])).await, ["Ann"]);
    assert_eq!(scene.filtered(with(&["law", "law"])).await, ["Bob", "Ann"]);
    assert_eq!(scene.filtered(with(&["law", "arts"])).await, [""; 0]);
    let many = ListUsers {
        filter: with(&["x"; 21]),
        ..scene.everybody()
    };
    let refused = scene.ask_as(scene.ours.id, many).await.unwrap_err();
    assert_eq!(refused.errors.first().unwrap().field, "tag");
}

#[rstest]
#[actix_rt::test]
async fn who_was_not_seen_since_had_joined_and_had_a_seat_before_and_may_never_have_been_seen(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::open(engine).await;
    scene.person("Ann Lee", Status::Assigned, &[]).await;
    let bob = scene.person("Bob Lee", Status::Assigned, &[]).await;
    let cat = scene.person("Cat Lee", Status::Assigned, &[]).await;
    let dan = scene.person("Dan Lee", Status::Assigned, &[]).await;
    scene.seen(bob, NOON).await;
    scene.seen(cat, NOON.plus_days(2)).await;
    // Joined as early as the others, and waited for the seat.
    let given = sql::REDEEM.bind(dan).bind(NOON.plus_days(2));
    scene.change(given).await;
    let since = |at| UserFilter {
        inactive_since: Some(at),
        ..UserFilter::default()
    };
    assert_eq!(scene.filtered(since(NOON.plus_days(-1))).await, [""; 0]);
    let next_day = since(NOON.plus_days(1));
    assert_eq!(scene.filtered(next_day).await, ["Bob", "Ann"]);
    let later = since(NOON.plus_days(3));
    assert_eq!(scene.filtered(later).await, ["Dan", "Cat", "Bob", "Ann"]);
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
    let filter = UserFilter {
        q: Some("x".repeat(101)),
        ..UserFilter::default()
    };
    let long = ListUsers {
        filter,
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

#[rstest]
#[actix_rt::test]
async fn a_filter_finds_the_same_people_whether_it_leaves_few_or_many(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::open(engine).await;
    scene
        .person("Ann Lee", Status::Assigned, &["law", "odd"])
        .await;
    scene.crowd(3_100).await;
    scene
        .person("Bob Lee", Status::Assigned, &["law", "odd"])
        .await;
    let tagged = |tags: &[&str], q: Option<&str>| UserFilter {
        tags: tags.iter().map(|tag| Tag::parse(tag).unwrap()).collect(),
        q: q.map(str::to_owned),
        ..UserFilter::default()
    };
    // Nearly everybody has one of the tags, two have the other.
    for tags in [&["law", "odd"][..], &["odd", "law"], &["odd"]] {
        assert_eq!(scene.filtered(tagged(tags, None)).await, ["Bob", "Ann"]);
    }
    let law = || tagged(&["law"], Some("lee"));
    for sort in UserSort::ALL {
        let first = ListUsers {
            filter: tagged(&["law"], None),
            sort,
            ..scene.everybody()
        };
        assert_eq!(scene.found(first).await.len(), 50, "{sort:?}");
        let lee = ListUsers {
            filter: law(),
            sort,
            ..scene.everybody()
        };
        let mut found = scene.found(lee).await;
        found.sort();
        assert_eq!(found, ["Ann", "Bob"], "{sort:?}");
    }
    let newest = scene.filtered(tagged(&["law"], None)).await;
    assert_eq!(newest.first().map(String::as_str), Some("Bob"));
    // So do their ids: among few, along the index of a tag, among everybody.
    for (filter, many) in [
        (tagged(&["odd"], None), 2),
        (law(), 2),
        (tagged(&["law"], None), 3_102),
        (UserFilter::default(), 3_102),
    ] {
        let ids = ListUserIds {
            organisation: scene.ours.id,
            filter,
            after: None,
        };
        let found = scene.ask_as(scene.ours.id, ids).await.unwrap();
        assert_eq!(found.ids.len(), many);
        assert!(found.ids.is_sorted_by(|newer, older| newer > older));
    }
}
