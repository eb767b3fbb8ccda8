//! What is asked of the node.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use anyhow::{Context as _, anyhow, bail};
use contract::{ids::LinkId, invites::InviteState};
use futures_util::StreamExt as _;
use reqwest::{Body, Client, RequestBuilder, StatusCode};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, de::DeserializeOwned};
use url::Url;

use super::{bar::Bar, source::Source};

/// How long the node may be silent.
const PATIENCE: Duration = Duration::from_mins(2);

/// A node, and who asks.
pub(super) struct Api {
    client: Client,
    url: Url,
    token: SecretString,
}

#[derive(Debug, Deserialize)]
struct List<T> {
    items: Vec<T>,
    next_cursor: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Organisation {
    id: String,
}

/// What became of a file.
#[derive(Debug, Deserialize)]
pub(super) struct Imported {
    pub(super) batch_id: String,
    pub(super) given: u64,
    pub(super) accepted: u64,
    pub(super) counts: BTreeMap<String, u64>,
    pub(super) exceeds_free_seats_by: u64,
}

/// A batch under way.
#[derive(Debug, Deserialize)]
pub(super) struct Batch {
    pub(super) states: BTreeMap<String, u64>,
    /// An older node does not say.
    #[serde(default)]
    to_repeat: u64,
    pub(super) pause_reason: Option<String>,
    /// An older node does not say.
    #[serde(default)]
    pub(super) pause_replies: Vec<Said>,
    pub(super) cancelled_at: Option<String>,
    finished_at: Option<String>,
}

/// The same, said of several mails.
#[derive(Debug, Deserialize)]
pub(super) struct Said {
    pub(super) count: u64,
    pub(super) state: String,
    pub(super) text: String,
}

#[derive(Debug, Deserialize)]
struct Row {
    line: u32,
    input: String,
    reason: Option<String>,
    suggestion: Option<String>,
}

/// As the API says what is wrong.
#[derive(Debug, Default, Deserialize)]
struct Problem {
    title: String,
    detail: Option<String>,
    #[serde(default)]
    errors: Vec<FieldError>,
}

#[derive(Debug, Deserialize)]
struct FieldError {
    field: String,
    #[serde(default)]
    code: String,
    detail: String,
}

impl FieldError {
    /// What is wrong, and the option that mends it.
    fn says(&self) -> String {
        let Self {
            field,
            code,
            detail,
        } = self;
        let option = match code.as_str() {
            "which-column" | "no-such-column" => " Name it with --column.",
            _ => "",
        };
        format!("{field}: {detail}{option}")
    }
}

impl Batch {
    /// Whether nothing more happens by itself.
    pub(super) fn is_over(&self) -> bool {
        let ends = [&self.finished_at, &self.cancelled_at, &self.pause_reason];
        ends.into_iter().any(Option::is_some)
    }

    pub(super) fn taken(&self) -> u64 {
        self.states.values().sum()
    }

    /// Of how many nothing more is to be done.
    pub(super) fn settled(&self) -> u64 {
        let is_open = |name: &str| InviteState::parse(name).is_some_and(InviteState::is_open);
        let states = self.states.iter().filter(|(state, _)| !is_open(state));
        let settled: u64 = states.map(|(_, count)| count).sum();
        settled.saturating_sub(self.to_repeat)
    }

    /// Where the mails stand.
    pub(super) fn says(&self) -> String {
        let states = self.states.iter();
        let said: Vec<_> = states.map(|(state, n)| format!("{n} {state}")).collect();
        said.join(", ")
    }
}

impl Api {
    /// `url` is where the site is, or its API.
    pub(super) fn new(url: Url, token: SecretString) -> anyhow::Result<Self> {
        let client = Client::builder().read_timeout(PATIENCE).build()?;
        let at = url.as_str().trim_end_matches('/');
        let at = at.trim_end_matches("/api/v1");
        let url = Url::parse(&format!("{at}/api/v1/")).context("--url")?;
        Ok(Self { client, url, token })
    }

    fn get(&self, path: &str) -> anyhow::Result<RequestBuilder> {
        let url = self.url.join(path)?;
        Ok(self.client.get(url).bearer_auth(self.token.expose_secret()))
    }

    /// The organisation that has this link, among those that the token may see.
    pub(super) async fn organisation_of(&self, link: &LinkId) -> anyhow::Result<String> {
        let mut cursor: Option<String> = None;
        loop {
            let mut url = self.url.join("organisations?limit=200")?;
            if let Some(cursor) = &cursor {
                url.query_pairs_mut().append_pair("cursor", cursor);
            }
            let page: List<Organisation> = answer(self.get(url.as_str())?).await?;
            for Organisation { id } in page.items {
                let link = self.get(&format!("organisations/{id}/links/{link}"))?;
                match link.send().await.context("nothing answers")?.status() {
                    StatusCode::OK => return Ok(id),
                    StatusCode::NOT_FOUND => (),
                    status => bail!("the link cannot be looked up: {status}"),
                }
            }
            cursor = page.next_cursor;
            if cursor.is_none() {
                bail!("there is no link {link} that this token may use");
            }
        }
    }

    /// Hands a file in while it is read.
    pub(super) async fn import(
        &self,
        at: &str,
        wanted: &[(&str, String)],
        source: Source,
        bar: Bar,
    ) -> anyhow::Result<Imported> {
        let mut url = self.url.join(&format!("{at}/invites/import"))?;
        url.query_pairs_mut().extend_pairs(wanted);
        let length = source.length;
        let sent = Arc::new(AtomicU64::new(0));
        let pieces = source.pieces().inspect(move |piece| {
            let more = piece.as_ref().map_or(0, |piece| piece.len() as u64);
            let sent = sent.fetch_add(more, Ordering::Relaxed) + more;
            bar.show(sent, length.unwrap_or(sent), "bytes handed in");
        });
        let request = self
            .client
            .post(url)
            .bearer_auth(self.token.expose_secret())
            .header("content-type", "text/csv")
            .body(Body::wrap_stream(pieces));
        answer(request).await
    }

    /// A batch as it stands.
    pub(super) async fn batch(&self, at: &str, id: &str) -> anyhow::Result<Batch> {
        answer(self.get(&format!("{at}/batches/{id}"))?).await
    }

    /// The first rows that were not taken, a line each.
    pub(super) async fn refused(
        &self,
        at: &str,
        id: &str,
        most: usize,
    ) -> anyhow::Result<Vec<String>> {
        let path = format!("{at}/batches/{id}/rows?state=refused&limit={most}");
        let page: List<Row> = answer(self.get(&path)?).await?;
        let rows = page.items.into_iter().map(|row| {
            let reason = row.reason.unwrap_or_default();
            let meant = row.suggestion.map(|meant| format!(" ({meant}?)"));
            let meant = meant.unwrap_or_default();
            format!("line {}: {}: {reason}{meant}", row.line, row.input)
        });
        let mut rows: Vec<_> = rows.collect();
        if page.next_cursor.is_some() {
            rows.push("and more".to_owned());
        }
        Ok(rows)
    }
}

async fn answer<T: DeserializeOwned>(request: RequestBuilder) -> anyhow::Result<T> {
    let response = request.send().await.context("nothing answers")?;
    let status = response.status();
    if status.is_success() {
        return response.json().await.context("the answer cannot be read");
    }
    let problem: Option<Problem> = response.json().await.ok();
    let Some(problem) = problem else {
        bail!("the answer was {status}");
    };
    let mut said = vec![problem.title];
    said.extend(problem.errors.iter().map(FieldError::says));
    said.extend(problem.detail);
    Err(anyhow!(said.join(" ")))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn batch(more: &Value) -> Batch {
        let states = json!({
            "draft": 1, "queued": 1, "sending": 1, "deferred": 1, "unknown": 3, "sent": 4, "failed": 1,
        });
        let mut batch = json!({
            "states": states, "pause_reason": null, "cancelled_at": null, "finished_at": null,
        });
        let more = more.as_object().unwrap().clone();
        batch.as_object_mut().unwrap().extend(more);
        serde_json::from_value(batch).unwrap()
    }

    #[test]
    fn what_is_tried_once_more_is_not_settled() {
        let settled = |more: Value| {
            let batch = batch(&more);
            assert_eq!(batch.taken(), 12);
            batch.settled()
        };
        assert_eq!(settled(json!({ "to_repeat": 2 })), 6);
        assert_eq!(settled(json!({ "to_repeat": 0 })), 8);
        assert_eq!(settled(json!({})), 8, "as an older node says it");
    }
}
