//! A list of addresses from the form to the last mail, as its administrator and a program see it:
//! the mail before it is sent, what holds it back, and the batch as it changes.

use reqwest::{Method, Response};
use rstest::rstest;
use serde_json::{Value, json};
use testkit::{BusKind, Engine, eventually_some};
use tokio::time::timeout;

use crate::{
    browser::Page, institution::PASSWORD, invited::Scene, node::PATIENCE, program::Program,
};

/// A node that sends eight mails a second.
async fn slowly(engine: Engine, bus: BusKind, seats: u64) -> Scene {
    let settings = [
        ("USHER_MAIL__PER_SECOND", "8"),
        ("USHER_THROTTLE__PER_ORGANISATION_PER_MINUTE", "100000"),
    ];
    Scene::within(engine, bus, seats, &settings).await
}

fn addresses(count: usize) -> String {
    let addresses: Vec<_> = (0..count).map(|n| format!("p{n}@hill.edu")).collect();
    addresses.join(" ")
}

/// Server-sent events, as they come.
struct Events {
    response: Response,
    text: String,
}

impl Events {
    fn of(response: Response) -> Self {
        assert_eq!(response.status(), 200);
        let kind = response.headers()["content-type"].to_str().unwrap();
        assert_eq!(kind, "text/event-stream");
        let text = String::new();
        Self { response, text }
    }

    /// The next one that says something: its name and its data; nothing when the stream is over.
    async fn next(&mut self) -> Option<(String, String)> {
        loop {
            if let Some((event, rest)) = self.text.split_once("\n\n") {
                let of = |name: &str| {
                    let lines = event.lines().filter_map(|line| line.strip_prefix(name));
                    lines.collect::<Vec<_>>().join("\n")
                };
                let (name, data) = (of("event: "), of("data: "));
                let rest = rest.to_owned();
                self.text = rest;
                if !name.is_empty() {
                    return Some((name, data));
                }
                continue;
            }
            let chunk = timeout(PATIENCE, self.response.chunk()).await.unwrap();
            let chunk = chunk.unwrap()?;
            self.text.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }

    async fn next_batch(&mut self) -> Option<Value> {
        let (name, data) = self.next().await?;
        assert_eq!(name, "batch");
        Some(serde_json::from_str(&data).unwrap())
    }
}

fn sum(counts: &Value) -> u64 {
    let counts = counts.as_object().unwrap().values();
    counts.map(|count| count.as_u64().unwrap()).sum()
}

impl Scene {
    async fn draft(&self, addresses: &str) -> String {
        let (status, draft) = self.invite(addresses, true).await;
        assert_eq!(status, 202, "{draft}");
        format!(
            "{}/batches/{}",
            self.at,
            draft["batch_id"].as_str().unwrap()
        )
    }

    async fn viewer(&self) -> Program {
        let path = format!("{}/tokens", self.at);
        let token = json!({ "name": "viewer", "role": "viewer" });
        let token = self.owner.make(&path, token).await;
        Program::with(&self.node, token["token"].as_str().unwrap())
    }

    async fn send_page(&self, page: &Page) -> Page {
        let form = page.form("/send");
        self.institution.administrator.submit(page, &form).await
    }
}

#[rstest]
#[tokio::test]
async fn a_batch_is_watched_while_it_is_sent_and_the_stream_ends_with_it(
    #[values((Engine::Sqlite, BusKind::Local), (Engine::Postgres, BusKind::Nats))] on: (
        Engine,
        BusKind,
    ),
) {
    let scene = slowly(on.0, on.1, 100).await;
    let pasted = format!("{} p1@hill.edu nobody", addresses(40));
    let batch = scene.draft(&pasted).await;
    let viewer = scene.viewer().await;
    let mut events = Events::of(viewer.watch(&format!("{batch}/events")).await);
    let first = events.next_batch().await.unwrap();
    assert!(
        first["sent_at"].is_null() && first["pace"].is_null(),
        "{first}"
    );
    scene.owner.act(&format!("{batch}/send")).await;
    let (mut seen, mut limits, mut last) = (0, Vec::new(), first);
    while let Some(now) = events.next_batch().await {
        let total = sum(&now["states"]) + sum(&now["refused"]);
        assert_eq!((total, &now["given"]), (42, &json!(42)), "{now}");
        assert_ne!(now, last, "only what has changed is told");
        limits.push(now["pace"]["limited_by"].clone());
        seen += 1;
        last = now;
    }
    assert!(seen >= 3, "five seconds of work: {seen}");
    assert!(limits.contains(&json!("relay-rate")), "{limits:?}");
    assert!(last["finished_at"].is_string(), "{last}");
    assert_eq!(last, scene.owner.get(&batch).await);

    // One that is over is told once, whatever was seen last; a stranger is told nothing.
    let mut events = Events::of(viewer.watch(&format!("{batch}/events")).await);
    assert_eq!(events.next_batch().await, Some(last));
    assert_eq!(events.next().await, None);
    let anybody = Program::of_the_public(&scene.node);
    let refused = anybody.watch(&format!("{batch}/events")).await;
    assert_eq!(refused.status(), 401);
}

#[tokio::test]
async fn streams_are_bounded_end_with_their_token_and_with_the_node() {
    let scene = slowly(Engine::Sqlite, BusKind::Local, 5).await;
    let batch = scene.draft("ann@hill.edu").await;
    let path = format!("{batch}/events");
    let viewer = scene.viewer().await;
    let mut streams = Vec::new();
    for _ in 0..16 {
        let mut events = Events::of(viewer.watch(&path).await);
        events.next_batch().await.unwrap();
        streams.push(events);
    }
    let refused = viewer.watch(&path).await;
    assert_eq!(refused.status(), 429);
    assert!(refused.headers().contains_key("retry-after"));

    // A token that is withdrawn ends what was opened with it.
    let tokens = scene.owner.all(&format!("{}/tokens", scene.at)).await;
    let id = tokens
        .iter()
        .find(|token| token["name"] == "viewer")
        .unwrap();
    let id = id["id"].as_str().unwrap();
    let path_of_token = format!("{}/tokens/{id}", scene.at);
    let (status, _) = scene
        .owner
        .send(Method::DELETE, &path_of_token, &Value::Null)
        .await;
    assert_eq!(status, 204);
    for mut events in streams {
        assert_eq!(events.next().await, None);
    }

    // Whoever went away without a word leaves a place.
    for _ in 0..16 {
        drop(Events::of(scene.owner.watch(&path).await));
    }
    let found = async || {
        let response = scene.owner.watch(&path).await;
        (response.status() == 200).then(|| Events::of(response))
    };
    let mut events = eventually_some(PATIENCE, "a place", found).await;
    events.next_batch().await.unwrap();
    let Scene { mut node, .. } = scene;
    let began = std::time::Instant::now();
    node.process.sigterm();
    assert!(node.process.wait_exit(PATIENCE).success());
    assert!(began.elapsed().as_secs() < 8, "{:?}", began.elapsed());
    assert_eq!(events.next().await, None, "it ends in order");
}

#[rstest]
#[tokio::test]
async fn an_administrator_reads_the_mail_before_it_leaves_and_watches_it_leave(
    #[values((Engine::Sqlite, BusKind::Local), (Engine::Postgres, BusKind::Nats))] on: (
        Engine,
        BusKind,
    ),
) {
    let scene = slowly(on.0, on.1, 100).await;
    let office = &scene.institution.administrator;
    let page = scene.institution.open("/invites/new").await;
    let options = crate::html::options(&page.html, "link_id");
    assert!(
        options.iter().any(|(_, words)| words.contains("(law)")),
        "a link is chosen by its tags, too: {options:?}"
    );
    let pasted = format!("{} p1@hill.edu p2@hill.edu nobody", addresses(60));
    let form = page.form("/invites/new").fill("link_id", &scene.link.id);
    let form = form
        .fill("addresses", &pasted)
        .fill("message", "Read on Monday!");
    let draft = office.submit(&page, &form).await;
    assert_eq!(draft.heading(), "Invites to First year", "{}", draft.text());
    let text = draft.text();
    assert!(text.contains("Not sent yet: 60"), "{text}");
    assert!(text.contains("2 · Is in the list twice."), "{text}");

    // Rows come page by page, and by their reason.
    assert_eq!(draft.rows().len(), 50);
    let rest = office.open(&draft.link("Next page")).await;
    assert_eq!(rest.rows().len(), 13);
    assert!(rest.text().contains("This is not an e-mail address"));
    let at = draft.url.path().to_owned();
    let twice = office
        .open(&format!("{at}?state=refused&reason=duplicate"))
        .await;
    let rows = twice.rows();
    assert_eq!(rows.len(), 2, "{rows:?}");
    assert!(
        rows.iter().all(|row| row[3] == "Is in the list twice."),
        "{rows:?}"
    );

    // The mail, as its first receiver gets it.
    let sources = crate::html::attributes(&draft.html, "src");
    assert!(
        sources.contains(&format!("{at}/preview/html")),
        "{sources:?}"
    );
    let preview = office.open(&format!("{at}/preview")).await;
    for words in ["p0@hill.edu", "Read on Monday!", "/invite/preview"] {
        assert!(
            preview.text().contains(words),
            "{words}: {}",
            preview.text()
        );
    }
    let mail = office.open(&format!("{at}/preview/html")).await;
    assert!(mail.html.contains("Read on Monday!"), "{}", mail.html);
    let policy = mail.header("content-security-policy");
    assert!(
        policy.contains("sandbox") && policy.contains("default-src 'none'"),
        "{policy}"
    );
    assert!(scene.relay.messages().is_empty(), "nothing is sent yet");

    // Sent: plain numbers without a script, the same as events with one.
    let sent = scene.send_page(&draft).await;
    assert_eq!(sent.status, 200, "{}", sent.text());
    assert!(sent.html.contains("<progress"), "{}", sent.html);
    assert!(sent.html.contains("<noscript><meta http-equiv=\"refresh\""));
    let live = crate::html::attributes(&sent.html, "data-live").remove(0);
    let told = office.open(&live.replace("&amp;", "&")).await;
    assert_eq!(told.header("content-type"), "text/event-stream");
    assert!(told.html.contains("event: batch\n"), "{}", told.html);
    assert!(told.html.contains("of 60 are settled"), "{}", told.html);
    assert!(
        told.html.contains("The mail relay takes 8 mails a second."),
        "{}",
        told.html
    );
    assert!(
        told.html
            .trim_end()
            .ends_with("event: over\ndata: Finished"),
        "{}",
        told.html
    );
    let finished = office.open(&at).await;
    let text = finished.text();
    assert!(
        text.contains("Finished") && text.contains("Sent: 60"),
        "{text}"
    );
    assert!(!finished.html.contains("data-live"), "nothing more happens");

    // Nothing of it is left to rest, or to be sent again now; the page that says so is one like any.
    let batch = at.rsplit('/').next().unwrap();
    let pause = format!("{}/batches/{batch}/pause", scene.at);
    let (status, refused) = scene.owner.send(Method::POST, &pause, &json!({})).await;
    assert_eq!(status, 409, "{refused}");
    let none = office.submit(&finished, &finished.form("/resend")).await;
    assert_eq!(none.status, 409, "{}", none.text());
    let words = "None can be sent again now: nobody is written to twice within an hour.";
    assert!(none.text().contains(words), "{}", none.text());
    let rest = office.open(&none.link("Next page")).await;
    assert_eq!((rest.status, rest.rows().len()), (200, 13));

    // Who was asked and has not answered, page by page.
    let list = scene.institution.open("/invites").await;
    let next = office.open(&list.link("Next page of those")).await;
    assert_eq!(
        next.rows().len(),
        1 + 10,
        "the batch, and the rest of sixty"
    );
}

#[tokio::test]
async fn an_invite_of_a_batch_that_rests_says_that_it_does() {
    let scene = slowly(Engine::Sqlite, BusKind::Local, 5).await;
    let (status, sent) = scene.invite(&addresses(50), false).await;
    assert_eq!(status, 202, "{sent}");
    let batch = sent["batch_id"].as_str().unwrap();
    let api = format!("{}/batches/{batch}", scene.at);
    let office = &scene.institution.administrator;
    let page = format!("/invites/{batch}");
    let waits = async || {
        let batch = scene.institution.open(&page).await;
        let has_page = batch.html.contains(">p49@hill.edu</a>");
        has_page.then(|| batch.link("p49@hill.edu"))
    };
    let invite = eventually_some(PATIENCE, "the last of them waits", waits).await;
    scene.owner.act(&format!("{api}/pause")).await;
    let rests = office.open(&invite).await.text();
    assert!(rests.contains("Its batch is paused"), "{rests}");
    assert!(
        rests.contains("what was done to all is with its batch"),
        "{rests}"
    );
    scene.owner.act(&format!("{api}/resume")).await;
    let goes_on = office.open(&invite).await.text();
    assert!(!goes_on.contains("Its batch is paused"), "{goes_on}");
}

#[tokio::test]
async fn a_viewer_looks_on_and_is_not_offered_what_they_may_not() {
    let scene = slowly(Engine::Sqlite, BusKind::Local, 5).await;
    let batch = scene.draft("ann@hill.edu").await;
    let batch = batch.rsplit('/').next().unwrap().to_owned();
    let email = format!("viewer.{}", scene.institution.email);
    let invite = json!({ "email": email, "role": "viewer" });
    let path = format!("{}/administrators", scene.at);
    let invited = scene.owner.make(&path, invite).await;
    let browser = scene.node.browser();
    let page = browser.open(invited["setup_url"].as_str().unwrap()).await;
    browser
        .submit(&page, &page.form("").fill("password", PASSWORD))
        .await;
    let at = format!("/admin/{}/invites", scene.institution.id);
    assert_eq!(browser.open(&format!("{at}/new")).await.status, 403);
    let page = browser.open(&format!("{at}/{batch}")).await;
    assert_eq!(page.status, 200, "{}", page.text());
    let forms = format!("<form method=\"post\" action=\"{at}");
    assert!(!page.html.contains(&forms), "{}", page.html);
    assert_eq!(
        browser.open(&format!("{at}/{batch}/preview")).await.status,
        200
    );
    // What stood there is not so any more: the page is told to look again, and that is all.
    let told = browser
        .open(&format!("{at}/{batch}/events?stands=Paused"))
        .await;
    assert!(
        told.html.contains("event: over\ndata: Draft"),
        "{}",
        told.html
    );
    let stranger = scene.node.browser();
    let page = stranger
        .open(&format!("{at}/{batch}/events?stands=Draft"))
        .await;
    assert!(page.url.path().ends_with("/sign-in"), "{}", page.url);
}

#[tokio::test]
async fn a_send_that_is_refused_says_why_and_leaves_its_draft() {
    let settings = [("USHER_INVITES__PER_ORGANISATION_PER_DAY", "2")];
    let scene = Scene::within(Engine::Sqlite, BusKind::Local, 5, &settings).await;
    let batch = scene.draft("ann@hill.edu bob@hill.edu cy@hill.edu").await;
    let batch = batch.rsplit('/').next().unwrap().to_owned();
    let page = scene.institution.open(&format!("/invites/{batch}")).await;
    let refused = scene.send_page(&page).await;
    assert_eq!(refused.status, 422, "{}", refused.text());
    let text = refused.text();
    assert!(text.contains("at most 2 people a day"), "{text}");
    assert!(text.contains("this is still your draft"), "{text}");
    assert!(text.contains("ann@hill.edu"), "{text}");
    let stale = scene.institution.open(&format!("/invites/{batch}")).await;
    let office = &scene.institution.administrator;
    let cancelled = office.submit(&stale, &stale.form("/cancel")).await;
    assert!(
        cancelled.text().contains("Cancelled"),
        "{}",
        cancelled.text()
    );
    let refused = scene.send_page(&stale).await;
    assert_eq!(refused.status, 409, "{}", refused.text());
    assert!(
        refused.text().contains("This batch was cancelled."),
        "{}",
        refused.text()
    );
}

#[tokio::test]
async fn every_one_of_many_links_can_be_chosen() {
    let scene = slowly(Engine::Sqlite, BusKind::Local, 5).await;
    let plans = scene.owner.get(&format!("{}/plans", scene.at)).await;
    for n in 0..205 {
        let link =
            json!({ "name": format!("Link {n}"), "plan_id": plans["items"][0]["id"], "tags": [] });
        scene.owner.make(&format!("{}/links", scene.at), link).await;
    }
    let page = scene
        .institution
        .open(&format!("/invites/new?link={}", scene.link.id))
        .await;
    let options = crate::html::options(&page.html, "link_id");
    assert_eq!(options.len(), 206);
    let form = page.form("/invites/new");
    assert_eq!(form.value("link_id"), Some(scene.link.id.as_str()));
}
