//! What the holder of a URL sees, and what nobody sees.

use contract::{
    Clock as _, Kind, Problem,
    links::{CreateLink, LinkClosed, LinkSwitch, RotateLink},
};
use futures_util::future::join_all;
use rstest::rstest;
use testkit::Engine;

use crate::scene::Scene;

#[rstest]
#[actix_rt::test]
async fn a_dead_secret_looks_like_one_that_never_was(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::open(engine).await;
    let disabled = scene.link("Disabled").await;
    scene.switch(disabled.id, LinkSwitch::Disable).await;
    let archived = scene.link("Archived").await;
    scene.switch(archived.id, LinkSwitch::Archive).await;
    let both = scene.link("Both").await;
    scene.switch(both.id, LinkSwitch::Disable).await;
    scene.switch(both.id, LinkSwitch::Archive).await;
    let rotated = scene.link("Rotated").await;
    let rotate = RotateLink {
        organisation: scene.ours.id,
        link_id: rotated.id,
    };
    scene.ask(rotate).await.unwrap();

    let long = "x".repeat(10_000);
    let unknown = "A".repeat(43);
    let hash_of_a_live_one = store::vault::hash_token(&scene.link("Live").await.token);
    let mut answers = Vec::new();
    for token in [
        disabled.token.expose(),
        archived.token.expose(),
        both.token.expose(),
        rotated.token.expose(),
        &unknown,
        &long,
        &hash_of_a_live_one,
        "",
        "%",
        "\0 \u{202e}' or 1=1 --",
    ] {
        let refused = scene.resolve(token).await.unwrap_err();
        answers.push(serde_json::to_string(&refused).unwrap());
    }
    let expected = Problem {
        instance: Some("request-1".to_owned()),
        ..Problem::new(Kind::LinkUnknown)
    };
    let expected = serde_json::to_string(&expected).unwrap();
    assert!(
        answers.iter().all(|answer| *answer == expected),
        "{answers:#?}"
    );
}

#[rstest]
#[actix_rt::test]
async fn opening_a_link_a_thousand_times_changes_nothing(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::open(engine).await;
    let link = scene.link("Scanned").await;
    let before = scene.rows().await;
    for _ in 0..10 {
        let visits = (0..100).map(|_| scene.resolve(link.token.expose()));
        assert!(join_all(visits).await.iter().all(Result::is_ok));
    }
    assert_eq!(scene.rows().await, before);
}

#[rstest]
#[actix_rt::test]
async fn each_visitor_of_a_batch_gets_their_own_answer(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::open(engine).await;
    let (law, arts) = (scene.link("Law").await, scene.link("Arts").await);
    let gone = scene.link("Gone").await;
    scene.switch(gone.id, LinkSwitch::Disable).await;
    let secrets = [
        (law.token.expose(), Some(law.id)),
        ("nonsense", None),
        (arts.token.expose(), Some(arts.id)),
        (gone.token.expose(), None),
    ];
    let visitors: Vec<_> = secrets.iter().cycle().take(200).collect();
    let answers = join_all(visitors.iter().map(|(token, _)| scene.resolve(token))).await;
    for (answer, (_, expected)) in answers.into_iter().zip(visitors) {
        match expected {
            Some(id) => assert_eq!(answer.unwrap().link_id, *id),
            None => assert_eq!(answer.unwrap_err().kind, Kind::LinkUnknown),
        }
    }
}

#[rstest]
#[actix_rt::test]
async fn a_link_closes_at_the_instant_of_its_end(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::open(engine).await;
    let expires_at = Some(scene.clock.now().plus_seconds(60));
    let link = scene
        .ask(CreateLink {
            expires_at,
            ..scene.draft("Law")
        })
        .await
        .unwrap();
    scene.clock.advance_seconds(59);
    assert_eq!(
        scene.resolve(link.token.expose()).await.unwrap().closed,
        None
    );
    scene.clock.advance_seconds(1);
    let face = scene.resolve(link.token.expose()).await.unwrap();
    assert_eq!(face.closed, Some(LinkClosed::Expired));
}

#[rstest]
#[actix_rt::test]
async fn the_holder_sees_why_a_link_is_closed_and_whether_a_seat_is_free(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::open(engine).await;
    let max_uses = Some(2);
    let link = scene
        .ask(CreateLink {
            max_uses,
            ..scene.draft("Law")
        })
        .await
        .unwrap();
    let token = link.token.expose();

    scene.set_plan(9, None).await;
    let open = scene.resolve(token).await.unwrap();
    assert_eq!((open.closed, open.has_free_seat), (None, true));
    assert_eq!(open.organisation_name.as_str(), "Ours");
    assert_eq!(open.product_url.as_str(), "https://read.example/");

    let ended = scene.clock.now();
    scene.set_plan(10, Some(ended)).await;
    let face = scene.resolve(token).await.unwrap();
    assert_eq!(
        (face.closed, face.has_free_seat),
        (Some(LinkClosed::PlanEnded), false)
    );

    scene.use_link(link.id, 2).await;
    assert_eq!(
        scene.resolve(token).await.unwrap().closed,
        Some(LinkClosed::UsedUp)
    );
}
