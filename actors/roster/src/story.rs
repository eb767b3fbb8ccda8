//! What happened to a person's place, or to an invite.

use contract::{
    Cursor, Page, PageRequest, Problem,
    audit::AuditEntry,
    ids::{AuditId, OrganisationId},
    invited::ListInviteStory,
    users::ListUserStory,
};
use kernel::{Cx, Serve};
use store::{Value, audit_entry};

use crate::{Roster, sql};

impl Serve<ListUserStory> for Roster {
    async fn serve(&mut self, message: ListUserStory, _: &Cx) -> Result<Page<AuditEntry>, Problem> {
        let of = (message.organisation, message.membership_id);
        self.story(of, &message.page).await
    }
}

impl Serve<ListInviteStory> for Roster {
    async fn serve(
        &mut self,
        message: ListInviteStory,
        _: &Cx,
    ) -> Result<Page<AuditEntry>, Problem> {
        let of = (message.organisation, message.invite_id);
        self.story(of, &message.page).await
    }
}

impl Roster {
    /// A page of what the audit trail of an organisation says of something.
    async fn story(
        &self,
        (organisation, target): (OrganisationId, impl Value),
        page: &PageRequest,
    ) -> Result<Page<AuditEntry>, Problem> {
        let wanted = page.rows();
        let mut db = self.db.read().await?;
        let rows = sql::LIST_STORY
            .bind(organisation)
            .bind(target)
            .bind(page.after::<AuditId>()?)
            .bind(wanted as u64 + 1)
            .fetch_all(&mut db)
            .await?;
        let entries = rows.iter().map(audit_entry).collect::<Result<_, _>>()?;
        Ok(Page::cut(entries, wanted, |entry: &AuditEntry| {
            Cursor(entry.id.to_string())
        }))
    }
}
