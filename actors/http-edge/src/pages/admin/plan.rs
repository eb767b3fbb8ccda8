//! A plan's page: its seats, who waits, and what happened, also as it stood at an instant.

use actix_web::web;
use askama::Template;
use contract::{
    Cursor, Fields, PageRequest, Problem,
    ledger::{GetLedger, Ledger, LedgerEntry},
    plans::{GetPlan, Plan},
    users::{ListWaiting, Waiting},
};
use futures_util::try_join;
use serde::Deserialize;

use super::who::{Named, Who};
use crate::{
    edge::Edge,
    pages::{
        Answer,
        fields::{Errors, local_instant},
        frame::{Frame, Office},
        show,
    },
    problem::Refused,
    session::Administrator,
};

/// Which instant, and where each of the two lists begins.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    at: String,
    #[serde(default)]
    waiting: Option<String>,
    #[serde(default)]
    ledger: Option<String>,
}

#[derive(Template)]
#[template(path = "admin/plan.html")]
struct PlanPage {
    frame: Frame,
    office: Office,
    plan: Plan,
    /// As it was asked for; empty: now.
    at: String,
    errors: Errors,
    ledger: Ledger,
    who: Who,
    waiting: Vec<Waiting>,
    /// The queries of the next pages.
    next_waiting: Option<String>,
    next_ledger: Option<String>,
}

impl PlanPage {
    fn by(&self, entry: &LedgerEntry) -> Named {
        let is_own = matches!(entry.change.as_str(), "assign" | "hold" | "wait" | "settle");
        let own = entry.membership_id.filter(|_| is_own);
        let somebody = if is_own { "the person" } else { "a visitor" };
        self.who.actor(&entry.actor, own, somebody)
    }

    /// Whose seat it was; the id of whoever is not here any more.
    fn on(&self, entry: &LedgerEntry) -> Option<Named> {
        let id = entry.membership_id?;
        Some(self.who.person(id).unwrap_or_else(|| Named::of_id(id)))
    }
}

fn next(at: &str, list: &str, cursor: Option<Cursor>) -> Option<String> {
    let Cursor(cursor) = cursor?;
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    if !at.is_empty() {
        query.append_pair("at", at);
    }
    query.append_pair(list, &cursor);
    Some(format!("?{}#{list}", query.finish()))
}

pub(super) async fn one(
    edge: web::Data<Edge>,
    administrator: Administrator,
    path: web::Path<(String, String)>,
    asked: web::Query<Asked>,
) -> Answer {
    let (organisation, plan) = path.into_inner();
    let office = Office::of(&administrator, &organisation, "plans")?;
    let plan_id = plan.parse().map_err(|_| Refused::not_found())?;
    let organisation = office.organisation;
    let asked = asked.into_inner();
    let mut fields = Fields::default();
    let at = local_instant(&mut fields, "at", &asked.at);
    let (at, errors) = match fields.finish(|| at) {
        Ok(at) => (at, Errors::default()),
        Err(problem) => (None, Errors::beside_fields(problem)?),
    };
    let page = |cursor: Option<String>| PageRequest {
        cursor: cursor.map(Cursor),
        limit: None,
    };
    let get = GetPlan {
        organisation,
        plan_id,
    };
    let waiting = ListWaiting {
        organisation,
        plan_id,
        page: page(asked.waiting),
    };
    let ledger = GetLedger {
        organisation,
        plan_id,
        at,
        page: page(asked.ledger),
    };
    let (plan, waiting, ledger) = try_join!(
        edge.bus.call(&get, &office.cx),
        edge.bus.call(&waiting, &office.cx),
        edge.bus.call(&ledger, &office.cx),
    )
    .map_err(|problem: Problem| Refused(problem))?;
    let entries = ledger.entries.items.iter();
    let people = entries.clone().filter_map(|entry| entry.membership_id);
    let people: Vec<_> = people.map(|id| id.to_string()).collect();
    let actors = entries.map(|entry| entry.actor.as_str());
    let named = actors.chain(people.iter().map(String::as_str));
    let who = Who::of(&edge, &office, named).await?;
    show(&PlanPage {
        frame: Frame::of(&edge),
        office,
        plan,
        next_waiting: next(&asked.at, "waiting", waiting.next_cursor),
        next_ledger: next(&asked.at, "ledger", ledger.entries.next_cursor.clone()),
        at: asked.at,
        errors,
        waiting: waiting.items,
        ledger,
        who,
    })
}
