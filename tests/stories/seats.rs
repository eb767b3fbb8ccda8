//! Seats in an administrator's hands: one person's, many people's, and who waits for one.

use std::collections::HashSet;

use futures_util::{StreamExt as _, stream};
use rstest::rstest;
use testkit::{BusKind, Engine, eventually_some};

use crate::{
    browser::{Browser, Page},
    html,
    institution::{Institution, Link},
    node::{Ground, Node, PATIENCE},
    person::{Outcome, Person},
};

/// An institution with a link whose people are tagged `Law`, that many of whom have joined.
async fn scene(
    engine: Engine,
    bus: BusKind,
    seats: u64,
    people: usize,
) -> (Ground, Node, Institution, Link) {
    let ground = Ground::new(engine, bus);
    let node = ground.start();
    let tags = [("tags", "Law")];
    let (institution, link) = Institution::with_link(&ground, &node, seats, &tags).await;
    for number in 0..people {
        join(&node, &link, number).await;
    }
    (ground, node, institution, link)
}

async fn join(node: &Node, link: &Link, number: usize) -> Outcome {
    let page = Person::numbered(number)
        .join(&node.browser(), &link.url)
        .await;
    Outcome::of(page.status, &page.html)
}

/// The status of everybody, in the order of their numbers.
async fn statuses(institution: &Institution) -> Vec<String> {
    let mut people = institution.people("").await;
    people.sort_unstable_by(|one, other| one[2].cmp(&other[2]));
    people.into_iter().map(|row| row[3].clone()).collect()
}

/// Opens the page of somebody from Manage Users.
async fn page_of(institution: &Institution, number: usize) -> Page {
    let email = Person::numbered(number).email;
    let page = institution.open(&format!("?q={email}")).await;
    assert_eq!(page.rows().len(), 1, "{email}: {}", page.text());
    let office = &institution.administrator;
    office.open(&page.link("Ann")).await
}

/// Presses a button on the page of somebody.
async fn press(institution: &Institution, page: &Page, button: &str) -> Page {
    let form = page.form(&format!("/{button}"));
    institution.administrator.submit(page, &form).await
}

/// A person signs in.
async fn sign_in(browser: &Browser, person: &Person) {
    let page = browser.open("/").await;
    let form = page.form("/sign-in").fill("email", &person.email);
    let form = form.fill("password", &person.password);
    browser.submit(&page, &form).await;
}

/// What the story of a seat says happened, the newest first.
fn story(page: &Page) -> Vec<String> {
    page.rows().into_iter().map(|row| row[1].clone()).collect()
}

/// Opens the page of the only plan.
async fn plan(institution: &Institution) -> Page {
    let page = institution.open("/plans").await;
    institution.administrator.open(&page.link("Law")).await
}

/// The addresses of who waits, as the plan's page numbers them.
fn waiting(page: &Page) -> Vec<String> {
    let list = page.html.split("id=\"ledger\"").next().unwrap();
    let mut waiting = Vec::new();
    for (index, row) in html::rows(list).into_iter().enumerate() {
        assert_eq!(row[0], (index + 1).to_string());
        waiting.push(row[2].clone());
    }
    waiting
}

fn emails(numbers: &[usize]) -> Vec<String> {
    let people = numbers.iter().map(|number| Person::numbered(*number));
    people.map(|person| person.email).collect()
}

/// Asks for one change for everybody under a filter; answers what is to be confirmed.
async fn stage(institution: &Institution, filter: &str, action: &str, tags: &str) -> Page {
    let page = institution.open(filter).await;
    let form = page.form("/users/bulk").fill("whom", "filtered");
    let form = form.fill("action", action).fill("tags", tags);
    institution.administrator.submit(&page, &form).await
}

/// Looks at the page of a job, as the browser does by itself, until it says that it is over.
async fn finished(institution: &Institution, page: &Page) -> Page {
    let address = page.url.path();
    eventually_some(PATIENCE, "the job is finished", async || {
        let page = institution.administrator.open(address).await;
        let is_over = page.text().contains("Finished ");
        // it looks again by itself as long as there is something to come
        assert_eq!(page.header("refresh"), if is_over { "" } else { "2" });
        is_over.then_some(page)
    })
    .await
}

/// The numbers of a job: about how many, done, not done.
fn outcome(page: &Page) -> Vec<u64> {
    let (_, rest) = page.html.split_once("<dl class=\"numbers\">").unwrap();
    let words = html::text(rest.split("</dl>").next().unwrap());
    let numbers = words
        .split_whitespace()
        .filter_map(|word| word.parse().ok());
    numbers.collect()
}

#[rstest]
#[case(Engine::Sqlite, BusKind::Local)]
#[case(Engine::Postgres, BusKind::Nats)]
#[tokio::test]
async fn many_are_changed_as_they_were_counted_and_nobody_else(
    #[case] engine: Engine,
    #[case] bus: BusKind,
) {
    let (ground, node, institution, link) = scene(engine, bus, 9, 3).await;
    let other = institution.link("Law", &[]).await;
    join(&node, &other, 3).await;

    // first it is only said whom it would be about
    let staged = stage(&institution, "?tag=Law&status=assigned", "revoke", "").await;
    assert_eq!(staged.heading(), "Revoke the seats of 3 people");
    assert_eq!(statuses(&institution).await, ["Assigned"; 4]);
    // who comes in between is not meant
    join(&node, &link, 4).await;
    let form = staged.form("/start");
    assert_eq!(form.value("expected_count"), Some("3"));
    // nor does it begin for another number than was shown
    let mistaken = form.clone().fill("expected_count", "4");
    let administrator = &institution.administrator;
    let refused = administrator.submit(&staged, &mistaken).await;
    assert_eq!(refused.status, 409);
    assert!(refused.text().contains("Nothing was changed"));
    assert_eq!(statuses(&institution).await, ["Assigned"; 5]);

    let started = administrator.submit(&staged, &form).await;
    assert_eq!(started.status, 200, "{}", started.text());
    let page = finished(&institution, &started).await;
    assert_eq!(outcome(&page), [3, 3, 0]);
    assert_eq!(page.heading(), "Revoke the seats of 3 people");
    let now = ["Revoked", "Revoked", "Revoked", "Assigned", "Assigned"];
    assert_eq!(statuses(&institution).await, now);
    let seats = institution.seats("Law").await;
    assert_eq!((seats.free, seats.assigned), (7, 2));
    // the button of a job that has run is pressed again in vain
    let again = administrator.submit(&staged, &form).await;
    assert_eq!(statuses(&institution).await, now, "{}", again.text());
    assert_eq!(
        ground.usher(&["verify"]),
        "every number is what its rows say"
    );
}

#[tokio::test]
async fn who_is_selected_is_changed_and_what_cannot_be_done_is_said_before() {
    let (_ground, node, institution, link) = scene(Engine::Sqlite, BusKind::Local, 2, 3).await;
    let administrator = &institution.administrator;
    let page = institution.open("").await;
    let form = page.form("/users/bulk");
    // nobody selected, nothing chosen, no tags
    for (action, whom, says) in [
        ("revoke", "selected", "Nobody was selected."),
        ("", "filtered", "Choose what is to be done."),
        ("tag", "filtered", "Say which tags"),
    ] {
        let form = form.clone().fill("action", action).fill("whom", whom);
        let refused = administrator.submit(&page, &form).await;
        assert_eq!(refused.status, 422, "{says}");
        assert!(refused.text().contains(says), "{}", refused.text());
    }
    // one who is ticked, and still is after an error
    let id = page_of(&institution, 0).await;
    let id = id.url.path().rsplit('/').next().unwrap();
    let form = form.fill("id", id).fill("action", "tag");
    let refused = administrator.submit(&page, &form).await;
    assert!(refused.error("tags").contains("Say which tags"));
    let form = refused.form("/users/bulk");
    assert_eq!(
        (form.value("id"), form.value("action")),
        (Some(id), Some("tag"))
    );
    let staged = administrator
        .submit(&refused, &form.fill("tags", "2026; Evening"))
        .await;
    assert_eq!(staged.heading(), "Change the tags of 1 person");
    assert!(staged.text().contains("Tags to add: 2026 Evening"));
    let started = administrator.submit(&staged, &staged.form("/start")).await;
    assert_eq!(outcome(&finished(&institution, &started).await), [1, 1, 0]);
    let tagged = institution.people("?tag=2026,Evening,Law").await;
    assert_eq!(tagged.len(), 1);
    assert_eq!(tagged[0][2], Person::numbered(0).email);

    // seats are given to all of them or to none
    stage_and_start(&institution, "", "revoke").await;
    assert_eq!(statuses(&institution).await, ["Revoked"; 3]);
    let staged = stage(&institution, "?status=revoked", "reassign", "").await;
    assert_eq!(staged.heading(), "Give seats to 3 people");
    let refused = administrator.submit(&staged, &staged.form("/start")).await;
    assert_eq!(refused.status, 409);
    assert!(refused.text().contains("No seat is free"));
    assert_eq!(statuses(&institution).await, ["Revoked"; 3]);
    institution.buy(3).await;
    let started = administrator.submit(&staged, &staged.form("/start")).await;
    assert_eq!(outcome(&finished(&institution, &started).await), [3, 3, 0]);
    assert_eq!(statuses(&institution).await, ["Assigned"; 3]);
    assert_eq!(join(&node, &link, 3).await, Outcome::Waiting);
}

async fn stage_and_start(institution: &Institution, filter: &str, action: &str) {
    let staged = stage(institution, filter, action, "").await;
    let form = staged.form("/start");
    let started = institution.administrator.submit(&staged, &form).await;
    finished(institution, &started).await;
}

#[rstest]
#[case(Engine::Sqlite, BusKind::Nats)]
#[case(Engine::Postgres, BusKind::Local)]
#[tokio::test]
async fn a_persons_page_tells_the_story_of_the_seat(#[case] engine: Engine, #[case] bus: BusKind) {
    let (ground, node, institution, link) = scene(engine, bus, 1, 0).await;
    let (visitor, person) = (node.browser(), Person::numbered(0));
    person.join(&visitor, &link.url).await;
    sign_in(&visitor, &person).await;
    assert_eq!(visitor.open("/").await.heading(), "Hello Ann");
    assert_eq!(join(&node, &link, 1).await, Outcome::Waiting);

    let waiting = page_of(&institution, 1).await;
    assert!(
        waiting.text().contains("off the waiting list"),
        "{}",
        waiting.text()
    );

    // the seat goes to who waits, the person is signed out, the row stays
    let page = page_of(&institution, 0).await;
    assert_eq!(story(&page), ["Joined and got a seat"]);
    let page = press(&institution, &page, "revoke").await;
    assert!(
        page.text()
            .contains("Revoked. The seat, if there was one, is free")
    );
    assert_eq!(story(&page), ["Seat revoked", "Joined and got a seat"]);
    assert_eq!(page.rows()[0][2], institution.email);
    assert_eq!(page.rows()[1][2], "Ann Lee");
    assert_eq!(statuses(&institution).await, ["Revoked", "Assigned"]);
    assert_eq!(visitor.open("/").await.heading(), "Sign in");
    let next = page_of(&institution, 1).await;
    let promoted = [
        "Got a seat from the waiting list",
        "Joined the waiting list",
    ];
    assert_eq!(story(&next), promoted);

    // given back only when there is a seat to give
    let refused = press(&institution, &page, "reassign").await;
    assert_eq!(refused.status, 409);
    assert!(refused.text().contains("No seat is free"));
    assert_eq!(statuses(&institution).await, ["Revoked", "Assigned"]);
    institution.buy(2).await;
    let page = press(&institution, &refused, "reassign").await;
    assert!(page.text().contains("The person has a seat."));
    assert_eq!(story(&page)[0], "Given a seat again");
    assert_eq!(statuses(&institution).await, ["Assigned", "Assigned"]);

    // tags are left as they are typed
    let form = page.form("/tags");
    assert_eq!(form.value("tags"), Some("Law"));
    let administrator = &institution.administrator;
    let long = "x".repeat(200);
    let refused = administrator
        .submit(&page, &form.clone().fill("tags", &long))
        .await;
    assert_eq!(refused.status, 422);
    assert!(!refused.error("tags").is_empty());
    assert_eq!(refused.form("/tags").value("tags"), Some(long.as_str()));
    let page = administrator
        .submit(&page, &form.fill("tags", "Torts, 2026"))
        .await;
    assert_eq!(page.form("/tags").value("tags"), Some("2026, Torts"));
    let words = &story(&page)[0];
    assert!(
        words.starts_with("Tags changed: added ") && words.ends_with("; taken away Law"),
        "{words}"
    );

    // erased only when that is confirmed
    let form = page.form("/erase");
    let refused = administrator.submit(&page, &form).await;
    assert_eq!(
        (refused.status, statuses(&institution).await.len()),
        (422, 2)
    );
    let gone = administrator.submit(&page, &form.fill("sure", "yes")).await;
    assert_eq!(gone.heading(), "Manage Users");
    assert_eq!(statuses(&institution).await, ["Assigned"]);
    let page = administrator.open(page.url.path()).await;
    assert_eq!(page.status, 404);
    assert_eq!(
        ground.usher(&["verify"]),
        "every number is what its rows say"
    );
}

#[rstest]
#[case(Engine::Sqlite, BusKind::Local)]
#[case(Engine::Postgres, BusKind::Nats)]
#[tokio::test]
async fn who_waits_gets_a_seat_in_order_and_a_smaller_plan_drops_nobody(
    #[case] engine: Engine,
    #[case] bus: BusKind,
) {
    let (ground, node, institution, link) = scene(engine, bus, 1, 5).await;
    let page = plan(&institution).await;
    assert_eq!(waiting(&page), emails(&[1, 2, 3, 4]));

    // a seat that is given back
    let holder = page_of(&institution, 0).await;
    press(&institution, &holder, "revoke").await;
    let page = plan(&institution).await;
    assert_eq!(waiting(&page), emails(&[2, 3, 4]));
    // whoever is taken out of the middle leaves the others in their order
    let third = page_of(&institution, 3).await;
    press(&institution, &third, "revoke").await;
    assert_eq!(waiting(&plan(&institution).await), emails(&[2, 4]));
    // a plan that grows by one
    institution.buy(2).await;
    assert_eq!(waiting(&plan(&institution).await), emails(&[4]));
    let now = ["Revoked", "Assigned", "Assigned", "Revoked", "Waiting"];
    assert_eq!(statuses(&institution).await, now);

    // a plan that shrinks below what is taken
    institution.buy(1).await;
    assert_eq!(statuses(&institution).await, now);
    let page = plan(&institution).await;
    assert!(
        page.text()
            .contains("Nobody loses a seat; nobody new gets one."),
        "{}",
        page.text()
    );
    assert_eq!(join(&node, &link, 5).await, Outcome::Waiting);
    // the first seat that is given back is not there any more, the second one would be
    for (number, still_waits) in [(1, &[4, 5][..]), (2, &[5])] {
        let page = page_of(&institution, number).await;
        press(&institution, &page, "revoke").await;
        assert_eq!(waiting(&plan(&institution).await), emails(still_waits));
    }
    let seats = institution.seats("Law").await;
    let counted = (seats.purchased, seats.free, seats.assigned, seats.waiting);
    assert_eq!(counted, (1, 0, 1, 1));

    // the ledger has each of these, and says how it stood before all of them
    let page = plan(&institution).await;
    let (_, ledger) = page.html.split_once("id=\"ledger\"").unwrap();
    assert!(html::rows(ledger).len() > 10, "{}", page.text());
    let odd = page.url.join("?at=yesterday").unwrap();
    let odd = institution.administrator.open(odd.as_str()).await;
    assert_eq!(
        (odd.status, odd.error("at").as_str()),
        (200, "is not a date and time")
    );
    let form = page.url.join("?at=2020-01-01T00:00").unwrap();
    let before = institution.administrator.open(form.as_str()).await;
    assert!(
        before
            .text()
            .contains("0 purchased, 0 free, 0 held, 0 assigned, 0 waiting"),
        "{}",
        before.text()
    );
    assert_eq!(
        ground.usher(&["verify"]),
        "every number is what its rows say"
    );
}

/// More than a table is read of at once.
const MANY: usize = 430;

#[rstest]
#[case(Engine::Sqlite, BusKind::Local)]
#[case(Engine::Postgres, BusKind::Nats)]
#[tokio::test]
async fn a_table_of_more_people_than_a_page_has_each_of_them_once(
    #[case] engine: Engine,
    #[case] bus: BusKind,
) {
    let (_ground, node, institution, link) = scene(engine, bus, 400, 0).await;
    let joins = stream::iter((0..MANY).map(|number| join(&node, &link, number)));
    let joined = joins.buffer_unordered(16).count().await;
    assert_eq!(joined, MANY);
    for (filter, expected) in [("", MANY), ("?status=assigned&sort=email", 400)] {
        let table = institution.open(&format!("/users.csv{filter}")).await;
        assert_eq!(table.status, 200);
        let mut lines = table.html.split_terminator("\r\n");
        assert!(lines.next().unwrap().starts_with("\u{feff}id,first_name,"));
        let addresses = lines.map(|line| line.split(',').nth(3).unwrap());
        let addresses: Vec<_> = addresses.collect();
        assert_eq!(addresses.len(), expected, "{filter}");
        assert!(!filter.contains("email") || addresses.is_sorted());
        let different: HashSet<_> = addresses.into_iter().collect();
        assert_eq!(different.len(), expected, "{filter}");
    }
}
