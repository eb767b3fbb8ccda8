//! Looks whether a clock is, or was, ahead: decisions bear its instants, and later ones no earlier.

use contract::{Problem, ids::OrganisationId};

use super::SeatSweeper;
use crate::sql;

/// By how many seconds the clock of a node may differ from the database's.
const SKEW_SECONDS: i64 = 2;

impl SeatSweeper {
    /// Shows how far decisions are ahead of the database's clock, and says so, once, when it is too far.
    pub(super) async fn look_ahead(&mut self) -> Result<bool, Problem> {
        let mut reader = self.db.read().await?;
        let found = sql::AHEAD.query().fetch_optional(&mut reader).await?;
        let mut ahead = 0;
        if let Some(row) = found {
            ahead = row.get("seconds")?;
            let organisation: OrganisationId = row.get("organisation_id")?;
            if ahead > SKEW_SECONDS && !self.told_ahead {
                tracing::warn!(%organisation, ahead, "decisions bear instants of the future: look at the clocks");
            }
        }
        self.metrics.ahead.set(ahead);
        self.told_ahead = ahead > SKEW_SECONDS;
        Ok(false)
    }
}
