//! What is behind a token, or a code that is typed with its address. Whoever holds neither learns
//! nothing, not even why.

use contract::{
    EmailAddress, Kind, Problem, Secret,
    ids::{InviteId, OrganisationId},
    invites::{InviteFace, ResolveInvite, Ticket},
    organisations::{InviteAcceptance, Policies},
    text::Language,
};
use kernel::{Cx, Serve};
use serde::Serialize;
use serde_json::json;
use store::{Row, StoreError, Tx};
use url::Url;

use super::{life, sql};
use crate::{InviteDispatcher, tokens::Tokens};

/// An invite of which an attempt was counted.
#[derive(Serialize)]
struct Counted {
    id: InviteId,
}

/// Wrong codes that are borne for each invite between two of its mails.
const ATTEMPTS_MOST: i64 = 10;
/// How many invites of an address a code is compared with.
const CANDIDATES_MOST: i64 = 50;
/// The longest code that is looked at, with what people put between the characters.
const TYPED_MOST: usize = 40;

impl Serve<ResolveInvite> for InviteDispatcher {
    async fn serve(&mut self, message: ResolveInvite, cx: &Cx) -> Result<InviteFace, Problem> {
        match message.ticket {
            Ticket::Token(token) => self.by_token(&token).await,
            Ticket::Code { email, code } => self.by_code(&email, &code, cx).await,
        }
    }
}

impl InviteDispatcher {
    async fn by_token(&self, token: &Secret) -> Result<InviteFace, Problem> {
        let claim = Tokens::read(token).ok_or_else(unknown)?;
        let mut db = self.db.read().await?;
        let found = sql::FIND_FACE.bind(self.clock.now()).bind(claim.invite);
        let row = found.fetch_optional(&mut db).await?.ok_or_else(unknown)?;
        let tokens = self.tokens();
        if !tokens.is_invite(claim, row.get("generation")?) {
            return Err(unknown());
        }
        Ok(face(&row, &tokens)?)
    }

    /// Every attempt is counted before anything is compared, so that many at once are no more than
    /// there may be; a right one is given back.
    async fn by_code(
        &self,
        email: &EmailAddress,
        code: &Secret,
        cx: &Cx,
    ) -> Result<InviteFace, Problem> {
        let typed = plain(code).ok_or_else(unknown)?;
        let (key, stamp) = (email.key(), cx.stamp(&*self.clock));
        let mut tx = self.db.write(&stamp).await?;
        let counted = sql::COUNT_ATTEMPT.bind(&key).bind(ATTEMPTS_MOST);
        let rows = counted.fetch_all(&mut tx).await?;
        let counted = rows.iter().map(|row| Ok(Counted { id: row.get("id")? }));
        let counted = counted.collect::<Result<Vec<_>, StoreError>>()?;
        let candidates = sql::FIND_FACES.bind(stamp.now).bind_rows(&counted);
        let candidates = candidates.bind(CANDIDATES_MOST).fetch_all(&mut tx).await?;
        let tokens = self.tokens();
        let mut right = None;
        for row in &candidates {
            let id: InviteId = row.get("id")?;
            let is_right = same(&tokens.code(id, row.get("generation")?), &typed);
            if is_right && right.is_none() {
                right = Some(row);
            }
        }
        if right.is_none() {
            tell_exhausted(&mut tx, &rows)?;
        }
        tx.commit().await?;
        let row = right.ok_or_else(unknown)?;
        let mut tx = self.db.write(&stamp).await?;
        let forgive = sql::FORGIVE_ATTEMPT.bind_rows(&counted);
        forgive.execute(&mut tx).await?;
        tx.commit().await?;
        Ok(face(row, &tokens)?)
    }
}

/// Tells of invites that their codes are looked at no more: once, however many guess.
fn tell_exhausted(tx: &mut Tx, counted: &[Row]) -> Result<(), StoreError> {
    for row in counted {
        let attempts: i64 = row.get("code_failures")?;
        if attempts >= ATTEMPTS_MOST {
            let (organisation, invite): (OrganisationId, InviteId) =
                (row.get("organisation_id")?, row.get("id")?);
            let change = json!({ "attempts": attempts });
            tx.audit(organisation, "invite.refuse-code", invite, change);
        }
    }
    Ok(())
}

/// Of whatever was shown, the same refusal.
pub(crate) fn unknown() -> Problem {
    Problem::new(Kind::InviteUnknown)
}

/// A code as it was made: capitals, nothing in between.
fn plain(code: &Secret) -> Option<String> {
    let typed = code.expose();
    let is_mark = |c: &char| !c.is_whitespace() && !matches!(c, '-' | '\u{2010}'..='\u{2015}');
    let typed = (typed.len() <= TYPED_MOST).then(|| typed.chars().filter(is_mark))?;
    let plain: String = typed.map(|c| c.to_ascii_uppercase()).collect();
    (!plain.is_empty()).then_some(plain)
}

/// Compares in a time that tells nothing about where they differ.
fn same(code: &Secret, typed: &str) -> bool {
    let (code, typed) = (code.expose().as_bytes(), typed.as_bytes());
    let pairs = code.iter().zip(typed);
    code.len() == typed.len() && pairs.fold(0, |all, (one, other)| all | (one ^ other)) == 0
}

fn face(row: &Row, tokens: &Tokens) -> Result<InviteFace, StoreError> {
    let (id, policies) = (row.get("id")?, row.json::<Policies>("policies")?);
    let url: String = row.get("product_url")?;
    let language: String = row.get("language")?;
    Ok(InviteFace {
        id,
        organisation: row.get("organisation_id")?,
        organisation_name: row.get("organisation_name")?,
        product_url: Url::parse(&url).map_err(|_| row.bad("product_url", "is not a URL"))?,
        link_id: row.get("link_id")?,
        plan_id: row.get("plan_id")?,
        tags: row.json("tags")?,
        email: row.get("email")?,
        name: row.get("name")?,
        inviter: row.get("inviter")?,
        language: Language::parse(&language).map_err(|_| row.bad("language", "is no language"))?,
        life: life(row)?,
        expires_at: row.get("expires_at")?,
        allowed_domains: row.json("allowed_domains")?,
        has_free_seat: row.get::<i64>("free")? > 0,
        is_lenient: policies.invite_acceptance == InviteAcceptance::Lenient,
        token: tokens.invite(id, row.get("generation")?),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_may_be_typed_in_small_letters_with_spaces_and_dashes() {
        let typed = |text: &str| plain(&Secret::new(text));
        assert_eq!(typed(" abcd-EFGH\n").as_deref(), Some("ABCDEFGH"));
        assert_eq!(typed("ab cd\u{2013}ef gh").as_deref(), Some("ABCDEFGH"));
        assert_eq!(typed(" - "), None);
        assert_eq!(typed(&"A".repeat(41)), None);
        assert!(same(&Secret::new("ABCDEFGH"), "ABCDEFGH"));
        assert!(!same(&Secret::new("ABCDEFGH"), "ABCDEFGJ"));
        assert!(!same(&Secret::new("ABCDEFGH"), "ABCDEFG"));
    }
}
