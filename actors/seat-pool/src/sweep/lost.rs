//! Settles what nobody said: the message that an address was proved is lost with the node that was to
//! send it, or where the seats did not answer.

use std::collections::BTreeMap;

use contract::{
    Problem, Service,
    ids::{MembershipId, OrganisationId},
};
use kernel::Cx;

use super::{PIECE, SeatSweeper};
use crate::{
    books::Books,
    place::keys,
    queue::{Mover, mover},
    settle::settle_all,
    sql,
};

/// How long nobody is looked for again, in seconds: a look reads whoever has yet to prove an address.
const PAUSE_SECONDS: i64 = 60;

impl SeatSweeper {
    /// Gives whoever has proved an address what hung on that; once it is done there is no more.
    pub(super) async fn settle_lost(&mut self) -> Result<bool, Problem> {
        let now = self.clock.now();
        let next = self.looked.map(|last| last.plus_seconds(PAUSE_SECONDS));
        if next.is_some_and(|next| now < next) {
            return Ok(false);
        }
        let mut after = String::new();
        loop {
            let mut reader = self.db.read().await?;
            let unsettled = sql::ALL_UNSETTLED.bind(&after).bind(PIECE);
            let rows = unsettled.fetch_all(&mut reader).await?;
            drop(reader);
            let Some(last) = rows.last() else { break };
            after = last.get("id")?;
            let mut pieces: BTreeMap<OrganisationId, Vec<MembershipId>> = BTreeMap::new();
            for row in &rows {
                match mover(row) {
                    Ok(one) if one.is_theirs() => {
                        pieces.entry(one.organisation).or_default().push(one.id);
                    }
                    Ok(_) => {}
                    // It holds up nobody else; whoever it is about is looked for again.
                    Err(error) => tracing::warn!(%error, "a proof that may be lost is not settled"),
                }
            }
            for (organisation, ids) in pieces {
                if !self.failed.contains(&organisation) {
                    let settled = self.settle_in(organisation, ids).await;
                    self.went(organisation, settled.map(|()| false));
                }
            }
        }
        self.looked = Some(now);
        Ok(false)
    }

    async fn settle_in(
        &self,
        organisation: OrganisationId,
        ids: Vec<MembershipId>,
    ) -> Result<(), Problem> {
        let stamp = Cx::system(Service::SeatPool, &*self.clock).stamp(&*self.clock);
        let mut tx = self.db.write(&stamp).await?;
        tx.lock_histories(&[organisation]).await?;
        let unsettled = sql::UNSETTLED_AMONG.bind(organisation);
        let unsettled = unsettled.bind_rows(&keys(ids));
        let rows = unsettled.fetch_all(&mut tx).await?;
        let movers: Vec<Mover> = rows.iter().map(mover).collect::<Result<_, _>>()?;
        let theirs: Vec<_> = movers.into_iter().filter(Mover::is_theirs).collect();
        let mut books = Books::open(&mut tx, theirs.iter().map(|one| one.plan)).await?;
        settle_all(&mut tx, &mut books, &theirs).await?;
        books.write(&mut tx).await?;
        tx.commit().await?;
        tracing::info!(%organisation, settled = theirs.len(), "settled what nobody said");
        Ok(())
    }
}
