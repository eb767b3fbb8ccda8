//! A change for many people: who they are is settled first, then it is a job.

use std::collections::BTreeSet;

use contract::{
    Problem,
    bulk::{AddToBulk, BULK_PIECE, Bulk, BulkAction, OpenBulk},
    ids::{MembershipId, OrganisationId},
    users::{ListUserIds, UserFilter},
};
use kernel::Cx;

use crate::edge::Edge;

/// Whom a change is about.
#[derive(Clone, Debug)]
pub(crate) enum Whom {
    /// Everybody that a filter finds now.
    Filter(UserFilter),
    /// These, as far as they are people of the organisation.
    Ids(Vec<MembershipId>),
}

impl Whom {
    /// How many they are.
    pub(crate) async fn count(
        &self,
        edge: &Edge,
        cx: &Cx,
        organisation: OrganisationId,
    ) -> Result<u64, Problem> {
        match self {
            Self::Filter(filter) => {
                let mut pages = Pages::of(organisation, filter);
                let mut count = 0;
                while let Some(ids) = pages.next(edge, cx).await? {
                    count += ids.len() as u64;
                }
                Ok(count)
            }
            // A job that is never started is how ids are checked: it is forgotten.
            Self::Ids(_) => {
                let action = BulkAction::Revoke;
                Ok(self.stage(edge, cx, organisation, action).await?.count)
            }
        }
    }

    /// A job about them that is yet to be started.
    pub(crate) async fn stage(
        &self,
        edge: &Edge,
        cx: &Cx,
        organisation: OrganisationId,
        action: BulkAction,
    ) -> Result<Bulk, Problem> {
        let open = OpenBulk {
            organisation,
            action,
        };
        let mut bulk = edge.bus.call(&open, cx).await?;
        let bulk_id = bulk.id;
        let add = |membership_ids| AddToBulk {
            organisation,
            bulk_id,
            membership_ids,
        };
        match self {
            Self::Filter(filter) => {
                let mut pages = Pages::of(organisation, filter);
                while let Some(ids) = pages.next(edge, cx).await? {
                    bulk = edge.bus.call(&add(ids), cx).await?;
                }
            }
            Self::Ids(ids) => {
                let ids: BTreeSet<_> = ids.iter().copied().collect();
                let ids: Vec<_> = ids.into_iter().collect();
                for piece in ids.chunks(BULK_PIECE) {
                    bulk = edge.bus.call(&add(piece.to_vec()), cx).await?;
                }
            }
        }
        Ok(bulk)
    }
}

/// The ids that a filter finds, page by page.
struct Pages(Option<ListUserIds>);

impl Pages {
    fn of(organisation: OrganisationId, filter: &UserFilter) -> Self {
        Self(Some(ListUserIds {
            organisation,
            filter: filter.clone(),
            after: None,
        }))
    }

    async fn next(&mut self, edge: &Edge, cx: &Cx) -> Result<Option<Vec<MembershipId>>, Problem> {
        let Some(list) = self.0.take() else {
            return Ok(None);
        };
        let found = edge.bus.call(&list, cx).await?;
        self.0 = found.next.map(|after| ListUserIds {
            after: Some(after),
            ..list
        });
        Ok(Some(found.ids))
    }
}
