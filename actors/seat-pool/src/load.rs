//! What a batch of admissions needs to know, in two statements.

use std::collections::{BTreeSet, HashMap};

use contract::{
    DomainName, EmailAddress, Timestamp,
    ids::{AccountId, LinkId, MembershipId, OrganisationId, PlanId},
    organisations::Policies,
    seats::{Admit, Door, Status},
    text::Tag,
};
use serde::Serialize;
use store::{Row, StoreError, Tx};

use crate::sql;

/// A link as it stands in this transaction.
#[derive(Clone, Debug)]
pub(crate) struct LinkState {
    pub(crate) organisation: OrganisationId,
    pub(crate) plan: PlanId,
    pub(crate) tags: Vec<Tag>,
    pub(crate) allowed_domains: Vec<DomainName>,
    pub(crate) max_uses: Option<i64>,
    pub(crate) uses: i64,
    pub(crate) expires_at: Option<Timestamp>,
    pub(crate) disabled_at: Option<Timestamp>,
    pub(crate) archived_at: Option<Timestamp>,
    pub(crate) policies: Policies,
}

impl LinkState {
    pub(crate) fn is_used_up(&self) -> bool {
        self.max_uses.is_some_and(|most| self.uses >= most)
    }
}

/// Somebody who asks.
#[derive(Clone, Debug)]
pub(crate) struct PersonState {
    pub(crate) domain: Option<DomainName>,
    pub(crate) proved_at: Option<Timestamp>,
    pub(crate) membership: Option<MembershipState>,
}

/// Where somebody stands already.
#[derive(Clone, Debug)]
pub(crate) struct MembershipState {
    pub(crate) id: MembershipId,
    pub(crate) plan: PlanId,
    pub(crate) status: Status,
    pub(crate) proof_due_at: Option<Timestamp>,
}

pub(crate) type People = HashMap<(OrganisationId, AccountId), PersonState>;
pub(crate) type Links = HashMap<LinkId, LinkState>;

#[derive(Serialize)]
struct LinkKey {
    id: LinkId,
}

#[derive(Serialize)]
struct PersonKey {
    organisation: OrganisationId,
    account: AccountId,
}

/// The links that these ask through.
pub(crate) async fn links(
    tx: &mut Tx,
    ids: impl IntoIterator<Item = LinkId>,
) -> Result<Links, StoreError> {
    let distinct: BTreeSet<_> = ids.into_iter().collect();
    let keys: Vec<_> = distinct.into_iter().map(|id| LinkKey { id }).collect();
    let rows = sql::LOAD_LINKS.bind_rows(&keys).fetch_all(tx).await?;
    rows.iter()
        .map(|row| Ok((row.get("id")?, link_state(row)?)))
        .collect()
}

fn link_state(row: &Row) -> Result<LinkState, StoreError> {
    Ok(LinkState {
        organisation: row.get("organisation_id")?,
        plan: row.get("plan_id")?,
        tags: row.json("tags")?,
        allowed_domains: row.json("allowed_domains")?,
        max_uses: row.get("max_uses")?,
        uses: row.get("uses")?,
        expires_at: row.get("expires_at")?,
        disabled_at: row.get("disabled_at")?,
        archived_at: row.get("archived_at")?,
        policies: row.json("policies")?,
    })
}

/// The people who ask, with what they have already.
pub(crate) async fn people<'a>(
    tx: &mut Tx,
    asked: impl IntoIterator<Item = &'a Admit>,
) -> Result<People, StoreError> {
    let distinct: BTreeSet<_> = asked
        .into_iter()
        .map(|admit| (admit.organisation, admit.account_id))
        .collect();
    let keys: Vec<_> = distinct
        .into_iter()
        .map(|(organisation, account)| PersonKey {
            organisation,
            account,
        })
        .collect();
    let rows = sql::LOAD_PEOPLE.bind_rows(&keys).fetch_all(tx).await?;
    let mut people = People::with_capacity(rows.len());
    for row in &rows {
        let membership = match row.get::<Option<MembershipId>>("membership_id")? {
            None => None,
            Some(id) => Some(MembershipState {
                id,
                plan: row.get("plan_id")?,
                status: status(row)?,
                proof_due_at: row.get("proof_due_at")?,
            }),
        };
        let domain = EmailAddress::parse(&row.get::<String>("email_key")?).ok();
        let person = PersonState {
            domain: domain.map(|email| email.domain()),
            proved_at: row.get("proved_at")?,
            membership,
        };
        people.insert(
            (row.get("organisation_id")?, row.get("account_id")?),
            person,
        );
    }
    Ok(people)
}

/// The status of a row.
pub(crate) fn status(row: &Row) -> Result<Status, StoreError> {
    let name: String = row.get("status")?;
    Status::parse(&name).ok_or_else(|| row.bad("status", "is not a status"))
}

/// The link of a door.
pub(crate) const fn link_of(door: Door) -> LinkId {
    match door {
        Door::Link { link_id } => link_id,
    }
}
