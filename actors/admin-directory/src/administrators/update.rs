//! Gives an administrator another role.

use contract::{
    Kind, Problem, Role,
    administrators::{Colleague, UpdateAdministrator},
    ids::{AdministratorId, OrganisationId},
};
use kernel::{Cx, Serve};
use serde_json::json;
use store::Tx;

use super::list::colleague;
use crate::{AdminDirectory, sql};

impl Serve<UpdateAdministrator> for AdminDirectory {
    async fn serve(&mut self, message: UpdateAdministrator, cx: &Cx) -> Result<Colleague, Problem> {
        let UpdateAdministrator {
            organisation,
            id,
            role,
        } = message;
        let mut tx = self.db.write(&cx.stamp(&*self.clock)).await?;
        let before = find(&mut tx, organisation, id).await?;
        if before.role == role {
            return Ok(before);
        }
        keep_an_owner(&mut tx, organisation, &before).await?;
        sql::SET_ROLE
            .bind(organisation)
            .bind(id)
            .bind(role.name())
            .execute(&mut tx)
            .await?;
        let change = json!({ "role": { "from": before.role, "to": role } });
        tx.audit(organisation, "administrator.update", id, change);
        tx.commit().await?;
        Ok(Colleague { role, ..before })
    }
}

/// Of the ways in of an owner: a password.
const PASSWORD: i64 = 2;

/// An administrator of an organisation, which is kept from others who would change who owns it, as they are
/// from choosing a password meanwhile.
pub(super) async fn find(
    tx: &mut Tx,
    organisation: OrganisationId,
    id: AdministratorId,
) -> Result<Colleague, Problem> {
    let locked = sql::LOCK_ORGANISATION.bind(organisation);
    let not_found = || Problem::new(Kind::NotFound);
    locked.fetch_optional(tx).await?.ok_or_else(not_found)?;
    sql::LOCK_BY_ID.bind(id).fetch_optional(tx).await?;
    let found = sql::FIND_COLLEAGUE.bind(organisation).bind(id);
    let row = found.fetch_optional(tx).await?.ok_or_else(not_found)?;
    Ok(colleague(&row)?)
}

/// Refuses to go on when the organisation would lose its last way in: when no other owner gets in at least
/// as well as whoever leaves, by a password or, where nobody has one yet, by a link that still works. Whoever has
/// neither takes nothing away, but the only owner stays all the same.
pub(super) async fn keep_an_owner(
    tx: &mut Tx,
    organisation: OrganisationId,
    leaving: &Colleague,
) -> Result<(), Problem> {
    if leaving.role != Role::Owner {
        return Ok(());
    }
    let now = tx.stamp().now;
    let ways = sql::WAYS_IN.bind(organisation).bind(leaving.id).bind(now);
    let ways = ways.fetch_one(tx).await?;
    let (theirs, others): (Option<i64>, Option<i64>) = (ways.get("theirs")?, ways.get("others")?);
    if others >= theirs {
        return Ok(());
    }
    let detail = if theirs == Some(PASSWORD) {
        "This is the last owner who can sign in; make somebody else an owner first."
    } else {
        "This is the last owner who is there or may still come; make somebody else an owner first."
    };
    Err(Problem::new(Kind::Conflict).field("role", "last-owner", detail))
}
