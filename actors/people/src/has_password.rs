//! Serves [`HasPassword`].

use contract::{Problem, people::HasPassword};
use kernel::{Cx, Serve};

use crate::{People, sql};

impl Serve<HasPassword> for People {
    async fn serve(&mut self, message: HasPassword, _: &Cx) -> Result<bool, Problem> {
        let mut reader = self.db.read().await?;
        let find = sql::FIND_ACCOUNT.bind(message.email.key());
        let row = find.fetch_optional(&mut reader).await?;
        let hash: Option<Option<String>> = row.map(|row| row.get("password_hash")).transpose()?;
        Ok(hash.flatten().is_some())
    }
}
