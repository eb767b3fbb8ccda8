//! An owner changes a plan on its page.

use testkit::{BusKind, Engine};

use crate::{
    browser::Page,
    institution::{Institution, Seats},
    node::Ground,
    person::Person,
};

/// The page of the only plan.
async fn plan(institution: &Institution, name: &str) -> Page {
    let page = institution.open("/plans").await;
    institution.administrator.open(&page.link(name)).await
}

#[tokio::test]
async fn an_owner_changes_name_seats_and_end_of_a_plan_and_keeps_what_was_typed_when_refused() {
    let ground = Ground::new(Engine::Sqlite, BusKind::Local);
    let node = ground.start();
    let (institution, link) = Institution::with_link(&ground, &node, 3, &[]).await;
    let office = &institution.administrator;
    let page = plan(&institution, "Law").await;
    let action = page.url.path().to_owned();
    let form = page.form(&action);
    let stands = |page: &Page| {
        let form = page.form(&action);
        let fields = ["name", "seats", "ends_at"];
        fields.map(|name| form.value(name).unwrap().to_owned())
    };
    assert_eq!(stands(&page), ["Law", "3", ""]);

    // Every field that is wrong says so, and keeps what was typed; nothing is changed.
    let wrong = form.clone().fill("name", "").fill("seats", "-1");
    let refused = office.submit(&page, &wrong.fill("ends_at", "soon")).await;
    assert_eq!((refused.status, refused.heading().as_str()), (422, "Law"));
    assert_eq!(refused.error("name"), "must not be empty");
    assert_eq!(refused.error("seats"), "must be a whole number");
    assert_eq!(refused.error("ends_at"), "is not a date and time");
    assert_eq!(stands(&refused), ["", "-1", "soon"]);
    let many = form.clone().fill("name", "Laws").fill("seats", "10000001");
    let refused = office.submit(&page, &many).await;
    assert_eq!(refused.status, 422);
    assert_eq!(refused.error("seats"), "must be at most 10000000");
    assert_eq!(stands(&refused), ["Laws", "10000001", ""]);
    assert_eq!(stands(&plan(&institution, "Law").await), ["Law", "3", ""]);

    let form = form.fill("name", "Law and Economics").fill("seats", "5");
    let form = form.fill("ends_at", "2126-03-01T12:30");
    let saved = office.submit(&page, &form).await;
    assert_eq!(saved.status, 200);
    assert!(saved.text().contains("Saved."), "{}", saved.text());
    assert!(saved.text().contains("Ends 1 Mar 2126, 12:30 UTC"));
    let now = ["Law and Economics", "5", "2126-03-01T12:30"];
    assert_eq!(stands(&saved), now);

    // An end that has come admits nobody, and is taken away again.
    let ended = saved.form(&action).fill("ends_at", "2020-01-01T00:00");
    let ended = office.submit(&saved, &ended).await;
    let visitor = node.browser();
    let page = visitor.open(&link.url).await;
    assert!(!page.html.contains("accept_terms"), "{}", page.text());
    let open = ended.form(&action).fill("ends_at", "");
    let open = office.submit(&ended, &open).await;
    assert_eq!(stands(&open), ["Law and Economics", "5", ""]);
    Person::numbered(0).join(&visitor, &link.url).await;
    assert_eq!(institution.seats("Law and Economics").await.assigned, 1);
}

#[tokio::test]
async fn seconds_of_an_end_that_the_form_does_not_show_stay_when_the_end_is_left_alone() {
    let ground = Ground::new(Engine::Sqlite, BusKind::Local);
    let node = ground.start();
    let institution = Institution::found(&ground, &node).await;
    let owner = crate::program::Program::of(&ground, &node, &institution);
    let plans = format!("/organisations/{}/plans", institution.id);
    let ends_at = "2126-03-01T12:30:45Z";
    let made = serde_json::json!({ "name": "Law", "seats": 3, "ends_at": ends_at });
    owner.make(&plans, made).await;
    let page = plan(&institution, "Law").await;
    let form = page.form(page.url.path()).fill("seats", "4");
    institution.administrator.submit(&page, &form).await;
    let plans = owner.all(&plans).await;
    assert_eq!(plans[0]["seats"]["purchased"], 4);
    assert_eq!(plans[0]["ends_at"], ends_at);
}

#[tokio::test]
async fn what_nobody_touched_in_the_form_is_left_as_somebody_else_made_it_meanwhile() {
    let ground = Ground::new(Engine::Sqlite, BusKind::Local);
    let node = ground.start();
    let institution = Institution::found(&ground, &node).await;
    institution.plan("Law", 3).await;
    let office = &institution.administrator;
    let (page, other) = (
        plan(&institution, "Law").await,
        plan(&institution, "Law").await,
    );
    let action = page.url.path();
    let form = other.form(action).fill("seats", "50");
    let form = form.fill("ends_at", "2126-03-01T12:30");
    assert_eq!(office.submit(&other, &form).await.status, 200);
    // refused once, and still the form of before
    let wrong = page.form(action).fill("name", "");
    let refused = office.submit(&page, &wrong).await;
    assert_eq!(refused.status, 422);
    let form = refused.form(action).fill("name", "Law and Economics");
    let saved = office.submit(&refused, &form).await;
    let form = saved.form(action);
    let stands = ["name", "seats", "ends_at"].map(|name| form.value(name).unwrap());
    assert_eq!(stands, ["Law and Economics", "50", "2126-03-01T12:30"]);
}

#[tokio::test]
async fn where_more_seats_are_taken_than_purchased_none_is_free_and_pages_say_so() {
    let ground = Ground::new(Engine::Sqlite, BusKind::Local);
    let node = ground.start();
    let (institution, link) = Institution::with_link(&ground, &node, 2, &[]).await;
    for number in 0..2 {
        let person = Person::numbered(number);
        person.join(&node.browser(), &link.url).await;
    }
    let says = "More seats are taken than purchased.";
    let fits = plan(&institution, "Law").await;
    assert!(!fits.text().contains(says), "{}", fits.text());
    institution.buy(1).await;
    let seats = Seats {
        purchased: 1,
        assigned: 2,
        ..Seats::default()
    };
    assert_eq!(institution.seats("Law").await, seats);
    for part in ["", "/plans"] {
        let page = institution.open(part).await;
        assert!(page.text().contains(says), "{part}: {}", page.text());
    }
    let page = plan(&institution, "Law").await;
    assert_eq!(page.text().matches(says).count(), 1, "{}", page.text());

    // A number that is refused on the list of plans is shown beside its field, on the page of the plan.
    let list = institution.open("/plans").await;
    let form = list.form(page.url.path()).fill("seats", "some");
    let refused = institution.administrator.submit(&list, &form).await;
    assert_eq!((refused.status, refused.heading().as_str()), (422, "Law"));
    assert_eq!(refused.error("seats"), "must be a whole number");
    let form = refused.form(page.url.path());
    assert_eq!(
        (form.value("name"), form.value("seats")),
        (Some("Law"), Some("some"))
    );
}
