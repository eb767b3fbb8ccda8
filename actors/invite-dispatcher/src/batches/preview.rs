//! Serves [`PreviewInvitation`].

use contract::{
    EmailAddress, Problem, Secret,
    batches::{InvitationPreview, PreviewInvitation},
    ids::{BatchId, InviteId, OrganisationId, Ulid},
    organisations::Policies,
    text::{InviteMessage, Language},
};
use kernel::{Cx, Serve};
use store::{Row, StoreError};
use url::Url;

use super::{find, sql};
use crate::{
    InviteDispatcher,
    invitation::{Invitation, Occasion},
};

/// Who reads it where nobody was taken.
const NOBODY: &str = "somebody@example.org";
/// Stands for the token of a URL, and is none.
const NO_TOKEN: &str = "preview";
/// Stands for a code: none has such a sign.
const NO_CODE: &str = "00000000";

impl Serve<PreviewInvitation> for InviteDispatcher {
    async fn serve(
        &mut self,
        message: PreviewInvitation,
        _: &Cx,
    ) -> Result<InvitationPreview, Problem> {
        let (organisation, batch_id) = (message.organisation, message.batch_id);
        let mut reader = self.db.read().await?;
        let batch = find(&mut reader, organisation, batch_id).await?;
        let mail = sql::PREVIEW.bind(batch_id).fetch_one(&mut reader).await?;
        drop(reader);
        let invitation = self.sample(organisation, batch_id, &batch, &mail)?;
        let words = self.options.templates.invitation(&invitation);
        let words = words.map_err(|error| {
            tracing::error!(%error, "an invitation cannot be written");
            Problem::new(contract::Kind::Internal)
        })?;
        Ok(InvitationPreview {
            to: invitation.to,
            subject: words.subject,
            text: words.text,
            html: words.html,
        })
    }
}

impl InviteDispatcher {
    /// The first invite of a batch, with URLs and a code that are of nobody.
    fn sample(
        &self,
        organisation_id: OrganisationId,
        batch_id: BatchId,
        batch: &Row,
        mail: &Row,
    ) -> Result<Invitation, StoreError> {
        let public_url = self.options.public_url.as_str();
        let policies: Policies = batch.json("policies")?;
        let language: String = batch.get("language")?;
        let message: Option<String> = batch.get("message")?;
        let product_url: String = mail.get("product_url")?;
        let product_url =
            Url::parse(&product_url).map_err(|_| mail.bad("product_url", "is no URL"))?;
        let plan = mail.get("plan")?;
        let to = match mail.get("email")? {
            Some(to) => to,
            None => EmailAddress::parse(NOBODY).map_err(|_| mail.bad("email", "is no address"))?,
        };
        let accept_url = format!("{public_url}/invite/{NO_TOKEN}");
        Ok(Invitation {
            id: InviteId::new(Ulid::from_parts(0, 0)),
            batch: batch_id,
            organisation_id,
            organisation: mail.get("organisation")?,
            product: Invitation::product_of(&product_url, &plan),
            plan,
            inviter: batch.get("inviter")?,
            message: message.and_then(|text| InviteMessage::parse(&text).ok()),
            to,
            name: mail.get("name")?,
            decline_url: Secret::new(format!("{accept_url}#decline")),
            accept_url: Secret::new(accept_url),
            code: Secret::new(NO_CODE),
            code_url: format!("{public_url}/invite"),
            unsubscribe_url: Secret::new(format!("{public_url}/unsubscribe/{NO_TOKEN}")),
            expires_at: self.clock.now().plus_days(i64::from(policies.invite_days)),
            occasion: Occasion::First,
            language: Language::parse(&language).unwrap_or_default(),
        })
    }
}
