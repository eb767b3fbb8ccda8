//! Who they are that the trail names.

use contract::{
    Problem,
    audit::{ACTORS_MOST, ActorNames, AdministratorName, NameActors, TokenName},
};
use kernel::{Cx, Serve};
use serde::Serialize;
use store::{Row, StoreError};

use crate::{AdminDirectory, sql};

/// A row of the parameter of a statement.
#[derive(Debug, Serialize)]
struct Key<T> {
    id: T,
}

fn keys<T>(ids: impl IntoIterator<Item = T>) -> Vec<Key<T>> {
    ids.into_iter().map(|id| Key { id }).collect()
}

impl Serve<NameActors> for AdminDirectory {
    async fn serve(&mut self, message: NameActors, _: &Cx) -> Result<ActorNames, Problem> {
        let NameActors {
            organisation,
            administrators,
            tokens,
        } = message;
        if administrators.len() + tokens.len() > ACTORS_MOST {
            let detail = format!("At most {ACTORS_MOST} are named at once.");
            return Err(Problem::invalid("administrators", "too-many", detail));
        }
        let mut db = self.db.read().await?;
        let mut names = ActorNames::default();
        if !administrators.is_empty() {
            let rows = sql::NAME_ADMINISTRATORS
                .bind_rows(&keys(administrators))
                .bind(organisation)
                .fetch_all(&mut db)
                .await?;
            names.administrators = rows.iter().map(administrator).collect::<Result<_, _>>()?;
        }
        if !tokens.is_empty() {
            let rows = sql::NAME_TOKENS
                .bind_rows(&keys(tokens))
                .bind(organisation)
                .fetch_all(&mut db)
                .await?;
            names.tokens = rows.iter().map(token).collect::<Result<_, _>>()?;
        }
        Ok(names)
    }
}

fn administrator(row: &Row) -> Result<AdministratorName, StoreError> {
    Ok(AdministratorName {
        id: row.get("id")?,
        email: row.get("email")?,
    })
}

fn token(row: &Row) -> Result<TokenName, StoreError> {
    Ok(TokenName {
        id: row.get("id")?,
        name: row.get("name")?,
    })
}
