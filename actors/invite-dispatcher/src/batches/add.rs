//! Serves [`AddToBatch`].

use std::collections::HashSet;

use contract::{
    DomainName, EmailAddress, Problem,
    batches::{AddToBatch, Added, BATCH_PIECE},
    ids::InviteId,
};
use kernel::{Cx, Serve};
use serde::Serialize;

use super::{Key, classify, conflict, find, sql};
use crate::{InviteDispatcher, invites::name_key};

#[derive(Serialize)]
struct Taken {
    id: InviteId,
    position: u64,
    line: u32,
    email: EmailAddress,
    key: String,
    domain: DomainName,
    name: Option<contract::text::PersonName>,
    name_key: String,
    suggestion: Option<String>,
}

#[derive(Serialize)]
struct Refused {
    position: u64,
    line: u32,
    input: String,
    reason: String,
    suggestion: Option<String>,
}

impl Serve<AddToBatch> for InviteDispatcher {
    async fn serve(&mut self, message: AddToBatch, cx: &Cx) -> Result<Added, Problem> {
        let (organisation, id) = (message.organisation, message.batch_id);
        let count = message.rows.len() as u64;
        if message.rows.len() > BATCH_PIECE {
            let detail = format!("At most {BATCH_PIECE} at a time.");
            return Err(Problem::invalid("rows", "too-many", detail));
        }
        let stamp = cx.stamp(&*self.clock);
        let mut tx = self.db.write(&stamp).await?;
        // Pieces of one batch take turns.
        tx.lock_histories(&[organisation]).await?;
        let row = find(&mut tx, organisation, id).await?;
        let (given, most): (u64, u64) = (row.get("given")?, row.get("most")?);
        let end = message.first_row.saturating_add(count);
        if end <= given && count > 0 {
            return Ok(Added { given });
        }
        if row.get::<Option<i64>>("cancelled_at")?.is_some() {
            return Err(conflict("This batch was cancelled."));
        }
        if row.get::<Option<i64>>("sealed_at")?.is_some() {
            return Err(conflict("This batch is sealed already."));
        }
        if message.first_row != given {
            return Err(conflict(
                "Rows before these are missing, or are there in part.",
            ));
        }
        if end > most {
            let detail = format!("At most {most} addresses; these are {end}.");
            return Err(Problem::invalid("rows", "too-many", detail));
        }
        let allowed: Vec<DomainName> = row.json("allowed_domains")?;
        let keys: Vec<_> = message
            .rows
            .iter()
            .filter(|row| row.reason.is_none())
            .filter_map(|row| row.email.as_ref())
            .map(|email| {
                let domain = email.domain().as_str().to_owned();
                Key::new(&self.vault, email.key(), domain)
            })
            .collect();
        let about = (organisation, id);
        let reasons = classify(&mut tx, about, &keys, &allowed, true, stamp.now).await?;
        let (mut rows_taken, mut rows_refused) = (Vec::new(), Vec::new());
        let mut seen = HashSet::new();
        for (position, row) in (given..).zip(message.rows) {
            let reason = match (&row.reason, &row.email) {
                (Some(reason), _) => Some(reason.clone()),
                (None, None) => Some("not-an-address".to_owned()),
                (None, Some(email)) if !seen.insert(email.key()) => Some("duplicate".to_owned()),
                (None, Some(email)) => reasons.get(&email.key()).cloned(),
            };
            let (line, suggestion) = (row.line, row.suggestion);
            match (reason, row.email) {
                (None, Some(email)) => rows_taken.push(Taken {
                    id: InviteId::new(self.clock.ulid()),
                    position,
                    line,
                    key: email.key(),
                    domain: email.domain(),
                    name_key: name_key(row.name.as_ref(), &email),
                    email,
                    name: row.name,
                    suggestion,
                }),
                (reason, _) => rows_refused.push(Refused {
                    position,
                    line,
                    input: row.input,
                    reason: reason.unwrap_or_else(|| "not-an-address".to_owned()),
                    suggestion,
                }),
            }
        }
        if !rows_taken.is_empty() {
            let take = sql::TAKE.bind_rows(&rows_taken).bind(id).bind(stamp.now);
            take.execute(&mut tx).await?;
        }
        if !rows_refused.is_empty() {
            sql::REFUSE
                .bind_rows(&rows_refused)
                .bind(id)
                .execute(&mut tx)
                .await?;
        }
        sql::GROW.bind(id).bind(count).execute(&mut tx).await?;
        tx.commit().await?;
        Ok(Added { given: end })
    }
}
