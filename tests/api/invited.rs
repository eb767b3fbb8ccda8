//! What whoever was invited does: look, accept, decline, want no more.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use testkit::eventually_some;

use crate::server::{Answer, Api, Institution, mailed, text};

const PATIENCE: Duration = Duration::from_mins(1);
const PASSWORD: &str = "a few words for me";

/// An invite that was sent.
pub(crate) struct Sent {
    pub(crate) id: String,
    /// The path of the public API.
    path: String,
}

/// Invites an address through a link, and waits until its mail has left.
pub(crate) async fn invite(institution: &Institution, link: &Value, email: &str) -> Sent {
    let new = json!({ "link_id": link["id"], "addresses": email });
    let made = institution.post("/invites", new).await.body(202);
    assert_eq!(made["accepted"], 1, "{made}");
    let list = format!("/invites?batch={}&state=sent", text(&made["batch_id"]));
    let sent = async || {
        let page = institution.get(&list).await.body(200);
        page["items"].get(0).cloned()
    };
    let invite = eventually_some(PATIENCE, "the invite is sent", sent).await;
    let token = text(&invite["url"]).rsplit('/').next().unwrap().to_owned();
    Sent {
        id: text(&invite["id"]).to_owned(),
        path: format!("/invites/{token}"),
    }
}

/// An address of its own for each institution.
fn address(institution: &Institution, name: &str) -> String {
    format!("{name}.{}@hill.edu", institution.id.to_lowercase())
}

fn acceptance() -> Value {
    json!({
        "first_name": "Ann", "last_name": "Lee", "password": PASSWORD, "accept_terms": true,
    })
}

async fn accept(sent: &Sent) -> Answer {
    Api::public().post(&sent.path, acceptance()).await
}

/// Makes an organisation take invites at other addresses, too.
async fn lenient(institution: &Institution) {
    let change = json!({ "policies": { "invite_acceptance": "lenient" } });
    institution.patch("", change).await.body(200);
}

/// Somebody who has an account with a proved address, with their session: they accepted an invite of
/// another institution.
async fn signed_in(email: &str) -> Api {
    let elsewhere = Institution::found().await;
    let link = elsewhere.link(1, json!({})).await;
    let sent = invite(&elsewhere, &link, email).await;
    accept(&sent).await.body(201);
    let credentials = json!({ "email": email, "password": PASSWORD });
    let session = Api::public().post("/session", credentials).await.body(201);
    Api::with(text(&session["token"]))
}

#[tokio::test]
async fn an_invite_is_looked_at_without_a_change_and_accepted_once() {
    let institution = Institution::found().await;
    let link = institution.link(2, json!({})).await;
    let email = address(&institution, "ann");
    let sent = invite(&institution, &link, &email).await;
    for _ in 0..2 {
        let face = Api::public().get(&sent.path).await.body(200);
        assert_eq!(
            (&face["email"], &face["life"], &face["closed"]),
            (&json!(email), &json!("pending"), &Value::Null)
        );
        assert_eq!(
            (&face["is_lenient"], &face["has_free_seat"]),
            (&json!(false), &json!(true))
        );
        let head = Answer::of(Api::public().request(Method::HEAD, &sent.path)).await;
        assert_eq!(head.status, 200);
    }
    let accepted = accept(&sent).await.body(201);
    assert_eq!(accepted["user"]["email"], json!(email));
    assert_eq!(accepted["seat"]["status"], "assigned");
    assert_eq!(
        accepted["seat"]["proof_due_at"],
        Value::Null,
        "it is proved"
    );
    assert_eq!(accept(&sent).await.body(201), accepted, "safe to repeat");
    let face = Api::public().get(&sent.path).await.body(200);
    assert_eq!(
        (&face["life"], &face["closed"]),
        (&json!("accepted"), &json!("invite-used"))
    );
    let decline = format!("{}/decline", sent.path);
    let declined = Api::public().post(&decline, Value::Null).await;
    declined.refused(409, "invite-used");
    // a stranger who holds it gets no place by it
    let mut other = acceptance();
    other["password"] = json!("some other words");
    let refused = Api::public().post(&sent.path, other).await;
    refused.refused(409, "invite-used");
}

#[tokio::test]
async fn every_fault_of_an_acceptance_is_named() {
    let institution = Institution::found().await;
    let link = institution.link(1, json!({})).await;
    let sent = invite(&institution, &link, &address(&institution, "ann")).await;
    let form = json!({
        "first_name": 7, "last_name": "", "password": "short", "accept_terms": false, "email": "x",
    });
    let refused = Api::public().post(&sent.path, form).await;
    refused.refused_fields(&[
        "accept_terms required",
        "email unknown-field",
        "first_name wrong-type",
        "last_name required",
        "password too-short",
    ]);
    let users = institution.get("/users?status=assigned").await.body(200);
    assert_eq!(users["items"], json!([]));
}

#[tokio::test]
async fn an_unknown_invite_is_unknown_whatever_is_sent() {
    for token in ["nothing", &"x".repeat(500), "%20"] {
        let path = format!("/invites/{token}");
        let get = Api::public().get(&path).await;
        get.refused(404, "invite-unknown");
        for body in [acceptance(), json!({ "first_name": 1 })] {
            let refused = Api::public().post(&path, body).await;
            refused.refused(404, "invite-unknown");
        }
        let decline = format!("{path}/decline");
        let refused = Api::public().post(&decline, Value::Null).await;
        refused.refused(404, "invite-unknown");
        let unsubscribe = format!("/unsubscribe/{token}");
        let refused = Api::public().post(&unsubscribe, json!({})).await;
        refused.refused(404, "invite-unknown");
    }
}

#[tokio::test]
async fn what_was_taken_back_and_who_was_revoked_is_told_so() {
    let institution = Institution::found().await;
    let link = institution.link(2, json!({})).await;
    let sent = invite(&institution, &link, &address(&institution, "ann")).await;
    let cancel = format!("/invites/{}/cancel", sent.id);
    institution.post(&cancel, Value::Null).await.body(200);
    accept(&sent).await.refused(410, "invite-cancelled");
    let face = Api::public().get(&sent.path).await.body(200);
    assert_eq!(face["closed"], "invite-cancelled");

    // Bob is invited, joins by the link before he reads it, and loses his seat.
    let email = address(&institution, "bob");
    let bob = invite(&institution, &link, &email).await;
    let mut form = acceptance();
    form["email"] = json!(email);
    let join = format!("/join/{}", text(&link["token"]));
    let joined = Api::public().post(&join, form).await.body(201);
    let revoke = format!("/users/{}/revoke", text(&joined["user"]["id"]));
    institution.post(&revoke, Value::Null).await.body(200);
    let refused = accept(&bob).await;
    refused.refused(403, "membership-revoked");
}

#[tokio::test]
async fn where_all_seats_are_taken_whoever_accepts_waits() {
    let institution = Institution::found().await;
    let link = institution.link(0, json!({})).await;
    let sent = invite(&institution, &link, &address(&institution, "ann")).await;
    let face = Api::public().get(&sent.path).await.body(200);
    assert_eq!(face["has_free_seat"], false);
    let accepted = accept(&sent).await.body(201);
    assert_eq!(accepted["seat"]["status"], "waiting");
}

#[tokio::test]
async fn an_invite_is_for_its_own_address_unless_the_organisation_is_lenient() {
    let institution = Institution::found().await;
    let link = institution
        .link(3, json!({ "allowed_domains": ["hill.edu"] }))
        .await;
    let sent = invite(&institution, &link, &address(&institution, "ann")).await;
    let bob = signed_in(&address(&institution, "bob")).await;
    let as_bob = || bob.post(&sent.path, json!({}));
    let refused = as_bob().await;
    refused.refused(403, "invite-for-another");
    // it says which address it is for, and not the whole of it
    let told = text(&refused.body["detail"]);
    assert!(told.contains("for a••@hill.edu, and you are"), "{told}");
    assert!(told.contains(&address(&institution, "bob")), "{told}");
    let more = bob.post(&sent.path, acceptance()).await;
    more.refused_fields(&[
        "first_name unexpected",
        "last_name unexpected",
        "password unexpected",
    ]);
    let nobody = Api::with("nothing").post(&sent.path, json!({})).await;
    nobody.refused(401, "unauthenticated");

    lenient(&institution).await;
    let face = Api::public().get(&sent.path).await.body(200);
    assert_eq!(
        (&face["is_lenient"], &face["allowed_domains"]),
        (&json!(true), &json!(["hill.edu"]))
    );
    // whose domain the link does not take is still another
    let stranger = address(&institution, "eve").replace("hill.edu", "dale.edu");
    let stranger = signed_in(&stranger).await;
    let refused = stranger.post(&sent.path, json!({})).await;
    refused.refused(403, "invite-for-another");
    let accepted = as_bob().await.body(201);
    assert_eq!(
        accepted["user"]["email"],
        json!(address(&institution, "bob"))
    );
    assert_eq!(accepted["seat"]["status"], "assigned");
    accept(&sent).await.refused(409, "invite-used");
}

#[tokio::test]
async fn whoever_declines_is_counted_and_may_still_accept() {
    let institution = Institution::found().await;
    let link = institution.link(1, json!({})).await;
    let sent = invite(&institution, &link, &address(&institution, "ann")).await;
    let counts = async || {
        let batches = institution.get("/batches").await.body(200);
        let batch = batches["items"][0].clone();
        (batch["declined"].clone(), batch["accepted"].clone())
    };
    assert_eq!(counts().await, (json!(0), json!(0)));
    let decline = format!("{}/decline", sent.path);
    for _ in 0..2 {
        let declined = Api::public().post(&decline, Value::Null).await.body(200);
        assert_eq!(
            (&declined["life"], &declined["closed"]),
            (&json!("declined"), &Value::Null)
        );
    }
    assert_eq!(counts().await, (json!(1), json!(0)));
    accept(&sent).await.body(201);
    assert_eq!(counts().await, (json!(0), json!(1)));
}

#[tokio::test]
async fn a_repeated_acceptance_with_a_key_is_its_senders_own() {
    let institution = Institution::found().await;
    let link = institution.link(1, json!({})).await;
    let sent = invite(&institution, &link, &address(&institution, "ann")).await;
    let bob = signed_in(&address(&institution, "bob")).await;
    let with_key = |api: &Api, body: Value| {
        let request = api.request(Method::POST, &sent.path);
        Answer::of(request.header("idempotency-key", "once").json(&body))
    };
    let accepted = with_key(&Api::public(), acceptance()).await.body(201);
    let again = with_key(&Api::public(), acceptance()).await;
    assert_eq!(again.header("idempotency-replayed"), "true");
    assert_eq!(again.body(201), accepted);
    let other = with_key(&bob, acceptance()).await;
    assert_eq!(other.status, 422, "not Ann's answer: {}", other.body);
}

#[tokio::test]
async fn one_word_ends_the_invites_of_an_organisation_and_another_those_of_everybody() {
    let (one, other) = (Institution::found().await, Institution::found().await);
    let email = address(&one, "ann");
    let link = one.link(2, json!({})).await;
    invite(&one, &link, &email).await;
    let unsubscribe = format!("/unsubscribe/{}", mailed(&email, "/unsubscribe/").await);
    let get = Api::public().get(&unsubscribe).await;
    get.refused(405, "method-not-allowed");
    let wrong = json!({ "scope": "nobody" });
    let refused = Api::public().post(&unsubscribe, wrong).await;
    refused.refused_fields(&["scope unknown"]);
    let done = Api::public().post(&unsubscribe, json!({})).await.body(200);
    assert_eq!(
        (&done["email"], &done["scope"]),
        (&json!(email), &json!("organisation"))
    );
    let suppressions = async |of: &Institution| of.get("/suppressions").await.body(200);
    let own = suppressions(&one).await;
    assert_eq!(own["items"][0]["reason"], "unsubscribed");
    // who was invited already is not taken; another organisation still may
    let theirs = other.link(1, json!({})).await;
    let new = json!({ "link_id": theirs["id"], "addresses": email, "dry_run": true });
    let draft = other.post("/invites", new.clone()).await.body(202);
    assert_eq!(draft["accepted"], 1, "{draft}");
    let everybody = json!({ "scope": "everybody" });
    Api::public().post(&unsubscribe, everybody).await.body(200);
    let draft = other.post("/invites", new).await.body(202);
    assert_eq!(draft["refused"][0]["reason"], "suppressed", "{draft}");
    assert_eq!(suppressions(&other).await["items"], json!([]), "not told");
}
