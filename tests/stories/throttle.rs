//! A guesser is stopped; a campus behind one address is not.

use futures_util::{StreamExt as _, stream};
use reqwest::{Client, Response, StatusCode, redirect::Policy};
use testkit::{BusKind, Engine, PostgresServer};

use crate::{
    institution::{Institution, Link, PASSWORD},
    node::{Ground, Node},
    person::{Outcome, Person, crowd_client},
    program::Program,
};

const STUDENTS: usize = 2_000;
const AT_ONCE: usize = 64;
const GUESSES: usize = 20;
/// Where the students are.
const HERE: &str = "10.1.1.1";
const THREE_FROM_A_NETWORK: [(&str, &str); 2] = [
    ("USHER_THROTTLE__PER_IP_PER_MINUTE", "3"),
    ("USHER_HTTP__TRUSTED_PROXIES", "127.0.0.0/8"),
];

/// Where a password is asked for, and what is typed.
#[derive(Clone, Debug)]
pub(crate) struct Door {
    pub(crate) url: String,
    pub(crate) email: String,
    pub(crate) password: String,
}

impl Door {
    pub(crate) fn person(node: &Node, person: &Person) -> Self {
        Self {
            url: format!("{}/sign-in", node.http),
            email: person.email.clone(),
            password: person.password.clone(),
        }
    }

    /// The same with another password.
    pub(crate) fn wrong(&self) -> Self {
        Self {
            password: "wrong horse battery".to_owned(),
            ..self.clone()
        }
    }

    pub(crate) async fn send(&self, from: &str) -> Response {
        self.send_by(&unled(), from).await
    }

    async fn send_by(&self, client: &Client, from: &str) -> Response {
        let form = [("email", self.email.as_str()), ("password", &self.password)];
        post(client, &self.url, from, &form).await
    }
}

/// A client that does not follow where it is led.
pub(crate) fn unled() -> Client {
    Client::builder().redirect(Policy::none()).build().unwrap()
}

/// Sends a form from an address.
pub(crate) async fn post(
    client: &Client,
    url: &str,
    from: &str,
    form: &[(&str, &str)],
) -> Response {
    let request = client.post(url).header("x-forwarded-for", from).form(form);
    request.send().await.unwrap()
}

#[tokio::test]
async fn two_thousand_students_behind_one_address_join_through_one_link() {
    let ground = Ground::new(Engine::Sqlite, BusKind::Local);
    // a guesser in the same building has used up what the address may do
    let node = ground.start_with(&[], &[("USHER_THROTTLE__PER_IP_PER_MINUTE", "3")]);
    let seats = u64::try_from(STUDENTS).unwrap();
    let (_, link) = Institution::with_link(&ground, &node, seats, &[]).await;
    for _ in 0..GUESSES {
        guess(&node.http, HERE).await;
    }
    let client = crowd_client();
    let joining = (0..STUDENTS).map(async |number| {
        let person = Person::numbered(number);
        person.post(&client, &link.url).await.unwrap()
    });
    let outcomes = stream::iter(joining)
        .buffer_unordered(AT_ONCE)
        .collect::<Vec<_>>()
        .await;
    let seated = outcomes.iter().filter(|one| **one == Outcome::Assigned);
    assert_eq!(seated.count(), STUDENTS, "{outcomes:?}");
    // each of them signs in, two with a slip
    for slip in 0..2 {
        let wrong = Door::person(&node, &Person::numbered(slip)).wrong();
        assert_eq!(wrong.send(HERE).await.status(), StatusCode::UNAUTHORIZED);
    }
    let client = unled();
    let signing_in = (0..STUDENTS).map(async |number| {
        let door = Door::person(&node, &Person::numbered(number));
        door.send_by(&client, HERE).await.status()
    });
    let statuses = stream::iter(signing_in)
        .buffer_unordered(AT_ONCE)
        .collect::<Vec<_>>()
        .await;
    let inside = statuses.iter().filter(|one| **one == StatusCode::SEE_OTHER);
    assert_eq!(inside.count(), STUDENTS, "{statuses:?}");
}

#[tokio::test]
async fn a_guesser_of_passwords_is_stopped_before_they_are_looked_at() {
    let ground = Ground::new(Engine::Sqlite, BusKind::Local);
    let node = ground.start_with(&[], &THREE_FROM_A_NETWORK);
    let (institution, link) = Institution::with_link(&ground, &node, 3, &[]).await;
    let ann = Person::numbered(1);
    ann.join(&node.browser(), &link.url).await;
    let administrator = Door {
        url: format!("{}/admin/sign-in", node.http),
        email: institution.email.clone(),
        password: PASSWORD.to_owned(),
    };
    let doors = [Door::person(&node, &ann), administrator];
    for (door, from) in doors.iter().zip(["192.0.2.1", "192.0.2.2"]) {
        for number in 0..3 {
            // another address each time: no count of one address stops that
            let email = format!("nobody.{number}@students.example");
            let spray = Door {
                email,
                ..door.wrong()
            };
            assert_eq!(spray.send(from).await.status(), StatusCode::UNAUTHORIZED);
        }
        for attempt in [door, &door.wrong()] {
            // right or wrong, it is told the same
            let refused = attempt.send(from).await;
            assert_eq!(refused.status(), StatusCode::TOO_MANY_REQUESTS);
            assert!(refused.headers().contains_key("retry-after"));
            assert!(!refused.headers().contains_key("set-cookie"));
        }
        let elsewhere = door.send("192.0.2.3").await;
        assert_eq!(elsewhere.status(), StatusCode::SEE_OTHER);
        assert!(elsewhere.headers().contains_key("set-cookie"));
    }
}

#[tokio::test]
async fn a_guesser_with_a_link_is_stopped_and_newcomers_are_not() {
    let ground = Ground::new(Engine::Sqlite, BusKind::Local);
    let node = ground.start_with(&[], &THREE_FROM_A_NETWORK);
    let (institution, link) = Institution::with_link(&ground, &node, 9, &[]).await;
    let join = async |person: &Person, from: &str| {
        let sent = post(&Client::new(), &link.url, from, &person.fields()).await;
        sent.status()
    };
    let (guesser, elsewhere) = ("192.0.2.1", "192.0.2.2");
    for number in 0..5 {
        assert_eq!(join(&Person::numbered(number), elsewhere).await, 200);
    }
    let wrong = |number| Person {
        password: "wrong horse battery".to_owned(),
        ..Person::numbered(number)
    };
    for number in 0..3 {
        assert_eq!(join(&wrong(number), guesser).await, StatusCode::CONFLICT);
    }
    // an address that has a password is told the same, right or wrong, here and at the other door
    for person in [Person::numbered(3), wrong(4)] {
        assert_eq!(join(&person, guesser).await, StatusCode::TOO_MANY_REQUESTS);
        let door = Door::person(&node, &person).send(guesser).await;
        assert_eq!(door.status(), StatusCode::TOO_MANY_REQUESTS);
    }
    assert_eq!(join(&Person::numbered(5), guesser).await, 200);
    assert_eq!(join(&Person::numbered(3), elsewhere).await, 200);
    // where a link takes nobody new, newcomers are no guesses
    let domains = [("allowed_domains", "uni.example")];
    let narrow = institution.link("Law", &domains).await;
    let knock = async |person: &Person| {
        let sent = post(&Client::new(), &narrow.url, "192.0.2.3", &person.fields()).await;
        sent.status()
    };
    for number in 0..6 {
        let newcomer = Person::at(&format!("late.{number}@students.example"));
        assert_eq!(knock(&newcomer).await, StatusCode::UNPROCESSABLE_ENTITY);
    }
    for number in 0..3 {
        let status = knock(&wrong(number)).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    }
    let right = knock(&Person::numbered(3)).await;
    assert_eq!(right, StatusCode::TOO_MANY_REQUESTS);
}

#[tokio::test]
async fn a_guesser_of_codes_is_stopped_before_they_are_looked_at() {
    let ground = Ground::new(Engine::Sqlite, BusKind::Local);
    let node = ground.start_with(&[], &THREE_FROM_A_NETWORK);
    let (_, link) = Institution::with_link(&ground, &node, 3, &[]).await;
    let ann = Person::numbered(1);
    let page = ann.join(&node.browser(), &link.url).await;
    let proof = page.form("/proofs/code").value("proof").unwrap().to_owned();
    let code = ann.letter(&ground).await.code;
    let wrong = if code == "111111" { "222222" } else { "111111" };
    let email = ann.email.as_str();
    // what is guessed at, and how often it is looked at: one purpose's proof is nothing for another
    let guesses = [
        (
            "/proofs/code",
            vec![("proof", proof.as_str()), ("code", wrong)],
        ),
        (
            "/reset/code",
            vec![
                ("proof", proof.as_str()),
                ("code", wrong),
                ("new_password", "another few words"),
            ],
        ),
        ("/invite", vec![("email", email), ("code", "ABCD-EFGH")]),
    ];
    for ((path, guess), from) in guesses.iter().zip(["192.0.2.1", "192.0.2.2", "192.0.2.3"]) {
        let send = async |path: &str, form: &[(&str, &str)], from: &str| {
            post(&Client::new(), &format!("{}{path}", node.http), from, form)
                .await
                .status()
        };
        for _ in 0..3 {
            let status = send(path, guess, from).await;
            assert!(
                status == StatusCode::UNPROCESSABLE_ENTITY || status == StatusCode::NOT_FOUND,
                "{path}: {status}"
            );
        }
        let right = [("proof", proof.as_str()), ("code", code.as_str())];
        for (path, form) in [(*path, &guess[..]), ("/proofs/code", &right)] {
            let status = send(path, form, from).await;
            assert_eq!(status, StatusCode::TOO_MANY_REQUESTS, "{path}");
        }
    }
    let right = [("proof", proof.as_str()), ("code", code.as_str())];
    let url = format!("{}/proofs/code", node.http);
    let proved = post(&Client::new(), &url, "192.0.2.4", &right).await;
    assert_eq!(proved.status(), StatusCode::OK);
}

#[tokio::test]
async fn a_link_bears_so_many_a_minute_whoever_comes() {
    let ground = Ground::new(Engine::Sqlite, BusKind::Local);
    let node = ground.start_with(&[], &[("USHER_THROTTLE__PER_LINK_PER_MINUTE", "2")]);
    let (institution, link) = Institution::with_link(&ground, &node, 9, &[]).await;
    let other = institution.link("Law", &[]).await;
    let client = crowd_client();
    let too_many = Outcome::Refused(StatusCode::TOO_MANY_REQUESTS.as_u16());
    let mut outcomes = Vec::new();
    for number in 0..3 {
        outcomes.push(
            Person::numbered(number)
                .post(&client, &link.url)
                .await
                .unwrap(),
        );
    }
    assert_eq!(outcomes, [Outcome::Assigned, Outcome::Assigned, too_many]);
    // an account that is signed in is counted with them
    let browser = node.browser();
    let ann = Person::numbered(0);
    let page = browser.open("/").await;
    let form = page.form("/sign-in").fill("email", &ann.email);
    let form = form.fill("password", &ann.password);
    browser.submit(&page, &form).await;
    let as_me = |link: &Link| format!("{}/as-me", link.url);
    let page = browser.post(&as_me(&link), &[]).await;
    assert_eq!(page.status, StatusCode::TOO_MANY_REQUESTS.as_u16());
    for _ in 0..2 {
        let page = browser.post(&as_me(&other), &[]).await;
        assert_eq!(page.status, 200, "{}", page.text());
    }
    let last = Person::numbered(3).post(&client, &other.url).await;
    assert_eq!(last.unwrap(), too_many);
    let metrics = node.ops("/metrics").await.1;
    let counted = r#"usher_http_throttled_total{by="link"} 3"#;
    assert!(metrics.contains(counted), "{metrics}");
}

#[tokio::test]
async fn an_organisation_asks_so_often_a_minute_by_whichever_of_its_tokens() {
    let ground = Ground::new(Engine::Sqlite, BusKind::Local);
    let settings = [("USHER_THROTTLE__PER_ORGANISATION_PER_MINUTE", "4")];
    let node = ground.start_with(&[], &settings);
    let token = |organisation: &str| {
        let args = ["token", "create", "--name", "lms", "--organisation"];
        ground.usher(&[&args[..], &[organisation]].concat())
    };
    let (busy, calm) = (
        Institution::found(&ground, &node).await.id,
        Institution::found(&ground, &node).await.id,
    );
    let ask = async |organisation: &str, token: &str| {
        let url = format!("{}/api/v1/organisations/{organisation}/plans", node.http);
        let request = Client::new().get(url).bearer_auth(token);
        request.send().await.unwrap().status()
    };
    let (first, second) = (token(&busy), token(&busy));
    for token in [&first, &second, &first, &second] {
        assert_eq!(ask(&busy, token).await, StatusCode::OK);
    }
    for token in [&first, &second] {
        assert_eq!(ask(&busy, token).await, StatusCode::TOO_MANY_REQUESTS);
    }
    assert_eq!(ask(&calm, &token(&calm)).await, StatusCode::OK);
    // the operator is nobody's
    let operator = ground.usher(&["token", "create", "--name", "operator"]);
    for _ in 0..9 {
        assert_eq!(ask(&busy, &operator).await, StatusCode::OK);
    }
}

#[tokio::test]
async fn a_guesser_is_told_to_wait_and_others_are_not() {
    let ground = Ground::new(Engine::Sqlite, BusKind::Local);
    let node = ground.start_with(&[], &THREE_FROM_A_NETWORK);
    for _ in 0..3 {
        assert_eq!(
            guess(&node.http, "192.0.2.1").await.0,
            StatusCode::NOT_FOUND
        );
    }
    let (status, retry_after) = guess(&node.http, "192.0.2.1").await;
    assert_eq!(status, StatusCode::TOO_MANY_REQUESTS);
    assert!(retry_after.is_some_and(|seconds| (1..=60).contains(&seconds)));
    assert_eq!(
        guess(&node.http, "192.0.2.2").await.0,
        StatusCode::NOT_FOUND
    );
    let metrics = node.ops("/metrics").await.1;
    assert!(
        metrics.contains(r#"usher_http_throttled_total{by="ip"} 1"#),
        "{metrics}"
    );
}

#[tokio::test]
async fn whoever_tries_one_address_again_and_again_is_told_to_wait() {
    let ground = Ground::new(Engine::Sqlite, BusKind::Local);
    let settings = [("USHER_THROTTLE__PER_EMAIL_PER_MINUTE", "5")];
    let node = ground.start_with(&[], &settings);
    let sign_in = async |email: &str| {
        let form = [("email", email), ("password", "wrong horse battery")];
        let url = format!("{}/admin/sign-in", node.http);
        Client::new()
            .post(url)
            .form(&form)
            .send()
            .await
            .unwrap()
            .status()
    };
    for _ in 0..5 {
        assert_eq!(sign_in("ann@uni.edu").await, StatusCode::UNAUTHORIZED);
    }
    assert_eq!(sign_in("Ann@uni.edu").await, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(sign_in("bob@uni.edu").await, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn that_somebody_guessed_is_in_the_audit_trail_once_however_often_they_did() {
    let ground = Ground::new(Engine::Sqlite, BusKind::Local);
    let settings = [("USHER_THROTTLE__PER_EMAIL_PER_MINUTE", "5")];
    let node = ground.start_with(&[], &settings);
    let (institution, link) = Institution::with_link(&ground, &node, 3, &[]).await;
    let ann = Person::numbered(1);
    ann.join(&node.browser(), &link.url).await;
    let person = Door::person(&node, &ann).wrong();
    let administrator = Door {
        url: format!("{}/admin/sign-in", node.http),
        email: institution.email.clone(),
        ..person.clone()
    };
    // Who tries an address at the door where it is nobody's silences neither.
    let astray = [
        Door {
            email: person.email.clone(),
            ..administrator.clone()
        },
        Door {
            email: administrator.email.clone(),
            ..person.clone()
        },
    ];
    let tries = [
        (&astray[0], 1),
        (&astray[1], 1),
        (&person, 9),
        (&administrator, 9),
    ];
    for (door, times) in tries {
        for _ in 0..times {
            assert!(door.send(HERE).await.status().is_client_error());
        }
    }
    let program = Program::of(&ground, &node, &institution);
    let trail = format!("/organisations/{}/audit", institution.id);
    let trail = program.all(&trail).await;
    let of = |action: &str| {
        let told = trail.iter().filter(|entry| entry["action"] == action);
        told.map(|entry| (entry["actor"].clone(), entry["target"].clone()))
            .collect::<Vec<_>>()
    };
    for (action, prefix) in [
        ("account.refuse-sign-in", "mbr_"),
        ("administrator.refuse-sign-in", "adm_"),
    ] {
        let told = of(action);
        assert_eq!(told.len(), 1, "{action}");
        assert_eq!(told[0].0, "public");
        assert!(told[0].1.as_str().unwrap().starts_with(prefix));
    }
}

#[tokio::test]
async fn whoever_tries_links_of_administrators_is_told_to_wait_and_others_are_not() {
    let ground = Ground::new(Engine::Sqlite, BusKind::Local);
    let node = ground.start_with(&[], &THREE_FROM_A_NETWORK);
    for (path, from) in [("reset", "192.0.2.1"), ("set-up", "192.0.2.2")] {
        let choose = async |from: &str| {
            let url = format!("{}/admin/{path}/nobody-gave-this-out", node.http);
            let password = [("password", "a few words of my own")];
            post(&unled(), &url, from, &password).await.status()
        };
        for _ in 0..3 {
            assert_eq!(choose(from).await, StatusCode::GONE, "{path}");
        }
        assert_eq!(choose(from).await, StatusCode::TOO_MANY_REQUESTS, "{path}");
        assert_eq!(choose("192.0.2.3").await, StatusCode::GONE, "{path}");
    }
}

/// Tries a link that nobody gave out, from an address; answers the status and when to try again.
async fn guess(http: &str, from: &str) -> (StatusCode, Option<u64>) {
    let response = Client::new()
        .get(format!("{http}/join/nobody-gave-this-out"))
        .header("x-forwarded-for", from)
        .send()
        .await
        .unwrap();
    let wait = response.headers().get("retry-after");
    let wait = wait.map(|value| value.to_str().unwrap().parse().unwrap());
    (response.status(), wait)
}

#[tokio::test]
async fn of_a_public_request_nothing_is_written_before_it_may_be_answered() {
    let ground = Ground::new(Engine::Postgres, BusKind::Local);
    let node = ground.start_with(&[], &THREE_FROM_A_NETWORK);
    let (_, link) = Institution::with_link(&ground, &node, 1, &[]).await;
    let ann = Person::numbered(0);
    ann.post(&crowd_client(), &link.url).await.unwrap();
    let url = format!("{}/api/v1/session", node.http);
    let sign_in = async |key: u32, password: &str, from: &str| {
        let request = Client::new().post(&url).header("x-forwarded-for", from);
        let request = request.header("idempotency-key", key.to_string());
        let body = serde_json::json!({ "email": ann.email, "password": password });
        let response = request.json(&body).send().await.unwrap();
        let replayed = response.headers().contains_key("idempotency-replayed");
        (response.status().as_u16(), replayed)
    };
    let query = |sql: &str| PostgresServer::shared().query(ground.database.url(), sql);

    query("alter table attempts add constraint nothing_is_written check (false)");
    for key in 0..5 {
        let refused = sign_in(key, "wrong horse battery", HERE).await;
        let status = if key < 3 { 401 } else { 429 };
        assert_eq!(refused, (status, false), "{key}");
    }
    query("alter table attempts drop constraint nothing_is_written");

    let there = "10.2.2.2";
    for key in 0..5 {
        assert_eq!(sign_in(key, &ann.password, there).await, (201, false));
    }
    let kept = query("select count(*) from attempts");
    assert_eq!(kept, "3", "no more of one address a minute");
    assert_eq!(sign_in(2, &ann.password, there).await, (201, true));
    assert_eq!(sign_in(4, &ann.password, there).await, (201, false));

    // whether a password is the one of a kept answer is asked no oftener than whether it is right
    for key in 0..4 {
        let guessed = sign_in(0, &format!("guess number {key}"), there).await;
        let status = if key < 3 { 422 } else { 429 };
        assert_eq!(guessed, (status, false), "{key}");
    }
    assert_eq!(sign_in(0, &ann.password, there).await, (429, false));
}
