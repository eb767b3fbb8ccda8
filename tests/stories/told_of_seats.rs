//! Whoever waits hears by a letter that their turn came, once, and how to keep the seat.

use rstest::rstest;
use serde_json::Value;
use testkit::{BusKind, Engine, eventually};

use crate::{
    administrators::sign_in,
    institution::{Institution, PASSWORD, PRODUCT_URL},
    node::{Ground, PATIENCE},
    person::{Outcome, Person},
};

store::statements! {
    /// The minutes pass in which an address gets no second proof.
    MINUTES_PASS = "update proofs set created_at = created_at - 120000000";
}

/// The letters that tell of a seat, the first before the others.
fn told(ground: &Ground) -> Vec<Value> {
    let kept = ground.letters().into_iter();
    let kept = kept.map(|letter| serde_json::from_str::<Value>(&letter).unwrap());
    let tells = |letter: &Value| {
        let subject = letter["mail"]["subject"].as_str().unwrap();
        subject.starts_with("You have a seat at ")
    };
    let mut told: Vec<Value> = kept.filter(tells).collect();
    told.sort_by_key(|letter| letter["mail"]["id"].as_str().unwrap().to_owned());
    told
}

async fn told_to(ground: &Ground, people: &[&Person]) -> Vec<Value> {
    let expected: Vec<_> = people.iter().map(|person| person.email.clone()).collect();
    eventually(PATIENCE, &format!("{expected:?} are told"), async || {
        told(ground).len() >= expected.len()
    })
    .await;
    let letters = told(ground);
    let recipients: Vec<_> = letters
        .iter()
        .map(|letter| letter["mail"]["to"].clone())
        .collect();
    assert_eq!(recipients, expected);
    letters
}

#[rstest]
#[case(Engine::Sqlite, BusKind::Local)]
#[case(Engine::Postgres, BusKind::Nats)]
#[tokio::test]
async fn whoever_waits_is_told_once_of_the_seat_in_order_and_how_to_keep_it(
    #[case] engine: Engine,
    #[case] bus: BusKind,
) {
    let ground = Ground::new(engine, bus);
    let node = ground.start();
    let (institution, link) = Institution::with_link(&ground, &node, 1, &[]).await;
    let people = [1, 2, 3, 4].map(Person::numbered);
    let visitor = node.browser();
    for (person, expected) in people.iter().zip([
        Outcome::Assigned,
        Outcome::Waiting,
        Outcome::Waiting,
        Outcome::Waiting,
    ]) {
        let browser = match person {
            waits if *waits == people[1] => visitor.clone(),
            _ => node.browser(),
        };
        let page = person.join(&browser, &link.url).await;
        assert_eq!(Outcome::of(page.status, &page.html), expected);
        person.letter(&ground).await;
    }
    ground.change(MINUTES_PASS.query()).await;

    // two seats more: two letters, each with the way to keep the seat and the day
    institution.buy(3).await;
    let letters = told_to(&ground, &[&people[1], &people[2]]).await;
    let text = letters[0]["text"].as_str().unwrap();
    assert!(text.contains(&institution.name), "{text}");
    assert!(
        text.contains("Please confirm that this is your address by "),
        "{text}"
    );
    assert!(text.contains(PRODUCT_URL), "{text}");
    let url = text
        .split_whitespace()
        .find(|word| word.contains("/proofs/"));
    let path = url.unwrap();
    let path = &path[path.find("/proofs/").unwrap()..];
    let page = visitor.open(path).await;
    let page = visitor.submit(&page, &page.form("")).await;
    assert_eq!(page.heading(), "Your address is confirmed");

    // a seat that is taken back is the next one's
    let first = institution.open(&format!("?q={}", people[0].email)).await;
    let office = &institution.administrator;
    let first = office.open(&first.link("Ann")).await;
    office.submit(&first, &first.form("/revoke")).await;
    told_to(&ground, &[&people[1], &people[2], &people[3]]).await;

    // nobody is told again, not by a node that begins anew either
    drop(node);
    let node = ground.start();
    let late = Person::numbered(5);
    let page = late.join(&node.browser(), &link.at(&node)).await;
    assert_eq!(Outcome::of(page.status, &page.html), Outcome::Waiting);
    ground.change(MINUTES_PASS.query()).await;
    let institution = Institution {
        administrator: node.browser(),
        ..institution
    };
    sign_in(&institution.administrator, &institution.email, PASSWORD).await;
    institution.buy(4).await;
    told_to(&ground, &[&people[1], &people[2], &people[3], &late]).await;
    assert_eq!(
        ground.usher(&["verify"]),
        "every number is what its rows say"
    );
}
