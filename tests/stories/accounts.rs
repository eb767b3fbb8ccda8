//! People's own accounts: sign-in, reset, change of address, a link used with an account.

use testkit::{BusKind, Engine, eventually, eventually_some};

use crate::{
    browser::{Browser, Page},
    html::{first, tags},
    institution::{Institution, PRODUCT_URL},
    node::{Ground, Node, PATIENCE},
    person::{Outcome, Person},
};

const ANOTHER: &str = "nobody guesses that one either";

/// Where a letter of this kind leads, and its code.
pub(crate) struct Sent {
    pub(crate) path: String,
    pub(crate) code: String,
}

/// The newest letter to an address whose link has this in it.
pub(crate) async fn sent(ground: &Ground, to: &str, link: &str) -> Sent {
    let to = format!("\"to\":\"{to}\"");
    eventually_some(PATIENCE, "the letter was sent", async || {
        let mut letters = ground.letters().into_iter();
        let letter = letters.rfind(|letter| letter.contains(&to) && letter.contains(link))?;
        let kept: serde_json::Value = serde_json::from_str(&letter).unwrap();
        let text = kept["text"].as_str().unwrap();
        let mut words = text.split_whitespace();
        let url = words.find(|word| word.contains(link))?;
        let code =
            words.find(|word| word.len() == 6 && word.bytes().all(|b| b.is_ascii_digit()))?;
        Some(Sent {
            path: url[url.find(link).unwrap()..].to_owned(),
            code: code.to_owned(),
        })
    })
    .await
}

pub(crate) async fn sign_in(browser: &Browser, email: &str, password: &str) -> Page {
    let page = browser.open("/").await;
    let form = page
        .form("/sign-in")
        .fill("email", email)
        .fill("password", password);
    browser.submit(&page, &form).await
}

/// A node, an institution with a link, and somebody who joined and confirmed the address.
pub(crate) async fn joined() -> (Ground, Node, Institution, Person, String) {
    let ground = Ground::new(Engine::Sqlite, BusKind::Local);
    let node = ground.start();
    let (institution, link) = Institution::with_link(&ground, &node, 5, &[]).await;
    let person = Person::at("ann@students.example");
    let browser = node.browser();
    let page = person.join(&browser, &link.url).await;
    assert_eq!(Outcome::of(page.status, &page.html), Outcome::Assigned);
    let letter = person.letter(&ground).await;
    let form = page.form("/proofs/code").fill("code", &letter.code);
    let page = browser.submit(&page, &form).await;
    assert_eq!(page.heading(), "Your address is confirmed");
    (ground, node, institution, person, link.url)
}

#[tokio::test]
async fn a_person_signs_in_sees_the_subscription_and_goes_on_to_the_product() {
    let (_ground, node, institution, person, _) = joined().await;
    let browser = node.browser();
    let page = sign_in(&browser, &person.email, "not this one").await;
    assert_eq!(page.status, 401);
    let page = sign_in(&browser, &person.email, &person.password).await;
    assert_eq!(page.heading(), "Hello Ann");
    assert!(page.text().contains(&institution.name), "{}", page.text());
    assert!(page.html.contains(PRODUCT_URL));
    // nothing of it opens the Subscription Manager
    let page = browser.open("/admin").await;
    assert_eq!(page.heading(), "Subscription Manager");
    let page = browser.open("/").await;
    let page = browser.submit(&page, &page.form("/sign-out")).await;
    assert_eq!(page.heading(), "Sign in");
}

#[tokio::test]
async fn a_forgotten_password_is_replaced_by_letter_and_other_browsers_are_signed_out() {
    let (ground, node, _, person, _) = joined().await;
    let old = node.browser();
    sign_in(&old, &person.email, &person.password).await;

    let browser = node.browser();
    let ask = async |email: &str| {
        let page = browser.open("/reset").await;
        let form = page.form("/reset").fill("email", email);
        browser.submit(&page, &form).await
    };
    let unknown = ask("nobody@students.example").await;
    let known = ask(&person.email).await;
    let without = |page: &Page, email: &str| page.text().replace(email, "EMAIL");
    assert_eq!(
        without(&unknown, "nobody@students.example"),
        without(&known, &person.email)
    );
    let letter = sent(&ground, &person.email, "/reset/").await;
    // scanners open every link
    assert_eq!(browser.open(&letter.path).await.status, 200);
    let page = browser.open(&letter.path).await;
    // Password managers are told whose it is, and nobody is who does not hold the letter.
    let username = |page: &Page| {
        let fields = tags(&page.html).into_iter();
        let mut fields = fields.filter(|tag| tag.get("autocomplete") == Some("username"));
        fields.find_map(|tag| tag.get("value").map(str::to_owned))
    };
    assert_eq!(username(&page), Some(person.email.clone()));
    let weak = page.form("").fill("new_password", "short");
    let weak = browser.submit(&page, &weak).await;
    assert_eq!((weak.status, username(&weak)), (422, username(&page)));
    let wrong = browser.open("/reset/nobodys").await;
    assert_eq!((wrong.status, username(&wrong)), (422, None));
    let form = page.form("").fill("new_password", ANOTHER);
    let page = browser.submit(&page, &form).await;
    assert_eq!(page.heading(), "Your password is set");

    assert_eq!(old.open("/").await.heading(), "Sign in");
    assert_eq!(
        sign_in(&old, &person.email, &person.password).await.status,
        401
    );
    assert_eq!(
        sign_in(&old, &person.email, ANOTHER).await.heading(),
        "Hello Ann"
    );
    let again = browser.open(&letter.path).await;
    assert_eq!((again.status, username(&again)), (422, None));
    let form = again.form("").fill("new_password", ANOTHER);
    assert_eq!(browser.submit(&again, &form).await.status, 422);
}

/// Who is signed in with one of these cookies, if anybody.
async fn greeted(node: &Node, cookies: &[String]) -> Option<String> {
    for value in cookies {
        let request = reqwest::Client::new().get(format!("{}/", node.http));
        let request = request.header("cookie", format!("usher_person={value}"));
        let html = request.send().await.unwrap().text().await.unwrap();
        if html.contains("Hello") {
            return Some(first(&html, "h1"));
        }
    }
    None
}

#[tokio::test]
async fn a_password_set_by_letter_says_whose_it_is_and_leaves_no_other_session_behind() {
    let (ground, node, _, ann, link) = joined().await;
    // somebody else is signed in in this browser
    let browser = node.browser();
    let bob = Person::at("bob@students.example");
    let bob = Person {
        first_name: "Bob".to_owned(),
        ..bob
    };
    bob.join(&browser, &link).await;
    sign_in(&browser, &bob.email, &bob.password).await;
    let bobs = browser.cookies();
    assert_eq!(greeted(&node, &bobs).await.as_deref(), Some("Hello Bob"));

    browser.post("/reset", &[("email", &ann.email)]).await;
    let letter = sent(&ground, &ann.email, "/reset/").await;
    let page = browser.open(&letter.path).await;
    assert!(page.text().contains(&ann.email), "{}", page.text());
    let form = page.form("").fill("new_password", ANOTHER);
    let foreign = "https://evil.example";
    let foreign = browser.submit_from(foreign, &page, &form).await;
    assert_eq!(foreign.status, 403);
    let done = browser.submit(&page, &form).await;
    // no page of the form is left to be sent again, and this one says who is signed in
    assert_eq!(done.url.path(), "/reset/done");
    assert_eq!(done.heading(), "Your password is set");
    assert!(done.text().contains(&ann.email), "{}", done.text());
    assert_eq!(browser.open("/").await.heading(), "Hello Ann");
    assert_eq!(greeted(&node, &bobs).await, None);

    // sent a second time, whoever set it is not left alone with a refusal
    let again = browser.submit(&page, &form).await;
    assert_eq!((again.status, again.link("sign in")), (422, "/".to_owned()));
    let stranger = node.browser();
    for (path, heading) in [
        ("/reset/done", "Sign in"),
        ("/reset/code", "Forgot your password?"),
    ] {
        assert_eq!(stranger.open(path).await.heading(), heading);
    }
}

#[tokio::test]
async fn an_address_is_changed_by_whoever_reads_the_new_mailbox() {
    let (ground, node, _, person, _) = joined().await;
    let browser = node.browser();
    let page = sign_in(&browser, &person.email, &person.password).await;
    let form = page.form("/account/address");
    let form = form.fill("email", "lee@students.example");
    let page = browser
        .submit(&page, &form.fill("password", &person.password))
        .await;
    assert_eq!(page.heading(), "Confirm your new address");
    let letter = sent(&ground, "lee@students.example", "/account/address/").await;
    let wrong = page.form("/account/address/code").fill("code", "000000");
    let refused = browser.submit(&page, &wrong).await;
    assert_eq!(
        refused.status,
        if letter.code == "000000" { 200 } else { 422 }
    );
    let form = page
        .form("/account/address/code")
        .fill("code", &letter.code);
    let page = browser.submit(&page, &form).await;
    assert!(
        page.text().contains("lee@students.example"),
        "{}",
        page.text()
    );
    let other = node.browser();
    assert_eq!(
        sign_in(&other, &person.email, &person.password)
            .await
            .status,
        401
    );
    let page = sign_in(&other, "lee@students.example", &person.password).await;
    assert_eq!(page.heading(), "Hello Ann");
    // The old mailbox is told, in a while, whoever dies.
    let to = format!("\"to\":\"{}\"", person.email);
    eventually(PATIENCE, "the old mailbox is told", async || {
        let letters = ground.letters().into_iter();
        let told = letters.filter(|letter| {
            letter.contains(&to) && letter.contains("Your account has another address")
        });
        told.count() == 1
    })
    .await;
}

#[tokio::test]
async fn the_letter_of_a_change_of_address_is_not_forgotten_by_the_sign_in() {
    let (ground, node, _, person, _) = joined().await;
    let (new, password) = ("lee@students.example", person.password.as_str());
    let browser = node.browser();
    let page = sign_in(&browser, &person.email, password).await;
    let form = page.form("/account/address").fill("email", new);
    browser
        .submit(&page, &form.fill("password", password))
        .await;
    let letter = sent(&ground, new, "/account/address/").await;

    // The mail is read where nobody is signed in; the first password is mistyped.
    let other = node.browser();
    let page = other.open(&letter.path).await;
    assert_eq!((page.status, page.heading().as_str()), (200, "Sign in"));
    assert!(page.text().contains("confirm the new address"));
    let form = page.form("/sign-in").fill("email", &person.email);
    let wrong = form.clone().fill("password", "not this one at all");
    let refused = other.submit(&page, &wrong).await;
    assert_eq!(refused.status, 401);
    let form = refused.form("/sign-in").fill("password", password);
    let page = other.submit(&refused, &form).await;
    assert_eq!(page.heading(), "Confirm your new address");
    assert_eq!(page.url.path(), letter.path);

    // Opening changes nothing; the button does.
    let asked = other.open("/").await;
    assert!(asked.text().contains(&person.email), "{}", asked.text());
    // Whoever is signed out meanwhile presses it once more.
    let home = other.open("/").await;
    other.submit(&home, &home.form("/sign-out")).await;
    let form = page.form("");
    let out = other.submit(&page, &form).await;
    assert_eq!((out.status, out.heading().as_str()), (401, "Sign in"));
    let form = out.form("/sign-in").fill("email", &person.email);
    let page = other.submit(&out, &form.fill("password", password)).await;
    assert_eq!(page.heading(), "Confirm your new address");
    let done = other.submit(&page, &page.form("")).await;
    assert!(
        done.text()
            .contains("Your account has the new address now.")
    );
    assert!(done.text().contains(new), "{}", done.text());
}

#[tokio::test]
async fn a_link_of_another_institution_is_used_with_the_account_that_is_signed_in() {
    let (ground, node, first, person, _) = joined().await;
    let (second, link) = Institution::with_link(&ground, &node, 5, &[]).await;
    let browser = node.browser();
    // not signed in yet: the page leads to the sign-in and back
    let page = browser.open(&link.url).await;
    let back = format!("/?next=/join/{}", link.token());
    assert!(page.html.contains(&back), "{}", page.html);
    let page = browser.open(&back).await;
    let form = page.form("/sign-in").fill("email", &person.email);
    let page = browser
        .submit(&page, &form.fill("password", &person.password))
        .await;
    assert!(
        page.text().contains("You are signed in as"),
        "{}",
        page.text()
    );
    let page = browser.submit(&page, &page.form("/as-me")).await;
    assert_eq!(Outcome::of(page.status, &page.html), Outcome::Assigned);
    let own = browser.open("/").await.text();
    assert!(
        own.contains(&first.name) && own.contains(&second.name),
        "{own}"
    );
    // whoever has a seat is told so at once, and once more is the same
    let page = browser.open(&link.url).await;
    assert_eq!(page.heading(), "You already have a seat");
    assert!(!page.html.contains("/as-me"), "{}", page.text());
    assert!(!page.html.contains("accept_terms"), "{}", page.text());
    let again = format!("/join/{}/as-me", link.token());
    let page = browser.post(&again, &[]).await;
    assert_eq!(Outcome::of(page.status, &page.html), Outcome::Assigned);
    assert!(
        page.text().contains("You already had a seat"),
        "{}",
        page.text()
    );
    // so is whoever waits for one, and who has none is not
    let (_, full) = Institution::with_link(&ground, &node, 1, &[]).await;
    Person::numbered(7).join(&node.browser(), &full.url).await;
    let page = browser.open(&full.url).await;
    assert!(page.html.contains("/as-me"), "{}", page.text());
    let page = browser.submit(&page, &page.form("/as-me")).await;
    assert_eq!(Outcome::of(page.status, &page.html), Outcome::Waiting);
    let page = browser.open(&full.url).await;
    assert_eq!(page.heading(), "You are on the waiting list");
    assert!(
        page.text().contains("You keep your place"),
        "{}",
        page.text()
    );
    assert_eq!(
        ground.usher(&["verify"]),
        "every number is what its rows say"
    );
}

#[tokio::test]
async fn whoever_has_a_place_is_told_how_it_stands_by_every_link_of_the_institution() {
    let (ground, node, institution, person, url) = joined().await;
    let browser = node.browser();
    sign_in(&browser, &person.email, &person.password).await;
    // a link of another plan, and one of another institution whose plan is called the same
    institution.plan("Arts", 3).await;
    let arts = institution.link("Arts", &[]).await;
    let (_, other) = Institution::with_link(&ground, &node, 3, &[]).await;
    for link in [&url, &arts.url] {
        let page = browser.open(link).await;
        assert_eq!(page.heading(), "You already have a seat");
        assert!(page.html.contains(PRODUCT_URL), "{}", page.text());
        let words = page.text();
        assert!(words.contains("It is of Law. There is nothing"), "{words}");
    }
    let page = browser.open(&other.url).await;
    assert!(page.html.contains("/as-me"), "{}", page.text());

    // a seat that was withdrawn
    let row = institution.open(&format!("?q={}", person.email)).await;
    let office = &institution.administrator;
    let row = office.open(&row.link("Ann")).await;
    office.submit(&row, &row.form("/revoke")).await;
    let browser = node.browser();
    sign_in(&browser, &person.email, &person.password).await;
    let page = browser.open(&url).await;
    assert_eq!(page.heading(), "Your access was withdrawn");
    assert!(page.text().contains(&institution.name), "{}", page.text());
    assert!(!page.html.contains("/as-me"), "{}", page.text());

    // one that goes back unless the address is proved
    let new = Person::at("new@students.example");
    new.join(&node.browser(), &url).await;
    let browser = node.browser();
    sign_in(&browser, &new.email, &new.password).await;
    let page = browser.open(&url).await;
    assert_eq!(page.heading(), "You already have a seat");
    let words = page.text();
    assert!(words.contains("Confirm your address by"), "{words}");
    page.form("/proofs/again");

    // one that is kept until the address is proved
    let fields = [("allowed_domains", "hill.edu")];
    let restricted = institution.link("Law", &fields).await;
    let held = Person::at("held@hill.edu");
    let page = held.join(&node.browser(), &restricted.url).await;
    assert_eq!(Outcome::of(page.status, &page.html), Outcome::Held);
    let browser = node.browser();
    sign_in(&browser, &held.email, &held.password).await;
    let page = browser.open(&restricted.url).await;
    assert_eq!(page.heading(), "A seat is kept for you");
    let page = browser.submit(&page, &page.form("/proofs/again")).await;
    assert_eq!(page.heading(), "Confirm your address");
    // It had one just now: none is queued, and none is told of.
    let words = page.text();
    assert!(!words.contains("We sent"), "{words}");
    assert!(words.contains("not two within a minute"), "{words}");
}

#[tokio::test]
async fn an_address_of_elsewhere_gets_no_seat_of_a_link_with_domains_and_is_told_which_do() {
    let ground = Ground::new(Engine::Sqlite, BusKind::Local);
    let node = ground.start();
    let domains = [("allowed_domains", "hill.edu, uni.edu")];
    let (institution, link) = Institution::with_link(&ground, &node, 3, &domains).await;
    let person = Person::at("typed@hill.edu");
    let page = person.join(&node.browser(), &link.url).await;
    assert_eq!(Outcome::of(page.status, &page.html), Outcome::Held);

    // Anybody may type that address in; the account then gets one that its owner reads.
    let browser = node.browser();
    let page = sign_in(&browser, &person.email, &person.password).await;
    let form = page.form("/account/address").fill("email", "eve@evil.edu");
    let form = form.fill("password", &person.password);
    let page = browser.submit(&page, &form).await;
    let letter = sent(&ground, "eve@evil.edu", "/account/address/").await;
    let form = page.form("/account/address/code");
    let form = form.fill("code", &letter.code);
    let page = browser.submit(&page, &form).await;
    assert!(page.text().contains("eve@evil.edu"), "{}", page.text());
    let seats = institution.seats("Law").await;
    assert_eq!((seats.held, seats.assigned), (1, 0));

    // No dead end: both are told what is missing, and an administrator may give it all the same.
    let needed = "hill.edu or uni.edu";
    assert!(page.text().contains(needed), "{}", page.text());
    let page = browser.open(&link.url).await;
    assert!(page.text().contains(needed), "{}", page.text());
    let office = &institution.administrator;
    let row = institution.open("?q=Ann").await;
    let mut row = office.open(&row.link("Ann")).await;
    assert!(row.text().contains(needed), "{}", row.text());
    for act in ["/revoke", "/reassign"] {
        row = office.submit(&row, &row.form(act)).await;
    }
    assert!(!row.text().contains(needed), "{}", row.text());
    assert_eq!(institution.seats("Law").await.assigned, 1);
}
