//! One invite in the Subscription Manager: what is told of it, and what is done to it; and who is
//! invited, among the people of Manage Users.

use rstest::rstest;
use serde_json::json;
use testkit::{BusKind, Engine, eventually_some};

use crate::{
    browser::{Browser, Page},
    colleagues,
    invited::Scene,
    node::PATIENCE,
};

store::statements! {
    /// An hour and a minute go by.
    REST = "update invites set queued_at = queued_at - 3660000000, sent_at = sent_at - 3660000000";
}

impl Scene {
    /// The page of the invite of an address, once it says so.
    async fn page_of(&self, email: &str, words: &str) -> Page {
        let query = format!("{}/invites?q={email}", self.at);
        let what = format!("{email}: {words}");
        eventually_some(PATIENCE, &what, async || {
            let found = self.owner.get(&query).await;
            let id = found["items"][0]["id"].as_str()?.to_owned();
            let page = self.institution.open(&format!("/invite/{id}")).await;
            page.text().contains(words).then_some(page)
        })
        .await
    }

    async fn press(&self, page: &Page, action: &str) -> Page {
        let form = page.form(action);
        self.institution.administrator.submit(page, &form).await
    }

    async fn readdress(&self, page: &Page, to: &str) -> Page {
        let form = page.form("/address").fill("email", to);
        self.institution.administrator.submit(page, &form).await
    }

    /// Lets an hour and a minute go by.
    async fn rest(&self) {
        self.ground.change(REST.query()).await;
    }

    /// Somebody who may only look.
    async fn onlooker(&self) -> Browser {
        let email = format!("viewer.{}", self.institution.email);
        let path = format!("{}/administrators", self.at);
        let new = json!({ "email": email, "role": "viewer" });
        let invited = self.owner.make(&path, new).await;
        let browser = self.node.browser();
        let url = invited["setup_url"].as_str().unwrap();
        colleagues::choose(&browser, url, crate::institution::PASSWORD).await;
        browser
    }
}

#[rstest]
#[tokio::test]
async fn an_invite_is_watched_sent_again_sent_elsewhere_and_taken_back(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
    #[values(BusKind::Local, BusKind::Nats)] bus: BusKind,
) {
    let scene = Scene::open(engine, bus, 5).await;
    scene
        .relay
        .reject("gone@hill.edu", "550 5.1.1 no such user here");
    let pasted = "ann@hill.edu gone@hill.edu";
    let (_, sent) = scene.invite(pasted, false).await;
    assert_eq!(sent["accepted"], 2, "{sent}");

    // what came back says why, in words and in those of the server
    let gone = scene.page_of("gone@hill.edu", "came back").await;
    let text = gone.text();
    assert!(text.contains("There is no such mailbox"), "{text}");
    assert!(text.contains("no such user here"), "{text}");

    // the page names the link, its tags and the batch, and has the URL to hand out
    let (mailed, _) = scene.mailed("ann@hill.edu").await;
    let ann = scene
        .page_of("ann@hill.edu", "The mail server took its mail")
        .await;
    let text = ann.text();
    assert_eq!(ann.heading(), "ann@hill.edu", "{text}");
    assert!(
        text.contains("First year") && text.contains("law"),
        "{text}"
    );
    assert!(ann.input("url").ends_with(&mailed), "{}", ann.input("url"));
    let batch = scene
        .institution
        .administrator
        .open(&ann.link("Invites to First year"))
        .await;
    assert_eq!(batch.link("ann@hill.edu"), ann.url.path());
    let list = scene.institution.open("/invites").await;
    assert_eq!(list.link("ann@hill.edu"), ann.url.path());

    // nobody is written to twice within an hour, and the page says from when on
    assert!(text.contains("can be sent again from"), "{text}");
    let path = format!("{}/resend", ann.url.path());
    let early = scene.institution.administrator.post(&path, &[]).await;
    assert_eq!(early.status, 429);
    assert!(
        early.text().contains("less than an hour ago"),
        "{}",
        early.text()
    );
    scene.rest().await;
    let ann = scene
        .page_of("ann@hill.edu", "The same link keeps working")
        .await;
    let again = scene.press(&ann, "/resend").await;
    assert!(
        again.text().contains("It is sent again"),
        "{}",
        again.text()
    );
    let twice = async || {
        let mails = scene.relay.messages();
        let hers = mails
            .iter()
            .filter(|mail| mail.recipients == ["ann@hill.edu"]);
        (hers.count() == 2).then_some(())
    };
    eventually_some(PATIENCE, "a second mail", twice).await;
    assert_eq!(scene.node.browser().open(&mailed).await.status, 200);

    // elsewhere: a wrong address is told beside the field, a right one kills what was sent before
    let ann = scene
        .page_of("ann@hill.edu", "The mail server took its mail")
        .await;
    let wrong = scene.readdress(&ann, "ann at hill").await;
    assert_eq!(
        (wrong.status, wrong.input("email").as_str()),
        (422, "ann at hill")
    );
    assert!(!wrong.error("email").is_empty(), "{}", wrong.text());
    let gone = scene.readdress(&ann, "gone@hill.edu").await;
    assert_eq!(gone.status, 422, "{}", gone.text());
    assert_eq!(gone.error("email"), "This address cannot be invited.");
    let moved = scene.readdress(&ann, "anne@hill.edu").await;
    assert_eq!(moved.heading(), "anne@hill.edu", "{}", moved.text());
    let (anne, _) = scene.mailed("anne@hill.edu").await;
    let dead = scene.node.browser().open(&mailed).await;
    assert_ne!(dead.status, 200, "{}", dead.text());
    let moved = scene
        .page_of("anne@hill.edu", "The mail server took its mail")
        .await;
    let text = moved.text();
    assert!(text.contains("Sent again"), "{text}");
    assert!(
        text.contains("from ann@hill.edu to anne@hill.edu"),
        "{text}"
    );

    // a viewer sees all of it but what can be done, and the URL
    let viewer = scene.onlooker().await;
    let seen = viewer.open(moved.url.path()).await;
    assert_eq!(seen.status, 200, "{}", seen.text());
    assert!(!seen.html.contains(&anne), "{}", seen.text());
    for action in ["resend", "cancel", "address"] {
        let path = format!("{}/{action}", moved.url.path());
        assert!(!seen.html.contains(&path), "{action}");
        let fields = [("email", "other@hill.edu")];
        assert_eq!(viewer.post(&path, &fields).await.status, 403, "{action}");
    }

    // taken back, it is dead, and nothing is offered any more
    let cancelled = scene.press(&moved, "/cancel").await;
    assert!(cancelled.text().contains("Nobody can accept it any more"));
    assert!(!cancelled.html.contains("/resend"), "{}", cancelled.text());
    let page = scene.node.browser().open(&anne).await;
    assert!(page.text().contains("taken back"), "{}", page.text());
}

#[tokio::test]
async fn what_somebody_did_with_an_invite_is_on_its_page() {
    let scene = Scene::open(Engine::Sqlite, BusKind::Local, 5).await;
    scene.invite("ann@hill.edu bob@hill.edu", false).await;
    let (ann, _) = scene.mailed("ann@hill.edu").await;
    let (bob, _) = scene.mailed("bob@hill.edu").await;
    let browser = scene.node.browser();
    let page = browser.open(&ann).await;
    let form = page.form(&ann).fill("first_name", "Ann");
    let form = form.fill("last_name", "Lee");
    let form = form.fill("password", crate::institution::PASSWORD);
    let done = browser
        .submit(&page, &form.fill("accept_terms", "yes"))
        .await;
    assert_eq!(done.heading(), "Welcome, Ann");
    let browser = scene.node.browser();
    let page = browser.open(&bob).await;
    let declined = browser.press(&page, "/decline").await;
    assert_eq!(declined.status, 200, "{}", declined.text());
    let accepted = scene.page_of("ann@hill.edu", "Accepted on").await;
    assert!(!accepted.html.contains("/cancel"), "{}", accepted.text());
    assert!(!accepted.html.contains(&ann), "{}", accepted.text());
    assert_eq!(accepted.rows()[0][1], "Accepted", "{}", accepted.text());
    let declined = scene.page_of("bob@hill.edu", "declined on").await;
    assert!(declined.text().contains("Declined"), "{}", declined.text());
    let other = scene
        .institution
        .open("/invite/inv_00000000000000000000000000")
        .await;
    assert_eq!(other.status, 404);
}

#[rstest]
#[tokio::test]
async fn who_is_invited_is_counted_and_found_in_manage_users(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::open(engine, BusKind::Local, 5).await;
    let none = scene.institution.open("").await;
    assert!(!none.text().contains("Invite pending:"), "{}", none.text());
    scene.invite("ann@hill.edu bob@hill.edu", false).await;
    scene.mailed("ann@hill.edu").await;
    scene.mailed("bob@hill.edu").await;
    let page = scene.institution.open("").await;
    let text = page.text();
    assert!(text.contains("Invite pending: 2"), "{text}");
    assert!(text.contains("Invite pending (2)"), "{text}");
    let seats = scene.institution.seats("Law").await;
    assert_eq!((seats.free, seats.held, seats.assigned), (5, 0, 0));
    let page = scene
        .institution
        .open("?status=invite_pending&sort=email&tag=law")
        .await;
    let emails: Vec<_> = page.rows().into_iter().map(|row| row[1].clone()).collect();
    assert_eq!(emails, ["ann@hill.edu", "bob@hill.edu"]);
    assert!(!page.html.contains("/users/bulk"), "invites are no people");
    let one = scene
        .institution
        .administrator
        .open(&page.link("bob@hill.edu"))
        .await;
    assert_eq!(one.heading(), "bob@hill.edu");
    let found = scene.institution.open("?status=invite_pending&q=BOB").await;
    assert_eq!(found.rows().len(), 1, "{}", found.text());
    let csv = scene
        .institution
        .open("/users.csv?status=invite_pending&q=bob")
        .await;
    let lines: Vec<_> = csv.html.lines().collect();
    assert_eq!(lines.len(), 2, "{}", csv.html);
    assert!(
        lines[1].contains(",,,bob@hill.edu,invite_pending,Law,,,law,invite,First year"),
        "{}",
        lines[1]
    );
    // nothing that changes people is done to them
    let path = format!("/admin/{}/users/bulk", scene.institution.id);
    let fields = [
        ("status", "invite_pending"),
        ("action", "revoke"),
        ("whom", "filtered"),
    ];
    let refused = scene.institution.administrator.post(&path, &fields).await;
    assert_eq!(refused.status, 422, "{}", refused.text());
}
