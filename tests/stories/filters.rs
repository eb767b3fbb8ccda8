//! The filters of Manage Users as they stand in an address that somebody kept, or mistyped.

use testkit::{BusKind, Engine};

use crate::{html, institution::Institution, node::Ground, person::Person, program::Program};

#[tokio::test]
async fn a_filter_that_cannot_be_read_is_named_and_shows_nobody_instead_of_everybody() {
    let ground = Ground::new(Engine::Sqlite, BusKind::Local);
    let node = ground.start();
    let (institution, link) = Institution::with_link(&ground, &node, 2, &[]).await;
    let person = Person::numbered(0);
    person.join(&node.browser(), &link.url).await;
    let everybody = institution.open("?status=assigned&door=link").await;
    assert_eq!((everybody.status, everybody.rows().len()), (200, 1));
    assert!(everybody.html.contains("/users/bulk\""));

    for (query, named) in [
        ("status=nonsense", "Status cannot be read: “nonsense”"),
        ("plan=xyz", "Plan cannot be read: “xyz”"),
        ("link=1", "Access link cannot be read: “1”"),
        ("door=window", "Door cannot be read: “window”"),
        (
            "inactive_since=tomorrow",
            "Not seen since cannot be read: “tomorrow”",
        ),
        ("status=invite_pending&plan=%3Cb%3E", "read: “<b>”"),
        ("q=ann&status=gone&plan=xyz", "Status cannot be read"),
        ("q=ann&status=gone&plan=xyz", "Plan cannot be read"),
    ] {
        let page = institution.open(&format!("?{query}")).await;
        assert_eq!(
            (page.status, page.heading().as_str()),
            (422, "Manage Users")
        );
        let text = page.text().replace(" .", ".");
        assert!(text.contains(named), "{query}: {text}");
        assert_eq!(page.rows(), [[""; 0]; 0], "{query}");
        assert!(!page.html.contains(&person.email), "{query}");
        // Nothing is done to, or taken of, who was not found.
        for offered in ["/users/bulk", "/users.csv", "Nobody matches"] {
            assert!(!page.html.contains(offered), "{query}: {offered}");
        }
        // What was typed is kept, and the way out leads to everybody.
        assert_eq!(
            page.input("q"),
            if query.contains("q=") { "ann" } else { "" }
        );
        let all = html::link(&page.html, "clear the filters").unwrap();
        let all = institution.administrator.open(&all).await;
        assert_eq!((all.status, all.rows().len()), (200, 1));
    }
}

#[tokio::test]
async fn a_table_that_is_downloaded_says_that_it_is_utf_8_and_that_of_the_api_has_nothing_before_it()
 {
    let ground = Ground::new(Engine::Sqlite, BusKind::Local);
    let node = ground.start();
    let (institution, link) = Institution::with_link(&ground, &node, 2, &[]).await;
    Person::numbered(0).join(&node.browser(), &link.url).await;
    let page = institution.open("").await;
    let table = institution.administrator.download(&page.link("CSV")).await;
    let program = Program::of(&ground, &node, &institution);
    let path = format!("/organisations/{}/users.csv", institution.id);
    let plain = program.watch(&path).await.bytes().await.unwrap();
    assert!(plain.starts_with(b"id,first_name,"));
    let marked = [b"\xef\xbb\xbf", &plain[..]].concat();
    assert_eq!(table, marked);
    let nobody = page.url.join("?q=nobody").unwrap();
    let nobody = institution.administrator.open(nobody.as_str()).await;
    let table = nobody.link("CSV");
    let table = institution.administrator.download(&table).await;
    assert!(table.starts_with(b"\xef\xbb\xbfid,first_name,"));
    assert_eq!(table.split(|byte| *byte == b'\n').count(), 2);
}
