//! A row of Manage Users, and the tags that belong to it.

use std::collections::HashMap;

use contract::{
    Problem,
    ids::MembershipId,
    seats::Status,
    text::Tag,
    users::{LinkName, User},
};
use serde::Serialize;
use store::{Reader, Row, StoreError};

use crate::sql;

#[derive(Serialize)]
struct Key {
    id: MembershipId,
}

/// The people of these rows, in their order, with their tags.
pub(crate) async fn people(db: &mut Reader, rows: &[Row]) -> Result<Vec<User>, Problem> {
    let mut people = rows.iter().map(person).collect::<Result<Vec<_>, _>>()?;
    let keys: Vec<_> = people.iter().map(|user| Key { id: user.id }).collect();
    let mut tags = HashMap::<MembershipId, Vec<Tag>>::new();
    if !keys.is_empty() {
        for row in sql::LIST_TAGS.bind_rows(&keys).fetch_all(db).await? {
            tags.entry(row.get("membership_id")?)
                .or_default()
                .push(row.get("tag")?);
        }
    }
    for user in &mut people {
        user.tags = tags.remove(&user.id).unwrap_or_default();
        user.tags.sort();
    }
    Ok(people)
}

fn person(row: &Row) -> Result<User, StoreError> {
    let status: String = row.get("status")?;
    let link = match row.get("link_id")? {
        Some(id) => Some(LinkName {
            id,
            name: row.get("link_name")?,
        }),
        None => None,
    };
    Ok(User {
        id: row.get("id")?,
        first_name: row.get("first_name")?,
        last_name: row.get("last_name")?,
        email: row.get("email")?,
        status: Status::parse(&status).ok_or_else(|| row.bad("status", "is not a status"))?,
        redeemed_at: row.get("redeemed_at")?,
        last_active_at: row.get("last_active_at")?,
        proof_due_at: row.get("proof_due_at")?,
        tags: Vec::new(),
        door: row.get("door")?,
        link,
        plan_id: row.get("plan_id")?,
        plan_name: row.get("plan_name")?,
        domains_needed: Vec::new(),
    })
}
