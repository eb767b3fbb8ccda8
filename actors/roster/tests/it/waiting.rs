//! Who waits for a seat.

use contract::{PageRequest, seats::Status, users::ListWaiting};
use rstest::rstest;
use testkit::Engine;

use crate::{
    scene::{NOON, Scene},
    sql,
};

#[rstest]
#[actix_rt::test]
async fn a_queue_is_numbered_in_the_order_in_which_people_get_seats(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::open(engine).await;
    for (name, day) in [
        ("Ann Lee", 2),
        ("Bob Lee", 0),
        ("Cat Lee", 0),
        ("Dan Lee", 1),
    ] {
        let (id, then) = (
            scene.person(name, Status::Waiting, &[]).await,
            NOON.plus_days(day),
        );
        scene.change(sql::WAIT.bind(id).bind(then)).await;
    }
    scene.person("Eve Lee", Status::Assigned, &[]).await;
    let second = scene.second_campus().await;
    scene.member(second, "Fay Lee", Status::Waiting, &[]).await;

    let (mut seen, mut cursor) = (Vec::new(), None);
    loop {
        let page = PageRequest {
            cursor,
            limit: Some(3),
        };
        let list = ListWaiting {
            organisation: scene.ours.id,
            plan_id: scene.ours.plan,
            page,
        };
        let page = scene.ask_as(scene.ours.id, list).await.unwrap();
        let rows = page.items.into_iter();
        seen.extend(rows.map(|row| (row.position, row.first_name.to_string())));
        cursor = page.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    let expected = [(1, "Bob"), (2, "Cat"), (3, "Dan"), (4, "Ann")];
    assert_eq!(seen, expected.map(|(place, name)| (place, name.to_owned())));
}
