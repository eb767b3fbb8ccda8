//! The organisation's own suppressions, by address.

use std::str::FromStr;

use contract::{
    Cursor, EmailAddress, Page, Problem,
    suppressions::{ListSuppressions, Suppression, SuppressionReason},
};
use kernel::{Cx, Serve};

use super::{sql, suppression};
use crate::{InviteReader, invites::pattern};

/// Behind which address a page begins: the key of one.
struct Key(String);

impl FromStr for Key {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let key = EmailAddress::parse(text).map_err(drop)?.key();
        if key != text {
            return Err(());
        }
        Ok(Self(key))
    }
}

impl Serve<ListSuppressions> for InviteReader {
    async fn serve(
        &mut self,
        message: ListSuppressions,
        _: &Cx,
    ) -> Result<Page<Suppression>, Problem> {
        let wanted = message.page.rows();
        let mut db = self.db.read().await?;
        let rows = sql::LIST_SUPPRESSIONS
            .bind(message.organisation)
            .bind(message.page.after::<Key>()?.map(|Key(key)| key))
            .bind(message.reason.map(SuppressionReason::name))
            .bind(pattern(message.q.as_deref())?)
            .bind(wanted as u64 + 1)
            .fetch_all(&mut db)
            .await?;
        let listed = rows.iter().map(suppression).collect::<Result<_, _>>()?;
        Ok(Page::cut(listed, wanted, |row: &Suppression| {
            Cursor(row.email.key())
        }))
    }
}
