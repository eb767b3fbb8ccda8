//! The first door: joining through an access link.

use contract::{SystemClock, Timestamp};
use reqwest::Method;
use rstest::rstest;
use serde_json::json;
use testkit::{BusKind, Engine, eventually};

use crate::{
    institution::{Institution, PRODUCT_URL, Seats},
    node::{Ground, PATIENCE},
    person::{Outcome, Person, join_at_once},
    program::Program,
};

fn outcome(page: &crate::browser::Page) -> Outcome {
    Outcome::of(page.status, &page.html)
}

/// Late enough to be set, and early enough to be waited for.
fn soon() -> Timestamp {
    Timestamp::from_micros(SystemClock::shared().now().micros() + 1_500_000)
}

#[rstest]
#[tokio::test]
async fn somebody_joins_and_gets_a_seat_and_a_letter(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
    #[values(BusKind::Local, BusKind::Nats)] bus: BusKind,
) {
    let ground = Ground::new(engine, bus);
    let node = ground.start();
    let (institution, link) = Institution::with_link(&ground, &node, 3, &[("tags", "Law")]).await;
    let person = Person::numbered(1);
    let page = person.join(&node.browser(), &link.url).await;
    assert_eq!(outcome(&page), Outcome::Assigned);
    assert_eq!(page.link("Go to Law"), PRODUCT_URL);

    let people = institution.people("").await;
    assert_eq!(people[0][..4], ["Ann", "Lee", &person.email, "Assigned"]);
    assert_eq!(people[0][6..], ["Law", "First year"]);
    let seated = Seats {
        purchased: 3,
        free: 2,
        assigned: 1,
        ..Seats::default()
    };
    assert_eq!(institution.seats("Law").await, seated);
    let letter = person.letter(&ground).await;
    assert!(
        letter
            .proof_url
            .starts_with(&format!("{}/proofs/", node.http))
    );
    assert!(letter.text.contains(&institution.name), "{}", letter.text);

    // the same again gets the same answer, and nothing twice
    let again = person.join(&node.browser(), &link.url).await;
    assert_eq!(outcome(&again), Outcome::Assigned);
    assert_eq!(institution.seats("Law").await, seated);
    assert_eq!(institution.open("/links").await.rows()[0][3], "1");
    assert_eq!(
        ground.usher(&["verify"]),
        "every number is what its rows say"
    );
}

#[tokio::test]
async fn an_unproved_seat_has_a_day_by_which_it_returns() {
    let ground = Ground::new(Engine::Sqlite, BusKind::Local);
    let node = ground.start();
    let (institution, link) = Institution::with_link(&ground, &node, 3, &[]).await;
    let visitor = node.browser();
    let person = Person::numbered(1);
    let page = person.join(&visitor, &link.url).await;
    assert!(
        page.text().contains("Confirm your address by"),
        "{}",
        page.text()
    );
    let row = institution.open("").await.link("Ann");
    let shown = institution.administrator.open(&row).await.text();
    assert!(shown.contains("after that the seat returns"), "{shown}");

    let letter = person.letter(&ground).await;
    let form = page.form("/proofs/code").fill("code", &letter.code);
    visitor.submit(&page, &form).await;
    let shown = institution.administrator.open(&row).await.text();
    assert!(!shown.contains("seat returns"), "{shown}");
}

#[tokio::test]
async fn a_proved_address_is_told_to_use_its_account() {
    let ground = Ground::new(Engine::Sqlite, BusKind::Local);
    let node = ground.start();
    let (first, link) = Institution::with_link(&ground, &node, 3, &[]).await;
    let (second, other) = Institution::with_link(&ground, &node, 3, &[]).await;
    let (visitor, person) = (node.browser(), Person::numbered(1));
    let page = person.join(&visitor, &link.url).await;
    let code = person.letter(&ground).await.code;
    let form = page.form("/proofs/code").fill("code", &code);
    visitor.submit(&page, &form).await;

    let stranger = Person {
        password: "not the one that was set".to_owned(),
        ..person.clone()
    };
    let page = stranger.join(&node.browser(), &other.url).await;
    assert_eq!(page.status, 409);
    assert!(page.text().contains("enter the password of that account"));
    assert_eq!(second.people("").await.len(), 0);

    // with the password of the account, the same person sits in both
    let page = person.join(&node.browser(), &other.url).await;
    assert_eq!(outcome(&page), Outcome::Assigned);
    assert_eq!(second.people("").await.len(), 1);
    assert_eq!(first.people("").await.len(), 1);
}

#[rstest]
#[tokio::test]
async fn tokens_that_open_nothing_answer_alike(
    #[values(BusKind::Local, BusKind::Nats)] bus: BusKind,
) {
    let ground = Ground::new(Engine::Sqlite, bus);
    let node = ground.start();
    let (institution, rotated) = Institution::with_link(&ground, &node, 3, &[]).await;
    let disabled = institution.link("Law", &[]).await;
    institution.press(&rotated, "rotate").await;
    institution.press(&disabled, "disable").await;
    let long = "a".repeat(500);
    let token = rotated.token();
    // the number of the request is the only difference
    let shape = |page: &crate::browser::Page| {
        let id = page.header("x-request-id").to_owned();
        assert!(!id.is_empty() && page.html.contains(&id));
        (page.status, page.html.replace(&id, "ID"))
    };

    let visitor = node.browser();
    let rotated_shape = shape(&visitor.open(&rotated.url).await);
    assert_eq!(rotated_shape.0, 404);
    for other in [
        disabled.token(),
        &disabled.id,
        &institution.id,
        &token[1..],
        &format!("{token}x"),
        "x",
        "%00",
        "%F0%9F%92%BA",
        "' or 1=1 --",
        &long,
    ] {
        let url = format!("{}/join/{other}", node.http);
        assert_eq!(shape(&visitor.open(&url).await), rotated_shape, "{other}");
        let client = crate::person::crowd_client();
        let posted = Person::numbered(1).post(&client, &url).await.unwrap();
        assert_eq!(posted, Outcome::Refused(404), "{other}");
    }
}

#[tokio::test]
async fn only_addresses_of_an_allowed_domain_get_a_seat_and_only_when_proved() {
    let ground = Ground::new(Engine::Sqlite, BusKind::Local);
    let node = ground.start();
    let domains = [("allowed_domains", "uni.example")];
    let (institution, link) = Institution::with_link(&ground, &node, 3, &domains).await;
    for email in [
        "bob@evil-uni.example",
        "bob@uni.example.evil.example",
        "bob@sub.uni.example",
    ] {
        let page = Person::at(email).join(&node.browser(), &link.url).await;
        assert_eq!(page.status, 422, "{email}");
        let said = "Email domain is not valid for this organisation.";
        assert_eq!(page.error("email"), said);
    }
    let (visitor, person) = (node.browser(), Person::at("bob@UNI.example"));
    let page = person.join(&visitor, &link.url).await;
    assert_eq!(outcome(&page), Outcome::Held);
    let held = institution.seats("Law").await;
    assert_eq!((held.free, held.held, held.assigned), (2, 1, 0));

    let code = person.letter(&ground).await.code;
    let form = page.form("/proofs/code").fill("code", &code);
    let page = visitor.submit(&page, &form).await;
    assert!(
        page.text().contains("Your seat is yours."),
        "{}",
        page.text()
    );
    let assigned = institution.seats("Law").await;
    assert_eq!((assigned.free, assigned.held, assigned.assigned), (2, 0, 1));
}

#[tokio::test]
async fn what_is_wrong_with_a_registration_is_said_and_consumes_nothing() {
    let ground = Ground::new(Engine::Sqlite, BusKind::Local);
    let node = ground.start();
    let (institution, link) = Institution::with_link(&ground, &node, 1, &[("max_uses", "1")]).await;
    let right = Person::numbered(1);
    let wrong = [
        (
            "first_name",
            Person {
                first_name: "  ".into(),
                ..right.clone()
            },
        ),
        (
            "last_name",
            Person {
                last_name: "x".repeat(81),
                ..right.clone()
            },
        ),
        ("email", Person::at("ann@")),
        (
            "password",
            Person {
                password: "short".into(),
                ..right.clone()
            },
        ),
    ];
    for (field, person) in wrong {
        let page = person.join(&node.browser(), &link.url).await;
        assert_eq!(page.status, 422, "{field}");
        assert!(!page.error(field).is_empty(), "{field}");
        assert_eq!(page.form("").value("password"), Some(""), "is not kept");
    }
    assert_eq!(institution.open("/links").await.rows()[0][3], "0 of 1");
    let page = right.join(&node.browser(), &link.url).await;
    assert_eq!(outcome(&page), Outcome::Assigned);
}

#[rstest]
#[tokio::test]
async fn a_link_for_one_is_used_by_exactly_one_of_fifty(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
    #[values(BusKind::Local, BusKind::Nats)] bus: BusKind,
) {
    let ground = Ground::new(engine, bus);
    let node = ground.start();
    let (institution, link) =
        Institution::with_link(&ground, &node, 100, &[("max_uses", "1")]).await;
    let people: Vec<Person> = (0..50).map(Person::numbered).collect();
    let outcomes = join_at_once(&people, &[&link.url]).await;
    assert_eq!(outcomes[0], Outcome::Assigned);
    let refused = |outcome: &Outcome| *outcome == Outcome::Refused(409);
    assert!(outcomes[1..].iter().all(refused), "{outcomes:?}");
    assert_eq!(
        institution.open("/links").await.rows()[0][3..5],
        ["1 of 1", "Used up"]
    );
    assert_eq!(institution.people("").await.len(), 1);
    assert_eq!(institution.seats("Law").await.assigned, 1);
    let page = node.browser().open(&link.url).await;
    assert!(page.text().contains("This access link has been used up."));
    ground.usher(&["verify"]);
}

#[rstest]
#[tokio::test]
async fn one_seat_behind_two_links_is_given_to_exactly_one_of_a_hundred(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
    #[values(BusKind::Local, BusKind::Nats)] bus: BusKind,
) {
    let ground = Ground::new(engine, bus);
    let node = ground.start();
    let (institution, one) = Institution::with_link(&ground, &node, 1, &[]).await;
    let other = institution.link("Law", &[]).await;
    let people: Vec<Person> = (0..100).map(Person::numbered).collect();
    let outcomes = join_at_once(&people, &[&one.url, &other.url]).await;
    assert_eq!(outcomes[0], Outcome::Assigned);
    let waits = |outcome: &Outcome| *outcome == Outcome::Waiting;
    assert!(outcomes[1..].iter().all(waits), "{outcomes:?}");
    let full = Seats {
        purchased: 1,
        assigned: 1,
        waiting: 99,
        ..Seats::default()
    };
    assert_eq!(institution.seats("Law").await, full);
    // who waits has consumed no use
    let uses: Vec<String> = institution
        .open("/links")
        .await
        .rows()
        .into_iter()
        .map(|row| row[3].clone())
        .collect();
    assert!(uses == ["0", "1"] || uses == ["1", "0"], "{uses:?}");
    let page = node.browser().open(&one.url).await;
    assert!(page.text().contains("All seats are taken at the moment."));
    ground.usher(&["verify"]);
}

#[rstest]
#[tokio::test]
async fn somebody_who_presses_the_button_ten_times_has_one_seat(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
    #[values(BusKind::Local, BusKind::Nats)] bus: BusKind,
) {
    let ground = Ground::new(engine, bus);
    let node = ground.start();
    let (institution, one) = Institution::with_link(&ground, &node, 5, &[]).await;
    let other = institution.link("Law", &[]).await;
    let people = vec![Person::numbered(1); 10];
    let outcomes = join_at_once(&people, &[&one.url, &other.url]).await;
    assert_eq!(outcomes, [Outcome::Assigned; 10]);
    assert_eq!(institution.people("").await.len(), 1);
    assert_eq!(institution.seats("Law").await.free, 4);
    ground.usher(&["verify"]);
}

#[tokio::test]
async fn a_link_to_a_plan_that_has_ended_is_closed() {
    let ground = Ground::new(Engine::Sqlite, BusKind::Local);
    let node = ground.start();
    let (institution, link) = Institution::with_link(&ground, &node, 3, &[]).await;
    let program = Program::of(&ground, &node, &institution);
    let plans = format!("/organisations/{}/plans", institution.id);
    let plan = program.all(&plans).await.remove(0);
    let plan = format!("{plans}/{}", plan["id"].as_str().unwrap());
    let visitor = node.browser();
    let open = visitor.open(&link.url).await;
    let end = json!({ "ends_at": soon().to_string() });
    let (status, changed) = program.send(Method::PATCH, &plan, &end).await;
    assert_eq!(status, 200, "{changed}");
    eventually(PATIENCE, "the plan has ended", async || {
        let page = visitor.open(&link.url).await;
        page.text()
            .contains("The subscription behind this link has ended.")
    })
    .await;
    let page = Person::numbered(1).fill(&visitor, &open).await;
    assert_eq!(page.status, 409, "{}", page.text());
    assert_eq!(institution.people("").await.len(), 0);
}

#[rstest]
#[tokio::test]
async fn a_form_that_was_opened_in_time_and_sent_too_late_is_refused(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let ground = Ground::new(engine, BusKind::Local);
    let node = ground.start();
    let (institution, link) = Institution::with_link(&ground, &node, 3, &[]).await;
    let visitor = node.browser();
    let open = visitor.open(&link.url).await;
    let page = institution.open(&format!("/links/{}", link.id)).await;
    let form = page.form(&format!("/links/{}", link.id));
    let form = form.fill("expires_at", soon().to_string().trim_end_matches('Z'));
    let page = institution.administrator.submit(&page, &form).await;
    assert_eq!(page.status, 200, "{}", page.text());
    eventually(PATIENCE, "the link has expired", async || {
        visitor.open(&link.url).await.text().contains("expired")
    })
    .await;

    let page = Person::numbered(1).fill(&visitor, &open).await;
    assert_eq!(page.status, 410);
    assert!(
        page.text().contains("This access link has expired."),
        "{}",
        page.text()
    );
    assert_eq!(institution.people("").await.len(), 0);
    assert_eq!(institution.seats("Law").await.free, 3);
}

#[rstest]
#[tokio::test]
async fn whoever_sends_the_form_again_after_the_last_use_gets_the_same_answer(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
    #[values(BusKind::Local, BusKind::Nats)] bus: BusKind,
) {
    let ground = Ground::new(engine, bus);
    let node = ground.start();
    let (institution, link) = Institution::with_link(&ground, &node, 3, &[("max_uses", "1")]).await;
    let (visitor, person) = (node.browser(), Person::numbered(1));
    let open = visitor.open(&link.url).await;
    let page = person.fill(&visitor, &open).await;
    assert_eq!(outcome(&page), Outcome::Assigned);

    // back, and once more
    let page = person.fill(&visitor, &open).await;
    assert_eq!(outcome(&page), Outcome::Assigned);
    // somebody else, and somebody who does not know the password
    let late = Person::numbered(2);
    let thief = Person {
        password: "not the one that was set".to_owned(),
        ..person.clone()
    };
    for person in [late, thief] {
        let page = person.fill(&node.browser(), &open).await;
        assert_eq!(outcome(&page), Outcome::Refused(409));
        assert!(page.text().contains("This access link has been used up."));
    }
    assert_eq!(institution.people("").await.len(), 1);
    assert_eq!(institution.seats("Law").await.assigned, 1);
    ground.usher(&["verify"]);
}

#[rstest]
#[case(Engine::Sqlite, BusKind::Local)]
#[case(Engine::Postgres, BusKind::Nats)]
#[tokio::test]
async fn a_member_keeps_the_answer_when_the_domains_of_the_link_change(
    #[case] engine: Engine,
    #[case] bus: BusKind,
) {
    let ground = Ground::new(engine, bus);
    let node = ground.start();
    let domains = [("allowed_domains", "uni.example")];
    let (institution, link) = Institution::with_link(&ground, &node, 5, &domains).await;
    let (visitor, person) = (node.browser(), Person::at("bob@uni.example"));
    let page = person.join(&visitor, &link.url).await;
    let code = person.letter(&ground).await.code;
    let form = page.form("/proofs/code").fill("code", &code);
    visitor.submit(&page, &form).await;
    assert_eq!(institution.seats("Law").await.assigned, 1);

    let path = format!("/links/{}", link.id);
    let page = institution.open(&path).await;
    let form = page.form(&path).fill("allowed_domains", "college.example");
    let page = institution.administrator.submit(&page, &form).await;
    assert_eq!(page.status, 200, "{}", page.text());

    // recognised by the form, and by the account that is signed in
    let page = person.join(&node.browser(), &link.url).await;
    assert_eq!(outcome(&page), Outcome::Assigned, "{}", page.text());
    let browser = node.browser();
    let page = browser.open("/").await;
    let form = page.form("/sign-in").fill("email", &person.email);
    let form = form.fill("password", &person.password);
    browser.submit(&page, &form).await;
    let page = browser.open(&link.url).await;
    assert_eq!(page.heading(), "You already have a seat");
    let public = Program::of_the_public(&node);
    let path = format!("/join/{}", link.token());
    let form = person.registration();
    let (status, body) = public.send(Method::POST, &path, &form).await;
    assert_eq!((status, &body["seat"]["status"]), (201, &json!("assigned")));

    // nobody else of the old domain comes in, and whoever is of the new one does
    let late = Person::at("late@uni.example");
    assert_eq!(late.join(&node.browser(), &link.url).await.status, 422);
    let new = Person::at("new@college.example");
    let page = new.join(&node.browser(), &link.url).await;
    assert_eq!(outcome(&page), Outcome::Held);
    let seats = institution.seats("Law").await;
    assert_eq!((seats.assigned, seats.held), (1, 1));
}
