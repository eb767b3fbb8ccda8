//! E-mail invites: what a paste is answered, and what is done to one invite.

use reqwest::Method;
use serde_json::{Value, json};
use testkit::eventually_some;

use crate::{
    batches::{PATIENCE, adds_up, all, count, invitation, many, of, settled},
    later,
    server::{Answer, Api, Institution, registration, text},
};

fn at(invite: &Value, rest: &str) -> String {
    format!("/invites/{}{rest}", text(&invite["id"]))
}

/// Invites these, and answers the invites once their mail has left, in the order of the addresses.
async fn sent(institution: &Institution, link: &Value, addresses: &str) -> (Value, Vec<Value>) {
    let batch = institution.post("/invites", invitation(link, addresses));
    let batch = batch.await.body(202);
    settled(institution, &batch).await;
    let path = format!("/invites?batch={}", text(&batch["batch_id"]));
    let mut invites = all(institution, &path, 200).await;
    invites.reverse();
    (batch, invites)
}

/// The invite once its mail has left.
async fn left(institution: &Institution, invite: &Value) -> Value {
    eventually_some(PATIENCE, "the mail has left", async || {
        let invite = institution.get(&at(invite, "")).await.body(200);
        (invite["state"] == "sent").then_some(invite)
    })
    .await
}

/// What the page of an invite answers.
async fn page(invite: &Value) -> u16 {
    let url = text(&invite["url"]);
    let (_, token) = url.rsplit_once("/invite/").unwrap();
    let request = Api::public().request(Method::GET, &format!("!/invite/{token}"));
    request.send().await.unwrap().status().as_u16()
}

/// Lets somebody join; answers their id.
async fn joined(link: &Value, email: &str) -> Value {
    let path = format!("/join/{}", text(&link["token"]));
    let joined = Api::public().post(&path, registration(email)).await;
    joined.body(201)["user"].clone()
}

#[tokio::test]
async fn each_row_of_a_paste_that_is_not_taken_has_its_reason_and_what_was_meant() {
    let institution = Institution::found().await;
    let some = institution.link(1, json!({})).await;
    let within = institution
        .link(3, json!({ "allowed_domains": ["hill.edu"] }))
        .await;
    let mail = |name: &str| format!("{name}.{}@hill.edu", institution.id.to_lowercase());
    let [cat, ann, bob, dan, eve] = ["cat", "ann", "bob", "dan", "eve"].map(mail);
    joined(&some, &cat).await;
    let users = institution.get("/users").await.body(200);
    let revoke = format!("/users/{}/revoke", text(&users["items"][0]["id"]));
    institution.post(&revoke, json!({})).await.body(200);
    joined(&some, &ann).await;
    joined(&some, &bob).await;
    sent(&institution, &some, &dan).await;
    later::change(later::SUPPRESS.bind(&eve).bind(&institution.id)).await;

    let local = "l".repeat(64);
    let label = "d".repeat(63);
    let too_long = format!("{local}@{label}.{label}.{}.hill.edu", "d".repeat(56));
    let too_long_local = format!("{local}l@hill.edu");
    let rows = [
        ("nobody", "not-an-address", None),
        ("ZOE@hill.edu", "duplicate", None),
        ("john@@hill.edu", "multiple-at", Some("john@hill.edu")),
        ("jim @hill.edu", "space-inside", Some("jim@hill.edu")),
        ("j\u{202e}oe@hill.edu", "control-character", None),
        (&too_long_local, "too-long-local", None),
        (&too_long, "too-long", None),
        ("\"john doe\"@hill.edu", "quoted-local", None),
        ("user(comment)@hill.edu", "local-part", None),
        ("j..k@hill.edu", "dot-placement", Some("j.k@hill.edu")),
        ("j@[127.0.0.1]", "domain-literal", None),
        ("user@intranet", "no-tld", None),
        ("user@hi_ll.edu", "underscore", None),
        ("john@hill.123", "domain", None),
        ("josé@hill.edu", "smtputf8-required", None),
        (
            "o\u{2019}brien@hill.edu",
            "smtputf8-required",
            Some("o'brien@hill.edu"),
        ),
        ("\u{430}dmin@hill.edu", "confusable", Some("admin@hill.edu")),
        ("n/a", "placeholder", None),
        ("postmaster@hill.edu", "role-address", None),
        ("jo (at) hill (dot) edu", "obfuscated", Some("jo@hill.edu")),
        (&cat, "revoked", None),
        (&ann, "already-seated", None),
        (&bob, "already-waiting", None),
        (&dan, "already-invited", None),
        (&eve, "suppressed", None),
        ("fay@valley.edu", "domain-not-allowed", None),
    ];
    let pasted: Vec<_> = rows.iter().map(|(input, ..)| *input).collect();
    let pasted = format!("zoe@hill.edu\n{}", pasted.join("\n"));
    let draft = json!({ "link_id": within["id"], "addresses": pasted, "dry_run": true });
    let draft = institution.post("/invites", draft).await.body(202);
    let refused = draft["refused"].as_array().unwrap().iter();
    let refused: Vec<_> = refused
        .map(|row| {
            (
                text(&row["input"]),
                text(&row["reason"]),
                row["suggestion"].as_str(),
            )
        })
        .collect();
    let shown = |input: &str| input.chars().take(200).collect::<String>();
    for (row, (input, reason, meant)) in refused.iter().zip(&rows) {
        assert_eq!(*row, (shown(input).as_str(), *reason, *meant));
    }
    assert_eq!(refused.len(), rows.len());
    assert_eq!(draft["accepted"], 1);
    let counts = draft["counts"].as_object().unwrap().values();
    let sum: u64 = counts.map(|count| count.as_u64().unwrap()).sum();
    assert_eq!(sum, rows.len() as u64 + 1);
    adds_up(&institution.get(&of(&draft, "")).await.body(200));
}

#[tokio::test]
async fn more_addresses_than_a_paste_holds_are_refused_whole_with_their_number() {
    let institution = Institution::found().await;
    let link = institution.link(3, json!({})).await;
    let refused = institution.post("/invites", invitation(&link, &many(501)));
    let refused = refused.await;
    refused.refused_fields(&["addresses too-many"]);
    let detail = text(&refused.body["errors"][0]["detail"]);
    assert!(detail.contains("500") && detail.contains("501"), "{detail}");
    // The same address twice is one.
    let twice = format!("{}\nP0@hill.edu", many(500));
    let draft = json!({ "link_id": link["id"], "addresses": twice, "dry_run": true });
    let draft = institution.post("/invites", draft).await.body(202);
    assert_eq!(draft["accepted"], 500);
    assert_eq!(draft["counts"], json!({ "draft": 500, "duplicate": 1 }));
    assert_eq!(draft["exceeds_free_seats_by"], 497);
    let batches = institution.get("/batches").await.body(200);
    assert_eq!(batches["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn nobody_is_sent_an_invite_again_within_an_hour() {
    let institution = Institution::found().await;
    let link = institution.link(3, json!({})).await;
    let (_, invites) = sent(&institution, &link, "ann@hill.edu").await;
    let ann = &invites[0];
    let refused = institution.post(&at(ann, "/resend"), json!({})).await;
    refused.refused(429, "too-many-requests");
    let wait: u64 = refused.header("retry-after").parse().unwrap();
    assert!((3_000..=3_600).contains(&wait), "{wait}");

    later::change(later::AN_HOUR_PASSES.bind(&institution.id)).await;
    let again = institution.post(&at(ann, "/resend"), json!({})).await;
    let again = again.body(200);
    assert_eq!(again["url"], ann["url"], "the same link keeps working");
    assert!(text(&again["expires_at"]) > text(&ann["expires_at"]));
    let once_more = institution.post(&at(ann, "/resend"), json!({})).await;
    assert_ne!(once_more.status, 200, "{}", once_more.body);
    let ann_now = left(&institution, ann).await;
    assert_eq!(page(&ann_now).await, 200);
}

#[tokio::test]
async fn those_who_did_not_accept_are_sent_their_invites_again() {
    let institution = Institution::found().await;
    let link = institution.link(3, json!({})).await;
    let (batch, invites) = sent(
        &institution,
        &link,
        "ann@hill.edu bob@hill.edu cat@hill.edu",
    )
    .await;
    institution
        .post(&at(&invites[2], "/cancel"), json!({}))
        .await
        .body(200);
    let again = of(&batch, "/resend");
    let early = institution.post(&again, json!({})).await.body(200);
    assert_eq!(early, json!({ "count": 0 }), "not within an hour");
    later::change(later::AN_HOUR_PASSES.bind(&institution.id)).await;
    let resent = institution.post(&again, json!({})).await.body(200);
    assert_eq!(resent, json!({ "count": 2 }), "not who was taken back");
    let after = settled(&institution, &batch).await;
    assert_eq!(count(&after, "sent"), 3, "{after}");
    for invite in &invites[..2] {
        let now = left(&institution, invite).await;
        assert!(text(&now["sent_at"]) > text(&invite["sent_at"]), "{now}");
    }
    let viewer = institution.token("viewer").await;
    let refused = viewer.post(&institution.path(&again), json!({})).await;
    refused.refused(403, "forbidden");
}

#[tokio::test]
async fn a_corrected_address_gets_the_invite_and_the_old_link_is_dead() {
    let institution = Institution::found().await;
    let link = institution.link(3, json!({})).await;
    let (_, invites) = sent(&institution, &link, "anne@hill.edu bob@hill.edu").await;
    let [wrong, bob] = [&invites[0], &invites[1]];
    assert_eq!(page(wrong).await, 200);
    let right = json!({ "email": "ann@hill.edu" });
    let changed = institution.patch(&at(wrong, ""), right.clone()).await;
    let changed = changed.body(200);
    assert_eq!(changed["email"], "ann@hill.edu");
    assert_ne!(changed["url"], wrong["url"]);
    left(&institution, wrong).await;
    assert_eq!((page(wrong).await, page(&changed).await), (404, 200));

    let same = institution.patch(&at(wrong, ""), right).await;
    same.refused_fields(&["email same"]);
    let taken = json!({ "email": "BOB@hill.edu" });
    let taken = institution.patch(&at(wrong, ""), taken).await;
    taken.refused(409, "conflict");
    let none = json!({ "email": "nobody" });
    let none = institution.patch(&at(bob, ""), none).await;
    none.refused_fields(&["email not-an-address"]);
    institution
        .patch(&at(bob, ""), json!({}))
        .await
        .refused_fields(&["email required"]);
}

#[tokio::test]
async fn an_invite_that_is_taken_back_is_dead_and_stays_so() {
    let institution = Institution::found().await;
    let link = institution.link(3, json!({})).await;
    let (_, invites) = sent(&institution, &link, "ann@hill.edu bob@hill.edu").await;
    let [ann, bob] = [&invites[0], &invites[1]];
    let cancelled = institution.post(&at(ann, "/cancel"), json!({})).await;
    let cancelled = cancelled.body(200);
    assert_eq!(
        (&cancelled["life"], &cancelled["url"]),
        (&json!("cancelled"), &json!(null))
    );
    let again = institution.post(&at(ann, "/cancel"), json!({})).await;
    assert_eq!(again.body(200)["life"], "cancelled");
    institution
        .post(&at(ann, "/resend"), json!({}))
        .await
        .refused(409, "conflict");
    institution
        .patch(&at(ann, ""), json!({ "email": "anne@hill.edu" }))
        .await
        .refused(409, "conflict");
    let bob_now = institution.get(&at(bob, "")).await.body(200);
    assert_eq!(
        (&bob_now["life"], page(bob).await),
        (&json!("pending"), 200)
    );
    // The address is free for another invite.
    let (batch, _) = sent(&institution, &link, "ann@hill.edu").await;
    assert_eq!(batch["accepted"], 1);

    let viewer = institution.token("viewer").await;
    let seen = viewer.get(&institution.path(&at(bob, ""))).await.body(200);
    assert_eq!(seen["url"], json!(null), "who may not invite gets no link");
    let cancel = institution.path(&at(bob, "/cancel"));
    let refused = viewer.post(&cancel, json!({})).await;
    refused.refused(403, "forbidden");
    let foreign = Institution::found().await;
    foreign.get(&at(bob, "")).await.refused(404, "not-found");
}

#[tokio::test]
async fn an_accepted_invite_is_not_taken_back_nor_sent_again() {
    let institution = Institution::found().await;
    let link = institution.link(3, json!({})).await;
    let email = format!("ann.{}@hill.edu", institution.id.to_lowercase());
    let (batch, invites) = sent(&institution, &link, &email).await;
    let ann = &invites[0];
    let (_, token) = text(&ann["url"]).rsplit_once('/').unwrap();
    let acceptance = json!({
        "first_name": "Ann",
        "last_name": "Lee",
        "password": "a few words for me",
        "accept_terms": true,
    });
    let path = format!("/invites/{token}");
    Api::public().post(&path, acceptance).await.body(201);
    let now = institution.get(&at(ann, "")).await.body(200);
    assert_eq!(
        (&now["life"], &now["url"]),
        (&json!("accepted"), &json!(null))
    );
    assert!(now["accepted_at"].is_string(), "{now}");
    for what in ["/cancel", "/resend"] {
        let refused = institution.post(&at(ann, what), json!({})).await;
        refused.refused(409, "conflict");
    }
    later::change(later::AN_HOUR_PASSES.bind(&institution.id)).await;
    let resent = institution.post(&of(&batch, "/resend"), json!({})).await;
    assert_eq!(resent.body(200)["count"], 0);
    let batch = institution.get(&of(&batch, "")).await.body(200);
    assert_eq!(batch["accepted"], 1);
}

#[tokio::test]
async fn invites_that_are_posted_again_with_their_key_are_sent_once() {
    let institution = Institution::found().await;
    let link = institution.link(3, json!({})).await;
    let post = async |rest: &str, body: &Value| {
        let request = institution
            .api
            .request(Method::POST, &institution.path(rest));
        Answer::of(request.header("idempotency-key", "k").json(body)).await
    };
    let new = invitation(&link, "ann@hill.edu; nobody");
    let first = post("/invites", &new).await;
    let again = post("/invites", &new).await;
    assert_eq!(first.header("idempotency-replayed"), "");
    assert_eq!(again.header("idempotency-replayed"), "true");
    assert_eq!((again.status, &again.body), (202, &first.body));
    let other = post("/invites", &invitation(&link, "bob@hill.edu")).await;
    other.refused_fields(&["Idempotency-Key reused"]);
    let batches = institution.get("/batches").await.body(200);
    assert_eq!(batches["items"].as_array().unwrap().len(), 1);
    settled(&institution, &first.body).await;

    let listed = institution.get("/invites").await.body(200);
    let ann = &listed["items"][0];
    later::change(later::AN_HOUR_PASSES.bind(&institution.id)).await;
    let resend = at(ann, "/resend");
    let first = post(&resend, &json!({})).await.body(200);
    assert_eq!(first["url"], ann["url"]);
    let again = post(&resend, &json!({})).await.body(200);
    assert_eq!(again["url"], json!(null), "no secret is kept for a replay");
    assert_eq!(again["id"], first["id"]);
}
