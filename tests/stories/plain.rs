//! Every page as a browser without a script has it: its links lead somewhere, its forms post plainly, and
//! its fields have names that are read out.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use testkit::{BusKind, Engine};

use crate::{
    browser::{Browser, Page},
    html::{self, Form, Tag, tags},
    institution::PASSWORD,
    invited::Scene,
    invited_states::accept,
    person::Person,
};

/// The pages that a walk comes to, at most.
const MOST: usize = 150;
/// What a form does that leaves less for those behind it, the worst last.
const WORST: [&str; 8] = [
    "revoke", "cancel", "decline", "lift", "remove", "delete", "erase", "sign-out",
];

/// What is wrong with a page.
fn faults(html: &str) -> Vec<String> {
    let all = tags(html);
    let mut faults = Vec::new();
    let ids: Vec<_> = all.iter().filter_map(|tag| tag.get("id")).collect();
    let labels: BTreeSet<_> = all.iter().filter_map(|tag| tag.get("for")).collect();
    let inside: BTreeSet<_> = all
        .iter()
        .filter(|tag| tag.name == "label")
        .flat_map(|label| tags(label.inside()))
        .filter_map(|tag| tag.get("name").map(str::to_owned))
        .collect();
    if ids.len() != ids.iter().collect::<BTreeSet<_>>().len() {
        faults.push(format!("an id is there twice: {ids:?}"));
    }
    let headings = all.iter().filter(|tag| tag.name == "h1").count();
    if headings != 1 {
        faults.push(format!("{headings} headings"));
    }
    for tag in &all {
        let is_inline = tag.name == "style" || tag.name == "script" && tag.get("src").is_none();
        let is_inline = is_inline
            || tag
                .names()
                .any(|name| name == "style" || name.starts_with("on"));
        let is_dead = tag.name == "button"
            && tag.get("type") == Some("button")
            && tag.get("hidden").is_none();
        let described = tag.get("aria-describedby").unwrap_or_default();
        let is_undescribed = described.split_whitespace().any(|id| !ids.contains(&id));
        let is_named = tag.get("aria-label").is_some()
            || tag.get("id").is_some_and(|id| labels.contains(id))
            || tag.get("name").is_some_and(|name| inside.contains(name));
        let is_nameless = is_field(tag) && !is_named;
        for (is, what) in [
            (is_inline, "is inline"),
            (is_dead, "does nothing without a script"),
            (is_undescribed, "is described by nothing"),
            (is_nameless, "has no label"),
        ] {
            if is {
                faults.push(format!("{} {:?} {what}", tag.name, tag.get("name")));
            }
        }
    }
    faults
}

fn is_field(tag: &Tag<'_>) -> bool {
    let is_input = tag.name == "input" && tag.get("type") != Some("hidden");
    is_input || matches!(tag.name, "select" | "textarea")
}

/// An address with its ids and tokens left out.
fn shape(address: &str) -> String {
    let path = address.split(['?', '#']).next().unwrap();
    let parts = path.split('/').map(|part| match part.len() {
        0..=20 => part,
        _ => "…",
    });
    parts.collect::<Vec<_>>().join("/")
}

/// The forms of a page that post, each with whether a file is handed in.
fn posts(page: &Page) -> Vec<(Form, bool)> {
    let all = tags(&page.html);
    let forms = all.iter().filter(|tag| tag.name == "form");
    let known = html::forms(&page.html).into_iter();
    known
        .zip(forms)
        .filter(|(_, tag)| tag.get("method") == Some("post"))
        .map(|(form, tag)| (form, tag.get("enctype").is_some()))
        .collect()
}

/// Walks from some pages along their links; answers a page of each kind.
async fn walk(browser: &Browser, from: &[String]) -> BTreeMap<String, Page> {
    let mut found = BTreeMap::new();
    let mut next: VecDeque<_> = from.iter().cloned().collect();
    while let Some(address) = next.pop_front() {
        assert!(found.len() < MOST, "the walk ends: {:?}", found.keys());
        if found.contains_key(&shape(&address)) {
            continue;
        }
        let page = browser.open(&address).await;
        assert_eq!(page.status, 200, "{address}: {}", page.text());
        if page.header("content-type").starts_with("text/html") {
            let faults = faults(&page.html);
            assert!(faults.is_empty(), "{address}: {faults:#?}");
            let links = html::attributes(&page.html, "href").into_iter();
            let links = links.filter(|link| link.starts_with('/') && !link.starts_with("/assets/"));
            next.extend(links);
        }
        found.insert(shape(&address), page);
    }
    found
}

/// Presses the button of every form; answers where they went.
async fn press(browser: &Browser, pages: &BTreeMap<String, Page>) -> BTreeSet<String> {
    let mut forms: BTreeMap<_, (&Page, Form, bool)> = BTreeMap::new();
    for page in pages.values() {
        for (form, is_file) in posts(page) {
            let to = page.url.join(&form.action).unwrap();
            let worst = WORST.iter().rposition(|word| to.path().ends_with(word));
            let key = (worst, shape(to.path()));
            forms.entry(key).or_insert((page, form, is_file));
        }
    }
    for ((_, to), (page, form, is_file)) in &forms {
        let answer = if *is_file {
            browser
                .upload(page, form, ("file", b"ann@hill.edu\n"))
                .await
        } else {
            browser.submit(page, form).await
        };
        let is_taken = [200, 401, 409, 422].contains(&answer.status);
        let text = answer.text();
        assert!(is_taken, "{to}: {} {text}", answer.status);
        for not_heard in [
            "Nothing was done yet",
            "was not sent from a page of this site",
        ] {
            assert!(!text.contains(not_heard), "{to}: {text}");
        }
        assert!(
            answer.header("content-type").starts_with("text/html"),
            "{to}"
        );
        let faults = faults(&answer.html);
        assert!(faults.is_empty(), "{to}: {faults:#?}");
    }
    forms.into_keys().map(|(_, to)| to).collect()
}

#[tokio::test]
async fn every_page_works_without_a_script_and_every_form_posts_plainly() {
    let scene = Scene::open(Engine::Sqlite, BusKind::Local, 2).await;
    for number in 1..4 {
        let visitor = scene.node.browser();
        Person::numbered(number)
            .join(&visitor, &scene.link.url)
            .await;
    }
    scene.invite("bob@hill.edu nobody", true).await;
    scene
        .invite("ann@hill.edu bob@hill.edu cy@hill.edu nobody", false)
        .await;
    let (ann, _) = scene.mailed("ann@hill.edu").await;
    let (bob, _) = scene.mailed("bob@hill.edu").await;
    let (cy, _) = scene.mailed("cy@hill.edu").await;

    let person = scene.node.browser();
    accept(&person, &ann).await;
    let page = person.open("/").await;
    let form = page.form("/sign-in").fill("email", "ann@hill.edu");
    person.submit(&page, &form.fill("password", PASSWORD)).await;
    let of_a_person = ["/".to_owned(), scene.link.url.clone(), bob.clone()];
    let own = walk(&person, &of_a_person).await;
    let pressed = press(&person, &own).await;
    for to in ["/sign-out", "/account/address", "/account/password"] {
        assert!(pressed.contains(to), "{pressed:?}");
    }

    let visitor = scene.node.browser();
    let reset = "/admin/reset".to_owned();
    let of_anybody = ["/".to_owned(), scene.link.url.clone(), cy, reset];
    let public = walk(&visitor, &of_anybody).await;
    let pressed = press(&visitor, &public).await;
    for to in [
        "/sign-in",
        "/reset",
        "/invite",
        "/admin/sign-in",
        "/admin/reset",
    ] {
        assert!(pressed.contains(to), "{pressed:?}");
    }

    let office = format!("/admin/{}", scene.institution.id);
    let administrator = &scene.institution.administrator;
    let pages = walk(administrator, &[office]).await;
    assert!(pages.len() > 20, "{:?}", pages.keys());
    let pressed = press(administrator, &pages).await;
    assert!(pressed.len() > 20, "{pressed:?}");
}

#[test]
fn what_is_wrong_with_a_page_is_found() {
    let right = r#"<h1>A</h1><label for="a">A</label><input id="a" name="a" aria-describedby="b"><p id="b"></p>
        <label><input type="checkbox" name="c"> C</label><button type="button" hidden>Copy</button>"#;
    assert_eq!(faults(right), [""; 0]);
    for wrong in [
        "<h1>A</h1><input name=\"a\">",
        "<h1>A</h1><h1>B</h1>",
        "<h1>A</h1><p id=\"a\"></p><p id=\"a\"></p>",
        "<h1>A</h1><p style=\"color: red\"></p>",
        "<h1>A</h1><script>1</script>",
        "<h1>A</h1><button onclick=\"go()\">Go</button>",
        "<h1>A</h1><button type=\"button\">Go</button>",
        "<h1>A</h1><button aria-describedby=\"b\">Go</button>",
    ] {
        assert_eq!(faults(wrong).len(), 1, "{wrong}: {:?}", faults(wrong));
    }
}
