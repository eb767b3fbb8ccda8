//! Cookies and headers, and what becomes of a session that somebody else knows.

use reqwest::{Client, Response, header::HeaderMap, redirect::Policy};
use testkit::{BusKind, Engine};

use crate::{
    administrators::sign_in,
    browser::{Browser, Page},
    colleagues::{choose, invite, mailed},
    html,
    institution::{Institution, PASSWORD},
    node::{Ground, Node},
    person::Person,
};

fn header<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    let value = headers.get(name);
    value.map_or("", |value| value.to_str().unwrap())
}

/// Signs in with these cookies and goes nowhere from there.
async fn signing_in(
    node: &Node,
    path: &str,
    email: &str,
    password: &str,
    cookie: &str,
) -> Response {
    let client = Client::builder().redirect(Policy::none()).build().unwrap();
    let request = client
        .post(format!("{}{path}", node.http))
        .header("origin", &node.http)
        .header("cookie", cookie)
        .form(&[("email", email), ("password", password)]);
    request.send().await.unwrap()
}

/// The cookie that an answer sets, with its attributes.
fn set_cookie(response: &Response) -> Vec<String> {
    let cookie = header(response.headers(), "set-cookie");
    cookie.split("; ").map(str::to_owned).collect()
}

async fn sign_in_as(browser: &Browser, person: &Person) -> Page {
    let page = browser.open("/").await;
    let form = page.form("/sign-in").fill("email", &person.email);
    let form = form.fill("password", &person.password);
    browser.submit(&page, &form).await
}

#[tokio::test]
async fn every_answer_has_the_headers_that_keep_a_page_to_itself() {
    let ground = Ground::new(Engine::Sqlite, BusKind::Local);
    let node = ground.start_with(&[], &[("USHER_HTTP__PUBLIC_URL", "https://usher.example")]);
    let browser = node.browser();
    let start = browser.open("/").await;
    let style = html::attributes(&start.html, "href");
    let style = style
        .iter()
        .find(|path| path.split('.').next_back() == Some("css"));
    let style = style.unwrap();
    for (address, status) in [
        ("/", 200),
        (style.as_str(), 200),
        ("/admin/sign-in", 200),
        ("/join/unknown", 404),
        ("/nowhere", 404),
        ("/sign-out", 405),
        ("/api/v1/openapi.json", 200),
        ("/api/v1/organisations", 401),
        ("/api/v1/nowhere", 404),
    ] {
        let page = browser.open(address).await;
        assert_eq!(page.status, status, "{address}");
        let policy = page.header("content-security-policy");
        for part in [
            "default-src 'none'",
            "script-src 'self'",
            "base-uri 'none'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        ] {
            assert!(policy.contains(part), "{address}: {policy}");
        }
        assert!(!policy.contains("unsafe"), "{address}: {policy}");
        assert_eq!(page.header("x-content-type-options"), "nosniff");
        assert_eq!(page.header("referrer-policy"), "same-origin");
        assert!(
            page.header("strict-transport-security")
                .contains("max-age=")
        );
        // nothing in the page needs more than the policy gives
        for attribute in ["style", "onclick", "onload", "onsubmit", "onchange"] {
            let inline = html::attributes(&page.html, attribute);
            assert_eq!(inline, Vec::<String>::new(), "{address}: {attribute}");
        }
    }
}

#[tokio::test]
async fn a_session_is_in_a_cookie_that_no_script_and_no_other_site_gets() {
    let ground = Ground::new(Engine::Sqlite, BusKind::Local);
    let node = ground.start();
    let (institution, link) = Institution::with_link(&ground, &node, 3, &[]).await;
    let person = Person::numbered(1);
    person.join(&node.browser(), &link.url).await;
    drop(node);
    for public in ["http://usher.example", "https://usher.example"] {
        let node = ground.start_with(&[], &[("USHER_HTTP__PUBLIC_URL", public)]);
        let is_https = public.starts_with("https");
        let office = if is_https { "Path=/" } else { "Path=/admin" };
        let own = person.password.as_str();
        for (path, email, password, area) in [
            ("/admin/sign-in", &institution.email, PASSWORD, office),
            ("/sign-in", &person.email, own, "Path=/"),
        ] {
            let response = signing_in(&node, path, email, password, "").await;
            assert_eq!(response.status(), 303, "{path}");
            let cookie = set_cookie(&response);
            for part in ["HttpOnly", "SameSite=Lax", area] {
                assert!(cookie.iter().any(|said| said == part), "{cookie:?}");
            }
            // which a browser takes by https alone, from this very host
            let is_secure = cookie.iter().any(|part| part == "Secure");
            let is_named_so = cookie[0].starts_with("__Host-");
            assert_eq!((is_secure, is_named_so), (is_https, is_https), "{cookie:?}");
            assert!(!cookie.iter().any(|part| part.starts_with("Domain")));
        }
    }
}

#[tokio::test]
async fn a_cookie_that_a_neighbour_of_the_host_may_have_planted_is_not_believed() {
    let ground = Ground::new(Engine::Sqlite, BusKind::Local);
    let node = ground.start();
    let (institution, link) = Institution::with_link(&ground, &node, 3, &[]).await;
    drop(node);
    let node = ground.start_with(&[], &[("USHER_HTTP__PUBLIC_URL", "https://usher.example")]);
    let client = Client::builder().redirect(Policy::none()).build().unwrap();

    // a session of the attacker's, in the browser of somebody who works in another office
    let opened = signing_in(&node, "/admin/sign-in", &institution.email, PASSWORD, "").await;
    let opened = set_cookie(&opened)[0].clone();
    let value = opened.strip_prefix("__Host-usher_admin=").unwrap();
    for (name, status) in [
        ("__Host-usher_admin", 200),
        ("__Secure-usher_admin", 303),
        ("usher_admin", 303),
        // which browsers take from a neighbour, and some parsers read as the name above
        ("__%48ost-usher_admin", 303),
        ("\u{2003}__Host-usher_admin", 303),
    ] {
        let office = client.get(format!("{}/admin/{}", node.http, institution.id));
        let office = office.header("cookie", format!("{name}={value}"));
        assert_eq!(office.send().await.unwrap().status(), status, "{name}");
    }

    // a browser's token of the attacker's, in the browser of somebody who proves an address
    let person = Person::numbered(1);
    let planted = "x".repeat(43);
    for name in [
        "__Secure-usher_registrant",
        "usher_registrant",
        "__%48ost-usher_registrant",
        "\u{2003}__Host-usher_registrant",
    ] {
        let join = client.post(format!("{}/join/{}", node.http, link.token()));
        let join = join
            .header("origin", &node.http)
            .header("cookie", format!("{name}={planted}"))
            .form(&person.fields());
        let joined = join.send().await.unwrap();
        assert_eq!(joined.status(), 200);
        let cookie = set_cookie(&joined);
        assert!(cookie[0].starts_with("__Host-usher_registrant="));
        assert!(!cookie[0].contains(&planted), "{cookie:?}");
        for part in ["Path=/", "Secure", "HttpOnly"] {
            assert!(cookie.iter().any(|said| said == part), "{cookie:?}");
        }
    }
}

#[tokio::test]
async fn a_session_that_somebody_else_chose_or_knows_is_not_the_one_that_is_opened() {
    let ground = Ground::new(Engine::Sqlite, BusKind::Local);
    let node = ground.start();
    let (institution, link) = Institution::with_link(&ground, &node, 3, &[]).await;
    let person = Person::numbered(1);
    person.join(&node.browser(), &link.url).await;
    // the attacker signs in with an own account, and leaves the cookie in the victim's browser
    let attacker = Person::numbered(2);
    attacker.join(&node.browser(), &link.url).await;
    let own = signing_in(&node, "/sign-in", &attacker.email, &attacker.password, "").await;
    let own = set_cookie(&own)[0].clone();
    let name = own.split('=').next().unwrap();
    let chosen = format!("{name}={}", "x".repeat(43));
    let show = async |path: &str, cookie: &str| {
        let client = Client::new();
        let request = client.get(format!("{}{path}", node.http));
        let response = request.header("cookie", cookie).send().await.unwrap();
        response.text().await.unwrap()
    };
    for planted in [&own, &chosen] {
        let opened = signing_in(&node, "/sign-in", &person.email, &person.password, planted).await;
        let opened = set_cookie(&opened)[0].clone();
        assert_ne!(&opened, planted);
        assert!(show("/", &opened).await.contains(&person.email));
        assert!(!show("/", planted).await.contains(&person.email));
    }
    // the same of an administrator; a person's session is none
    let planted = format!("usher_admin={}", "x".repeat(43));
    let opened = signing_in(
        &node,
        "/admin/sign-in",
        &institution.email,
        PASSWORD,
        &planted,
    )
    .await;
    let opened = set_cookie(&opened)[0].clone();
    assert_ne!(opened, planted);
    let office = format!("/admin/{}", institution.id);
    let value = own.split('=').nth(1).unwrap();
    for (cookie, is_in) in [
        (opened.as_str(), true),
        (&planted, false),
        (&format!("usher_admin={value}"), false),
    ] {
        let page = show(&office, cookie).await;
        assert_eq!(
            html::first(&page, "h1") == "Manage Users",
            is_in,
            "{cookie}"
        );
    }
}

#[tokio::test]
async fn a_person_signs_out_everywhere() {
    let ground = Ground::new(Engine::Sqlite, BusKind::Local);
    let node = ground.start();
    let (institution, link) = Institution::with_link(&ground, &node, 3, &[]).await;
    let person = Person::numbered(1);
    person.join(&node.browser(), &link.url).await;
    let browsers = [node.browser(), node.browser()];
    for browser in &browsers {
        assert_eq!(sign_in_as(browser, &person).await.heading(), "Hello Ann");
    }
    let page = browsers[0].open("/").await;
    let everywhere = html::forms(&page.html);
    let mut everywhere = everywhere.iter();
    let form = everywhere.find(|form| form.value("everywhere") == Some("yes"));
    browsers[0].submit(&page, form.unwrap()).await;
    for browser in &browsers {
        assert_eq!(browser.open("/").await.heading(), "Sign in");
    }
    // nobody else is
    assert_eq!(institution.open("").await.heading(), "Manage Users");
    let again = sign_in(&node.browser(), &institution.email, PASSWORD).await;
    assert_eq!(again.heading(), "Manage Users");
}

#[tokio::test]
async fn whoever_chooses_a_password_by_a_link_leaves_no_session_of_another_behind() {
    let ground = Ground::new(Engine::Sqlite, BusKind::Local);
    let node = ground.start();
    let institution = Institution::found(&ground, &node).await;
    let email = format!("viewer.{}", institution.email);
    invite(&institution, &email, "viewer").await;
    let link = mailed(&ground, &email, "/admin/set-up/").await;
    let browser = &institution.administrator;
    let owners = browser.cookies();
    let where_to = async || {
        let request = Client::new().get(format!("{}/admin/{}", node.http, institution.id));
        let cookies: Vec<_> = owners
            .iter()
            .map(|value| format!("usher_admin={value}"))
            .collect();
        let answer = request.header("cookie", cookies.join("; ")).send().await;
        answer.unwrap().url().path().to_owned()
    };
    assert_eq!(owners.len(), 1);
    assert_eq!(where_to().await, format!("/admin/{}", institution.id));
    choose(browser, &link, PASSWORD).await;
    assert_eq!(where_to().await, "/admin/sign-in");
}
