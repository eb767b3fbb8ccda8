//! Access links in the Subscription Manager, and what becomes of who opens them.

use rstest::rstest;
use testkit::{BusKind, Engine};

use crate::{
    html,
    institution::{Institution, Seats},
    node::Ground,
    person::{Outcome, Person},
};

#[rstest]
#[tokio::test]
async fn a_replaced_url_stops_working_and_the_new_one_works(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
    #[values(BusKind::Local, BusKind::Nats)] bus: BusKind,
) {
    let ground = Ground::new(engine, bus);
    let node = ground.start();
    let (institution, link) = Institution::with_link(&ground, &node, 5, &[("tags", "Law")]).await;
    let visitor = node.browser();
    Person::numbered(1).join(&visitor, &link.url).await;

    let page = institution.press(&link, "rotate").await;
    let fresh = page.input("url");
    assert_ne!(fresh, link.url);
    assert_eq!(visitor.open(&link.url).await.status, 404);
    let joined = Person::numbered(2).join(&node.browser(), &fresh).await;
    assert_eq!(Outcome::of(joined.status, &joined.html), Outcome::Assigned);

    // row, name, tags and counts are kept
    let page = institution.open("/links").await;
    assert_eq!(
        page.rows()[0][..5],
        ["First year", "Law", "Law", "2", "Active"]
    );
    assert_eq!(html::attributes(&page.html, "data-copy"), [fresh]);
    assert_eq!(
        institution
            .people(&format!("?link={}", link.id))
            .await
            .len(),
        2
    );
}

#[rstest]
#[tokio::test]
async fn a_disabled_link_admits_nobody_until_it_is_enabled_again(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let ground = Ground::new(engine, BusKind::Local);
    let node = ground.start();
    let (institution, link) = Institution::with_link(&ground, &node, 5, &[]).await;
    let visitor = node.browser();
    let open = visitor.open(&link.url).await;

    institution.press(&link, "disable").await;
    let person = Person::numbered(1);
    let page = person.fill(&visitor, &open).await;
    assert_eq!(page.status, 404, "the form was open before");
    assert_eq!(institution.people("").await.len(), 0);

    institution.press(&link, "enable").await;
    let page = person.fill(&visitor, &open).await;
    assert_eq!(Outcome::of(page.status, &page.html), Outcome::Assigned);
}

#[tokio::test]
async fn new_tags_are_for_later_people_or_for_all() {
    let ground = Ground::new(Engine::Sqlite, BusKind::Local);
    let node = ground.start();
    let (institution, link) = Institution::with_link(&ground, &node, 5, &[("tags", "Law")]).await;
    let edit = async |tags: &str, to: &str| {
        let page = institution.open(&format!("/links/{}", link.id)).await;
        let form = page.form(&format!("/links/{}", link.id));
        let form = form.fill("tags", tags).fill("apply_tags", to);
        let page = institution.administrator.submit(&page, &form).await;
        assert_eq!(page.status, 200, "{}", page.text());
        page
    };
    let tags = async || {
        let mut people = institution.people("").await;
        people.sort_unstable_by(|one, other| one[2].cmp(&other[2]));
        people
            .into_iter()
            .map(|row| row[6].clone())
            .collect::<Vec<_>>()
    };

    Person::numbered(1).join(&node.browser(), &link.url).await;
    edit("Law, Torts", "later").await;
    Person::numbered(2).join(&node.browser(), &link.url).await;
    assert_eq!(tags().await, ["Law", "Law Torts"]);

    edit("Torts, Evening", "all").await;
    assert_eq!(tags().await, ["Evening Torts", "Evening Torts"]);

    // Nobody bears more than 20: whoever changes them is told of how many could not be changed.
    let twenty: Vec<_> = (10..30).map(|n| n.to_string()).collect();
    edit(&twenty.join(", "), "later").await;
    Person::numbered(3).join(&node.browser(), &link.url).await;
    edit("Torts", "later").await;
    let page = edit("Torts", "all").await;
    assert_eq!(page.heading(), "Change the tags of 3 people");
    assert!(
        page.text().contains("people 3 done 2 could not be done 1"),
        "{}",
        page.text()
    );
}

#[tokio::test]
async fn a_deleted_link_leaves_the_list_and_who_joined_keeps_everything() {
    let ground = Ground::new(Engine::Sqlite, BusKind::Local);
    let node = ground.start();
    let (institution, link) = Institution::with_link(&ground, &node, 5, &[("tags", "Law")]).await;
    Person::numbered(1).join(&node.browser(), &link.url).await;

    let page = institution.press(&link, "delete").await;
    assert_eq!(
        (page.heading().as_str(), page.rows().len()),
        ("Existing links", 0)
    );
    assert_eq!(node.browser().open(&link.url).await.status, 404);
    let people = institution.people("").await;
    assert_eq!(people[0][3], "Assigned");
    assert_eq!(people[0][6..], ["Law", "First year"]);
}

#[tokio::test]
async fn what_is_wrong_with_a_link_stands_beside_its_field() {
    let ground = Ground::new(Engine::Sqlite, BusKind::Local);
    let node = ground.start();
    let institution = Institution::found(&ground, &node).await;
    institution.plan("Law", 1).await;
    let page = institution.open("/links/new").await;
    let form = page.form("/links/new").fill("name", "   ");
    let form = form
        .fill("max_uses", "some")
        .fill("allowed_domains", "uni, ac uk");
    let form = form.fill("expires_at", "2001-01-01T00:00");
    let page = institution.administrator.submit(&page, &form).await;
    assert_eq!(page.status, 422);
    for field in ["name", "max_uses", "allowed_domains"] {
        assert!(!page.error(field).is_empty(), "{field}");
    }
    assert_eq!(page.form("/links/new").value("max_uses"), Some("some"));
    assert_eq!(institution.open("/links").await.rows().len(), 0);
}

#[rstest]
#[tokio::test]
async fn opening_a_link_a_thousand_times_changes_nothing(
    #[values(BusKind::Local, BusKind::Nats)] bus: BusKind,
) {
    let ground = Ground::new(Engine::Sqlite, bus);
    let node = ground.start();
    let (institution, link) = Institution::with_link(&ground, &node, 5, &[("max_uses", "1")]).await;
    let scanner = node.browser();
    for _ in 0..500 {
        let page = scanner.open(&link.url).await;
        assert_eq!(page.status, 200);
        assert_eq!(page.header("cache-control"), "no-store");
        assert_eq!(page.header("referrer-policy"), "same-origin");
        assert!(page.header("x-robots-tag").contains("noindex"));
        assert_eq!(scanner.head(&link.url).await.status, 200);
    }
    assert_eq!(institution.open("/links").await.rows()[0][3], "0 of 1");
    let untouched = Seats {
        purchased: 5,
        free: 5,
        ..Seats::default()
    };
    assert_eq!(institution.seats("Law").await, untouched);
}
