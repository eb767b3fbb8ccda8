//! Lets memberships follow their accounts: what people are found and sorted by.

use std::collections::BTreeMap;

use contract::{
    Problem, Service, Stamp, Timestamp,
    ids::{MembershipId, OrganisationId},
};
use kernel::Cx;

use super::{PIECE, SeatSweeper};
use crate::{place::keys, sql};

/// How far before the last look accounts are followed again: a transaction that was under way then,
/// and clocks that differ.
const OVERLAP_SECONDS: i64 = 60;
/// How far back the first look goes.
const FIRST_SECONDS: i64 = 7 * 24 * 60 * 60;

/// A look at every account that changed, which goes in pieces.
#[derive(Debug)]
pub(super) struct Round {
    began: Timestamp,
    /// The membership that was looked at last.
    after: String,
}

impl SeatSweeper {
    /// Copies what changed about accounts since the last look to where people are found by it, a
    /// piece at a time and under the lock of each history; answers whether there may be more.
    pub(super) async fn follow(&mut self) -> Result<bool, Problem> {
        let stamp = Cx::system(Service::SeatPool, &*self.clock).stamp(&*self.clock);
        let round = self.following.take().unwrap_or_else(|| Round {
            began: stamp.now,
            after: String::new(),
        });
        let since = match self.followed {
            None => round.began.plus_seconds(-FIRST_SECONDS),
            Some(last) => last.plus_seconds(-OVERLAP_SECONDS),
        };
        let mut reader = self.db.read().await?;
        let stale = sql::STALE.bind(since).bind(PIECE).bind(&round.after);
        let rows = stale.fetch_all(&mut reader).await?;
        drop(reader);
        let mut pieces: BTreeMap<OrganisationId, Vec<MembershipId>> = BTreeMap::new();
        for row in &rows {
            let ids = pieces.entry(row.get("organisation_id")?).or_default();
            ids.push(row.get("id")?);
        }
        for (organisation, ids) in pieces {
            if !self.failed.contains(&organisation) {
                let followed = self.follow_in(organisation, ids, &stamp).await;
                self.went(organisation, followed.map(|()| false));
            }
        }
        let is_full = u64::try_from(rows.len()).unwrap_or(u64::MAX) >= PIECE;
        if let (true, Some(last)) = (is_full, rows.last()) {
            let after = last.get("id")?;
            self.following = Some(Round { after, ..round });
            return Ok(true);
        }
        // What was left out is looked at again.
        if self.failed.is_empty() {
            self.followed = Some(round.began);
        }
        Ok(false)
    }

    async fn follow_in(
        &self,
        organisation: OrganisationId,
        ids: Vec<MembershipId>,
        stamp: &Stamp,
    ) -> Result<(), Problem> {
        let mut tx = self.db.write(stamp).await?;
        tx.lock_histories(&[organisation]).await?;
        let ids = keys(ids);
        sql::FOLLOW_ACCOUNTS
            .bind(organisation)
            .bind_rows(&ids)
            .execute(&mut tx)
            .await?;
        sql::FOLLOW_MEMBERSHIPS
            .bind_rows(&ids)
            .execute(&mut tx)
            .await?;
        tx.commit().await?;
        Ok(())
    }
}
