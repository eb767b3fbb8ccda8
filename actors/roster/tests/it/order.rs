//! In which order people come, and that pages hold while rows change.

use contract::{
    Cursor, PageRequest, Timestamp,
    ids::MembershipId,
    seats::Status,
    users::{ListUserIds, ListUsers, UserFilter, UserSort},
};
use rstest::rstest;
use testkit::Engine;

use crate::{
    scene::{NOON, Scene},
    sql,
};

const NEVER: Option<Timestamp> = None;

impl Scene {
    /// A page in an order.
    async fn page(
        &self,
        sort: UserSort,
        cursor: Option<Cursor>,
    ) -> (Vec<MembershipId>, Option<Cursor>) {
        let page = PageRequest {
            cursor,
            limit: Some(2),
        };
        let page = self.list(ListUsers {
            sort,
            page,
            ..self.everybody()
        });
        let page = page.await;
        let ids = page.items.iter().map(|user| user.id);
        (ids.collect(), page.next_cursor)
    }

    /// Everybody in an order, page by page; `meanwhile` happens after each page.
    async fn in_order(&self, sort: UserSort, meanwhile: impl AsyncFn()) -> Vec<MembershipId> {
        let (mut seen, mut cursor) = (Vec::new(), None);
        loop {
            let (ids, next) = self.page(sort, cursor).await;
            seen.extend(ids);
            meanwhile().await;
            cursor = next;
            if cursor.is_none() {
                return seen;
            }
        }
    }
}

#[rstest]
#[actix_rt::test]
async fn every_order_goes_through_everybody_once(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::open(engine).await;
    let mut ids = Vec::new();
    for (name, redeemed, seen) in [
        ("Bea Lee", Some(NOON), NEVER),
        ("ann Zoe", Some(NOON.plus_days(3)), Some(NOON)),
        ("Émile Abt", NEVER, Some(NOON.plus_days(1))),
        ("Ann Poe", Some(NOON), Some(NOON)),
        ("Zoë Abt", NEVER, NEVER),
    ] {
        let id = scene.person(name, Status::Assigned, &[]).await;
        scene.change(sql::REDEEM.bind(id).bind(redeemed)).await;
        scene.change(sql::SEEN.bind(id).bind(seen)).await;
        ids.push(id);
    }
    let [bea, ann_zoe, emile, ann_poe, zoe] = *ids.as_slice() else {
        unreachable!("five people")
    };
    for (sort, expected) in [
        (UserSort::Newest, [zoe, ann_poe, emile, ann_zoe, bea]),
        (UserSort::Oldest, [bea, ann_zoe, emile, ann_poe, zoe]),
        // Bytewise: an accented letter comes behind all that have none.
        (UserSort::Name, [ann_poe, ann_zoe, bea, zoe, emile]),
        // `ann@`, `ann@`, `bea@`, `mile@`, `zo@`.
        (UserSort::Email, [ann_zoe, ann_poe, bea, emile, zoe]),
        (UserSort::Redeemed, [ann_zoe, ann_poe, bea, zoe, emile]),
        (UserSort::LastActive, [emile, ann_poe, ann_zoe, zoe, bea]),
    ] {
        let found = scene.in_order(sort, async || ()).await;
        assert_eq!(found, expected, "{sort:?}");
    }
}

#[rstest]
#[actix_rt::test]
async fn a_page_begins_behind_a_row_that_is_somewhere_else_by_now(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::open(engine).await;
    let mut ids = Vec::new();
    for name in ["Ann Lee", "Bob Lee", "Cat Lee", "Dan Lee", "Eve Lee"] {
        ids.push(scene.person(name, Status::Assigned, &[]).await);
    }
    let (first, cursor) = scene.page(UserSort::Name, None).await;
    assert_eq!(first, ids[..2]);
    // The last one seen moves to the end, somebody new comes before all of it.
    scene.change(sql::RENAME.bind(ids[1]).bind("zz")).await;
    scene.person("Aaa Lee", Status::Assigned, &[]).await;
    let (second, _) = scene.page(UserSort::Name, cursor).await;
    assert_eq!(second, ids[2..4]);

    for sort in [UserSort::Newest, UserSort::LastActive, UserSort::Redeemed] {
        let before = scene.in_order(sort, async || ()).await;
        let during = scene
            .in_order(sort, async || {
                let (late, then) = ("Late Comer", NOON.plus_days(9));
                let late = scene.person(late, Status::Assigned, &[]).await;
                scene.seen(late, then).await;
                scene.change(sql::REDEEM.bind(late).bind(then)).await;
            })
            .await;
        assert_eq!(during, before, "{sort:?}");
    }
}

#[rstest]
#[actix_rt::test]
async fn a_cursor_of_another_order_is_refused(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::open(engine).await;
    for name in ["Ann Lee", "Bob Lee", "Cat Lee"] {
        scene.person(name, Status::Assigned, &[]).await;
    }
    let (_, cursor) = scene.page(UserSort::Email, None).await;
    assert_ne!(cursor, None);
    let page = PageRequest {
        cursor,
        limit: None,
    };
    let other = ListUsers {
        sort: UserSort::Name,
        page,
        ..scene.everybody()
    };
    let refused = scene.ask_as(scene.ours.id, other).await.unwrap_err();
    assert_eq!(refused.errors.first().unwrap().field, "cursor");
}

#[rstest]
#[actix_rt::test]
async fn the_ids_of_a_filter_are_those_of_its_list(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::open(engine).await;
    scene.person("Ann Lee", Status::Revoked, &[]).await;
    let bob = scene.person("Bob Lee", Status::Assigned, &[]).await;
    let cat = scene.person("Cat Lee", Status::Assigned, &[]).await;
    let ids = |after| ListUserIds {
        organisation: scene.ours.id,
        filter: UserFilter {
            status: Some(Status::Assigned),
            ..UserFilter::default()
        },
        after,
    };
    let all = scene.ask_as(scene.ours.id, ids(None)).await.unwrap();
    assert_eq!((all.ids, all.next), (vec![cat, bob], None));
    let rest = scene.ask_as(scene.ours.id, ids(Some(cat))).await.unwrap();
    assert_eq!(rest.ids, [bob]);
}
