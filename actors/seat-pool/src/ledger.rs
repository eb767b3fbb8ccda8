//! Serves [`GetLedger`].

use std::str::FromStr;

use contract::{
    Cursor, Kind, Page, Problem,
    ledger::{GetLedger, Ledger, LedgerEntry},
    plans::SeatCount,
};
use kernel::{Cx, Serve};
use store::{Row, StoreError};

use crate::{SeatPool, sql};

/// Behind which entry a page begins.
struct Entry(i64);

impl FromStr for Entry {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let entry = text.parse().map_err(drop)?;
        if entry < 0 {
            return Err(());
        }
        Ok(Self(entry))
    }
}

impl Serve<GetLedger> for SeatPool {
    async fn serve(&mut self, message: GetLedger, _: &Cx) -> Result<Ledger, Problem> {
        let mut reader = self.db.read().await?;
        let plan = sql::FIND_PLAN
            .bind(message.organisation)
            .bind(message.plan_id)
            .fetch_optional(&mut reader)
            .await?;
        if plan.is_none() {
            return Err(Problem::new(Kind::NotFound));
        }
        let at = message.at.unwrap_or_else(|| self.clock.now());
        let sum = sql::SUM_LEDGER
            .bind(message.plan_id)
            .bind(at)
            .fetch_one(&mut reader)
            .await?;
        let wanted = message.page.rows();
        let after = message.page.after::<Entry>()?;
        let rows = sql::LIST_LEDGER
            .bind(message.plan_id)
            .bind(at)
            .bind(after.map_or(i64::MAX, |Entry(entry)| entry))
            .bind(wanted as u64 + 1)
            .fetch_all(&mut reader)
            .await?;
        let entries: Vec<_> = rows.iter().map(entry).collect::<Result<_, _>>()?;
        Ok(Ledger {
            at,
            seats: SeatCount::new(
                sum.get("purchased")?,
                sum.get("held")?,
                sum.get("assigned")?,
            ),
            waiting: sum.get("waiting")?,
            entries: Page::cut(entries, wanted, |entry: &LedgerEntry| {
                Cursor(entry.entry.to_string())
            }),
        })
    }
}

fn entry(row: &Row) -> Result<LedgerEntry, StoreError> {
    Ok(LedgerEntry {
        entry: row.get("entry")?,
        at: row.get("at")?,
        change: row.get("change")?,
        membership_id: row.get("membership_id")?,
        link_id: row.get("link_id")?,
        purchased: row.get("purchased")?,
        held: row.get("held")?,
        assigned: row.get("assigned")?,
        waiting: row.get("waiting")?,
        actor: row.get("actor")?,
        request_id: row.get("request_id")?,
    })
}
