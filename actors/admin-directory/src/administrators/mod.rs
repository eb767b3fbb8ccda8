//! Those who work in the Subscription Manager.

mod authenticate;
mod create;
mod letters;
mod list;
mod password;
mod refused;
mod remove;
mod reset;
mod session;
mod set_up;
mod sign_in;
mod sign_out;
mod update;

use contract::{
    Role,
    ids::{AdministratorId, OrganisationId},
};
use store::{Row, StoreError, Tx};

use crate::sql;

/// The role of a row.
pub(crate) fn role(row: &Row) -> Result<Role, StoreError> {
    let name: String = row.get("role")?;
    Role::parse(&name).ok_or_else(|| row.bad("role", "is not a role"))
}

/// The organisations in which an administrator has an office.
async fn offices(tx: &mut Tx, id: AdministratorId) -> Result<Vec<OrganisationId>, StoreError> {
    let rows = sql::LIST_OFFICES.bind(id).fetch_all(tx).await?;
    rows.iter().map(|row| row.get("organisation_id")).collect()
}
