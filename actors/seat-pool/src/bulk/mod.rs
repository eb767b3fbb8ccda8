//! One change for many people: a job is opened, filled, started, and worked off by [`BulkWorker`]. One about
//! whoever joined through a link is asked for by the link registry ([`take_up`]).

mod add;
mod get;
mod open;
mod piece;
mod retag_link;
pub(crate) mod sql;
mod start;
mod take_up;
mod turns;
mod work;

use contract::{Kind, Problem, bulk::Bulk};
use store::{Row, StoreError};

pub use self::work::BulkWorker;

/// A job from its row.
fn bulk(row: &Row) -> Result<Bulk, StoreError> {
    Ok(Bulk {
        id: row.get("id")?,
        action: row.json("action")?,
        count: row.get("people")?,
        done: row.get("done")?,
        refused: row.get("refused")?,
        started_at: row.get("started_at")?,
        finished_at: row.get("finished_at")?,
        given_up: row.get("given_up")?,
        created_at: row.get("created_at")?,
    })
}

/// The job of a row that may be missing.
fn found(row: Option<Row>) -> Result<Bulk, Problem> {
    Ok(bulk(&row.ok_or_else(|| Problem::new(Kind::NotFound))?)?)
}
