//! A headless Chromium with somebody in front of it, who reads labels and buttons.

use std::time::Instant;

use serde_json::{Value, json};
use testkit::{ChromeDriver, eventually_some};

use crate::{
    driver::{By, Driver, Element},
    institution::{Institution, PASSWORD},
    node::PATIENCE,
};

/// How its browser is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Manner {
    /// As it comes.
    Usual,
    /// Scripts are switched off.
    Scriptless,
    /// It waits for no page: somebody clicks while one is on its way.
    Hasty,
}

/// The only tab of a browser of its own.
pub(crate) struct Tab {
    driver: Driver,
    site: String,
}

impl Tab {
    /// A fresh browser at the site.
    pub(crate) async fn at(site: &str, manner: Manner) -> Self {
        let chrome = ChromeDriver::shared();
        let preferences = match manner {
            Manner::Scriptless => {
                json!({ "profile.managed_default_content_settings.javascript": 2 })
            }
            Manner::Usual | Manner::Hasty => json!({}),
        };
        let load = match manner {
            Manner::Hasty => "none",
            Manner::Usual | Manner::Scriptless => "normal",
        };
        let driver = Driver::start(chrome, preferences, load).await;
        let site = site.to_owned();
        let tab = Self { driver, site };
        // of windows without a screen one is in front at most, and the others would have no focus
        let front = json!({ "enabled": true });
        tab.devtools("Emulation.setFocusEmulationEnabled", front)
            .await;
        tab
    }

    /// Opens an address, absolute or of the site.
    pub(crate) async fn open(&self, address: &str) {
        let is_whole = address.starts_with("http");
        let site = if is_whole { "" } else { &self.site };
        self.driver.go(&format!("{site}{address}")).await;
    }

    /// An administrator signs in by typing.
    pub(crate) async fn sign_in(&self, institution: &Institution) {
        self.open("/admin/sign-in").await;
        self.fill("E-mail address", &institution.email).await;
        self.fill("Password", PASSWORD).await;
        self.press("Sign in").await;
        self.until_headed("Manage Users").await;
    }

    /// Types into the field with this label.
    pub(crate) async fn fill(&self, label: &str, text: &str) {
        let field = format!("//*[@id = //label[normalize-space() = '{label}']/@for]");
        let field = self.find(By::XPath(field)).await;
        self.driver.type_into(&field, text).await;
    }

    /// Ticks the box beside these words.
    pub(crate) async fn tick(&self, words: &str) {
        let label = format!("//label[normalize-space() = '{words}']");
        let label = self.find(By::XPath(label)).await;
        self.driver.click(&label).await;
    }

    /// Presses the first button with these words.
    pub(crate) async fn press(&self, words: &str) {
        let button = self.button(words).await;
        self.driver.click(&button).await;
    }

    /// Presses it twice, as fast as a mouse does.
    pub(crate) async fn press_twice(&self, words: &str) {
        let button = self.button(words).await;
        self.driver.double_click(&button).await;
    }

    async fn button(&self, words: &str) -> Element {
        let button = format!("//button[normalize-space() = '{words}']");
        self.find(By::XPath(button)).await
    }

    /// Follows the first link with these words.
    pub(crate) async fn follow(&self, words: &str) {
        let link = format!("//a[normalize-space() = '{words}']");
        let link = self.find(By::XPath(link)).await;
        self.driver.click(&link).await;
    }

    async fn find(&self, by: By<'_>) -> Element {
        let found = async || self.driver.find(&by).await;
        self.until(&format!("{by:?}"), found).await
    }

    /// Waits for a page with this heading.
    pub(crate) async fn until_headed(&self, heading: &str) {
        let headed = async || (self.text("h1").await? == heading).then_some(());
        self.until(&format!("the heading {heading}"), headed).await;
    }

    /// Waits until the page says this.
    pub(crate) async fn until_says(&self, words: &str) {
        self.until_text(words, |text| text.contains(words)).await;
    }

    /// Waits until this holds of all that the page says; answers that.
    pub(crate) async fn until_text(&self, what: &str, holds: impl Fn(&str) -> bool) -> String {
        let said = async || self.text("body").await.filter(|text| holds(text));
        self.until(what, said).await
    }

    /// What an element says; the page it was found on may have gone since.
    async fn text(&self, element: &str) -> Option<String> {
        let found = self.driver.find(&By::Tag(element)).await?;
        self.driver.text(&found).await
    }

    /// Waits for something of the page; fails with the page as it is when nothing comes.
    async fn until<T>(&self, what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
        let began = Instant::now();
        eventually_some(PATIENCE * 2, what, async || {
            let found = look().await;
            if found.is_none() && began.elapsed() > PATIENCE {
                let (url, text) = (self.driver.url().await, self.text("body").await);
                panic!("no {what} on {url:?}: {text:?}");
            }
            found
        })
        .await
    }

    /// What stands in the field with this id.
    pub(crate) async fn value(&self, id: &str) -> String {
        let field = self.find(By::XPath(format!("//*[@id = '{id}']"))).await;
        self.driver.value(&field).await
    }

    /// What a script answers; its promises are waited for.
    pub(crate) async fn run(&self, script: &str) -> Value {
        self.driver.run(script).await
    }

    /// Whether pages may run scripts of their own; looks at one that has one.
    pub(crate) async fn runs_scripts(&self) -> bool {
        let page = "data:text/html,<p>off</p>\
            <script>document.querySelector('p').textContent = 'on'</script>";
        self.driver.go(page).await;
        self.text("body").await.unwrap() == "on"
    }

    /// Speaks to the browser itself.
    pub(crate) async fn devtools(&self, method: &str, parameters: Value) -> Value {
        self.driver.devtools(method, parameters).await
    }

    /// What is on the clipboard. Until this is asked the page has the permissions of anybody, which do not
    /// let it read.
    pub(crate) async fn clipboard(&self) -> Value {
        // what is not named is refused from now on
        let both = ["clipboardReadWrite", "clipboardSanitizedWrite"];
        let allowed = json!({ "origin": self.site, "permissions": both });
        self.devtools("Browser.grantPermissions", allowed).await;
        self.run("return navigator.clipboard.readText()").await
    }

    /// What the browser said in its console since it was last asked.
    pub(crate) async fn complaints(&self) -> Vec<String> {
        let log = self.driver.log().await;
        let entries = log.as_array().unwrap().iter();
        entries
            .map(|entry| format!("{} {}", entry["level"], entry["message"]))
            .collect()
    }

    /// Closes the browser, which complained of nothing.
    pub(crate) async fn close(self) {
        assert_eq!(self.complaints().await, [""; 0]);
        self.driver.quit().await;
    }
}
