//! Two institutions invite the same address: neither sees or touches what the other sent, and each
//! invite is accepted by itself.

use reqwest::Method;
use rstest::rstest;
use serde_json::{Value, json};
use testkit::{BusKind, Engine, eventually_some};

use crate::{
    browser::{Browser, Page},
    institution::{Institution, Link, PASSWORD},
    invited::Scene,
    node::PATIENCE,
    program::Program,
};

const ANN: &str = "ann@hill.edu";

/// An institution, what it acts with, and the invite that it sent to Ann.
struct House {
    institution: Institution,
    owner: Program,
    at: String,
    id: String,
    /// The path of the page of the invite.
    page: String,
}

impl House {
    async fn inviting(institution: Institution, link: &Link, owner: Program) -> Self {
        let at = format!("/organisations/{}", institution.id);
        let body = json!({ "link_id": link.id, "addresses": ANN });
        let (status, sent) = owner
            .send(Method::POST, &format!("{at}/invites"), &body)
            .await;
        assert_eq!((status, &sent["accepted"]), (202, &json!(1)), "{sent}");
        let list = format!("{at}/invites?state=sent");
        let invite = eventually_some(PATIENCE, "the mail has left", async || {
            owner.get(&list).await["items"].get(0).cloned()
        })
        .await;
        let url = invite["url"].as_str().unwrap();
        let (_, token) = url.rsplit_once('/').unwrap();
        Self {
            id: invite["id"].as_str().unwrap().to_owned(),
            page: format!("/invite/{token}"),
            institution,
            owner,
            at,
        }
    }

    async fn invite(&self) -> Value {
        self.owner
            .get(&format!("{}/invites/{}", self.at, self.id))
            .await
    }

    /// Everybody of it.
    async fn people(&self) -> Vec<Value> {
        self.owner.all(&format!("{}/users", self.at)).await
    }

    /// Tries all that can be done to an invite with the id of another's: in the API of either
    /// institution, in the office of either, and as if the id were what accepts.
    async fn tries(&self, other: &Self, public: &Program) {
        let nothing = Value::Null;
        for at in [&self.at, &other.at] {
            let place = format!("{at}/invites/{}", other.id);
            for (method, rest, body) in [
                (Method::GET, "", &nothing),
                (Method::POST, "/resend", &nothing),
                (Method::POST, "/cancel", &nothing),
                (Method::PATCH, "", &json!({ "email": "eve@hill.edu" })),
            ] {
                let path = format!("{place}{rest}");
                let (status, said) = self.owner.send(method, &path, body).await;
                assert_eq!(status, 404, "{path}: {said}");
            }
        }
        let office = &self.institution.administrator;
        for institution in [&self.institution, &other.institution] {
            let place = format!("/admin/{}/invite/{}", institution.id, other.id);
            assert_eq!(office.open(&place).await.status, 404);
            for action in ["resend", "cancel", "address"] {
                let path = format!("{place}/{action}");
                let posted = office.post(&path, &[("email", "eve@hill.edu")]).await;
                assert_eq!(posted.status, 404, "{path}: {}", posted.text());
            }
        }
        let accept = format!("/invites/{}", other.id);
        let (status, said) = public.send(Method::POST, &accept, &acceptance()).await;
        let kind = json!("/problems/invite-unknown");
        assert_eq!((status, &said["type"]), (404, &kind), "{said}");
        let (status, said) = self.owner.send(Method::POST, &accept, &json!({})).await;
        assert!([401, 404].contains(&status), "{said}");
        let page = office.open(&format!("/invite/{}", other.id)).await;
        assert_eq!(page.status, 404, "{}", page.text());

        for list in ["/invites", "/users?status=invite_pending"] {
            let list = self.owner.get(&format!("{}{list}", self.at)).await;
            assert!(!list.to_string().contains(&other.id), "{list}");
        }
    }
}

fn acceptance() -> Value {
    json!({
        "first_name": "Ann", "last_name": "Lee", "password": PASSWORD, "accept_terms": true,
    })
}

/// Accepts by the page, in a fresh browser, as whoever has no account or knows its password.
async fn accept(visitor: &Browser, path: &str) -> Page {
    let page = visitor.open(path).await;
    assert_eq!(page.heading(), "Accept your invitation", "{}", page.text());
    let form = page.form(path).fill("first_name", "Ann");
    let form = form.fill("last_name", "Lee").fill("password", PASSWORD);
    visitor
        .submit(&page, &form.fill("accept_terms", "yes"))
        .await
}

#[rstest]
#[case(Engine::Sqlite, BusKind::Local)]
#[case(Engine::Postgres, BusKind::Nats)]
#[tokio::test]
async fn whom_two_invite_accepts_each_by_itself_and_neither_touches_the_others(
    #[case] engine: Engine,
    #[case] bus: BusKind,
) {
    let scene = Scene::open(engine, bus, 1).await;
    let (theirs, link) = Institution::with_link(&scene.ground, &scene.node, 1, &[]).await;
    let their_owner = Program::of(&scene.ground, &scene.node, &theirs);
    let a = House::inviting(scene.institution.clone(), &scene.link, scene.owner.clone()).await;
    let b = House::inviting(theirs, &link, their_owner).await;
    let public = Program::of_the_public(&scene.node);
    assert_ne!((&a.id, &a.page), (&b.id, &b.page));
    let (of_a, of_b) = (a.invite().await, b.invite().await);
    a.tries(&b, &public).await;
    b.tries(&a, &public).await;
    assert_eq!(a.invite().await, of_a);
    assert_eq!(b.invite().await, of_b);
    assert_eq!(scene.relay.messages().len(), 2, "one mail of each");

    let done = accept(&scene.node.browser(), &a.page).await;
    assert_eq!(done.heading(), "Welcome, Ann", "{}", done.text());
    assert_eq!(a.invite().await["life"], "accepted");
    assert_eq!(b.invite().await, of_b, "the other is as it was");
    assert_eq!(b.people().await, Vec::<Value>::new());
    b.tries(&a, &public).await;

    let done = accept(&scene.node.browser(), &b.page).await;
    assert_eq!(done.heading(), "Welcome, Ann", "{}", done.text());
    assert_eq!(b.invite().await["life"], "accepted");
    for house in [&a, &b] {
        let people = house.people().await;
        assert_eq!(people.len(), 1, "{people:?}");
        assert_eq!(
            (
                &people[0]["email"],
                &people[0]["status"],
                &people[0]["door"]
            ),
            (&json!(ANN), &json!("assigned"), &json!("invite"))
        );
    }
}
