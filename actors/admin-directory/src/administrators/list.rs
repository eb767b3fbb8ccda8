//! The administrators of an organisation.

use contract::{
    Cursor, Page, Problem, Timestamp,
    administrators::{Colleague, ListAdministrators},
    ids::AdministratorId,
};
use kernel::{Cx, Serve};
use store::{Row, StoreError};

use super::role;
use crate::{AdminDirectory, sql};

/// Before every id.
const FIRST: &str = "";

/// An administrator from a row of an office.
pub(super) fn colleague(row: &Row) -> Result<Colleague, StoreError> {
    let has_password = row.get::<Option<String>>("password_hash")?.is_some();
    let setup_expires_at: Option<Timestamp> = row.get("setup_expires_at")?;
    Ok(Colleague {
        id: row.get("id")?,
        email: row.get("email")?,
        role: role(row)?,
        // a reset is no business of colleagues
        setup_expires_at: setup_expires_at.filter(|_| !has_password),
        created_at: row.get("created_at")?,
    })
}

impl Serve<ListAdministrators> for AdminDirectory {
    async fn serve(
        &mut self,
        message: ListAdministrators,
        _: &Cx,
    ) -> Result<Page<Colleague>, Problem> {
        let wanted = message.page.rows();
        let after = message.page.after::<AdministratorId>()?;
        let mut db = self.db.read().await?;
        let rows = sql::LIST_COLLEAGUES
            .bind(message.organisation)
            .bind(after.map_or_else(|| FIRST.to_owned(), |id| id.to_string()))
            .bind(wanted as u64 + 1)
            .fetch_all(&mut db)
            .await?;
        let colleagues = rows.iter().map(colleague).collect::<Result<_, _>>()?;
        Ok(Page::cut(colleagues, wanted, |one: &Colleague| {
            Cursor(one.id.to_string())
        }))
    }
}
