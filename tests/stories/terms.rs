//! The terms that whoever joins accepts.

use testkit::{BusKind, Engine};

use crate::{html, invited::Scene};

const TERMS: &str = "https://university.example/terms?of=use";
const WORDS: &str = "I accept the terms of use";

#[tokio::test]
async fn forms_lead_to_the_terms_where_it_is_set_where_they_are() {
    let settings = [
        ("USHER_MAIL__PER_SECOND", "0"),
        ("USHER_HTTP__TERMS_URL", TERMS),
    ];
    let scene = Scene::within(Engine::Sqlite, BusKind::Local, 2, &settings).await;
    scene.invite("bob@hill.edu", false).await;
    let (invite, _) = scene.mailed("bob@hill.edu").await;
    let visitor = scene.node.browser();
    for (address, action) in [(&scene.link.url, ""), (&invite, invite.as_str())] {
        let page = visitor.open(address).await;
        assert!(page.text().contains(WORDS), "{}", page.text());
        assert_eq!(
            html::link(&page.html, "the terms of use").as_deref(),
            Some(TERMS),
            "{address}"
        );
        // What was typed is not lost by reading them, and the box is still to be ticked.
        let tags = html::tags(&page.html);
        let link = tags.iter().find(|tag| tag.get("href") == Some(TERMS));
        assert_eq!(link.unwrap().get("target"), Some("_blank"));
        let form = page.form(action);
        assert_eq!(form.value("accept_terms"), None);
        let refused = visitor.submit(&page, &form).await;
        assert_eq!(refused.error("accept_terms"), "must be accepted");
        assert!(refused.html.contains(TERMS), "{}", refused.html);
    }
}

#[tokio::test]
async fn terms_that_are_nowhere_are_named_and_lead_nowhere() {
    let scene = Scene::open(Engine::Sqlite, BusKind::Local, 2).await;
    scene.invite("bob@hill.edu", false).await;
    let (invite, _) = scene.mailed("bob@hill.edu").await;
    let visitor = scene.node.browser();
    for address in [&scene.link.url, &invite] {
        let page = visitor.open(address).await;
        assert!(page.text().contains(WORDS), "{}", page.text());
        assert_eq!(html::link(&page.html, "the terms of use"), None);
    }
}
