//! The letter of a registration, handed to a relay over SMTP.

use rstest::rstest;
use testkit::{BusKind, Engine, SmtpSink};

use crate::{
    institution::Institution,
    node::{Ground, PATIENCE},
    person::{Letter, Outcome, Person},
};

/// The text of a message, without what its transport did to long lines.
pub(crate) fn decoded(message: &str) -> String {
    let lines = message.replace("=\r\n", "");
    lines.replace("=3D", "=").replace("\r\n", "\n")
}

#[rstest]
#[tokio::test]
async fn one_letter_goes_to_the_relay_and_its_link_proves_the_address(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
    #[values(BusKind::Local, BusKind::Nats)] bus: BusKind,
) {
    let ground = Ground::new(engine, bus);
    let relay = SmtpSink::start();
    let url = relay.url();
    let settings = [
        ("USHER_MAIL__URL", url.as_str()),
        (
            "USHER_MAIL__FROM",
            "Hill Valley <library@hill-valley.example>",
        ),
    ];
    let node = ground.start_with(&[], &settings);
    let (institution, link) = Institution::with_link(&ground, &node, 3, &[]).await;
    let (visitor, person) = (node.browser(), Person::numbered(1));
    person.join(&visitor, &link.url).await;
    // the same form again sends no second letter, so the next one is somebody else's
    person.join(&visitor, &link.url).await;
    let other = Person::numbered(2);
    other.join(&node.browser(), &link.url).await;

    let letters = relay.wait_for(2, PATIENCE).await;
    let to = |person: &Person| {
        let mut letters = letters.iter();
        letters.find(|letter| letter.recipients == [person.email.clone()])
    };
    assert_eq!(letters.len(), 2);
    assert!(to(&other).is_some());
    let message = decoded(&to(&person).unwrap().text());
    assert!(
        message.contains("library@hill-valley.example>"),
        "{message}"
    );
    assert!(message.contains(&institution.name), "{message}");
    let letter = Letter::read(&message);

    let page = visitor.open(&letter.proof_url).await;
    let proved = visitor.submit(&page, &page.form("")).await;
    assert_eq!(proved.heading(), "Your address is confirmed");
}

#[tokio::test]
async fn a_relay_that_refuses_somebody_does_not_cost_them_the_seat() {
    let ground = Ground::new(Engine::Sqlite, BusKind::Local);
    let relay = SmtpSink::start();
    let (refused, taken) = (Person::numbered(1), Person::numbered(2));
    relay.reject(&refused.email, "550 5.1.1 no such user");
    let url = relay.url();
    let node = ground.start_with(&[], &[("USHER_MAIL__URL", url.as_str())]);
    let (institution, link) = Institution::with_link(&ground, &node, 3, &[]).await;
    for person in [&refused, &taken] {
        let page = person.join(&node.browser(), &link.url).await;
        assert_eq!(Outcome::of(page.status, &page.html), Outcome::Assigned);
    }
    let letters = relay.wait_for(1, PATIENCE).await;
    assert_eq!(letters[0].recipients, [taken.email]);
    assert_eq!(institution.seats("Law").await.assigned, 2);
}
