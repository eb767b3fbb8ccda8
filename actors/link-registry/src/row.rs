//! A row of `links` as the link that its administrators see.

use contract::{
    Kind, Problem, Secret,
    ids::{LinkId, OrganisationId},
    links::Link,
};
use store::{Row, Tx};

use crate::{LinkRegistry, sql};

impl LinkRegistry {
    /// Reads a link, with its secret unsealed.
    pub(crate) fn link(&self, row: &Row) -> Result<Link, Problem> {
        let id: LinkId = row.get("id")?;
        let sealed: String = row.get("token_sealed")?;
        let token = self.vault.open(&id.to_string(), &sealed)?;
        Self::link_with(row, token)
    }

    /// Reads a link that has this secret from now on, whatever it had.
    pub(crate) fn link_with(row: &Row, token: Secret) -> Result<Link, Problem> {
        Ok(Link {
            id: row.get("id")?,
            name: row.get("name")?,
            plan_id: row.get("plan_id")?,
            plan_name: row.get("plan_name")?,
            tags: row.json("tags")?,
            token,
            uses: row.get("uses")?,
            max_uses: row.get("max_uses")?,
            expires_at: row.get("expires_at")?,
            allowed_domains: row.json("allowed_domains")?,
            disabled_at: row.get("disabled_at")?,
            archived_at: row.get("archived_at")?,
            created_at: row.get("created_at")?,
            created_by: row.get("created_by")?,
        })
    }

    /// Reads a link in order to change it: nobody else changes it before this transaction ends.
    pub(crate) async fn lock(
        &self,
        tx: &mut Tx,
        organisation: OrganisationId,
        id: LinkId,
    ) -> Result<Link, Problem> {
        self.link(&lock_row(tx, organisation, id).await?)
    }
}

/// The row of a link that is to be changed.
pub(crate) async fn lock_row(
    tx: &mut Tx,
    organisation: OrganisationId,
    id: LinkId,
) -> Result<Row, Problem> {
    let row = sql::LOCK_LINK
        .bind(organisation)
        .bind(id)
        .fetch_optional(tx)
        .await?;
    row.ok_or_else(|| Problem::new(Kind::NotFound))
}

/// Refuses to change what is deleted.
pub(crate) fn refuse_archived(link: &Link) -> Result<(), Problem> {
    if link.archived_at.is_some() {
        return Err(Problem::new(Kind::Conflict).detail("This access link was deleted."));
    }
    Ok(())
}
