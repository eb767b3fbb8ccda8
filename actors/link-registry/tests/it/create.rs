//! Creating, listing, copying again.

use contract::{
    DomainName, Page, PageRequest, Problem, Timestamp,
    links::{CreateLink, GetLink, Link, ListLinks},
};
use rstest::rstest;
use testkit::Engine;

use crate::scene::{Scene, tags};

impl Scene {
    async fn list(&self, page: PageRequest) -> Page<Link> {
        self.ask(ListLinks {
            organisation: self.ours.id,
            page,
        })
        .await
        .unwrap()
    }
}

fn codes(problem: Problem) -> Vec<(String, String)> {
    problem
        .errors
        .into_iter()
        .map(|error| (error.field, error.code))
        .collect()
}

#[rstest]
#[actix_rt::test]
async fn a_link_is_listed_and_its_url_can_be_copied_again(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::open(engine).await;
    let made = scene
        .ask(CreateLink {
            tags: tags(&["law", "2026", "law"]),
            allowed_domains: vec![DomainName::parse("Uni.AC.uk").unwrap()],
            max_uses: Some(30),
            ..scene.draft("Law 2026")
        })
        .await
        .unwrap();
    assert_eq!(made.tags, tags(&["2026", "law"]));
    assert_eq!(made.plan_name.as_str(), "Ten seats");
    assert!(made.created_by.starts_with("administrator:adm_"));
    assert!(made.token.expose().len() >= 43, "256 bits");

    let listed = scene.list(PageRequest::default()).await;
    assert_eq!((listed.items.len(), listed.next_cursor), (1, None));
    let get = GetLink {
        organisation: scene.ours.id,
        link_id: made.id,
    };
    let got = scene.ask(get).await.unwrap();
    for link in [&listed.items[0], &got] {
        assert_eq!(
            serde_json::to_value(link).unwrap(),
            serde_json::to_value(&made).unwrap()
        );
        let face = scene.resolve(link.token.expose()).await.unwrap();
        assert_eq!((face.link_id, face.organisation), (made.id, scene.ours.id));
    }
}

#[rstest]
#[actix_rt::test]
async fn two_links_may_bear_one_name_but_never_one_secret(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::open(engine).await;
    let (first, second) = (scene.link("Law").await, scene.link("Law").await);
    assert_ne!(first.id, second.id);
    assert_ne!(first.token.expose(), second.token.expose());
}

#[rstest]
#[actix_rt::test]
async fn every_field_that_cannot_be_is_named_at_once(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::open(engine).await;
    let many: Vec<_> = (0..60).map(|n| format!("x{n}.edu")).collect();
    let before = scene.rows().await;
    let refused = scene
        .ask(CreateLink {
            tags: tags(&many.iter().map(String::as_str).take(21).collect::<Vec<_>>()),
            allowed_domains: many
                .iter()
                .map(|name| DomainName::parse(name).unwrap())
                .collect(),
            expires_at: Some(Timestamp::parse("2026-11-24T12:00:00Z").unwrap()),
            max_uses: Some(0),
            ..scene.draft("Law")
        })
        .await
        .unwrap_err();
    let refused = codes(refused);
    let expected = [
        ("tags", "too-many"),
        ("allowed_domains", "too-many"),
        ("expires_at", "past"),
        ("max_uses", "too-small"),
    ];
    assert_eq!(
        refused,
        expected.map(|(field, code)| (field.to_owned(), code.to_owned()))
    );
    let endless = CreateLink {
        max_uses: Some(u64::MAX),
        ..scene.draft("Law")
    };
    let refused = codes(scene.ask(endless).await.unwrap_err());
    assert_eq!(refused, [("max_uses".to_owned(), "too-large".to_owned())]);
    assert_eq!(scene.rows().await, before);
}

#[rstest]
#[actix_rt::test]
async fn a_plan_of_somebody_else_is_refused_like_one_that_never_was(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    use contract::ids::{PlanId, Ulid};

    let scene = Scene::open(engine).await;
    let never = PlanId::new(Ulid::nil());
    let foreign = CreateLink {
        plan_id: scene.theirs.plan,
        ..scene.draft("Law")
    };
    let unknown = CreateLink {
        plan_id: never,
        ..scene.draft("Law")
    };
    let foreign = scene.ask(foreign).await.unwrap_err();
    assert_eq!(foreign, scene.ask(unknown).await.unwrap_err());
    assert_eq!(
        codes(foreign),
        [("plan_id".to_owned(), "unknown".to_owned())]
    );
}

#[rstest]
#[actix_rt::test]
async fn pages_neither_repeat_nor_hide_a_link_while_others_are_made(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::open(engine).await;
    let mut made = Vec::new();
    for number in 0..7 {
        made.push(scene.link(&format!("Link {number}")).await.id);
        scene.clock.advance_seconds(1);
    }
    made.reverse();
    let (mut seen, mut cursor) = (Vec::new(), None);
    loop {
        let page = scene
            .list(PageRequest {
                cursor,
                limit: Some(3),
            })
            .await;
        assert!(page.items.len() <= 3);
        seen.extend(page.items.iter().map(|link| link.id));
        scene.link("Late").await;
        cursor = page.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(seen, made);
}

#[rstest]
#[actix_rt::test]
async fn a_page_of_the_longest_links_fits_into_a_message(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::open(engine).await;
    let long = |n: usize| {
        format!(
            "{}.{}.{}.x{n:03}.edu",
            "a".repeat(63),
            "b".repeat(63),
            "c".repeat(60)
        )
    };
    let domains: Vec<_> = (0..50)
        .map(|n| DomainName::parse(&long(n)).unwrap())
        .collect();
    for _ in 0..60 {
        let draft = CreateLink {
            allowed_domains: domains.clone(),
            ..scene.draft("Long")
        };
        scene.ask(draft).await.unwrap();
    }
    let first = scene
        .list(PageRequest {
            cursor: None,
            limit: Some(200),
        })
        .await;
    let rest = scene
        .list(PageRequest {
            cursor: first.next_cursor,
            limit: Some(200),
        })
        .await;
    assert!(first.items.len() < 60, "{}", first.items.len());
    assert_eq!(
        (first.items.len() + rest.items.len(), rest.next_cursor),
        (60, None)
    );
}
