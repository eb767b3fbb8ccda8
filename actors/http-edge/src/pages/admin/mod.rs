//! The Subscription Manager.

mod administrators;
mod audit;
mod bulk;
mod filter;
mod invite;
mod invites;
mod link_form;
mod links;
mod plan;
mod plans;
mod settings;
mod suppressions;
mod tokens;
mod user;
mod users;
mod who;

use actix_web::web;
use contract::{
    Fields, Kind, PageRequest, Problem, Role,
    links::{Link, ListLinks},
    plans::{ListPlans, Plan},
};

use super::frame::Office;
use crate::edge::Edge;

pub(super) fn configure(cfg: &mut web::ServiceConfig, paste_most: usize) {
    cfg.service(
        web::scope("/admin/{organisation}")
            .configure(users::configure)
            .configure(bulk::configure)
            .configure(user::configure)
            .configure(links::configure)
            .configure(|cfg| invites::configure(cfg, paste_most))
            .configure(invite::configure)
            .configure(suppressions::configure)
            .configure(plans::configure)
            .configure(administrators::configure)
            .configure(tokens::configure)
            .configure(settings::configure)
            .configure(audit::configure),
    );
}

/// The plans of an organisation, as far as one page goes.
async fn plans_of(edge: &Edge, office: &Office) -> Result<Vec<Plan>, Problem> {
    let page = PageRequest {
        cursor: None,
        limit: Some(PageRequest::MOST),
    };
    let list = ListPlans {
        organisation: office.organisation,
        page,
    };
    Ok(edge.bus.call(&list, &office.cx).await?.items)
}

/// The links to filter by, as far as one page goes; none while the registry does not show them, which
/// is no reason to show nobody.
async fn links_to_filter(edge: &Edge, office: &Office) -> Result<Vec<Link>, Problem> {
    let page = PageRequest {
        cursor: None,
        limit: Some(PageRequest::MOST),
    };
    let list = ListLinks {
        organisation: office.organisation,
        page,
    };
    match edge.bus.call(&list, &office.cx).await {
        Err(problem) if matches!(problem.kind, Kind::Unavailable | Kind::InDoubt) => Ok(Vec::new()),
        links => Ok(links?.items),
    }
}

/// A role as it is chosen in a form.
fn role(fields: &mut Fields, text: &str) -> Option<Role> {
    let role = Role::parse(text);
    if role.is_none() {
        fields.refuse("role", "unknown", "must be one of the three");
    }
    role
}
