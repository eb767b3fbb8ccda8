//! Who they are that the history of an organisation names.

use contract::{
    Problem,
    users::{InviteName, NameUsers, USERS_NAMED_MOST, UserName, UserNames},
};
use kernel::{Cx, Serve};
use serde::Serialize;
use store::{Row, StoreError};

use crate::{Roster, sql};

/// A row of the parameter of a statement.
#[derive(Debug, Serialize)]
struct Key<T> {
    id: T,
}

fn keys<T>(ids: impl IntoIterator<Item = T>) -> Vec<Key<T>> {
    ids.into_iter().map(|id| Key { id }).collect()
}

impl Serve<NameUsers> for Roster {
    async fn serve(&mut self, message: NameUsers, _: &Cx) -> Result<UserNames, Problem> {
        let NameUsers {
            organisation,
            memberships,
            accounts,
            invites,
        } = message;
        if memberships.len() + accounts.len() + invites.len() > USERS_NAMED_MOST {
            let detail = format!("At most {USERS_NAMED_MOST} are named at once.");
            return Err(Problem::invalid("memberships", "too-many", detail));
        }
        let mut db = self.db.read().await?;
        let mut names = UserNames::default();
        if !memberships.is_empty() || !accounts.is_empty() {
            let rows = sql::NAME_PEOPLE
                .bind_rows(&keys(memberships))
                .bind_rows(&keys(accounts))
                .bind(organisation)
                .fetch_all(&mut db)
                .await?;
            names.users = rows.iter().map(user).collect::<Result<_, _>>()?;
        }
        if !invites.is_empty() {
            let rows = sql::NAME_INVITES
                .bind_rows(&keys(invites))
                .bind(organisation)
                .fetch_all(&mut db)
                .await?;
            names.invites = rows.iter().map(invite).collect::<Result<_, _>>()?;
        }
        Ok(names)
    }
}

fn user(row: &Row) -> Result<UserName, StoreError> {
    Ok(UserName {
        id: row.get("id")?,
        account_id: row.get("account_id")?,
        first_name: row.get("first_name")?,
        last_name: row.get("last_name")?,
        email: row.get("email")?,
    })
}

fn invite(row: &Row) -> Result<InviteName, StoreError> {
    Ok(InviteName {
        id: row.get("id")?,
        email: row.get("email")?,
    })
}
