//! Somebody's place as an administrator finds it: loaded under the lock, answered after a change.

use contract::{
    Kind, Problem,
    ids::{MembershipId, OrganisationId},
    memberships::Place,
    organisations::Policies,
    seats::Status,
};
use serde::Serialize;
use store::{StoreError, Tx};

use crate::{
    queue::{Mover, mover},
    sql,
};

#[derive(Serialize)]
pub(crate) struct Key {
    pub(crate) id: MembershipId,
}

pub(crate) fn keys(ids: impl IntoIterator<Item = MembershipId>) -> Vec<Key> {
    ids.into_iter().map(|id| Key { id }).collect()
}

/// A membership, and what its organisation decided.
pub(crate) struct Found {
    pub(crate) mover: Mover,
    pub(crate) policies: Policies,
}

/// Those of the ids that are the organisation's. Its history must be locked.
pub(crate) async fn find(
    tx: &mut Tx,
    organisation: OrganisationId,
    ids: impl IntoIterator<Item = MembershipId>,
) -> Result<Vec<Found>, StoreError> {
    let rows = sql::PLACES
        .bind(organisation)
        .bind_rows(&keys(ids))
        .fetch_all(tx)
        .await?;
    rows.iter()
        .map(|row| {
            Ok(Found {
                mover: mover(row)?,
                policies: row.json("policies")?,
            })
        })
        .collect()
}

/// The one with this id; nothing to see for anybody else's.
pub(crate) async fn find_one(
    tx: &mut Tx,
    organisation: OrganisationId,
    id: MembershipId,
) -> Result<Found, Problem> {
    let found = find(tx, organisation, [id]).await?;
    found
        .into_iter()
        .next()
        .ok_or_else(|| Problem::new(Kind::NotFound))
}

/// Where it stands now.
pub(crate) fn answer(mover: &Mover, status: Status, is_new: bool) -> Place {
    Place {
        membership_id: mover.id,
        account_id: mover.account,
        plan_id: mover.plan,
        status,
        is_new,
    }
}
