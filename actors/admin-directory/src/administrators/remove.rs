//! Takes the office from an administrator.

use contract::{Kind, Problem, administrators::RemoveAdministrator};
use kernel::{Cx, Serve};
use serde_json::json;

use super::update::{find, keep_an_owner};
use crate::{AdminDirectory, sql};

impl Serve<RemoveAdministrator> for AdminDirectory {
    async fn serve(&mut self, message: RemoveAdministrator, cx: &Cx) -> Result<(), Problem> {
        let RemoveAdministrator { organisation, id } = message;
        let mut tx = self.db.write(&cx.stamp(&*self.clock)).await?;
        let leaving = match find(&mut tx, organisation, id).await {
            Err(problem) if problem.kind == Kind::NotFound => return Ok(()),
            found => found?,
        };
        keep_an_owner(&mut tx, organisation, &leaving).await?;
        // Nobody else has them, who might give or take an office elsewhere.
        sql::DELETE_OFFICE
            .bind(organisation)
            .bind(id)
            .execute(&mut tx)
            .await?;
        sql::DELETE_WITHOUT_OFFICE.bind(id).execute(&mut tx).await?;
        let change = json!({ "role": leaving.role });
        tx.audit(organisation, "administrator.remove", id, change);
        tx.commit().await.map_err(Problem::from)
    }
}
