//! Events and audit entries: in the transaction that they tell of, numbered as it commits.

use contract::{
    Timestamp,
    events::Event,
    ids::{PlanId, Ulid},
};
use futures_util::{
    FutureExt as _,
    future::{join_all, try_join_all},
};
use rstest::rstest;
use serde_json::json;
use store::StoreError;
use testkit::Engine;

use crate::{
    scene::{NOON, Scene, organisation, stamp},
    sql,
};

fn plan(number: u128) -> PlanId {
    PlanId::new(Ulid::from(number))
}

#[rstest]
#[tokio::test]
async fn events_are_numbered_without_a_gap_however_many_write(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::open(engine).await;
    let other = scene.another_node().await;
    let writer = async |scene: &Scene, number: u32| {
        for round in 0..5 {
            let mut tx = scene.write().await;
            // Both organisations in one transaction, in either order, beside one alone.
            let (one, two) = (organisation(1), organisation(2));
            let order = if number.is_multiple_of(2) {
                [one, two]
            } else {
                [two, one]
            };
            for organisation in order {
                tx.publish(organisation, Event::OrganisationUpdated);
            }
            tx.publish(one, Event::OrganisationUpdated);
            if round % 2 == 0 {
                tx.commit().await?;
            } else {
                drop(tx);
            }
        }
        Ok::<_, StoreError>(())
    };
    let nodes = [&scene, &other];
    let writers = (0..12).zip(nodes.into_iter().cycle());
    try_join_all(writers.map(|(number, scene)| writer(scene, number)))
        .await
        .unwrap();
    // 12 writers, 3 of 5 rounds committed.
    for (organisation, events) in [(organisation(1), 72), (organisation(2), 36)] {
        let mut reader = scene.db.read().await.unwrap();
        let rows = sql::NUMBERS
            .bind(organisation)
            .fetch_all(&mut reader)
            .await
            .unwrap();
        let numbers: Vec<u64> = rows.iter().map(|row| row.get("seq").unwrap()).collect();
        assert_eq!(numbers, (1..=events).collect::<Vec<_>>(), "{organisation}");
    }
    let heads = [(organisation(1), 72), (organisation(2), 36)];
    let heads = heads.map(|(organisation, last)| format!("{organisation} {last}"));
    assert_eq!(scene.lines(&sql::HEADS).await, heads);
}

#[rstest]
#[tokio::test]
async fn events_of_one_transaction_stand_in_the_order_they_were_told(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::open(engine).await;
    let mut tx = scene.write().await;
    let told: Vec<_> = (0..20)
        .map(|n| Event::PlanUpdated { plan_id: plan(n) })
        .collect();
    let mut of_another = stamp();
    of_another.request_id = "req-2".to_owned();
    for event in &told[..10] {
        tx.publish(organisation(1), event.clone());
    }
    for event in &told[10..] {
        tx.publish_as(&of_another, organisation(1), event.clone());
    }
    tx.commit().await.unwrap();
    let mut reader = scene.db.read().await.unwrap();
    let rows = sql::NUMBERS
        .bind(organisation(1))
        .fetch_all(&mut reader)
        .await
        .unwrap();
    let read: Vec<Event> = rows.iter().map(|row| row.json("body").unwrap()).collect();
    assert_eq!(read, told);
    let at: Vec<Timestamp> = rows.iter().map(|row| row.get("at").unwrap()).collect();
    assert_eq!(at, [NOON; 20]);
    let requests: Vec<String> = rows
        .iter()
        .map(|row| row.get("request_id").unwrap())
        .collect();
    assert_eq!(
        (requests[0].as_str(), requests[19].as_str()),
        ("req-1", "req-2")
    );
}

#[rstest]
#[tokio::test]
async fn what_is_rolled_back_was_never_told(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::open(engine).await;
    let mut tx = scene.write().await;
    sql::PUT_KEY.bind("never").execute(&mut tx).await.unwrap();
    tx.publish(organisation(1), Event::OrganisationCreated);
    tx.audit(organisation(1), "plan.create", plan(1), json!({}));
    drop(tx);
    let mut tx = scene.write().await;
    tx.publish(organisation(1), Event::OrganisationUpdated);
    tx.commit().await.unwrap();
    assert!(scene.lines(&sql::KEYS).await.is_empty());
    assert!(scene.lines(&sql::AUDIT).await.is_empty());
    let first = format!("{} 1 organisation-updated", organisation(1));
    assert_eq!(scene.lines(&sql::EVENTS).await, [first]);
}

#[rstest]
#[tokio::test]
async fn a_change_and_its_traces_are_seen_together(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::open(engine).await;
    let look = async || {
        [
            scene.lines(&sql::KEYS).await,
            scene.lines(&sql::AUDIT).await,
            scene.lines(&sql::EVENTS).await,
        ]
    };
    let mut tx = scene.write().await;
    sql::PUT_KEY.bind("changed").execute(&mut tx).await.unwrap();
    tx.audit(
        organisation(1),
        "plan.create",
        plan(1),
        json!({"name": "Campus"}),
    );
    tx.publish(organisation(1), Event::PlanCreated { plan_id: plan(1) });
    assert_eq!(look().await, [const { Vec::<String>::new() }; 3]);
    tx.commit().await.unwrap();
    let entry = format!(
        "operator plan.create {} {{\"name\":\"Campus\"}} req-1",
        plan(1)
    );
    let event = format!("{} 1 plan-created", organisation(1));
    assert_eq!(
        look().await,
        [vec!["changed".to_owned()], vec![entry], vec![event]]
    );
}

#[rstest]
#[tokio::test]
async fn a_change_whose_audit_entry_cannot_be_written_does_not_happen(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::open(engine).await;
    // Its clock stands where the first one's stood, so it draws the same id again.
    let other = scene.another_node().await;
    let change = async |scene: &Scene, name: &str| {
        let mut tx = scene.write().await;
        sql::PUT_KEY.bind(name).execute(&mut tx).await.unwrap();
        tx.audit(organisation(1), "key.put", name, json!({}));
        tx.publish(organisation(1), Event::OrganisationUpdated);
        tx.commit().await
    };
    change(&scene, "first").await.unwrap();
    let refused = change(&other, "second").await.unwrap_err();
    assert!(matches!(refused, StoreError::Conflict(_)), "{refused:?}");
    assert_eq!(scene.lines(&sql::KEYS).await, ["first"]);
    assert_eq!(scene.lines(&sql::EVENTS).await.len(), 1);
}

#[rstest]
#[tokio::test]
async fn only_a_commit_with_events_wakes_the_relay(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::open(engine).await;
    let mut quiet = scene.write().await;
    quiet.audit(organisation(1), "key.put", "quiet", json!({}));
    quiet.commit().await.unwrap();
    let mut dropped = scene.write().await;
    dropped.publish(organisation(1), Event::OrganisationUpdated);
    drop(dropped);
    assert!(scene.db.nudged().now_or_never().is_none());
    let mut told = scene.write().await;
    told.publish(organisation(1), Event::OrganisationUpdated);
    told.commit().await.unwrap();
    assert!(scene.db.nudged().now_or_never().is_some());
}

#[rstest]
#[tokio::test]
async fn whoever_locks_a_history_decides_alone(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::open(engine).await;
    let other = scene.another_node().await;
    let (one, two) = (organisation(1), organisation(2));
    let count = async |scene: &Scene, order: [_; 2]| {
        let mut tx = scene.write().await;
        tx.lock_histories(&order).await.unwrap();
        for organisation in order {
            let row = sql::READ_HEAD
                .bind(organisation)
                .fetch_optional(&mut tx)
                .await
                .unwrap();
            // On SQLite the first one finds no row: locking is having the one writer there.
            let Some(row) = row else {
                sql::PUT_HEAD
                    .bind(organisation)
                    .execute(&mut tx)
                    .await
                    .unwrap();
                sql::SET_HEAD
                    .bind(organisation)
                    .bind(1_i64)
                    .execute(&mut tx)
                    .await
                    .unwrap();
                continue;
            };
            let next = row.get::<i64>("last_seq").unwrap() + 1;
            sql::SET_HEAD
                .bind(organisation)
                .bind(next)
                .execute(&mut tx)
                .await
                .unwrap();
        }
        tx.commit().await
    };
    let nodes = [(&scene, [one, two]), (&other, [two, one])];
    let all = nodes
        .iter()
        .cycle()
        .take(20)
        .map(|(scene, order)| count(scene, *order));
    for done in join_all(all).await {
        done.unwrap();
    }
    let heads = [format!("{one} 20"), format!("{two} 20")];
    assert_eq!(scene.lines(&sql::HEADS).await, heads);
}
