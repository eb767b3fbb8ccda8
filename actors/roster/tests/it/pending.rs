//! Who is invited and has not answered.

use std::cell::RefCell;

use contract::{
    Cursor, PageRequest, Problem,
    ids::InviteId,
    invited::{CountPending, ListInviteStory, ListPending, Pending, PendingCount},
    seats::Status,
    text::{PersonName, Tag},
    users::{UserFilter, UserSort},
};
use rstest::rstest;
use testkit::Engine;

use crate::{
    scene::{NOON, Scene},
    sql,
};

impl Scene {
    async fn page_of(
        &self,
        filter: UserFilter,
        sort: UserSort,
        page: PageRequest,
    ) -> Result<(Vec<Pending>, Option<Cursor>), Problem> {
        let list = ListPending {
            organisation: self.ours.id,
            filter,
            sort,
            page,
        };
        let page = self.ask_as(self.ours.id, list).await?;
        Ok((page.items, page.next_cursor))
    }

    /// The addresses, up to the `@`, of those that a filter finds.
    async fn pending(&self, filter: UserFilter) -> Vec<String> {
        let page = PageRequest::default();
        let (items, _) = self.page_of(filter, UserSort::Newest, page).await.unwrap();
        items.iter().map(local).collect()
    }

    /// The same in an order, two a page; `meanwhile` happens after each.
    async fn pending_by(
        &self,
        sort: UserSort,
        filter: &UserFilter,
        meanwhile: impl AsyncFn(),
    ) -> Vec<String> {
        let (mut found, mut cursor) = (Vec::new(), None);
        loop {
            let page = PageRequest {
                cursor,
                limit: Some(2),
            };
            let (items, next) = self.page_of(filter.clone(), sort, page).await.unwrap();
            found.extend(items.iter().map(local));
            meanwhile().await;
            cursor = next;
            if cursor.is_none() {
                return found;
            }
        }
    }

    async fn pending_count(&self) -> PendingCount {
        let organisation = self.ours.id;
        let count = CountPending { organisation };
        self.ask_as(organisation, count).await.unwrap()
    }
}

fn local(pending: &Pending) -> String {
    let email = pending.email.as_str();
    email.split('@').next().unwrap().to_owned()
}

fn everybody() -> UserFilter {
    UserFilter::default()
}

#[rstest]
#[actix_rt::test]
async fn pending_is_who_was_sent_an_invite_that_works_and_did_not_answer(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::open(engine).await;
    let names = [
        "ann",
        "accepted",
        "marked",
        "declined",
        "cancelled",
        "over",
        "draft",
        "skipped",
        "queued",
        "bounced",
    ];
    let (_, ids) = scene.invited(scene.ours, &names).await;
    let of = |name: &str| ids[names.iter().position(|other| *other == name).unwrap()];
    scene.change(sql::ACCEPT.bind(of("accepted"))).await;
    scene.change(sql::ACCEPT.bind(of("marked"))).await;
    scene.change(sql::MARK.bind(of("marked"))).await;
    scene.change(sql::DECLINE.bind(of("declined"))).await;
    scene.change(sql::CANCEL.bind(of("cancelled"))).await;
    scene.change(sql::EXPIRE.bind(of("over")).bind(NOON)).await;
    for state in ["draft", "skipped", "queued", "bounced"] {
        scene
            .change(sql::SET_STATE.bind(of(state)).bind(state))
            .await;
    }
    let (taken_back, _) = scene.invited(scene.ours, &["back"]).await;
    scene.change(sql::CANCEL_BATCH.bind(taken_back)).await;
    let (unsent, _) = scene.invited(scene.ours, &["unsent"]).await;
    scene.change(sql::UNSEND.bind(unsent)).await;
    let second = scene.second_campus().await;
    scene.invited(second, &["deleted"]).await;
    scene.invited(scene.theirs, &["theirs"]).await;
    scene.person("Bob Lee", Status::Assigned, &[]).await;

    assert_eq!(
        scene.pending(everybody()).await,
        ["bounced", "queued", "ann"]
    );
    let three = PendingCount {
        count: 3,
        is_more: false,
    };
    assert_eq!(scene.pending_count().await, three);
}

#[rstest]
#[actix_rt::test]
async fn a_pending_row_says_what_the_link_gives(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::open(engine).await;
    let tags = sql::TAG_LINK.bind(scene.ours.link);
    scene.change(tags.bind(r#"["law","2026"]"#)).await;
    let (_, ids) = scene.invited(scene.ours, &["Ann Lee"]).await;
    let page = PageRequest::default();
    let (items, next) = scene
        .page_of(everybody(), UserSort::Newest, page)
        .await
        .unwrap();
    let [ann] = items.as_slice() else {
        unreachable!("one is invited: {items:?}")
    };
    assert_eq!((ann.id, ann.email.as_str()), (ids[0], "ann@hill.edu"));
    assert_eq!(ann.name.as_ref().map(PersonName::as_str), Some("Ann Lee"));
    let tags: Vec<_> = ann.tags.iter().map(Tag::as_str).collect();
    assert_eq!(tags, ["2026", "law"]);
    assert_eq!(ann.link.name.as_str(), "First link");
    assert_eq!(
        (ann.plan_id, ann.plan_name.as_str()),
        (scene.ours.plan, "First plan")
    );
    assert_eq!(ann.expires_at, Some(NOON.plus_days(30)));
    assert_eq!(next, None);
}

#[rstest]
#[actix_rt::test]
async fn filters_mean_what_they_mean_among_people(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::open(engine).await;
    let second = scene.second_campus().await;
    scene.change(sql::RESTORE.bind(second.link)).await;
    let tag = |link, tags: &'static str| sql::TAG_LINK.bind(link).bind(tags);
    scene
        .change(tag(scene.ours.link, r#"["law","2026"]"#))
        .await;
    scene.change(tag(second.link, r#"["law"]"#)).await;
    scene.invited(scene.ours, &["Zoë Lee", "b%b"]).await;
    scene.invited(second, &["Cat Poe"]).await;
    let with = |tags: &[&str]| UserFilter {
        tags: tags.iter().map(|tag| Tag::parse(tag).unwrap()).collect(),
        ..everybody()
    };
    let called = |q: &str| UserFilter {
        q: Some(q.to_owned()),
        ..with(&["law"])
    };
    assert_eq!(scene.pending(with(&["law"])).await, ["cat", "bb", "zo"]);
    assert_eq!(scene.pending(with(&["law", "2026"])).await, ["bb", "zo"]);
    assert_eq!(scene.pending(with(&["law", "arts"])).await, [""; 0]);
    for (text, found) in [("ZOË", "zo"), ("zo@HILL", "zo"), ("poe", "cat"), ("%", "")] {
        let expected: Vec<_> = Some(found)
            .filter(|name| !name.is_empty())
            .into_iter()
            .collect();
        assert_eq!(scene.pending(called(text)).await, expected, "{text}");
    }
    let by_plan = UserFilter {
        plan: Some(second.plan),
        ..called("hill")
    };
    assert_eq!(scene.pending(by_plan.clone()).await, ["cat"]);
    let by_both = UserFilter {
        link: Some(scene.ours.link),
        ..by_plan
    };
    assert_eq!(scene.pending(by_both).await, [""; 0]);
    let theirs = UserFilter {
        link: Some(scene.theirs.link),
        ..everybody()
    };
    scene.invited(scene.theirs, &["theirs"]).await;
    assert_eq!(scene.pending(theirs).await, [""; 0]);
    // Nobody who is invited has a seat, came by a link, or was seen.
    let status = UserFilter {
        status: Some(Status::Assigned),
        ..everybody()
    };
    let through = |door: &str| UserFilter {
        door: Some(door.to_owned()),
        inactive_since: Some(NOON),
        ..everybody()
    };
    assert_eq!(scene.pending(status).await, [""; 0]);
    assert_eq!(scene.pending(through("link")).await, [""; 0]);
    assert_eq!(scene.pending(through("invite")).await, ["cat", "bb", "zo"]);
}

#[rstest]
#[actix_rt::test]
async fn every_order_goes_through_every_invite_once_whether_they_are_few_or_many(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::open(engine).await;
    let names = ["Bea Lee", "ann Zoe", "zed", "Anne Poe", "abe"];
    let (_, ids) = scene.invited(scene.ours, &names).await;
    let rename = sql::RENAME_INVITE.bind(ids[2]).bind("aab zed@hill.edu");
    scene.change(rename).await;
    let orders = [
        (UserSort::Newest, ["abe", "anne", "zed", "ann", "bea"]),
        (UserSort::Oldest, ["bea", "ann", "zed", "anne", "abe"]),
        // Who has no name is ordered by address.
        (UserSort::Name, ["zed", "abe", "ann", "anne", "bea"]),
        (UserSort::Email, ["abe", "ann", "anne", "bea", "zed"]),
        (UserSort::Redeemed, ["abe", "anne", "zed", "ann", "bea"]),
        (UserSort::LastActive, ["abe", "anne", "zed", "ann", "bea"]),
    ];
    for (sort, expected) in orders {
        let found = scene.pending_by(sort, &everybody(), async || ()).await;
        assert_eq!(found, expected, "{sort:?}");
        let gone = RefCell::new(Vec::<InviteId>::new());
        let all = everybody();
        let during = scene.pending_by(sort, &all, async || {
            let late = match sort {
                UserSort::Oldest | UserSort::Name | UserSort::Email => "aaa",
                _ => "late",
            };
            // Newer ones come before what was seen; the oldest order goes on into them.
            if sort != UserSort::Oldest {
                let (_, ids) = scene.invited(scene.ours, &[late]).await;
                gone.borrow_mut().extend(ids);
            }
        });
        assert_eq!(during.await, expected, "{sort:?} while others come");
        for id in gone.take() {
            scene.change(sql::CANCEL.bind(id)).await;
        }
    }
    // Now they are many, and the five stand among them.
    let crowd: Vec<_> = (0..3_100).map(|n| format!("m{n:04}")).collect();
    let crowd: Vec<_> = crowd.iter().map(String::as_str).collect();
    scene.invited(scene.ours, &crowd).await;
    for (sort, expected) in orders {
        let page = PageRequest {
            cursor: None,
            limit: Some(200),
        };
        let (mut found, mut page) = (Vec::new(), page);
        loop {
            let limit = page.limit;
            let (items, cursor) = scene.page_of(everybody(), sort, page).await.unwrap();
            found.extend(items.iter().map(local));
            if cursor.is_none() {
                break;
            }
            page = PageRequest { cursor, limit };
        }
        assert_eq!(found.len(), 3_105, "{sort:?}");
        found.retain(|name| !name.starts_with('m'));
        assert_eq!(found, expected, "{sort:?} among many");
        let called = UserFilter {
            q: Some("lee".to_owned()),
            ..everybody()
        };
        let found = scene.pending_by(sort, &called, async || ()).await;
        assert_eq!(found, ["bea"], "{sort:?} of many");
    }
    let counted = scene.pending_count().await;
    assert_eq!((counted.count, counted.is_more), (3_105, false));
}

#[rstest]
#[actix_rt::test]
async fn a_pending_cursor_of_another_order_or_list_is_refused(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::open(engine).await;
    scene.invited(scene.ours, &["ann", "bob"]).await;
    let page = |cursor| PageRequest {
        cursor,
        limit: Some(1),
    };
    let by_email = scene.page_of(everybody(), UserSort::Email, page(None));
    let (_, cursor) = by_email.await.unwrap();
    assert_ne!(cursor, None);
    let refused = scene.page_of(everybody(), UserSort::Name, page(cursor.clone()));
    assert_eq!(refused.await.unwrap_err().errors[0].field, "cursor");
    let people = contract::users::ListUsers {
        sort: UserSort::Email,
        page: page(cursor),
        ..scene.everybody()
    };
    let refused = scene.ask_as(scene.ours.id, people).await.unwrap_err();
    assert_eq!(refused.errors[0].field, "cursor");
}

#[rstest]
#[actix_rt::test]
async fn nobody_sees_the_invites_of_another_organisation(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::open(engine).await;
    let (_, ids) = scene.invited(scene.ours, &["ann"]).await;
    let story = |organisation| ListInviteStory {
        organisation,
        invite_id: ids[0],
        page: PageRequest::default(),
    };
    scene.note_invite(ids[0], "invite.resend").await;
    let (we, they) = (scene.ours.id, scene.theirs.id);
    let count = |organisation| CountPending { organisation };
    assert!(scene.ask_as(they, count(we)).await.is_err());
    assert_eq!(scene.ask_as(they, count(they)).await.unwrap().count, 0);
    assert!(scene.ask_as(they, story(we)).await.is_err());
    assert_eq!(scene.ask_as(they, story(they)).await.unwrap().items, []);
    let told = scene.ask_as(we, story(we)).await.unwrap().items;
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].action, "invite.resend");
}
