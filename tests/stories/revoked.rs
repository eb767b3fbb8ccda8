//! Whoever was revoked, at every door, until an administrator takes it back.

use reqwest::Method;
use rstest::rstest;
use serde_json::Value;
use testkit::{BusKind, Engine};

use crate::{
    accounts::sign_in,
    browser::Browser,
    institution::Institution,
    node::Ground,
    person::{Outcome, Person},
    program::Program,
};

#[rstest]
#[tokio::test]
async fn a_revoked_person_gets_no_seat_at_any_link_until_reassigned(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
    #[values(BusKind::Local, BusKind::Nats)] bus: BusKind,
) {
    let ground = Ground::new(engine, bus);
    let node = ground.start();
    let (institution, link) = Institution::with_link(&ground, &node, 1, &[]).await;
    let other_link = institution.link("Law", &[]).await;
    let (person, next) = (Person::numbered(1), Person::numbered(2));
    person.join(&node.browser(), &link.url).await;
    let browser = node.browser();
    let own = sign_in(&browser, &person.email, &person.password).await;
    assert_eq!(own.heading(), "Hello Ann");
    let waits = next.join(&node.browser(), &link.url).await;
    assert_eq!(Outcome::of(waits.status, &waits.html), Outcome::Waiting);

    let program = Program::of(&ground, &node, &institution);
    let users = format!("/organisations/{}/users", institution.id);
    let all = program.all(&users).await;
    let user = all.iter().find(|user| user["email"] == person.email);
    let user = format!("{users}/{}", user.unwrap()["id"].as_str().unwrap());
    let act = async |verb: &str| {
        let path = format!("{user}/{verb}");
        program.send(Method::POST, &path, &Value::Null).await
    };
    let status = async || {
        let mut rows = institution.people("").await;
        rows.sort_unstable_by(|one, other| one[2].cmp(&other[2]));
        rows.into_iter()
            .map(|row| row[3].clone())
            .collect::<Vec<_>>()
    };

    // the seat goes to who waits, and no door gives another one
    let (code, revoked) = act("revoke").await;
    assert_eq!((code, &revoked["status"]), (200, &Value::from("revoked")));
    assert_eq!(status().await, ["Revoked", "Assigned"]);
    assert_eq!(browser.open("/").await.heading(), "Sign in");
    for url in [&link.url, &other_link.url] {
        let page = person.join(&node.browser(), url).await;
        assert_eq!(page.status, 403, "{}", page.text());
        assert!(page.text().contains("Your access was withdrawn"));
    }
    assert_eq!(status().await, ["Revoked", "Assigned"]);

    // an administrator gives it back once there is one to give
    let (code, refused) = act("reassign").await;
    assert_eq!(
        (code, &refused["type"]),
        (409, &Value::from("/problems/no-seats"))
    );
    institution.buy(2).await;
    let (code, reassigned) = act("reassign").await;
    assert_eq!(
        (code, &reassigned["status"]),
        (200, &Value::from("assigned"))
    );
    assert_eq!(status().await, ["Assigned", "Assigned"]);

    // who was signed in before is so again by the password alone, also once the place is erased
    assert_eq!(browser.open("/").await.heading(), "Sign in");
    let second = Institution::with_link(&ground, &node, 1, &[]).await;
    let fresh = node.browser();
    sign_in(&fresh, &person.email, &person.password).await;
    let page = fresh.open(&second.1.url).await;
    let page = fresh.submit(&page, &page.form("/as-me")).await;
    assert_eq!(Outcome::of(page.status, &page.html), Outcome::Assigned);
    let (code, _) = program.send(Method::DELETE, &user, &Value::Null).await;
    assert_eq!(code, 204);
    assert_eq!(browser.open("/").await.heading(), "Sign in");
    assert_eq!(fresh.open("/").await.heading(), "Hello Ann");
    ground.usher(&["verify"]);
}

#[tokio::test]
async fn whoever_is_revoked_before_confirming_the_address_is_promised_no_seat() {
    let ground = Ground::new(Engine::Sqlite, BusKind::Local);
    let node = ground.start();
    let (institution, link) = Institution::with_link(&ground, &node, 2, &[]).await;
    let confirmed = async |browser: &Browser, person: &Person| {
        let letter = person.letter(&ground).await;
        let page = browser.open(&letter.proof_url).await;
        let page = browser.submit(&page, &page.form("")).await;
        assert_eq!(page.heading(), "Your address is confirmed");
        assert_eq!(page.link("Your account"), "/");
        page.text()
    };
    let (revoked, seated) = (Person::numbered(1), Person::numbered(2));
    let (theirs, others) = (node.browser(), node.browser());
    revoked.join(&theirs, &link.url).await;
    seated.join(&others, &link.url).await;
    let page = institution.open(&format!("?q={}", revoked.email)).await;
    let administrator = &institution.administrator;
    let page = administrator.open(&page.link("Ann")).await;
    administrator.press(&page, "/revoke").await;
    let told = confirmed(&theirs, &revoked).await;
    assert!(!told.contains("Your seat is yours"), "{told}");
    let told = confirmed(&others, &seated).await;
    assert!(told.contains("Your seat is yours"), "{told}");
}
