//! Serves [`RetagMembership`].

use std::collections::{BTreeSet, HashMap};

use contract::{
    Kind, Problem,
    events::Event,
    ids::{MembershipId, OrganisationId},
    memberships::RetagMembership,
    seats::Retagged,
    text::Tag,
};
use kernel::{Cx, Serve};
use serde::Serialize;
use serde_json::json;
use store::Tx;

use crate::{
    SeatPool,
    place::{self, keys},
    sql,
};

impl Serve<RetagMembership> for SeatPool {
    async fn serve(&mut self, message: RetagMembership, cx: &Cx) -> Result<Retagged, Problem> {
        let RetagMembership {
            organisation,
            membership_id,
            add,
            remove,
        } = message;
        let mut tx = self.db.write(&cx.stamp(&*self.clock)).await?;
        tx.lock_histories(&[organisation]).await?;
        let mover = place::find_one(&mut tx, organisation, membership_id)
            .await?
            .mover;
        let outcome = retag(&mut tx, organisation, &[mover.id], (&add, &remove)).await?;
        match outcome.first() {
            Some(Retag::TooMany) => {
                let detail = format!("A person bears at most {} tags.", Tag::MOST_PER_ROW);
                return Err(Problem::new(Kind::Invalid).field("tags", "too-many", detail));
            }
            Some(Retag::Changed) => tx.commit().await?,
            Some(Retag::Same) | None => {}
        }
        Ok(Retagged {
            changed: u64::from(outcome == [Retag::Changed]),
        })
    }
}

/// What became of somebody's tags.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Retag {
    /// They are others now.
    Changed,
    /// They were so already.
    Same,
    /// There would be too many.
    TooMany,
}

#[derive(Serialize)]
struct TagRow {
    membership_id: MembershipId,
    tag: Tag,
}

/// Gives tags to these people and takes tags away. The history must be locked.
pub(crate) async fn retag(
    tx: &mut Tx,
    organisation_id: OrganisationId,
    people: &[MembershipId],
    (add, remove): (&[Tag], &[Tag]),
) -> Result<Vec<Retag>, Problem> {
    let mut before: HashMap<MembershipId, BTreeSet<Tag>> = HashMap::new();
    let borne = sql::TAGS_OF.bind_rows(&keys(people.iter().copied()));
    for row in borne.fetch_all(tx).await? {
        before
            .entry(row.get("membership_id")?)
            .or_default()
            .insert(row.get("tag")?);
    }
    let (mut added, mut removed) = (Vec::new(), Vec::new());
    let mut outcomes = Vec::with_capacity(people.len());
    for id in people {
        let before = before.remove(id).unwrap_or_default();
        let mut after = before.clone();
        after.retain(|tag| !remove.contains(tag));
        after.extend(add.iter().cloned());
        if after.len() > Tag::MOST_PER_ROW {
            outcomes.push(Retag::TooMany);
            continue;
        }
        if after == before {
            outcomes.push(Retag::Same);
            continue;
        }
        let row = |tag: &Tag| TagRow {
            membership_id: *id,
            tag: tag.clone(),
        };
        let (new, gone): (Vec<_>, Vec<_>) = (
            after.difference(&before).collect(),
            before.difference(&after).collect(),
        );
        tx.publish(
            organisation_id,
            Event::MembershipRetagged { membership_id: *id },
        );
        let change = json!({ "add": new, "remove": gone });
        tx.audit(organisation_id, "user.retag", id, change);
        added.extend(new.into_iter().map(row));
        removed.extend(gone.into_iter().map(row));
        outcomes.push(Retag::Changed);
    }
    for (statement, rows) in [
        (&sql::DELETE_SOME_TAGS, &removed),
        (&sql::INSERT_TAGS, &added),
    ] {
        if !rows.is_empty() {
            statement.bind_rows(rows).execute(tx).await?;
        }
    }
    Ok(outcomes)
}
