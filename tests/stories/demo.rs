//! The newcomer's first minutes: `usher demo`, an administrator's browser and somebody else's.

use testkit::eventually_some;

use crate::{
    browser::{Browser, Page},
    html,
    node::{Node, PATIENCE},
    person::{Letter, Outcome, Person},
};

/// What stands behind a word in what the demo prints.
fn printed(node: &Node, word: &str) -> String {
    let text = node.process.stdout_text();
    let lines = text.lines();
    let mut values = lines.filter_map(|line| line.trim().strip_prefix(word));
    values.next().unwrap().trim().to_owned()
}

async fn signed_in(node: &Node) -> (Browser, Page) {
    let browser = node.browser();
    let page = browser.open(&printed(node, "Subscription Manager")).await;
    let form = page.form("/admin/sign-in");
    let form = form.fill("email", &printed(node, "sign in as"));
    let form = form.fill("password", &printed(node, "password"));
    let page = browser.submit(&page, &form).await;
    (browser, page)
}

/// The mail to this address, as the demo's mailbox shows it.
async fn mail_in_mailbox(node: &Node, to: &str) -> Page {
    let (browser, mailbox) = (node.browser(), printed(node, "Mailbox"));
    let mail = eventually_some(PATIENCE, "the mail is in the mailbox", async || {
        let page = browser.open(&mailbox).await;
        let row = page.html.split("<tr>").find(|row| row.contains(to))?;
        Some(html::link(row, &html::first(row, "a")).unwrap())
    });
    browser.open(&mail.await).await
}

async fn letter_in_mailbox(node: &Node, to: &str) -> Letter {
    let page = mail_in_mailbox(node, to).await;
    Letter::read(&html::first(&page.html, "pre"))
}

#[tokio::test]
async fn a_newcomer_creates_a_link_and_somebody_else_joins_through_it() {
    let node = Node::demo(&[]);
    let (administrator, page) = signed_in(&node).await;
    assert_eq!(
        (page.status, page.heading().as_str()),
        (200, "Manage Users")
    );
    assert_eq!(page.rows().len(), 7, "the seeded people");

    // create a link, and find it again
    let page = administrator.open(&page.link("Access links")).await;
    let page = administrator.open(&page.link("Create access link")).await;
    let form = page.form("/links/new").fill("name", "Torts, second year");
    let form = form.fill("tags", "Torts, Second year");
    let created = administrator.submit(&page, &form).await;
    let url = created.input("url");
    let page = administrator.open(&created.link("Access links")).await;
    assert_eq!(page.heading(), "Existing links");
    let row = page
        .rows()
        .into_iter()
        .find(|row| row[0] == "Torts, second year");
    let row = row.unwrap();
    assert_eq!(
        row[1..5],
        ["Law Library 2026", "Second year Torts", "0", "Active"]
    );
    let copied = html::attributes(&page.html, "data-copy");
    assert!(copied.contains(&url), "{url} is not among {copied:?}");

    // another browser joins, and goes on to the product
    let visitor = node.browser();
    let person = Person {
        first_name: "Biff".to_owned(),
        last_name: "Tannen".to_owned(),
        ..Person::at("biff@hill-valley.internal")
    };
    let page = person.join(&visitor, &url).await;
    assert_eq!(Outcome::of(page.status, &page.html), Outcome::Assigned);
    let product = visitor.open(&page.link("Go to Law Library 2026")).await;
    assert_eq!(
        (product.status, product.heading().as_str()),
        (200, "The product")
    );

    // the person stands in Manage Users
    let page = administrator.open(&created.link("Manage Users")).await;
    let row = page.rows().into_iter().find(|row| row[1] == "Tannen");
    let row = row.unwrap();
    let today = &row[4];
    assert_eq!(row[..4], ["Biff", "Tannen", &person.email, "Assigned"]);
    assert_eq!(row[6..], ["Second year Torts", "Torts, second year"]);
    let page = administrator
        .open(&created.link("Who joined through it"))
        .await;
    assert_eq!(page.rows().len(), 1);
    let page = administrator.open(&page.link("Biff")).await;
    let words = page.text();
    assert!(
        !today.is_empty() && words.contains(&format!("Redeemed {today},")),
        "{words}"
    );
    assert!(
        words.contains("Door access link Torts, second year"),
        "{words}"
    );
    assert!(words.contains("Address to be confirmed by"), "{words}");
}

#[tokio::test]
async fn a_newcomer_invites_somebody_beside_the_seeded_people_who_accepts() {
    let node = Node::demo(&[]);
    let (administrator, page) = signed_in(&node).await;
    let seeded = printed(&node, "sign in as");
    let (_, domain) = seeded.split_once('@').unwrap();
    let (marty, biff) = (format!("marty.mcfly@{domain}"), format!("biff@{domain}"));
    let page = administrator.open(&page.link("E-mail invites")).await;
    let page = administrator.open(&page.link("Send e-mail invites")).await;
    let form = page.form("/invites/new");
    let form = form.fill("addresses", &format!("{biff}, {marty}"));
    let draft = administrator.submit(&page, &form).await;
    assert_eq!(draft.heading(), "Invites to Contract Law, first year");
    let text = draft.text();
    assert!(text.contains("Not sent yet: 1"), "{text}");
    let refused = draft.rows().into_iter().find(|row| row[1] == marty);
    let refused = refused.unwrap().join(" ");
    assert!(refused.contains("Has a seat already"), "{refused}");
    let sent = administrator.submit(&draft, &draft.form("/send")).await;
    assert_eq!(sent.status, 200, "{}", sent.text());

    // the mail calls the product by a name that people know
    let mail = mail_in_mailbox(&node, &biff).await;
    let told = "Hill Valley University invited you to Law Library 2026";
    assert_eq!(mail.heading(), told);
    let words = html::first(&mail.html, "pre");
    let mut words = words.split_whitespace();
    let url = words.find(|word| word.contains("/invite/")).unwrap();
    let visitor = node.browser();
    let page = visitor.open(url).await;
    let path = page.url.path().to_owned();
    let form = page.form(&path).fill("first_name", "Biff");
    let form = form.fill("last_name", "Tannen");
    let form = form.fill("password", "nobody guesses this one");
    let form = form.fill("accept_terms", "yes");
    let done = visitor.submit(&page, &form).await;
    let product = visitor.open(&done.link("Start")).await;
    assert_eq!(product.heading(), "The product");
    let page = administrator.open("/admin").await;
    let row = page.rows().into_iter().find(|row| row[1] == "Tannen");
    assert_eq!(row.unwrap()[2..4], [biff, "Assigned".to_owned()]);
}

#[tokio::test]
async fn an_address_is_proved_by_an_explicit_click_only() {
    let node = Node::demo(&[]);
    let (administrator, manager) = signed_in(&node).await;
    let person = Person::at("biff@hill-valley.internal");
    person
        .join(&node.browser(), &printed(&node, "Access link"))
        .await;
    let letter = letter_in_mailbox(&node, &person.email).await;
    let row = administrator.open("/admin").await.link("Ann");
    let is_proved = async || {
        let page = administrator.open(&row).await;
        !page.text().contains("Address to be confirmed")
    };

    // a scanner opens every link, as often as it likes
    let scanner = node.browser();
    for _ in 0..3 {
        assert_eq!(scanner.head(&letter.proof_url).await.status, 200);
        assert_eq!(scanner.open(&letter.proof_url).await.status, 200);
    }
    assert!(!is_proved().await);

    // another browser than the one that registered chooses a password
    let reader = node.browser();
    let page = reader.open(&letter.proof_url).await;
    let page = reader.submit(&page, &page.form("")).await;
    let form = page.form("").fill("new_password", "one of my own, please");
    let page = reader.submit(&page, &form).await;
    assert_eq!(page.heading(), "Your address is confirmed");
    assert!(is_proved().await);
    assert_eq!(
        manager.rows().len() + 1,
        administrator.open("/admin").await.rows().len()
    );
}

#[tokio::test]
async fn an_address_is_proved_by_the_code_of_the_letter() {
    let node = Node::demo(&[]);
    let person = Person::at("biff@hill-valley.internal");
    let visitor = node.browser();
    let page = person.join(&visitor, &printed(&node, "Access link")).await;
    let letter = letter_in_mailbox(&node, &person.email).await;

    let wrong = if letter.code == "000000" {
        "000001"
    } else {
        "000000"
    };
    let form = page.form("/proofs/code");
    let refused = visitor
        .submit(&page, &form.clone().fill("code", wrong))
        .await;
    assert_eq!(refused.status, 422);
    assert!(refused.error("code").starts_with("is not right"));

    let proved = visitor
        .submit(&page, &form.fill("code", &letter.code))
        .await;
    assert_eq!(
        (proved.status, proved.heading().as_str()),
        (200, "Your address is confirmed")
    );
}

#[tokio::test]
async fn a_demo_whose_data_is_kept_tells_the_same_again() {
    let folder = tempfile::tempdir().unwrap();
    let args = ["--data-dir", folder.path().to_str().unwrap()];
    let mut first = Node::demo(&args);
    let person = Person::at("biff@hill-valley.internal");
    person
        .join(&first.browser(), &printed(&first, "Access link"))
        .await;
    let token = printed(&first, "operator's token");
    first.process.sigterm();
    assert!(first.process.wait_exit(PATIENCE).success());

    let second = Node::demo(&args);
    assert_eq!(printed(&second, "operator's token"), token);
    let (_, page) = signed_in(&second).await;
    assert_eq!(page.rows().len(), 8);
}

#[tokio::test]
async fn a_demo_listens_and_logs_as_the_environment_says_and_touches_nobodys_data() {
    let environment = [
        ("USHER_HTTP__LISTEN", "127.0.0.3:0"),
        ("USHER_OPS__LISTEN", "127.0.0.2:0"),
        ("USHER_LOG__FORMAT", "json"),
        ("USHER_LOG__FILTER", "info"),
        ("USHER_DATABASE__URL", "postgres://nobody@127.0.0.1:1/none"),
        ("USHER_MAIL__URL", "smtp://127.0.0.1:1"),
    ];
    let node = Node::demo_with(&[], &environment);
    assert!(node.ops.starts_with("http://127.0.0.2:"), "{}", node.ops);
    assert_eq!(node.ops("/readyz").await.0, 200);
    // what the command says holds before what the environment does
    assert!(node.http.starts_with("http://127.0.0.1:"), "{}", node.http);
    let logged = node.process.stderr_text();
    assert!(logged.starts_with("{\"timestamp\""), "{logged}");
}
