//! Somebody who registers.

use std::time::Duration;

use futures_util::{StreamExt as _, stream};
use reqwest::Client;
use testkit::eventually_some;

use crate::{
    browser::{Browser, Page},
    html,
    node::{Ground, PATIENCE},
};

/// Somebody, with what they type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Person {
    pub(crate) first_name: String,
    pub(crate) last_name: String,
    pub(crate) email: String,
    pub(crate) password: String,
}

/// What became of a registration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Outcome {
    Assigned,
    Held,
    Waiting,
    Refused(u16),
}

/// A letter that somebody got.
#[derive(Clone, Debug)]
pub(crate) struct Letter {
    pub(crate) proof_url: String,
    pub(crate) code: String,
    pub(crate) text: String,
}

impl Person {
    /// One of many.
    pub(crate) fn numbered(number: usize) -> Self {
        Self::at(&format!("ann.{number}@students.example"))
    }

    /// Somebody with this address.
    pub(crate) fn at(email: &str) -> Self {
        Self {
            first_name: "Ann".to_owned(),
            last_name: "Lee".to_owned(),
            email: email.to_owned(),
            password: "nobody guesses this one".to_owned(),
        }
    }

    pub(crate) fn fields(&self) -> [(&str, &str); 5] {
        [
            ("first_name", &self.first_name),
            ("last_name", &self.last_name),
            ("email", &self.email),
            ("password", &self.password),
            ("accept_terms", "yes"),
        ]
    }

    /// Fills the form behind a link and presses its button.
    pub(crate) async fn join(&self, browser: &Browser, url: &str) -> Page {
        let page = browser.open(url).await;
        self.fill(browser, &page).await
    }

    /// Fills a form that is open and presses its button.
    pub(crate) async fn fill(&self, browser: &Browser, page: &Page) -> Page {
        let fields = self.fields();
        let form = fields
            .iter()
            .fold(page.form(""), |form, (name, value)| form.fill(name, value));
        browser.submit(page, &form).await
    }

    /// Sends the form without a look at it.
    pub(crate) async fn post(&self, client: &Client, url: &str) -> reqwest::Result<Outcome> {
        let request = client.post(url).form(&self.fields());
        let response = request.send().await?;
        let status = response.status().as_u16();
        Ok(Outcome::of(status, &response.text().await?))
    }

    /// The letter to this person; the courier may still be on its way.
    pub(crate) async fn letter(&self, ground: &Ground) -> Letter {
        let to = format!("\"to\":\"{}\"", self.email.to_lowercase());
        let letter = eventually_some(PATIENCE, "the letter was sent", async || {
            ground
                .letters()
                .into_iter()
                .find(|letter| letter.contains(&to))
        });
        let kept: serde_json::Value = serde_json::from_str(&letter.await).unwrap();
        Letter::read(kept["text"].as_str().unwrap())
    }
}

impl Letter {
    /// Finds the link and the code in the text.
    pub(crate) fn read(text: &str) -> Self {
        let mut words = text.split_whitespace();
        let proof_url = words.find(|word| word.contains("/proofs/")).unwrap();
        let code = words.find(|word| word.len() == 6 && word.bytes().all(|b| b.is_ascii_digit()));
        Self {
            proof_url: proof_url.to_owned(),
            code: code.unwrap().to_owned(),
            text: text.to_owned(),
        }
    }
}

impl Outcome {
    /// What a page says about it.
    pub(crate) fn of(status: u16, html: &str) -> Self {
        let heading = html::first(html, "h1");
        match status {
            200 if heading.starts_with("Welcome, ") => Self::Assigned,
            200 if heading == "One more step" => Self::Held,
            200 if heading == "You are on the waiting list" => Self::Waiting,
            200 => panic!("no answer to a registration: {heading}"),
            refused => Self::Refused(refused),
        }
    }

    /// Whether it says how it went, rather than to try again.
    pub(crate) const fn is_definite(self) -> bool {
        !matches!(self, Self::Refused(500..))
    }
}

/// A client without cookies that is fit for a crowd.
pub(crate) fn crowd_client() -> Client {
    Client::builder()
        .timeout(Duration::from_secs(20))
        .build()
        .unwrap()
}

/// Everybody joins at the same time, somebody through each of the links in turn.
pub(crate) async fn join_at_once(people: &[Person], urls: &[&str]) -> Vec<Outcome> {
    let client = crowd_client();
    let joining = people.iter().zip(urls.iter().cycle());
    let joining = joining.map(|(person, url)| person.post(&client, url));
    let mut outcomes: Vec<Outcome> = stream::iter(joining)
        .buffer_unordered(people.len())
        .map(Result::unwrap)
        .collect()
        .await;
    outcomes.sort_unstable();
    outcomes
}
