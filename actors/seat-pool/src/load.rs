//! What a batch of admissions needs to know: a statement each for links, people and invites.

use std::collections::{BTreeSet, HashMap};

use contract::{
    DomainName, EmailAddress, Timestamp,
    ids::{AccountId, InviteId, LinkId, MembershipId, OrganisationId, PlanId},
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
    pub(crate) email_key: String,
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

/// An invite as it stands in this transaction.
#[derive(Clone, Debug)]
pub(crate) struct InviteState {
    pub(crate) organisation: OrganisationId,
    pub(crate) link: LinkId,
    pub(crate) email_key: String,
    pub(crate) is_sent: bool,
    pub(crate) expires_at: Option<Timestamp>,
    pub(crate) cancelled_at: Option<Timestamp>,
    /// Who accepted it.
    pub(crate) used_by: Option<AccountId>,
}

pub(crate) type Invites = HashMap<InviteId, InviteState>;
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
        let email_key: String = row.get("email_key")?;
        let domain = EmailAddress::parse(&email_key).ok();
        let person = PersonState {
            email_key,
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

#[derive(Serialize)]
struct InviteKey {
    id: InviteId,
}

/// The invites that these ask with.
pub(crate) async fn invites<'a>(
    tx: &mut Tx,
    asked: impl IntoIterator<Item = &'a Admit>,
) -> Result<Invites, StoreError> {
    let distinct: BTreeSet<_> = asked
        .into_iter()
        .filter_map(|admit| match admit.door {
            Door::Invite { invite_id } => Some(invite_id),
            Door::Link { .. } => None,
        })
        .collect();
    if distinct.is_empty() {
        return Ok(Invites::new());
    }
    let keys: Vec<_> = distinct.into_iter().map(|id| InviteKey { id }).collect();
    let rows = sql::LOAD_INVITES.bind_rows(&keys).fetch_all(tx).await?;
    rows.iter()
        .map(|row| Ok((row.get("id")?, invite_state(row)?)))
        .collect()
}

fn invite_state(row: &Row) -> Result<InviteState, StoreError> {
    Ok(InviteState {
        organisation: row.get("organisation_id")?,
        link: row.get("link_id")?,
        email_key: row.get("email_key")?,
        is_sent: row.get::<i64>("is_sent")? > 0,
        expires_at: row.get("expires_at")?,
        cancelled_at: row.get("cancelled_at")?,
        used_by: row.get("used_by")?,
    })
}

/// The link of a door; none of an invite that is not there.
pub(crate) fn link_of(door: Door, invites: &Invites) -> Option<LinkId> {
    match door {
        Door::Link { link_id } => Some(link_id),
        Door::Invite { invite_id } => invites.get(&invite_id).map(|invite| invite.link),
    }
}
