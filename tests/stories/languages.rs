//! Letters in the language of an organisation.

use reqwest::Method;
use serde_json::json;
use testkit::eventually;

use crate::{
    accounts::{joined, sent, sign_in},
    node::{Ground, PATIENCE},
    program::Program,
};

/// Waits for a letter to this address with this subject.
async fn arrives(ground: &Ground, to: &str, subject: &str) {
    let (to, subject) = (
        format!("\"to\":\"{to}\""),
        format!("\"subject\":\"{subject}\""),
    );
    eventually(PATIENCE, &format!("{to} {subject}"), async || {
        let mut letters = ground.letters().into_iter();
        letters.any(|letter| letter.contains(&to) && letter.contains(&subject))
    })
    .await;
}

#[tokio::test]
async fn letters_about_an_account_are_in_the_language_of_its_organisation() {
    let (ground, node, institution, person, _) = joined().await;
    let program = Program::of(&ground, &node, &institution);
    let path = format!("/organisations/{}", institution.id);
    let in_german = json!({"policies": {"language": "de"}});
    let (status, body) = program.send(Method::PATCH, &path, &in_german).await;
    assert_eq!(status, 200, "{body}");

    let browser = node.browser();
    let page = browser.open("/reset").await;
    let form = page.form("/reset").fill("email", &person.email);
    browser.submit(&page, &form).await;
    arrives(&ground, &person.email, "Neues Passwort festlegen").await;

    let page = sign_in(&browser, &person.email, &person.password).await;
    let form = page.form("/account/address");
    let form = form.fill("email", "lee@students.example");
    let form = form.fill("password", &person.password);
    browser.submit(&page, &form).await;
    let asks = "Bitte bestätigen Sie Ihre neue E-Mail-Adresse";
    arrives(&ground, "lee@students.example", asks).await;
    let letter = sent(&ground, "lee@students.example", "/account/address/").await;
    let page = browser.open(&letter.path).await;
    browser.submit(&page, &page.form("")).await;
    let tells = "Ihr Konto hat jetzt eine andere E-Mail-Adresse";
    arrives(&ground, &person.email, tells).await;

    let page = browser.open("/admin/reset").await;
    let form = page.form("/admin/reset").fill("email", &institution.email);
    browser.submit(&page, &form).await;
    arrives(&ground, &institution.email, "Neues Passwort festlegen").await;
}
