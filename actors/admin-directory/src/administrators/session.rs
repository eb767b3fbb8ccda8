//! A session that begins.

use contract::{Problem, Stamp, administrators::SessionOpened, ids::AdministratorId};
use kernel::Cx;
use serde_json::json;
use store::{Tx, vault};

use super::offices;
use crate::{AdminDirectory, SESSION_HOURS, sql};

impl AdminDirectory {
    /// What an administrator's own transaction notes, once they have shown who they are.
    pub(crate) fn stamp_of(&self, id: AdministratorId, cx: &Cx) -> Stamp {
        cx.on_behalf_of(contract::Principal::Administrator(id), None)
            .stamp(&*self.clock)
    }
}

/// Opens a session, and notes why in the trail of each of their organisations.
pub(crate) async fn open(
    tx: &mut Tx,
    id: AdministratorId,
    action: &'static str,
) -> Result<SessionOpened, Problem> {
    let now = tx.stamp().now;
    let (token, expires_at) = (vault::draw_token(), now.plus_seconds(SESSION_HOURS * 3_600));
    sql::DELETE_ENDED_SESSIONS
        .bind(id)
        .bind(now)
        .execute(tx)
        .await?;
    sql::INSERT_SESSION
        .bind(vault::hash_token(&token))
        .bind(id)
        .bind(now)
        .bind(expires_at)
        .execute(tx)
        .await?;
    for organisation in offices(tx, id).await? {
        tx.audit(organisation, action, id, json!({}));
    }
    Ok(SessionOpened { token, expires_at })
}
