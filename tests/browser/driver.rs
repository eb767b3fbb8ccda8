//! One session with `ChromeDriver`: the commands of `WebDriver` that somebody in front of a browser needs
//! (W3C `WebDriver`, "Endpoints"; the two that begin with `goog` or `se` are the driver's own).
//!
//! Ours because of what clients bring: `thirtyfour` has every crate's JSON keep its keys as they came
//! (`preserve_order` of `serde_json`), so that tests would look at another program than the one that ships;
//! the protocol of `fantoccini` is under the MPL.

use reqwest::{Client, Method};
use serde_json::{Value, json};
use testkit::ChromeDriver;

/// The key under which an element stands in an answer (W3C `WebDriver`, "Elements").
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// What the driver refused, in its words.
pub(crate) type Answer = Result<Value, String>;

/// A browser of its own, with one tab.
pub(crate) struct Driver {
    client: Client,
    session: String,
}

/// What to look for on a page.
#[derive(Debug)]
pub(crate) enum By<'a> {
    XPath(String),
    Tag(&'a str),
}

/// Something on a page.
#[derive(Debug)]
pub(crate) struct Element(String);

impl Driver {
    /// Starts a browser with these preferences; `load` is how much of a page it waits for.
    pub(crate) async fn start(chrome: &ChromeDriver, preferences: Value, load: &str) -> Self {
        let client = Client::new();
        let options = json!({
            "binary": chrome.browser(),
            "args": chrome.arguments(),
            "prefs": preferences,
        });
        let wanted = json!({
            "browserName": "chrome",
            "pageLoadStrategy": load,
            "goog:chromeOptions": options,
            "goog:loggingPrefs": { "browser": "ALL" },
        });
        let body = json!({ "capabilities": { "alwaysMatch": wanted } });
        let sessions = format!("{}/session", chrome.url());
        let made = ask(&client, Method::POST, &sessions, &body).await.unwrap();
        let session = format!("{sessions}/{}", made["sessionId"].as_str().unwrap());
        Self { client, session }
    }

    async fn post(&self, command: &str, body: Value) -> Answer {
        let url = format!("{}/{command}", self.session);
        ask(&self.client, Method::POST, &url, &body).await
    }

    async fn get(&self, what: &str) -> Answer {
        let url = format!("{}/{what}", self.session);
        ask(&self.client, Method::GET, &url, &Value::Null).await
    }

    pub(crate) async fn go(&self, url: &str) {
        self.post("url", json!({ "url": url })).await.unwrap();
    }

    pub(crate) async fn url(&self) -> Answer {
        self.get("url").await
    }

    pub(crate) async fn find(&self, by: &By<'_>) -> Option<Element> {
        let (using, value) = match by {
            By::XPath(path) => ("xpath", path.as_str()),
            By::Tag(name) => ("tag name", *name),
        };
        let found = self
            .post("element", json!({ "using": using, "value": value }))
            .await
            .ok()?;
        Some(Element(found[ELEMENT].as_str()?.to_owned()))
    }

    pub(crate) async fn click(&self, element: &Element) {
        let command = format!("element/{}/click", element.0);
        self.post(&command, json!({})).await.unwrap();
    }

    pub(crate) async fn double_click(&self, element: &Element) {
        let there = json!({
            "type": "pointerMove", "duration": 0, "origin": { ELEMENT: element.0 }, "x": 0, "y": 0,
        });
        let (down, up) = (
            json!({ "type": "pointerDown", "button": 0 }),
            json!({ "type": "pointerUp", "button": 0 }),
        );
        let mouse = json!({
            "type": "pointer", "id": "mouse", "parameters": { "pointerType": "mouse" },
            "actions": [there, down, up, down, up],
        });
        self.post("actions", json!({ "actions": [mouse] }))
            .await
            .unwrap();
    }

    pub(crate) async fn type_into(&self, element: &Element, text: &str) {
        let command = format!("element/{}/value", element.0);
        self.post(&command, json!({ "text": text })).await.unwrap();
    }

    pub(crate) async fn text(&self, element: &Element) -> Option<String> {
        let text = self.get(&format!("element/{}/text", element.0)).await;
        Some(text.ok()?.as_str()?.to_owned())
    }

    pub(crate) async fn value(&self, element: &Element) -> String {
        let what = format!("element/{}/property/value", element.0);
        let value = self.get(&what).await.unwrap();
        value.as_str().unwrap().to_owned()
    }

    /// What a script answers; its promises are waited for.
    pub(crate) async fn run(&self, script: &str) -> Value {
        let body = json!({ "script": script, "args": [] });
        self.post("execute/sync", body).await.unwrap()
    }

    pub(crate) async fn devtools(&self, method: &str, parameters: Value) -> Value {
        let body = json!({ "cmd": method, "params": parameters });
        self.post("goog/cdp/execute", body).await.unwrap()
    }

    /// What the console said since it was last asked.
    pub(crate) async fn log(&self) -> Value {
        let body = json!({ "type": "browser" });
        self.post("se/log", body).await.unwrap()
    }

    /// Closes the browser.
    pub(crate) async fn quit(self) {
        let ended = ask(&self.client, Method::DELETE, &self.session, &Value::Null);
        ended.await.unwrap();
    }
}

async fn ask(client: &Client, method: Method, url: &str, body: &Value) -> Answer {
    let mut request = client.request(method, url);
    if !body.is_null() {
        request = request.json(body);
    }
    let response = request.send().await.map_err(|error| error.to_string())?;
    let is_refused = !response.status().is_success();
    let mut answer: Value = response.json().await.map_err(|error| error.to_string())?;
    let value = answer["value"].take();
    if is_refused {
        return Err(value.to_string());
    }
    Ok(value)
}
