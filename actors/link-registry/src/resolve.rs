//! What is behind the secrets of URLs, a batch at a time. Writes nothing.

use std::collections::HashMap;

use contract::{
    Kind, Problem, Timestamp,
    links::{LinkClosed, LinkFace, ResolveLink},
};
use kernel::{Asked, ServeMany};
use serde::Serialize;
use store::{Row, StoreError, vault};
use url::Url;

use crate::{LinkRegistry, sql};

/// What is looked up: never the secret itself.
#[derive(Serialize)]
struct Key<'a> {
    hash: &'a str,
}

impl ServeMany<ResolveLink> for LinkRegistry {
    async fn serve_many(
        &mut self,
        batch: &[Asked<ResolveLink>],
    ) -> Result<Vec<Result<LinkFace, Problem>>, Problem> {
        // A malformed secret goes the same way as an unknown one: nothing has its hash.
        let hashes: Vec<_> = batch
            .iter()
            .map(|asked| vault::hash_token(&asked.message.token))
            .collect();
        let mut distinct: Vec<_> = hashes.iter().map(|hash| Key { hash }).collect();
        distinct.sort_unstable_by_key(|key| key.hash);
        distinct.dedup_by_key(|key| key.hash);

        let mut db = self.db.read().await?;
        let rows = sql::RESOLVE_LINKS
            .bind_rows(&distinct)
            .fetch_all(&mut db)
            .await?;
        let now = self.clock.now();
        let faces = rows
            .iter()
            .map(|row| Ok((row.get("token_hash")?, face(row, now)?)))
            .collect::<Result<HashMap<String, _>, StoreError>>()?;
        let unknown = || Problem::new(Kind::LinkUnknown);
        Ok(hashes
            .iter()
            .map(|hash| faces.get(hash).cloned().ok_or_else(unknown))
            .collect())
    }
}

fn face(row: &Row, now: Timestamp) -> Result<LinkFace, StoreError> {
    Ok(LinkFace {
        link_id: row.get("id")?,
        organisation: row.get("organisation_id")?,
        organisation_name: row.get("organisation_name")?,
        product_url: url(row)?,
        policies: row.json("policies")?,
        plan_name: row.get("plan_name")?,
        allowed_domains: row.json("allowed_domains")?,
        closed: closed(row, now)?,
        has_free_seat: row.get::<i64>("free")? > 0,
    })
}

fn url(row: &Row) -> Result<Url, StoreError> {
    let text: String = row.get("product_url")?;
    Url::parse(&text).map_err(|_| row.bad("product_url", "is not a URL"))
}

/// Ends are exclusive: at the instant itself the link is closed.
fn closed(row: &Row, now: Timestamp) -> Result<Option<LinkClosed>, StoreError> {
    let passed = |at: Option<Timestamp>| at.is_some_and(|at| at <= now);
    let (uses, max_uses) = (row.get::<u64>("uses")?, row.get::<Option<u64>>("max_uses")?);
    Ok(if passed(row.get("expires_at")?) {
        Some(LinkClosed::Expired)
    } else if max_uses.is_some_and(|most| uses >= most) {
        Some(LinkClosed::UsedUp)
    } else if passed(row.get("ends_at")?) {
        Some(LinkClosed::PlanEnded)
    } else {
        None
    })
}
