//! Institutions that bought seats.

mod create;
mod get;
mod limits;
mod list;
mod update;

use contract::organisations::Organisation;
use store::{Row, StoreError};
use url::Url;

fn organisation(row: &Row) -> Result<Organisation, StoreError> {
    let url: String = row.get("product_url")?;
    Ok(Organisation {
        id: row.get("id")?,
        name: row.get("name")?,
        product_url: Url::parse(&url).map_err(|_| row.bad("product_url", "is not a URL"))?,
        policies: row.json("policies")?,
        created_at: row.get("created_at")?,
    })
}
