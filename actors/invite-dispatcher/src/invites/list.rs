//! The invites of an organisation, the newest first.

use contract::{
    Cursor, Page, Problem,
    ids::InviteId,
    invites::{Invite, InviteState, Life, ListInvites},
};
use kernel::{Cx, Serve};

use super::{read, shown, sql};
use crate::InviteReader;

/// The most characters of a search.
const SEARCH_MOST: usize = 100;

impl Serve<ListInvites> for InviteReader {
    async fn serve(&mut self, message: ListInvites, cx: &Cx) -> Result<Page<Invite>, Problem> {
        let (filter, wanted) = (message.filter, message.page.rows());
        let mut db = self.db.read().await?;
        let rows = sql::LIST_INVITES
            .bind(message.organisation)
            .bind(self.clock.now())
            .bind(message.page.after::<InviteId>()?)
            .bind(filter.batch)
            .bind(filter.state.map(InviteState::name))
            .bind(pattern(filter.q.as_deref())?)
            .bind(filter.life.map(Life::name))
            .bind(wanted as u64 + 1)
            .fetch_all(&mut db)
            .await?;
        let (tokens, now) = (self.tokens(), self.clock.now());
        let invites = rows
            .iter()
            .map(|row| Ok(shown(read(row)?, &cx.caller, &tokens, now)))
            .collect::<Result<_, Problem>>()?;
        Ok(Page::cut(invites, wanted, |invite: &Invite| {
            Cursor(invite.id.to_string())
        }))
    }
}

/// The pattern that finds the text anywhere, whatever the case of ASCII letters: both engines know
/// no others.
pub(crate) fn pattern(text: Option<&str>) -> Result<Option<String>, Problem> {
    let text = text.unwrap_or_default().trim();
    if text.chars().count() > SEARCH_MOST {
        let detail = format!("Search for at most {SEARCH_MOST} characters.");
        return Err(Problem::invalid("q", "too-long", detail));
    }
    if text.contains('\0') {
        let detail = "Search for printed characters.";
        return Err(Problem::invalid("q", "control-character", detail));
    }
    if text.is_empty() {
        return Ok(None);
    }
    Ok(Some(containing(text)))
}

/// The pattern for `like` that finds a text anywhere, in lower case.
pub(crate) fn containing(text: &str) -> String {
    let mut pattern = String::from("%");
    for character in text.to_ascii_lowercase().chars() {
        if matches!(character, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(character);
    }
    pattern.push('%');
    pattern
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_is_bounded_and_its_wildcards_mean_themselves() {
        assert_eq!(
            pattern(Some(" Ann_L% ")).unwrap().as_deref(),
            Some(r"%ann\_l\%%")
        );
        assert_eq!(pattern(Some("  ")), Ok(None));
        assert!(pattern(Some(&"é".repeat(100))).is_ok());
        assert!(pattern(Some(&"é".repeat(101))).is_err());
        assert!(pattern(Some("a\0b")).is_err());
    }
}
