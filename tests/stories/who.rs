//! Who did it, as the pages of an office say it: by name, and nobody of another organisation.

use rstest::rstest;
use testkit::{BusKind, Engine, eventually_some};

use crate::{
    browser::{Browser, Page},
    institution::{Institution, PASSWORD},
    invited::Scene,
    node::PATIENCE,
    person::Person,
    program::Program,
};

impl Scene {
    /// The operator gives somebody an office here; answers where they are signed in.
    async fn colleague(&self, email: &str) -> Browser {
        let browser = self.node.browser();
        let page = browser
            .open(&self.institution.invite(&self.ground, email))
            .await;
        let form = page.form("").fill("password", PASSWORD);
        assert_eq!(browser.submit(&page, &form).await.heading(), "Manage Users");
        browser
    }

    /// The page of the only person.
    async fn person(&self, browser: &Browser) -> Page {
        let users = self.owner.get(&format!("{}/users", self.at)).await;
        let user = users["items"][0]["id"].as_str().unwrap();
        let path = format!("/admin/{}/users/{user}", self.institution.id);
        browser.open(&path).await
    }

    /// The id of the administrator with an address.
    async fn administrator(&self, email: &str) -> String {
        let all = self.owner.all(&format!("{}/administrators", self.at)).await;
        let one = all.iter().find(|one| one["email"] == email).unwrap();
        one["id"].as_str().unwrap().to_owned()
    }
}

/// Who did what a table tells, the newest first, by the name of its column.
fn by(page: &Page, column: usize) -> Vec<String> {
    let rows = page.rows().into_iter();
    rows.map(|mut row| row.swap_remove(column)).collect()
}

#[rstest]
#[case(Engine::Sqlite, BusKind::Local)]
#[case(Engine::Postgres, BusKind::Nats)]
#[tokio::test]
async fn pages_say_who_did_it_by_name_and_keep_the_id_of_whoever_left(
    #[case] engine: Engine,
    #[case] bus: BusKind,
) {
    let scene = Scene::open(engine, bus, 5).await;
    let institution = &scene.institution;
    let visitor = scene.node.browser();
    Person::numbered(1).join(&visitor, &scene.link.url).await;
    let email = format!("second.{}", institution.email);
    let second = scene.colleague(&email).await;
    let page = scene.person(&second).await;
    second.submit(&page, &page.form("/revoke")).await;
    let user = page.url.path().rsplit('/').next().unwrap().to_owned();
    let act = |action: &str| format!("{}/users/{user}/{action}", scene.at);
    scene.owner.act(&act("reassign")).await;
    let operator = Program::of_the_operator(&scene.ground, &scene.node);
    operator.act(&act("revoke")).await;

    let told = ["the operator", "token “a story”", &email, "Ann Lee"];
    let owner = &institution.administrator;
    assert_eq!(by(&scene.person(owner).await, 2), told);
    // the same on the page of the plan and in the audit trail, where each has its place
    let plans = institution.open("/plans").await;
    let plan = owner.open(&plans.link("Law")).await;
    assert_eq!(
        by(&plan, 8)[..4],
        ["the operator", "token “a story”", &email, "Ann Lee"]
    );
    let ann = Person::numbered(1).email;
    let whole = format!("Ann Lee {ann}");
    assert_eq!(by(&plan, 7)[..4], [whole.as_str(); 4]);
    assert_eq!(plan.link("Ann Lee"), page.url.path());
    let audit = institution.open("/audit").await;
    let told = ["the operator", "token “a story”", &email];
    assert_eq!(by(&audit, 1)[..3], told);
    assert!(
        by(&audit, 1).contains(&institution.email),
        "{}",
        audit.text()
    );
    assert!(by(&audit, 3).contains(&email), "{}", audit.text());
    assert!(by(&audit, 3).contains(&whole), "{}", audit.text());
    assert!(by(&audit, 1).contains(&"Ann Lee".to_owned()));
    assert_eq!(audit.link("Ann Lee"), page.url.path());
    // programs get ids
    let trail = scene.owner.all(&format!("{}/audit", scene.at)).await;
    let actors: Vec<_> = trail
        .iter()
        .map(|entry| entry["actor"].as_str().unwrap())
        .collect();
    let id = scene.administrator(&email).await;
    assert_eq!(actors[0], "operator");
    assert!(actors[1].starts_with("token:tok_"), "{actors:?}");
    assert_eq!(actors[2], format!("administrator:{id}"));

    // an office elsewhere does not make known here who has none any more
    let other = Institution::found(&scene.ground, &scene.node).await;
    // by the operator, because the address is known already
    let office = [
        "admin",
        "create",
        "--organisation",
        &other.id,
        "--email",
        &email,
    ];
    scene.ground.usher(&office);
    let page = institution.open(&format!("/administrators/{id}")).await;
    owner.submit(&page, &page.form("/remove")).await;
    let there = second.open(&format!("/admin/{}", other.id)).await;
    assert_eq!(there.status, 200, "they work elsewhere");
    let page = scene.person(owner).await;
    assert_eq!(by(&page, 2)[2], format!("administrator {id}"));
    assert!(!page.html.contains(&email), "{}", page.text());
    let audit = institution.open("/audit").await;
    assert!(!by(&audit, 1).contains(&email), "{}", audit.text());
    let theirs = other.open("/audit").await;
    for column in [1, 3] {
        let named = by(&theirs, column);
        assert!(!named.contains(&institution.email), "{named:?}");
    }
}

#[tokio::test]
async fn an_invite_its_batch_and_the_trail_say_who_it_was() {
    let scene = Scene::open(Engine::Sqlite, BusKind::Local, 5).await;
    let (_, sent) = scene.invite("ann@hill.edu", false).await;
    let (ann, _) = scene.mailed("ann@hill.edu").await;
    let declined = scene.node.browser();
    let page = declined.open(&ann).await;
    declined.press(&page, "/decline").await;
    let id = sent["batch_id"].as_str().unwrap();
    let batch = scene.institution.open(&format!("/invites/{id}")).await;
    let text = batch.text();
    assert!(text.contains("by token “a story”"), "{text}");
    let owner = &scene.institution.administrator;
    let link = format!("/links/{}", scene.link.id);
    let text = scene.institution.open(&link).await.text();
    let made = format!("UTC by {}", scene.institution.email);
    assert!(text.contains(&made), "{text}");
    let invite = owner.open(&batch.link("ann@hill.edu")).await;
    assert_eq!(by(&invite, 2), ["its receiver"], "{}", invite.text());
    let finished = eventually_some(PATIENCE, "the batch is finished", async || {
        let audit = scene.institution.open("/audit").await;
        let mut rows = audit.rows().into_iter();
        rows.find(|row| row[2] == "List of invites sent")
    });
    assert_eq!(finished.await[1], "Usher");
}

#[tokio::test]
async fn whoever_is_erased_is_nobody_on_the_pages_that_named_them() {
    let scene = Scene::open(Engine::Sqlite, BusKind::Local, 5).await;
    let ann = Person::numbered(1);
    ann.join(&scene.node.browser(), &scene.link.url).await;
    let owner = &scene.institution.administrator;
    let pages = async || {
        let plans = scene.institution.open("/plans").await;
        [
            owner.open(&plans.link("Law")).await,
            scene.institution.open("/audit").await,
        ]
    };
    for page in pages().await {
        assert!(page.html.contains(&ann.email), "{}", page.text());
        assert!(page.html.contains("/users/mbr_"), "{}", page.text());
    }
    let page = scene.person(owner).await;
    let erase = page.form("/erase").fill("sure", "yes");
    owner.submit(&page, &erase).await;
    for page in pages().await {
        let text = page.text();
        assert!(
            !text.contains("Ann Lee") && !text.contains(&ann.email),
            "{text}"
        );
        assert!(text.contains("the person"), "{text}");
        assert!(!page.html.contains("/users/mbr_"), "{text}");
    }
}
