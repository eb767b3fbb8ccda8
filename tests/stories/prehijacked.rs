//! Somebody who registers a stranger's address, is signed in there, and loses the seat, ends with
//! nothing once the owner of the address joins.

use rstest::rstest;
use testkit::{BusKind, Engine, eventually, eventually_some};

use crate::{
    accounts::{sent, sign_in},
    institution::Institution,
    node::{Ground, PATIENCE},
    person::{Letter, Outcome, Person},
};

store::statements! {
    /// The days go by in which an address is to be proved.
    FALL_DUE = "update memberships set proof_due_at = 1 where proof_due_at is not null";
}

#[rstest]
#[tokio::test]
async fn whoever_registered_a_strangers_address_and_lost_the_seat_ends_with_nothing(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
    #[values(BusKind::Local, BusKind::Nats)] bus: BusKind,
) {
    let ground = Ground::new(engine, bus);
    let node = ground.start();
    let (institution, link) = Institution::with_link(&ground, &node, 3, &[]).await;
    let owner = Person {
        first_name: "Victoria".to_owned(),
        ..Person::at("ann@hill.edu")
    };
    let attacker = Person {
        password: "the attacker's own words".to_owned(),
        ..Person::at(&owner.email)
    };

    // a seat, a session, and a change to a mailbox of the attacker's own
    let theirs = node.browser();
    let page = attacker.join(&theirs, &link.url).await;
    assert_eq!(Outcome::of(page.status, &page.html), Outcome::Assigned);
    let page = sign_in(&theirs, &attacker.email, &attacker.password).await;
    assert_eq!(page.heading(), "Hello Ann");
    let form = page.form("/account/address");
    let form = form.fill("email", "eve@evil.edu");
    let page = theirs
        .submit(&page, &form.fill("password", &attacker.password))
        .await;
    assert_eq!(page.heading(), "Confirm your new address");
    let change = sent(&ground, "eve@evil.edu", "/account/address/").await;
    ground.change(FALL_DUE.query()).await;
    eventually(PATIENCE, "the seat went back", async || {
        institution.people("").await.is_empty()
    })
    .await;

    // the owner joins in their own browser, where the password is kept by the proof
    let own = node.browser();
    let page = owner.join(&own, &link.url).await;
    assert_eq!(page.heading(), "Welcome, Victoria");
    let letter = eventually_some(PATIENCE, "the owner has a letter", async || {
        let mut letters = ground.letters().into_iter();
        letters.find(|letter| letter.contains("Victoria"))
    });
    let letter: serde_json::Value = serde_json::from_str(&letter.await).unwrap();
    let letter = Letter::read(letter["text"].as_str().unwrap());
    let form = page.form("/proofs/code").fill("code", &letter.code);
    let page = own.submit(&page, &form).await;
    assert_eq!(page.heading(), "Your address is confirmed");

    assert_eq!(theirs.open("/").await.heading(), "Sign in");
    let finished = theirs.post(&change.path, &[]).await;
    assert_eq!(finished.heading(), "Sign in", "{}", finished.text());
    for email in [&owner.email, "eve@evil.edu"] {
        let page = sign_in(&theirs, email, &attacker.password).await;
        assert_eq!(page.status, 401, "{email}");
    }
    let page = sign_in(&own, &owner.email, &owner.password).await;
    assert_eq!(page.heading(), "Hello Victoria");
    assert!(page.text().contains(&owner.email), "{}", page.text());
    assert_eq!(
        ground.usher(&["verify"]),
        "every number is what its rows say"
    );
}
