//! The second door in every state that an invite can be in, as browsers, mail programs and scanners
//! meet it.

use reqwest::{Client, header};
use serde_json::{Value, json};
use testkit::{BusKind, Engine, PostgresServer, eventually};

use crate::{
    browser::{Browser, Page},
    institution::{Institution, PASSWORD},
    invited::Scene,
    mail::decoded,
    node::PATIENCE,
    program::Program,
};

impl Scene {
    async fn here(seats: u64) -> Self {
        Self::open(Engine::Sqlite, BusKind::Local, seats).await
    }

    /// Invites somebody, and waits until it is known that the mail left; answers the path of the invite.
    async fn invited(&self, email: &str) -> String {
        let (status, sent) = self.invite(email, false).await;
        assert_eq!((status, &sent["accepted"]), (202, &json!(1)), "{sent}");
        let path = self.mailed(email).await.0;
        let is_known = async || self.row(email).await["state"] == "sent";
        eventually(PATIENCE, "it is known that the mail left", is_known).await;
        path
    }

    /// The path that the mail to somebody names for those who want no more.
    fn unsubscribe(&self, to: &str) -> String {
        let mails = self.relay.messages();
        let mail = mails.iter().find(|mail| mail.recipients == [to]);
        let text = decoded(&mail.unwrap().text());
        let token = text.split("/unsubscribe/").nth(1).unwrap();
        let token = token.split(['>', ' ', '\n', '\r']).next().unwrap();
        format!("/unsubscribe/{token}")
    }

    /// The invite of an address, as an administrator sees it.
    async fn row(&self, email: &str) -> Value {
        let list = format!("{}/invites?q={email}", self.at);
        self.owner.get(&list).await["items"][0].clone()
    }

    async fn patch(&self, path: &str, change: Value) {
        let path = format!("{}{path}", self.at);
        let (status, said) = self
            .owner
            .send(reqwest::Method::PATCH, &path, &change)
            .await;
        assert_eq!(status, 200, "{said}");
    }
}

/// Fills in the form of an invite and presses its button.
pub(crate) async fn accept(browser: &Browser, path: &str) -> Page {
    let page = browser.open(path).await;
    let form = page.form(path).fill("first_name", "Ann");
    let form = form.fill("last_name", "Lee").fill("password", PASSWORD);
    browser
        .submit(&page, &form.fill("accept_terms", "yes"))
        .await
}

/// A browser in which somebody who accepted an invite is signed in.
async fn signed_in(scene: &Scene, email: &str) -> Browser {
    let path = scene.invited(email).await;
    let browser = scene.node.browser();
    assert_eq!(accept(&browser, &path).await.status, 200);
    let page = browser.open("/").await;
    let form = page.form("/sign-in").fill("email", email);
    browser
        .submit(&page, &form.fill("password", PASSWORD))
        .await;
    browser
}

const OFFER: &str = "Accept with this account";
/// What a mail program says for whoever wants no more (RFC 8058).
const CLICK: (&str, &str) = ("List-Unsubscribe", "One-Click");

#[tokio::test]
async fn a_lenient_organisation_takes_another_account_where_the_links_domains_do() {
    let scene = Scene::here(5).await;
    let (bob, eve) = (
        signed_in(&scene, "bob@hill.edu").await,
        signed_in(&scene, "eve@dale.edu").await,
    );
    let ann = scene.invited("ann@hill.edu").await;
    // strict: for nobody else
    let page = bob.open(&ann).await;
    assert!(!page.text().contains(OFFER), "{}", page.text());

    let acceptance = |policy: &str| json!({ "policies": { "invite_acceptance": policy } });
    scene.patch("", acceptance("lenient")).await;
    let (bobs, eves) = (bob.open(&ann).await, eve.open(&ann).await);
    let domains = json!({ "allowed_domains": ["hill.edu"] });
    scene
        .patch(&format!("/links/{}", scene.link.id), domains)
        .await;
    let page = eve.open(&ann).await;
    assert!(!page.text().contains(OFFER), "{}", page.text());
    // what was offered before is not done after
    for (browser, page) in [(&eve, &eves), (&bob, &bobs)] {
        scene.patch("", acceptance("strict")).await;
        let refused = browser.press(page, "/as-me").await;
        assert_eq!(refused.status, 403);
        let text = refused.text();
        assert!(text.contains("It is for a••@hill.edu"), "{text}");
        assert!(!refused.html.contains("ann@hill.edu"), "{text}");
        scene.patch("", acceptance("lenient")).await;
    }
    assert_eq!(eve.press(&eves, "/as-me").await.status, 403);
    let page = bob.open(&ann).await;
    assert!(page.text().contains(OFFER), "{}", page.text());
    let done = bob.submit(&page, &page.form("/as-me")).await;
    assert_eq!(done.heading(), "Welcome, Ann", "{}", done.text());
    assert_eq!(scene.row("ann@hill.edu").await["life"], "accepted");
}

#[tokio::test]
async fn whoever_declines_is_not_reminded_and_may_change_their_mind() {
    let scene = Scene::here(5).await;
    let (_, sent) = scene.invite("ann@hill.edu", false).await;
    let (ann, _) = scene.mailed("ann@hill.edu").await;
    let browser = scene.node.browser();
    let page = browser.open(&ann).await;
    let declined = browser.submit(&page, &page.form("/decline")).await;
    assert_eq!(declined.heading(), "You declined the invitation");
    let back = browser.open(&declined.link("Back to the invitation")).await;
    assert_eq!(back.url.path(), ann);
    assert!(
        back.text().contains("You can still accept"),
        "{}",
        back.text()
    );
    assert!(!back.html.contains("/decline"), "once is enough");
    let batch = scene.batch(&sent["batch_id"]).await;
    assert_eq!(
        (&batch["declined"], &batch["accepted"]),
        (&json!(1), &json!(0))
    );
    assert_eq!(scene.row("ann@hill.edu").await["life"], "declined");
    assert_eq!(accept(&browser, &ann).await.heading(), "Welcome, Ann");
    let batch = scene.batch(&sent["batch_id"]).await;
    assert_eq!(
        (&batch["declined"], &batch["accepted"]),
        (&json!(0), &json!(1))
    );
}

#[tokio::test]
async fn each_state_of_an_invite_has_a_page_of_its_own() {
    let scene = Scene::open(Engine::Postgres, BusKind::Local, 1).await;
    let says = async |path: &str, words: &str| {
        let page = scene.node.browser().open(path).await;
        assert_eq!(page.status, 200, "{}", page.text());
        assert!(page.text().contains(words), "{words}: {}", page.text());
        assert!(!page.html.contains("name=\"password\""), "{words}");
    };
    let posted = async |path: &str, status: u16, words: &str| {
        let fields = [
            ("first_name", "Ann"),
            ("last_name", "Lee"),
            ("password", PASSWORD),
            ("accept_terms", "yes"),
        ];
        let page = scene.node.browser().post(path, &fields).await;
        assert_eq!(page.status, status, "{words}: {}", page.text());
        assert!(page.text().contains(words), "{words}: {}", page.text());
    };

    let unknown = scene.node.browser().open("/invite/nothing").await;
    assert_eq!(unknown.status, 404);
    assert!(
        unknown.text().contains("does not work"),
        "{}",
        unknown.text()
    );

    assert_eq!(unknown.link("Type the code of the mail"), "/invite");

    let accepted = scene.invited("ann@hill.edu").await;
    assert_eq!(accept(&scene.node.browser(), &accepted).await.status, 200);
    says(&accepted, "accepted already").await;

    // the only seat is taken now: whoever comes waits, and is told so
    let late = scene.invited("bob@hill.edu").await;
    let page = scene.node.browser().open(&late).await;
    assert!(
        page.text().contains("All seats are taken"),
        "{}",
        page.text()
    );
    let waits = accept(&scene.node.browser(), &late).await;
    assert_eq!(waits.heading(), "You are on the waiting list");

    let cancelled = scene.invited("cy@hill.edu").await;
    let id = scene.row("cy@hill.edu").await["id"].clone();
    let cancel = format!("{}/invites/{}/cancel", scene.at, id.as_str().unwrap());
    scene.owner.act(&cancel).await;
    says(&cancelled, "taken back").await;
    posted(&cancelled, 410, "taken back").await;

    let expired = scene.invited("di@hill.edu").await;
    let database = PostgresServer::shared();
    database.query(
        scene.ground.database.url(),
        "update invites set expires_at = 1 where email_key = 'di@hill.edu'",
    );
    says(&expired, "has expired").await;
    posted(&expired, 410, "has expired").await;

    // Ed joins by the link before he reads the mail, and his place is withdrawn
    let revoked = scene.invited("ed@hill.edu").await;
    let join = format!("/join/{}", scene.link.token());
    let form = json!({
        "first_name": "Ann", "last_name": "Lee", "email": "ed@hill.edu", "password": PASSWORD,
        "accept_terms": true,
    });
    let joined = Program::of_the_public(&scene.node).make(&join, form).await;
    let user = joined["user"]["id"].as_str().unwrap();
    let revoke = format!("{}/users/{user}/revoke", scene.at);
    scene.owner.act(&revoke).await;
    let withdrawn = accept(&scene.node.browser(), &revoked).await;
    assert_eq!(withdrawn.status, 403);
    let text = withdrawn.text();
    assert!(text.contains("access was withdrawn"), "{text}");
}

#[tokio::test]
async fn the_code_of_the_mail_opens_the_invite_and_a_wrong_one_does_not() {
    let scene = Scene::here(1).await;
    scene.invited("ann@hill.edu").await;
    let (path, code) = scene.mailed("ann@hill.edu").await;
    let browser = scene.node.browser();
    let typed = async |email: &str, code: &str| {
        let page = browser.open("/invite").await;
        let form = page.form("/invite").fill("email", email);
        browser.submit(&page, &form.fill("code", code)).await
    };
    let wrong = typed("ann@hill.edu", "ABCDEFGH").await;
    assert_eq!(wrong.status, 404);
    assert!(
        wrong.text().contains("do not belong together"),
        "{}",
        wrong.text()
    );
    let other = typed("bob@hill.edu", &code).await;
    assert_eq!(other.status, 404, "a code counts with its address alone");
    let empty = typed("ann", "").await;
    assert_eq!(empty.status, 422);
    assert!(!empty.error("email").is_empty() && !empty.error("code").is_empty());
    let spelled = format!("{} {}", &code[..4], code[4..].to_lowercase());
    let page = typed("ANN@hill.edu", &spelled).await;
    assert_eq!(page.url.path(), path);
    assert_eq!(accept(&browser, &path).await.heading(), "Welcome, Ann");
}

#[tokio::test]
async fn looking_changes_nothing_however_often_scanners_do_it() {
    let scene = Scene::here(1).await;
    let ann = scene.invited("ann@hill.edu").await;
    let unsubscribe = scene.unsubscribe("ann@hill.edu");
    let audit = format!("{}/audit", scene.at);
    let before = (
        scene.row("ann@hill.edu").await,
        scene.owner.all(&audit).await,
    );
    let scanner = scene.node.browser();
    let paths = [
        &ann,
        &unsubscribe,
        &format!("/api/v1{}", ann.replace("/invite/", "/invites/")),
    ];
    for _ in 0..3 {
        for path in paths {
            assert_eq!(scanner.open(path).await.status, 200, "{path}");
            let head = scanner.head(path).await;
            assert_eq!((head.status, head.html.as_str()), (200, ""), "{path}");
        }
        for way in ["as-me", "decline"] {
            let path = format!("{ann}/{way}");
            assert_eq!(scanner.open(&path).await.status, 405, "{path}");
        }
    }
    let after = (
        scene.row("ann@hill.edu").await,
        scene.owner.all(&audit).await,
    );
    assert_eq!(before, after);
    let suppressed = format!("{}/suppressions", scene.at);
    assert_eq!(scene.owner.all(&suppressed).await, Vec::<Value>::new());
    assert_eq!(accept(&scanner, &ann).await.heading(), "Welcome, Ann");
}

/// Posts as a mail provider's own page does: parts, from elsewhere.
async fn one_click(scene: &Scene, path: &str, fields: &[(&str, &str)]) -> u16 {
    let parts = fields.iter().map(|(name, value)| {
        format!("--part\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
    });
    let body = parts.collect::<String>() + "--part--\r\n";
    let request = Client::new().post(format!("{}{path}", scene.node.http));
    let request = request
        .header(header::CONTENT_TYPE, "multipart/form-data; boundary=part")
        .header(header::ORIGIN, "https://mail.example")
        .header("sec-fetch-site", "cross-site")
        .header(header::COOKIE, "usher_person=x");
    request.body(body).send().await.unwrap().status().as_u16()
}

#[tokio::test]
async fn one_click_in_parts_and_from_a_foreign_page_ends_the_invites_of_one_or_of_everybody() {
    let scene = Scene::here(5).await;
    let other = Institution::with_link(&scene.ground, &scene.node, 5, &[]).await;
    let (other, link) = other;
    let owner = Program::of(&scene.ground, &scene.node, &other);
    let draft = async |email: &str| {
        let body = json!({ "link_id": link.id, "addresses": email, "dry_run": true });
        let path = format!("/organisations/{}/invites", other.id);
        owner.send(reqwest::Method::POST, &path, &body).await.1
    };
    scene.invited("ann@hill.edu").await;
    scene.invited("bob@hill.edu").await;

    let suppressions = format!("{}/suppressions", scene.at);
    let path = scene.unsubscribe("ann@hill.edu");
    for nothing in [[].as_slice(), &[("x", "1")]] {
        assert_eq!(one_click(&scene, &path, nothing).await, 422);
    }
    assert!(scene.owner.all(&suppressions).await.is_empty());
    for _ in 0..2 {
        assert_eq!(one_click(&scene, &path, &[CLICK]).await, 200);
    }
    let listed = scene.owner.all(&suppressions).await;
    assert_eq!(listed[0]["email"], "ann@hill.edu");
    assert_eq!(listed[0]["reason"], "unsubscribed");
    assert_eq!(draft("ann@hill.edu").await["accepted"], 1);

    let path = scene.unsubscribe("bob@hill.edu");
    let everybody = [CLICK, ("scope", "everybody")];
    assert_eq!(one_click(&scene, &path, &everybody).await, 200);
    let refused = draft("bob@hill.edu").await;
    assert_eq!(refused["refused"][0]["reason"], "suppressed", "{refused}");
    // nobody is told, and nobody takes it back
    assert_eq!(scene.owner.all(&suppressions).await.len(), 1);
    let lift = format!(
        "/organisations/{}/suppressions?email=bob@hill.edu",
        other.id
    );
    let (status, _) = owner
        .send(reqwest::Method::DELETE, &lift, &Value::Null)
        .await;
    assert_eq!(status, 204);
    let refused = draft("bob@hill.edu").await;
    assert_eq!(refused["refused"][0]["reason"], "suppressed", "{refused}");
    // any other form from elsewhere is still refused
    let ann = scene.mailed("ann@hill.edu").await.0;
    assert_eq!(one_click(&scene, &format!("{ann}/decline"), &[]).await, 403);
}

#[tokio::test]
async fn an_administrator_sees_adds_and_removes_addresses_that_get_no_invites() {
    let scene = Scene::here(5).await;
    let office = &scene.institution.administrator;
    let page = scene.institution.open("/invites").await;
    let page = office
        .open(&page.link("Addresses that get no invites"))
        .await;
    assert!(page.text().contains("There is none."), "{}", page.text());
    let form = page.form("/suppressions");
    let wrong = office
        .submit(&page, &form.clone().fill("email", "ann"))
        .await;
    assert_eq!(wrong.status, 422);
    assert!(!wrong.error("email").is_empty(), "{}", wrong.text());
    let added = office
        .submit(&page, &form.fill("email", "ann@hill.edu"))
        .await;
    assert!(added.text().contains("gets no invites any more"));
    assert_eq!(added.rows()[0][..2], ["ann@hill.edu", "Set here"]);
    scene.invited("bob@hill.edu").await;
    let path = scene.unsubscribe("bob@hill.edu");
    assert_eq!(one_click(&scene, &path, &[CLICK]).await, 200);
    let page = scene
        .institution
        .open("/suppressions?reason=unsubscribed")
        .await;
    assert_eq!(page.rows().len(), 1);
    assert_eq!(page.rows()[0][0], "bob@hill.edu");
    assert!(
        !page.html.contains("suppressions/lift"),
        "theirs to take back"
    );
    let place = format!("/admin/{}/suppressions/lift", scene.institution.id);
    let refused = office.post(&place, &[("email", "bob@hill.edu")]).await;
    assert_eq!(refused.status, 409, "{}", refused.text());
    let page = scene.institution.open("/suppressions?q=ann").await;
    let removed = office.submit(&page, &page.form("/suppressions/lift")).await;
    assert!(removed.text().contains("may be invited again"));
    assert_eq!(removed.rows().len(), 1);
}
