//! Issues a link with which a forgotten password is set anew; not more often than an address is mailed.

use contract::{
    Problem, Timestamp,
    administrators::{ResetLink, ResetStarted, StartAdministratorReset},
    ids::AdministratorId,
    organisations::Policies,
};
use kernel::{Cx, Serve};
use serde_json::json;
use store::{StoreError, Tx, vault};

use super::offices;
use crate::{AdminDirectory, RESET_MINUTES, sql};

/// What a reset that was started is called in the audit.
const ACTION: &str = "administrator.start-reset";
/// How long an address gets no second letter, in seconds.
const LETTER_SECONDS: i64 = 60;
/// How many of those an address gets in 24 hours.
pub(super) const LETTERS_A_DAY: i64 = 10;
/// How long it gets none after those, in seconds: no longer than a link is good, so that a stranger who
/// keeps asking never leaves the administrator without one.
const LATER_SECONDS: i64 = RESET_MINUTES * 60;

impl Serve<StartAdministratorReset> for AdminDirectory {
    async fn serve(
        &mut self,
        message: StartAdministratorReset,
        cx: &Cx,
    ) -> Result<ResetStarted, Problem> {
        let stamp = cx.stamp(&*self.clock);
        let (token, expires_at) = (
            vault::draw_token(),
            stamp.now.plus_seconds(RESET_MINUTES * 60),
        );
        let mut tx = self.db.write(&stamp).await?;
        // Locked, so that of many who ask at once one gets a letter.
        let known = sql::LOCK_ADMINISTRATOR.bind(message.email.key());
        let known = known.fetch_optional(&mut tx).await?;
        if let Some(row) = known
            && is_enough(&mut tx, row.get("id")?).await?
        {
            // As where there is no administrator: the link that is in the mailbox stays good.
            return Ok(ResetStarted { link: None });
        }
        let started = sql::START_RESET
            .bind(message.email.key())
            .bind(vault::hash_token(&token))
            .bind(expires_at)
            .fetch_optional(&mut tx)
            .await?;
        let link = match started {
            None => None,
            Some(row) => {
                let id = row.get("id")?;
                for organisation in offices(&mut tx, id).await? {
                    tx.audit(organisation, ACTION, id, json!({}));
                }
                let last = sql::LAST_POLICIES.bind(id);
                let last = last.fetch_optional(&mut tx).await?;
                let policies: Option<Policies> =
                    last.map(|row| row.json("policies")).transpose()?;
                Some(ResetLink {
                    email: row.get("email")?,
                    token,
                    expires_at,
                    language: policies.unwrap_or_default().language,
                })
            }
        };
        tx.commit().await?;
        Ok(ResetStarted { link })
    }
}

/// Whether a letter went out less than a minute ago, or an hour ago when there were enough today.
async fn is_enough(tx: &mut Tx, administrator: AdministratorId) -> Result<bool, StoreError> {
    let now = tx.stamp().now;
    let recent = sql::RECENT_ENTRIES
        .bind(administrator)
        .bind(ACTION)
        .bind(now.plus_days(-1))
        .fetch_one(tx)
        .await?;
    let last: Option<Timestamp> = recent.get("last")?;
    let wait = if recent.get::<i64>("entries")? < LETTERS_A_DAY {
        LETTER_SECONDS
    } else {
        LATER_SECONDS
    };
    Ok(last.is_some_and(|last| last.plus_seconds(wait) > now))
}
