//! The audit trail.

use actix_web::{HttpRequest, web};
use askama::Template;
use contract::{
    Cursor, PageRequest,
    audit::{AuditEntry, ListAudit},
    ids::{BatchId, BulkId, InviteId, LinkId, PlanId, Ulid},
};
use serde::Deserialize;
use serde_json::Value;

use super::who::{Named, Who};
use crate::{
    edge::Edge,
    pages::{
        Answer,
        frame::{Frame, Office},
        next_page, show, words,
    },
    session::Administrator,
};

pub(super) fn configure(cfg: &mut web::ServiceConfig) {
    cfg.service(web::resource("/audit").route(web::get().to(list)));
}

#[derive(Template)]
#[template(path = "admin/audit.html")]
struct Audit {
    frame: Frame,
    office: Office,
    entries: Vec<AuditEntry>,
    who: Who,
    next: Option<String>,
}

impl Audit {
    fn by(&self, entry: &AuditEntry) -> Named {
        let somebody = somebody(entry);
        let own = entry.target.parse().ok();
        let own = own.filter(|_| somebody == THE_PERSON);
        self.who.actor(&entry.actor, own, somebody)
    }

    /// What it happened to, in words where they say more than its id.
    fn on(&self, entry: &AuditEntry) -> Named {
        let id = &entry.target;
        let person = id.parse().ok().and_then(|id| self.who.person(id));
        let invite = || id.parse().ok().and_then(|id| self.who.invite(id));
        let known = person.or_else(invite);
        known.unwrap_or_else(|| {
            let name = entry.change.get("name").and_then(Value::as_str);
            let words = self.who.known(id);
            let words = words.or_else(|| Some(name.or(kind(id))?.to_owned()));
            Named {
                page: page(id),
                ..Named::of_id(words.unwrap_or_else(|| id.clone()))
            }
        })
    }

    #[expect(
        clippy::unused_self,
        reason = "templates call methods of what they have"
    )]
    fn has_change(&self, entry: &AuditEntry) -> bool {
        entry
            .change
            .as_object()
            .is_some_and(|fields| !fields.is_empty())
    }
}

/// What has this id, where it has a page of its own, and where that is in the office. People have one
/// while they are known. A name that begins like an id is none.
fn part(id: &str) -> Option<(&'static str, &'static str)> {
    let (prefix, ulid) = id.split_once('_')?;
    Ulid::from_string(ulid).ok()?;
    let part = match prefix {
        LinkId::PREFIX => ("access link", "links"),
        PlanId::PREFIX => ("plan", "plans"),
        BatchId::PREFIX => ("list of invites", "invites"),
        InviteId::PREFIX => ("invite", "invite"),
        BulkId::PREFIX => ("several people", "users/bulk"),
        _ => return None,
    };
    Some(part)
}

fn kind(id: &str) -> Option<&'static str> {
    part(id).map(|(kind, _)| kind)
}

fn page(id: &str) -> Option<String> {
    part(id).map(|(_, part)| format!("/{part}/{id}"))
}

/// What changed, in words: `name: Old → New`, `seats: 25`; what has a page of its own leads there.
pub(super) fn changes(change: &Value) -> Vec<Named> {
    let fields = change.as_object().into_iter().flatten();
    let named = fields.map(|(field, value)| {
        let field = field.strip_suffix("_id").unwrap_or(field).replace('_', " ");
        if let Some(page) = value.as_str().and_then(page) {
            return Named {
                page: Some(page),
                ..Named::of_id(field)
            };
        }
        Named::of_id(match (value.get("from"), value.get("to")) {
            (Some(from), Some(to)) if from != to => {
                format!("{field}: {} → {}", said(from), said(to))
            }
            (Some(value), Some(_)) => format!("{field}: {}", said(value)),
            // A part that is named like the whole: what was done to many, with which tags.
            _ if value.get(&field).is_some() => said(value),
            _ => format!("{field}: {}", said(value)),
        })
    });
    named.collect()
}

/// A value as people write it.
fn said(value: &Value) -> String {
    match value {
        Value::Null => "none".to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(parts) if parts.is_empty() => "none".to_owned(),
        Value::Array(parts) => parts.iter().map(said).collect::<Vec<_>>().join(", "),
        Value::Object(fields) => {
            let fields = fields.iter();
            let fields = fields.map(|(field, value)| format!("{field}: {}", said(value)));
            fields.collect::<Vec<_>>().join(", ")
        }
        other => other.to_string(),
    }
}

/// What somebody is called who acted for themself and is not known by name.
const THE_PERSON: &str = "the person";

/// What a visitor is called who acted for themself.
fn somebody(entry: &AuditEntry) -> &'static str {
    match entry.action.as_str() {
        "seat.admit" | "seat.settle" => THE_PERSON,
        action if action.starts_with("invite.") => "its receiver",
        _ if words::is_by_owner(entry) => THE_PERSON,
        _ => "a visitor",
    }
}

#[derive(Debug, Deserialize)]
struct Place {
    #[serde(default)]
    cursor: Option<String>,
}

async fn list(
    edge: web::Data<Edge>,
    administrator: Administrator,
    path: web::Path<String>,
    place: web::Query<Place>,
    request: HttpRequest,
) -> Answer {
    let office = Office::of(&administrator, &path, "audit")?;
    let page = PageRequest {
        cursor: place.into_inner().cursor.map(Cursor),
        limit: None,
    };
    let list = ListAudit {
        organisation: office.organisation,
        page,
    };
    let entries = edge.bus.call(&list, &office.cx).await?;
    let next = next_page(&request, entries.next_cursor);
    let named = entries.items.iter();
    let named = named.flat_map(|entry| [entry.actor.as_str(), entry.target.as_str()]);
    let who = Who::of(&edge, &office, named).await?;
    show(&Audit {
        frame: Frame::of(&edge),
        office,
        entries: entries.items,
        who,
        next,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn changes_are_said_in_words() {
        for (told, words) in [
            (json!({}), &[][..]),
            (
                json!({ "expires_at": null, "name": "Nightly" }),
                &["expires at: none", "name: Nightly"],
            ),
            (
                json!({ "name": { "from": "Old", "to": "New" } }),
                &["name: Old → New"],
            ),
            (
                json!({ "status": { "from": "held", "to": "held" } }),
                &["status: held"],
            ),
            (
                json!({ "add": ["law", "2026"], "remove": [] }),
                &["add: law, 2026", "remove: none"],
            ),
            (
                json!({ "action": { "action": "reassign" }, "people": 3 }),
                &["action: reassign", "people: 3"],
            ),
            (
                json!({ "action": { "action": "retag", "add": ["law"], "remove": [] } }),
                &["action: retag, add: law, remove: none"],
            ),
            (json!({ "policies": { "days": 7 } }), &["policies: days: 7"]),
        ] {
            let said: Vec<_> = changes(&told).into_iter().map(|part| part.words).collect();
            assert_eq!(said, words);
        }
    }

    #[test]
    fn what_has_a_page_is_led_to() {
        let told = changes(&json!({
            "link": "lnk_01JZZZZZZZZZZZZZZZZZZZZZZZ",
            "plan_id": "pln_01JZZZZZZZZZZZZZZZZZZZZZZZ",
            "name": "pln_of/law",
        }));
        let told: Vec<_> = told
            .iter()
            .map(|part| (part.words.as_str(), part.page.as_deref()))
            .collect();
        assert_eq!(
            told,
            [
                ("link", Some("/links/lnk_01JZZZZZZZZZZZZZZZZZZZZZZZ")),
                ("name: pln_of/law", None),
                ("plan", Some("/plans/pln_01JZZZZZZZZZZZZZZZZZZZZZZZ")),
            ]
        );
    }
}
