//! A plan's page: its seats, who waits, and what happened, also as it stood at an instant; and its change.

use actix_web::{http::StatusCode, web};
use askama::Template;
use contract::{
    Cursor, Fields, PageRequest, Problem,
    ids::{OrganisationId, PlanId},
    ledger::{GetLedger, Ledger, LedgerEntry},
    plans::{GetPlan, Plan, UpdatePlan},
    text::Name,
    users::{ListWaiting, Waiting},
};
use futures_util::try_join;
use serde::Deserialize;

use super::{
    plans::seats,
    who::{Named, Who},
};
use crate::{
    edge::Edge,
    pages::{
        Answer,
        fields::{Errors, local_instant},
        frame::{Frame, Office},
        render, see, words,
    },
    problem::{self, Refused},
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
    /// Whether a change was just made.
    #[serde(default)]
    done: Option<String>,
}

/// What changes about a plan, as it is typed; what a form does not ask for stays as it is.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct Typed {
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    seats: Option<String>,
    #[serde(default)]
    ends_at: Option<String>,
    /// What the fields were shown with first: what nobody touched is no change, whatever became of it
    /// meanwhile.
    #[serde(default)]
    was_name: Option<String>,
    #[serde(default)]
    was_seats: Option<String>,
    #[serde(default)]
    was_ends_at: Option<String>,
}

/// What was typed, unless it stood there already.
fn anew<'a>(typed: Option<&'a String>, was: Option<&String>) -> Option<&'a str> {
    typed.filter(|_| typed != was).map(String::as_str)
}

impl Typed {
    /// The message that changes a plan into what was typed.
    fn update(&self, organisation: OrganisationId, plan_id: PlanId) -> Result<UpdatePlan, Problem> {
        let mut fields = Fields::default();
        let name = anew(self.name.as_ref(), self.was_name.as_ref());
        let name = name.map(|name| fields.take("name", Name::parse(name)));
        let seats = anew(self.seats.as_ref(), self.was_seats.as_ref());
        let seats = seats.map(|typed| self::seats(&mut fields, typed));
        let ends_at = anew(self.ends_at.as_ref(), self.was_ends_at.as_ref());
        let ends_at = ends_at.map(|typed| local_instant(&mut fields, "ends_at", typed));
        fields.finish(|| {
            Some(UpdatePlan {
                organisation,
                plan_id,
                name: name.flatten(),
                seats: seats.flatten(),
                ends_at: ends_at.flatten(),
            })
        })
    }
}

#[derive(Template)]
#[template(path = "admin/plan.html")]
struct PlanPage {
    frame: Frame,
    office: Office,
    plan: Plan,
    typed: Typed,
    said: Option<&'static str>,
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
    /// What stands in the fields of the change: what was typed, or what is.
    fn name(&self) -> String {
        self.name_or(self.typed.name.as_ref())
    }

    fn seats(&self) -> String {
        self.seats_or(self.typed.seats.as_ref())
    }

    fn ends_at(&self) -> String {
        self.ends_at_or(self.typed.ends_at.as_ref())
    }

    /// What they were shown with first.
    fn was_name(&self) -> String {
        self.name_or(self.typed.was_name.as_ref())
    }

    fn was_seats(&self) -> String {
        self.seats_or(self.typed.was_seats.as_ref())
    }

    fn was_ends_at(&self) -> String {
        self.ends_at_or(self.typed.was_ends_at.as_ref())
    }

    fn name_or(&self, typed: Option<&String>) -> String {
        typed.map_or_else(|| self.plan.name.to_string(), String::clone)
    }

    fn seats_or(&self, typed: Option<&String>) -> String {
        typed.map_or_else(|| self.plan.seats.purchased.to_string(), String::clone)
    }

    fn ends_at_or(&self, typed: Option<&String>) -> String {
        typed.map_or_else(|| words::local_input(self.plan.ends_at), String::clone)
    }

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
    let asked = asked.into_inner();
    let unchanged = (StatusCode::OK, Typed::default(), None);
    page_of(&edge, office, plan_id, asked, unchanged).await
}

/// Changes what was typed; answers the page that the form stands on, or the plan's with what is wrong.
pub(super) async fn update(
    edge: web::Data<Edge>,
    administrator: Administrator,
    path: web::Path<(String, String)>,
    typed: web::Form<Typed>,
) -> Answer {
    let (organisation, plan) = path.into_inner();
    let office = Office::of(&administrator, &organisation, "plans")?;
    let plan_id = plan.parse().map_err(|_| Refused::not_found())?;
    let organisation = office.organisation;
    let typed = typed.into_inner();
    let updated = match typed.update(organisation, plan_id) {
        Ok(update) => edge.bus.call(&update, &office.cx).await,
        Err(problem) => Err(problem),
    };
    let Err(problem) = updated else {
        let is_of_list = typed.name.is_none();
        let page = if is_of_list {
            office.path("/plans?done=yes")
        } else {
            office.path(format_args!("/plans/{plan_id}?done=yes"))
        };
        return Ok(see(&page));
    };
    let status = problem::status(&problem);
    let errors = Errors::beside_fields(problem)?;
    let refused = (status, typed, Some(errors));
    page_of(&edge, office, plan_id, Asked::default(), refused).await
}

async fn page_of(
    edge: &Edge,
    office: Office,
    plan_id: PlanId,
    asked: Asked,
    (status, typed, refused): (StatusCode, Typed, Option<Errors>),
) -> Answer {
    let organisation = office.organisation;
    let mut fields = Fields::default();
    let at = local_instant(&mut fields, "at", &asked.at);
    let (at, errors) = match fields.finish(|| at) {
        Ok(at) => (at, refused.unwrap_or_default()),
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
    let who = Who::of(edge, &office, named).await?;
    let page = PlanPage {
        frame: Frame::of(edge),
        office,
        plan,
        typed,
        said: asked.done.map(|_| "Saved."),
        next_waiting: next(&asked.at, "waiting", waiting.next_cursor),
        next_ledger: next(&asked.at, "ledger", ledger.entries.next_cursor.clone()),
        at: asked.at,
        errors,
        waiting: waiting.items,
        ledger,
        who,
    };
    render(status, &page)
}
