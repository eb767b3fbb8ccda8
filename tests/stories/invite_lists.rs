//! Lists of addresses that are not as they should be, in the browser.

use rstest::rstest;
use serde_json::json;
use testkit::{BusKind, Engine, eventually_some};

use crate::{
    browser::Page, institution::Institution, invited::Scene, mail::decoded, node::PATIENCE,
};

store::statements! {
    /// As time does, and an erasure.
    FORGET_GIVEN = "update refusals set input = '', suggestion = null";
}

async fn scene() -> Scene {
    Scene::open(Engine::Sqlite, BusKind::Local, 5).await
}

impl Scene {
    /// Pastes a list into the form and has it checked.
    async fn check(&self, addresses: &str, message: &str) -> Page {
        let page = self.institution.open("/invites/new").await;
        let form = page.form("/invites/new").fill("addresses", addresses);
        let form = form.fill("message", message);
        self.institution.administrator.submit(&page, &form).await
    }
}

#[rstest]
#[case(Engine::Sqlite, BusKind::Local)]
#[case(Engine::Postgres, BusKind::Nats)]
#[tokio::test]
async fn what_was_not_taken_is_corrected_in_a_new_list(
    #[case] engine: Engine,
    #[case] bus: BusKind,
) {
    let scene = Scene::open(engine, bus, 5).await;
    let office = &scene.institution.administrator;
    let pasted = "ann@hill.edu\nANN@hill.edu\nvic @ hill.edu\nxaver@@hill.edu\nmia@\n";
    let draft = scene.check(pasted, "Welcome!").await;
    let text = draft.text();
    assert!(text.contains("Send 1 invite"), "{text}");
    let correct = draft.link("Correct them in a new list");
    let form = office.open(&correct).await.form("/invites/new");
    assert_eq!(
        form.value("addresses"),
        Some("vic@hill.edu\nxaver@hill.edu\nmia@"),
        "as they were meant, where that is known, and without what stood there twice"
    );
    assert_eq!(form.value("message"), Some("Welcome!"));
    assert_eq!(form.value("link_id"), Some(scene.link.id.as_str()));

    // what was given is forgotten one day, and nothing is left to be corrected
    scene.ground.change(FORGET_GIVEN.query()).await;
    let later = office.open(draft.url.path()).await;
    let text = later.text();
    assert!(text.contains("Not taken"), "{text}");
    assert!(!text.contains("Correct them in a new list"), "{text}");

    // nothing of another organisation's list is read, nor of one that is not there
    let other = Institution::found(&scene.ground, &scene.node).await;
    let batch = draft.url.path().rsplit('/').next().unwrap();
    for unknown in [batch, "bat_0", "nothing"] {
        let page = other.open(&format!("/invites/new?correct={unknown}")).await;
        assert_eq!(page.status, 404, "{unknown}: {}", page.text());
    }
}

#[tokio::test]
async fn a_list_of_which_nobody_can_be_invited_offers_nothing_to_send() {
    let scene = scene().await;
    let office = &scene.institution.administrator;
    let page = scene.institution.open("/invites/import").await;
    let form = page.form("/invites/import");
    let file = b"email\r\nann@hill\r\nbob@@hill.edu\r\n";
    let draft = office.upload(&page, &form, ("file", file)).await;
    assert_eq!(draft.status, 200, "{}", draft.text());
    assert!(
        draft.text().contains("so there is nothing to send"),
        "{}",
        draft.text()
    );
    assert!(!draft.html.contains("/send\""), "{}", draft.html);
    assert!(!draft.html.contains("<iframe"), "{}", draft.html);
}

#[tokio::test]
async fn a_paste_is_read_whole_or_refused_and_never_cut_off() {
    let scene = scene().await;
    let long =
        "Müller-Lüdenscheidt, Maximilian Alexander Friedrich (Rechtswissenschaftliche Fakultät)";
    let list = |count: usize| -> String {
        let named = (0..count).map(|n| format!("{long} <student.{n}@faculty.hill.edu>\n"));
        named.collect()
    };
    // as many as may be, with longer names than anybody reckoned with
    let draft = scene.check(&list(500), "").await;
    assert!(
        draft.text().contains("Send 500 invites"),
        "{}: {}",
        draft.status,
        draft.text()
    );
    let refused = scene.check(&list(501), "").await;
    assert_eq!(refused.status, 422);
    assert_eq!(
        refused.error("addresses"),
        "At most 500 addresses at once; these are 501."
    );
    let far = scene.check(&list(5_000), "").await;
    assert_eq!(far.status, 413);
    assert_eq!(far.heading(), "Send e-mail invites");
    assert!(
        far.error("addresses").contains("import them as a file"),
        "{}",
        far.text()
    );
    assert!(
        !far.html.contains("maxlength=\"60000\""),
        "a browser would cut it off and say nothing"
    );
}

#[tokio::test]
async fn of_several_links_one_is_chosen_and_none_is_taken_for_granted() {
    let scene = scene().await;
    let plans = scene.owner.get(&format!("{}/plans", scene.at)).await;
    let link = json!({ "name": "Second", "plan_id": plans["items"][0]["id"], "tags": [] });
    scene.owner.make(&format!("{}/links", scene.at), link).await;
    let refused = scene.check("ann@hill.edu", "").await;
    assert_eq!(refused.status, 422);
    assert_eq!(refused.error("link_id"), "Choose an access link.");
    let form = refused.form("/invites/new");
    assert_eq!(form.value("addresses"), Some("ann@hill.edu"));
    let form = form.fill("link_id", &scene.link.id);
    let office = &scene.institution.administrator;
    let draft = office.submit(&refused, &form).await;
    assert_eq!(draft.heading(), "Invites to First year", "{}", draft.text());

    let page = scene.institution.open("/invites/import").await;
    let form = page.form("/invites/import");
    let file = b"email\r\nann@hill.edu\r\n";
    let refused = office.upload(&page, &form, ("file", file)).await;
    assert_eq!(refused.error("link_id"), "Choose an access link.");
    assert!(
        refused.text().contains("choose the file again"),
        "{}",
        refused.text()
    );
}

#[rstest]
#[case(Engine::Sqlite, BusKind::Local)]
#[case(Engine::Postgres, BusKind::Nats)]
#[tokio::test]
async fn whoever_was_invited_through_a_deleted_link_is_invited_through_another(
    #[case] engine: Engine,
    #[case] bus: BusKind,
) {
    let mut scene = Scene::open(engine, bus, 5).await;
    scene.invite("ann@hill.edu bob@hill.edu", false).await;
    let (dead, _) = scene.mailed("ann@hill.edu").await;
    scene.mailed("bob@hill.edu").await;
    let second = [("name", "Second year")];
    let second = scene.institution.link("Law", &second).await;
    let first = std::mem::replace(&mut scene.link, second);
    let (_, refused) = scene.invite("ann@hill.edu", true).await;
    assert_eq!(refused["counts"], json!({ "already-invited": 1 }));
    scene.institution.press(&first, "delete").await;

    let (status, again) = scene.invite("ann@hill.edu", false).await;
    assert_eq!((status, &again["accepted"]), (202, &json!(1)), "{again}");
    let of_ann = async || {
        let mails = scene.relay.messages().into_iter();
        let texts = mails.filter(|mail| mail.recipients == ["ann@hill.edu"]);
        let texts: Vec<_> = texts.map(|mail| decoded(&mail.text())).collect();
        let [_, again] = texts.as_slice() else {
            return None;
        };
        let (_, path) = again.split_once("/invite/")?;
        let path = path.split_whitespace().next()?;
        Some(format!("/invite/{path}"))
    };
    let alive = eventually_some(PATIENCE, "the second mail to Ann", of_ann).await;
    let ann = scene.node.browser();
    for (path, is_dead) in [(&dead, true), (&alive, false)] {
        let page = ann.open(path).await;
        assert_eq!(
            page.text().contains("taken back"),
            is_dead,
            "{path}: {}",
            page.text()
        );
    }

    // a file is not told otherwise than a list
    let page = scene.institution.open("/invites/import").await;
    let form = page.form("/invites/import");
    let file = b"email\r\nann@hill.edu\r\nbob@hill.edu\r\n";
    let office = &scene.institution.administrator;
    let draft = office.upload(&page, &form, ("file", file)).await;
    assert!(draft.text().contains("Send 1 invite"), "{}", draft.text());
}

#[tokio::test]
async fn an_organisation_hands_in_so_many_lists_a_minute_in_the_browser_and_by_its_tokens() {
    let settings = [("USHER_THROTTLE__PER_ORGANISATION_PER_MINUTE", "2")];
    let scene = Scene::within(Engine::Sqlite, BusKind::Local, 5, &settings).await;
    let office = &scene.institution.administrator;
    let page = scene.institution.open("/invites/import").await;
    let form = page.form("/invites/import");
    let file = b"email\r\nann@hill.edu\r\n";
    let draft = scene.check("ann@hill.edu", "").await;
    assert!(draft.text().contains("Send 1 invite"), "{}", draft.text());
    let draft = office.upload(&page, &form, ("file", file)).await;
    assert!(draft.text().contains("Send 1 invite"), "{}", draft.text());
    for refused in [
        scene.check("ann@hill.edu", "").await,
        office.upload(&page, &form, ("file", file)).await,
    ] {
        assert_eq!(refused.status, 429, "{}", refused.text());
        let wait: u64 = refused.header("retry-after").parse().unwrap();
        assert!((1..=60).contains(&wait), "{wait}");
    }
    assert_eq!(scene.invite("ann@hill.edu", true).await.0, 429);
    let list = scene.institution.open("/invites").await;
    assert_eq!((list.status, list.rows().len()), (200, 2));

    let other = Institution::found(&scene.ground, &scene.node).await;
    other.plan("Law", 5).await;
    other.link("Law", &[]).await;
    let page = other.open("/invites/new").await;
    let form = page.form("/invites/new").fill("addresses", "ann@hill.edu");
    let draft = other.administrator.submit(&page, &form).await;
    assert_eq!(draft.status, 200, "{}", draft.text());
}
