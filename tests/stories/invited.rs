//! The second door through the whole node: an administrator pastes addresses, mails go out, and
//! whoever was invited accepts.

use reqwest::Method;
use rstest::rstest;
use serde_json::{Value, json};
use testkit::{BusKind, Engine, SmtpSink, eventually_some};

use crate::{
    browser::Browser,
    institution::{Institution, Link, PASSWORD},
    mail::decoded,
    node::{Ground, Node, PATIENCE},
    person::Person,
    program::Program,
};

/// An institution with a link, on a node that mails to a relay.
pub(crate) struct Scene {
    pub(crate) ground: Ground,
    pub(crate) node: Node,
    pub(crate) relay: SmtpSink,
    pub(crate) institution: Institution,
    pub(crate) link: Link,
    pub(crate) owner: Program,
    /// The path of the organisation.
    pub(crate) at: String,
}

impl Scene {
    /// With that many seats.
    pub(crate) async fn open(engine: Engine, bus: BusKind, seats: u64) -> Self {
        Self::within(engine, bus, seats, &[("USHER_MAIL__PER_SECOND", "0")]).await
    }

    /// The same with other settings.
    pub(crate) async fn within(
        engine: Engine,
        bus: BusKind,
        seats: u64,
        settings: &[(&str, &str)],
    ) -> Self {
        let ground = Ground::new(engine, bus);
        let relay = SmtpSink::start();
        let url = relay.url();
        let settings = [&[("USHER_MAIL__URL", url.as_str())], settings].concat();
        let node = ground.start_with(&[], &settings);
        let (institution, link) =
            Institution::with_link(&ground, &node, seats, &[("tags", "law")]).await;
        let owner = Program::of(&ground, &node, &institution);
        let at = format!("/organisations/{}", institution.id);
        Self {
            ground,
            node,
            relay,
            institution,
            link,
            owner,
            at,
        }
    }

    /// Pastes addresses.
    pub(crate) async fn invite(&self, addresses: &str, dry_run: bool) -> (u16, Value) {
        let body = json!({
            "link_id": self.link.id, "addresses": addresses, "inviter": "Bob Roe", "dry_run": dry_run,
        });
        let path = format!("{}/invites", self.at);
        self.owner.send(Method::POST, &path, &body).await
    }

    /// The path of the invite that went to somebody, and its code.
    pub(crate) async fn mailed(&self, to: &str) -> (String, String) {
        let found = async || {
            let mails = self.relay.messages();
            let mut mails = mails.iter();
            mails
                .find(|mail| mail.recipients == [to])
                .map(testkit::Mail::text)
        };
        let message = eventually_some(PATIENCE, to, found).await;
        let text = decoded(&message);
        let path = text.split("/invite/").nth(1).unwrap();
        let path = path.split(char::is_whitespace).next().unwrap().to_owned();
        let code = text
            .split_whitespace()
            .map(|word| word.trim_matches(|c: char| !c.is_ascii_alphanumeric()))
            .find(|word| {
                word.len() == 8
                    && word
                        .bytes()
                        .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
            });
        (format!("/invite/{path}"), code.unwrap().to_owned())
    }

    /// A batch as it is now.
    pub(crate) async fn batch(&self, id: &Value) -> Value {
        let path = format!("{}/batches/{}", self.at, id.as_str().unwrap());
        self.owner.get(&path).await
    }
}

#[rstest]
#[tokio::test]
async fn pasted_addresses_get_one_mail_each_and_who_accepts_is_seated(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
    #[values(BusKind::Local, BusKind::Nats)] bus: BusKind,
) {
    let scene = Scene::open(engine, bus, 5).await;
    let pasted = "Ann Lee <ann@hill.edu>; bob@hill.edu\nANN@hill.edu, nobody";
    let (status, draft) = scene.invite(pasted, true).await;
    assert_eq!((status, &draft["accepted"]), (202, &json!(2)), "{draft}");
    let reasons: Vec<_> = draft["refused"].as_array().unwrap().iter().collect();
    assert_eq!(reasons.len(), 2, "{draft}");
    assert!(scene.relay.messages().is_empty(), "a draft sends nothing");

    let id = draft["batch_id"].as_str().unwrap();
    let send = format!("{}/batches/{id}/send", scene.at);
    scene.owner.act(&send).await;
    let (ann, code) = scene.mailed("ann@hill.edu").await;
    scene.mailed("bob@hill.edu").await;

    // whoever looks, however often, changes nothing
    let scanner = scene.node.browser();
    for _ in 0..3 {
        assert_eq!(scanner.open(&ann).await.status, 200);
        assert_eq!(scanner.head(&ann).await.status, 200);
    }
    let visitor = scene.node.browser();
    let page = visitor.open("/invite").await;
    let form = page.form("/invite").fill("email", "Ann@hill.edu");
    let page = visitor.submit(&page, &form.fill("code", &code)).await;
    assert_eq!(page.heading(), "Accept your invitation");
    assert!(page.text().contains("Bob Roe"), "{}", page.text());
    assert_eq!(page.input("email"), "ann@hill.edu");
    let form = page.form(&ann).fill("first_name", "Ann");
    let form = form.fill("last_name", "Lee").fill("password", PASSWORD);
    let done = visitor
        .submit(&page, &form.fill("accept_terms", "yes"))
        .await;
    assert_eq!(
        (done.status, done.heading().as_str()),
        (200, "Welcome, Ann")
    );

    // the person has a seat by the invite, with the link's tags, and nothing to prove
    let users = scene.owner.all(&format!("{}/users", scene.at)).await;
    assert_eq!(users.len(), 1);
    let user = &users[0];
    assert_eq!(
        (&user["email"], &user["status"], &user["door"]),
        (&json!("ann@hill.edu"), &json!("assigned"), &json!("invite"))
    );
    assert_eq!(user["proof_due_at"], Value::Null, "{user}");
    let page = format!("/users/{}", user["id"].as_str().unwrap());
    let page = scene.institution.open(&page).await;
    let text = page.text();
    assert!(text.contains("e-mail invite to First year"), "{text}");

    // the second time it is told so
    let other = scene.node.browser().open(&ann).await;
    assert!(
        other.text().contains("accepted already"),
        "{}",
        other.text()
    );
    let finished = async || {
        let batch = scene.batch(&draft["batch_id"]).await;
        (batch["states"]["sent"] == 2 && batch["accepted"] == 1).then_some(batch)
    };
    eventually_some(PATIENCE, "two mails and an acceptance", finished).await;
    // and nobody is invited twice
    let (_, again) = scene.invite("ann@hill.edu bob@hill.edu", false).await;
    assert_eq!(again["accepted"], 0, "{again}");
    let reasons = [
        &again["refused"][0]["reason"],
        &again["refused"][1]["reason"],
    ];
    assert_eq!(reasons, ["already-seated", "already-invited"]);
    assert_eq!(scene.relay.messages().len(), 2);
}

#[rstest]
#[case(Engine::Sqlite, BusKind::Local)]
#[case(Engine::Postgres, BusKind::Nats)]
#[tokio::test]
async fn more_than_a_paste_holds_is_refused_whole_and_nothing_is_sent(
    #[case] engine: Engine,
    #[case] bus: BusKind,
) {
    let scene = Scene::open(engine, bus, 5).await;
    let addresses = |count: usize| {
        let addresses = (0..count).map(|n| format!("p{n}@hill.edu "));
        addresses.collect::<Vec<_>>().concat()
    };
    let (status, refused) = scene.invite(&addresses(501), false).await;
    assert_eq!(status, 422);
    let error = &refused["errors"][0];
    assert_eq!(
        (&error["field"], &error["code"]),
        (&json!("addresses"), &json!("too-many"))
    );
    assert!(error["detail"].as_str().unwrap().contains("501"), "{error}");
    let (status, none) = scene.invite("nobody; no one", false).await;
    assert_eq!((status, &none["type"]), (422, &json!("/problems/invalid")));
    let batches = scene.owner.all(&format!("{}/batches", scene.at)).await;
    assert_eq!(batches, Vec::<Value>::new());
    let (status, taken) = scene.invite(&addresses(500), true).await;
    assert_eq!((status, &taken["accepted"]), (202, &json!(500)));
    assert_eq!(taken["exceeds_free_seats_by"], 495);
}

#[rstest]
#[case(Engine::Sqlite, BusKind::Local)]
#[case(Engine::Postgres, BusKind::Nats)]
#[tokio::test]
async fn one_click_ends_invitations_and_an_invite_that_is_taken_back_is_dead(
    #[case] engine: Engine,
    #[case] bus: BusKind,
) {
    let scene = Scene::open(engine, bus, 5).await;
    let (_, sent) = scene.invite("ann@hill.edu bob@hill.edu", false).await;
    let (ann, _) = scene.mailed("ann@hill.edu").await;
    let (bob, _) = scene.mailed("bob@hill.edu").await;
    let list = format!(
        "{}/invites?batch={}",
        scene.at,
        sent["batch_id"].as_str().unwrap()
    );
    let invites = scene.owner.get(&list).await["items"]
        .as_array()
        .unwrap()
        .clone();
    assert_eq!(invites.len(), 2, "{invites:?}");
    let of = |email: &str| {
        let mut invites = invites.iter();
        let found = invites.find(|invite| invite["email"] == email).unwrap();
        found["id"].as_str().unwrap().to_owned()
    };
    let cancel = format!("{}/invites/{}/cancel", scene.at, of("bob@hill.edu"));
    scene.owner.act(&cancel).await;
    let page = scene.node.browser().open(&bob).await;
    assert!(page.text().contains("taken back"), "{}", page.text());

    let mails = scene.relay.messages();
    let mail = mails
        .iter()
        .find(|mail| mail.recipients == ["ann@hill.edu"]);
    let text = decoded(&mail.unwrap().text());
    let token = text.split("/unsubscribe/").nth(1).unwrap();
    let token = token.split(['>', ' ', '\n', '\r']).next().unwrap();
    let path = format!("/unsubscribe/{token}");
    let browser = scene.node.browser();
    let page = browser.open(&path).await;
    assert!(
        page.text().contains(&scene.institution.name),
        "{}",
        page.text()
    );
    let one_click = [("List-Unsubscribe", "One-Click")];
    for _ in 0..2 {
        assert_eq!(browser.post(&path, &one_click).await.status, 200);
    }
    let (_, again) = scene.invite("ann@hill.edu", false).await;
    assert_ne!(again["accepted"], 1, "{again}");
    let page = scene.node.browser().open(&ann).await;
    assert_eq!(page.status, 200, "what was sent can still be accepted");
}

#[rstest]
#[case(Engine::Sqlite, BusKind::Local)]
#[case(Engine::Postgres, BusKind::Nats)]
#[tokio::test]
async fn an_administrator_checks_a_list_sends_it_and_sees_where_it_stands(
    #[case] engine: Engine,
    #[case] bus: BusKind,
) {
    let scene = Scene::open(engine, bus, 1).await;
    let office = &scene.institution.administrator;
    let page = scene.institution.open("/invites/new").await;
    assert!(page.text().contains("Up to 500"), "{}", page.text());
    let form = page.form("/invites/new").fill("link_id", &scene.link.id);
    let none = office
        .submit(&page, &form.clone().fill("addresses", "nobody"))
        .await;
    assert_eq!(none.status, 422);
    assert!(
        none.error("addresses").contains("None of these"),
        "{}",
        none.text()
    );
    let pasted = "ann@hill.edu; bob@hill.edu; nobody";
    let form = form.fill("addresses", pasted).fill("message", "Welcome!");
    let draft = office.submit(&page, &form).await;
    let text = draft.text();
    assert_eq!(draft.heading(), "Invites to First year", "{text}");
    assert!(text.contains("This is not an e-mail address"), "{text}");
    assert!(text.contains("1 more than there are free seats"), "{text}");
    assert!(scene.relay.messages().is_empty(), "nothing is sent yet");
    let sent = office.submit(&draft, &draft.form("/send")).await;
    assert_eq!(sent.status, 200, "{}", sent.text());
    scene.mailed("ann@hill.edu").await;
    scene.mailed("bob@hill.edu").await;
    let place = sent.url.path().to_owned();
    let finished = async || {
        let page = office.open(&place).await;
        page.text().contains("Finished").then_some(page)
    };
    let page = eventually_some(PATIENCE, "the batch is finished", finished).await;
    assert!(page.text().contains("bob@hill.edu"), "{}", page.text());
    let list = scene.institution.open("/invites").await;
    assert!(list.text().contains("Invite pending"), "{}", list.text());
    let again = office.submit(&page, &page.form("/cancel")).await;
    assert!(again.text().contains("Cancelled"), "{}", again.text());
    let list = scene.institution.open("/invites").await;
    assert!(!list.text().contains("Invite pending"), "{}", list.text());
}

#[rstest]
#[case(Engine::Sqlite, BusKind::Local)]
#[case(Engine::Postgres, BusKind::Nats)]
#[tokio::test]
async fn whoever_is_signed_in_accepts_with_a_proved_account_of_their_own_only(
    #[case] engine: Engine,
    #[case] bus: BusKind,
) {
    let scene = Scene::open(engine, bus, 5).await;
    let (_, sent) = scene.invite("ann@hill.edu bob@hill.edu", false).await;
    assert_eq!(sent["accepted"], 2, "{sent}");
    let (ann, _) = scene.mailed("ann@hill.edu").await;
    let (bob, _) = scene.mailed("bob@hill.edu").await;
    let accepted = async |browser: &Browser, path: &str| {
        let page = browser.open(path).await;
        let form = page.form(path).fill("first_name", "Ann");
        let form = form.fill("last_name", "Lee").fill("password", PASSWORD);
        browser
            .submit(&page, &form.fill("accept_terms", "yes"))
            .await
    };
    let browser = scene.node.browser();
    assert_eq!(accepted(&browser, &ann).await.heading(), "Welcome, Ann");

    // Ann's account is proved by now: another's invite is not for it, her own is accepted.
    let page = browser.open("/").await;
    let form = page.form("/sign-in").fill("email", "ann@hill.edu");
    browser
        .submit(&page, &form.fill("password", PASSWORD))
        .await;
    let page = browser.open(&bob).await;
    let text = page.text();
    assert!(text.contains("signed in as ann@hill.edu"), "{text}");
    assert!(!text.contains("Accept with this account"), "{text}");
    let as_ann = browser.post(&format!("{bob}/as-me"), &[]).await;
    assert_eq!(as_ann.status, 403);

    // Somebody set Bob's account up before him, and is signed in there: only the form is for Bob.
    let stranger = scene.node.browser();
    Person::at("bob@hill.edu")
        .join(&stranger, &scene.link.url)
        .await;
    let page = stranger.open("/").await;
    let form = page.form("/sign-in").fill("email", "bob@hill.edu");
    let form = form.fill("password", &Person::at("bob@hill.edu").password);
    stranger.submit(&page, &form).await;
    let page = stranger.open(&bob).await;
    assert!(
        !page.text().contains("Accept with this account"),
        "{}",
        page.text()
    );
    let as_me = stranger.post(&format!("{bob}/as-me"), &[]).await;
    assert_eq!(as_me.status, 403);
    let his = accepted(&scene.node.browser(), &bob).await;
    assert_eq!(his.status, 200, "{}", his.text());
    let users = scene.owner.all(&format!("{}/users", scene.at)).await;
    let mut users = users.iter();
    let user = users.find(|user| user["email"] == "bob@hill.edu").unwrap();
    assert_eq!(user["proof_due_at"], Value::Null, "{user}");
    let page = stranger.open("/").await;
    assert!(
        page.text().contains("Sign in"),
        "his session ended: {}",
        page.text()
    );
}
