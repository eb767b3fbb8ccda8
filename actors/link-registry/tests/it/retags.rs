//! Tags for whoever joined already: what the seat pool is asked for.

use contract::{
    Clock as _, Kind, Stamp,
    events::Event,
    ids::BulkId,
    links::{Link, LinkSwitch, UpdateLink},
};
use futures_util::future::join;
use rstest::rstest;
use store::Row;
use testkit::Engine;

use crate::{
    change::nothing,
    scene::{Scene, tags},
    sql,
};

impl Scene {
    /// A change of tags for everybody, and its job.
    fn for_all(&self, link: &Link, new: &[&str]) -> (UpdateLink, BulkId) {
        let id = BulkId::new(self.clock.ulid());
        let update = UpdateLink {
            tags: Some(tags(new)),
            to_all: Some(id),
            ..nothing(self, link)
        };
        (update, id)
    }

    async fn retags(&self) -> Vec<Row> {
        let mut reader = self.db.read().await.unwrap();
        sql::RETAGS.query().fetch_all(&mut reader).await.unwrap()
    }

    /// What is asked for: which job, the how manieth of its link, what to add and what to remove.
    async fn asked(&self) -> Vec<(BulkId, i64, String, String)> {
        let rows = self.retags().await;
        let asked = rows.iter().map(|row| {
            let get = |column| row.get(column).unwrap();
            (
                row.get("bulk_id").unwrap(),
                row.get("position").unwrap(),
                get("add_tags"),
                get("remove_tags"),
            )
        });
        asked.collect()
    }

    /// What the seat pool would do.
    async fn take_up(&self, id: BulkId) {
        let stamp = Stamp {
            now: self.clock.now(),
            actor: "operator".to_owned(),
            request_id: "fixture".to_owned(),
        };
        let mut tx = self.db.write(&stamp).await.unwrap();
        let put = sql::PUT_JOB.bind(id).bind(self.ours.id);
        put.execute(&mut tx).await.unwrap();
        tx.commit().await.unwrap();
    }
}

#[rstest]
#[actix_rt::test]
async fn a_change_for_all_is_noted_with_the_change_and_once_more_when_it_is_repeated(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::open(engine).await;
    let link = scene.link("Law").await;
    let later = UpdateLink {
        tags: Some(tags(&["law", "2026"])),
        ..nothing(&scene, &link)
    };
    scene.ask(later).await.unwrap();
    assert_eq!(scene.asked().await, [], "for later people alone");

    let (change, first) = scene.for_all(&link, &["2027", "law"]);
    for _ in 0..2 {
        let changed = scene.ask(change.clone()).await.unwrap();
        assert_eq!(changed.tags, tags(&["2027", "law"]));
    }
    let (change, second) = scene.for_all(&link, &["2027", "law"]);
    scene.ask(change).await.unwrap();
    let (add, gone) = (r#"["2027","law"]"#, r#"["2026"]"#);
    let of = |id, position, gone: &str| (id, position, add.to_owned(), gone.to_owned());
    assert_eq!(
        scene.asked().await,
        [of(first, 1, gone), of(second, 2, "[]")],
        "each id once, in its order"
    );
    for row in &scene.retags().await {
        let actor: String = row.get("actor").unwrap();
        assert!(actor.starts_with("administrator:adm_"), "{actor}");
        assert_eq!(row.get::<String>("request_id").unwrap(), "request-1");
    }
}

#[rstest]
#[actix_rt::test]
async fn a_change_that_is_refused_asks_for_nothing(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::open(engine).await;
    let link = scene.link("Law").await;
    let (change, _) = scene.for_all(&link, &["law"]);
    let refused = UpdateLink {
        max_uses: Some(Some(0)),
        ..change.clone()
    };
    assert_eq!(scene.ask(refused).await.unwrap_err().kind, Kind::Invalid);
    scene.switch(link.id, LinkSwitch::Archive).await;
    assert_eq!(scene.ask(change).await.unwrap_err().kind, Kind::Conflict);
    assert_eq!(scene.asked().await, []);
}

#[rstest]
#[actix_rt::test]
async fn what_is_a_job_by_now_is_forgotten_with_the_next_one(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::open(engine).await;
    let (link, other) = (scene.link("Law").await, scene.link("Arts").await);
    let mut ids = Vec::new();
    for link in [&link, &other] {
        let (change, id) = scene.for_all(link, &["2026"]);
        scene.ask(change).await.unwrap();
        ids.push(id);
    }
    scene.take_up(ids[0]).await;
    let (change, third) = scene.for_all(&link, &["2027"]);
    scene.ask(change).await.unwrap();
    let asked = scene.asked().await;
    let asked: Vec<_> = asked.iter().map(|asked| (asked.0, asked.1)).collect();
    assert_eq!(asked, [(third, 2), (ids[1], 1)]);
}

#[rstest]
#[actix_rt::test]
async fn a_change_for_all_is_about_whoever_joins_while_it_waits(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::open(engine).await;
    let link = scene.link("Law").await;
    // Somebody joins, by a clock that is ahead: they have read the older tags.
    let later = Stamp {
        now: scene.clock.now().plus_seconds(2),
        actor: "operator".to_owned(),
        request_id: "fixture".to_owned(),
    };
    let mut joining = scene.db.write(&later).await.unwrap();
    joining.lock_histories(&[scene.ours.id]).await.unwrap();
    let (change, _) = scene.for_all(&link, &["2027"]);
    let joined = async {
        let event = Event::LinkUpdated { link_id: link.id };
        joining.publish(scene.ours.id, event);
        joining.commit().await.unwrap();
    };
    let (changed, ()) = join(scene.ask(change), joined).await;
    changed.unwrap();
    let rows = scene.retags().await;
    assert!(rows[0].get::<contract::Timestamp>("at").unwrap() >= later.now);
}
