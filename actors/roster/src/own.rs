//! The caller's own memberships, across organisations.

use contract::{
    Problem,
    accounts::{ListOwnMemberships, OwnMembership},
    seats::Status,
};
use kernel::{Cx, Serve};
use store::{Row, StoreError};

use crate::{Roster, domains::needed};

store::statements! {
    /// Where a person stands in each organisation, the oldest first.
    pub(crate) LIST_OWN = "
        select memberships.id, memberships.organisation_id, memberships.plan_id,
            organisations.name as organisation_name, organisations.product_url,
            plans.name as plan_name, memberships.status, memberships.proof_due_at,
            memberships.redeemed_at, memberships.let_in_domain, links.allowed_domains,
            accounts.email_key
        from memberships
        join accounts on accounts.id = memberships.account_id
        join organisations on organisations.id = memberships.organisation_id
        join plans on plans.id = memberships.plan_id
        left join links on links.id = memberships.link_id
        where memberships.account_id = $1
        order by memberships.id
        limit 200";
}

impl Serve<ListOwnMemberships> for Roster {
    async fn serve(
        &mut self,
        _: ListOwnMemberships,
        cx: &Cx,
    ) -> Result<Vec<OwnMembership>, Problem> {
        let mut db = self.db.read().await?;
        let rows = LIST_OWN
            .bind(cx.caller.person()?)
            .fetch_all(&mut db)
            .await?;
        let own = rows.iter().map(own).collect::<Result<_, _>>()?;
        Ok(own)
    }
}

fn own(row: &Row) -> Result<OwnMembership, StoreError> {
    let status: String = row.get("status")?;
    let status = Status::parse(&status).ok_or_else(|| row.bad("status", "is not a status"))?;
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
        status,
        proof_due_at: row.get("proof_due_at")?,
        redeemed_at: row.get("redeemed_at")?,
        domains_needed: needed(row, status)?,
    })
}
