//! Requests that are sent again with their `Idempotency-Key`.

mod begin;
mod end;
mod find;
mod keep;
mod sweep;

use contract::{Kind, Problem, idempotency::Answer};
use store::Row;

pub use self::sweep::AttemptSweeper;

/// The field that a refusal names.
const KEY: &str = "Idempotency-Key";

/// Refuses a row that is another body's.
fn is_of(row: &Row, body_hash: &str) -> Result<(), Problem> {
    if row.get::<String>("body_hash")? == body_hash {
        return Ok(());
    }
    let detail = "was used with another body";
    Err(Problem::invalid(KEY, "reused", detail))
}

fn answer(row: &Row) -> Result<Option<Answer>, Problem> {
    let Some(status) = row.get::<Option<i64>>("status")? else {
        return Ok(None);
    };
    Ok(Some(Answer {
        status: u16::try_from(status).map_err(|_| Problem::new(Kind::Internal))?,
        body: row.get("body")?,
        location: row.get("location")?,
    }))
}
