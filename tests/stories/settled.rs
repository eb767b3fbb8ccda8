//! What hung on the proof of an address, when nobody could be told of the proof.

use testkit::{BusKind, Engine, eventually};

use crate::{
    accounts::{sent, sign_in},
    institution::Institution,
    node::{Ground, PATIENCE},
    person::{Outcome, Person},
};

const OTHERS: [&str; 6] = ["links", "invites", "courier", "roster", "admin", "relay"];
const ANOTHER: &str = "nobody guesses that one either";

#[tokio::test]
async fn a_held_seat_is_theirs_though_the_seats_were_away_when_the_password_was_reset() {
    let ground = Ground::new(Engine::Sqlite, BusKind::Nats);
    let _inside = ground.start_with(&OTHERS, &[]);
    let people = ground.start_with(&["people"], &[]);
    let seats = ground.start_with(&["seats"], &[]);
    let edge = ground.start_with(&["edge"], &[]);
    let domains = [("allowed_domains", "hill.edu")];
    let (institution, link) = Institution::with_link(&ground, &edge, 3, &domains).await;
    let person = Person::at("held@hill.edu");
    let browser = edge.browser();
    let page = person.join(&browser, &link.url).await;
    assert_eq!(Outcome::of(page.status, &page.html), Outcome::Held);
    let page = browser.open("/reset").await;
    let form = page.form("/reset").fill("email", &person.email);
    browser.submit(&page, &form).await;
    let letter = sent(&ground, &person.email, "/reset/").await;
    drop(seats);

    // The letter's page is there also when nobody knows whose it is.
    drop(people);
    let page = browser.open(&letter.path).await;
    assert_eq!(page.status, 200);
    assert!(!page.html.contains("username"), "{}", page.html);
    let _people = ground.start_with(&["people"], &[]);
    let page = browser.open(&letter.path).await;
    let form = page.form("").fill("new_password", ANOTHER);
    let done = browser.submit(&page, &form).await;
    assert_eq!(
        (done.status, done.heading().as_str()),
        (200, "Your password is set")
    );
    assert_eq!(browser.submit(&page, &form).await.status, 422);
    let own = sign_in(&edge.browser(), &person.email, ANOTHER).await;
    assert_eq!(own.heading(), "Hello Ann");
    // So it is with another address.
    let own = browser.open("/").await;
    let form = own.form("/account/address").fill("email", "ann@hill.edu");
    let form = form.fill("password", ANOTHER);
    let page = browser.submit(&own, &form).await;
    let letter = sent(&ground, "ann@hill.edu", "/account/address/").await;
    let form = page.form("/account/address/code");
    let form = form.fill("code", &letter.code);
    assert_eq!(browser.submit(&page, &form).await.status, 200);

    let _seats = ground.start_with(&["seats"], &[]);
    eventually(PATIENCE, "the seat is theirs", async || {
        let seats = institution.seats("Law").await;
        (seats.held, seats.assigned) == (0, 1)
    })
    .await;
}
