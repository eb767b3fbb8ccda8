//! The caller's own memberships, across organisations.

use contract::{
    Problem,
    accounts::{ListOwnMemberships, OwnMembership},
    seats::Status,
};
use kernel::{Cx, Serve};
use store::{Row, StoreError};

use crate::{Roster, sql};

impl Serve<ListOwnMemberships> for Roster {
    async fn serve(
        &mut self,
        _: ListOwnMemberships,
        cx: &Cx,
    ) -> Result<Vec<OwnMembership>, Problem> {
        let mut db = self.db.read().await?;
        let rows = sql::LIST_OWN
            .bind(cx.caller.person()?)
            .fetch_all(&mut db)
            .await?;
        let own = rows.iter().map(own).collect::<Result<_, _>>()?;
        Ok(own)
    }
}

fn own(row: &Row) -> Result<OwnMembership, StoreError> {
    let status: String = row.get("status")?;
    let product_url: String = row.get("product_url")?;
    Ok(OwnMembership {
        id: row.get("id")?,
        organisation: row.get("organisation_id")?,
        plan: row.get("plan_id")?,
        organisation_name: row.get("organisation_name")?,
        product_url: product_url
            .parse()
            .map_err(|_| row.bad("product_url", "is not a URL"))?,
        plan_name: row.get("plan_name")?,
        status: Status::parse(&status).ok_or_else(|| row.bad("status", "is not a status"))?,
        proof_due_at: row.get("proof_due_at")?,
        redeemed_at: row.get("redeemed_at")?,
    })
}
