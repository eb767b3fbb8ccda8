//! What the audit trail tells of an account: in every organisation in which its person has a place.
//!
//! An account without a place has no trail: how somebody came in is told by the admission.

use contract::{
    Principal, Stamp,
    ids::{AccountId, MembershipId, OrganisationId},
};
use kernel::Cx;
use serde_json::Value;
use store::{StoreError, Tx};

use crate::{People, sql};

impl People {
    /// What a transaction notes of whoever has shown whose account it is.
    pub(crate) fn stamp_of(&self, account: AccountId, cx: &Cx) -> Stamp {
        cx.on_behalf_of(Principal::Person(account), None)
            .stamp(&*self.clock)
    }
}

/// Notes a change in the transaction that makes it, by whomever it is; on the person's places, so that
/// their story there tells it. `change` never holds a secret.
pub(crate) async fn note(
    tx: &mut Tx,
    by: &Stamp,
    account: AccountId,
    action: &'static str,
    change: &Value,
) -> Result<(), StoreError> {
    for row in sql::PLACES.bind(account).fetch_all(tx).await? {
        let organisation: OrganisationId = row.get("organisation_id")?;
        let place: MembershipId = row.get("id")?;
        tx.audit_as(by, organisation, action, place, change.clone());
    }
    Ok(())
}
