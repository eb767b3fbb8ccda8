//! The Subscription Manager.

mod administrators;
mod audit;
mod bulk;
mod filter;
mod invites;
mod link_form;
mod links;
mod plan;
mod plans;
mod settings;
mod tokens;
mod user;
mod users;

use actix_web::web;
use contract::{
    Fields, PageRequest, Problem, Role,
    plans::{ListPlans, Plan},
};

use super::frame::Office;
use crate::edge::Edge;

pub(super) fn configure(cfg: &mut web::ServiceConfig) {
    cfg.service(
        web::scope("/admin/{organisation}")
            .configure(users::configure)
            .configure(bulk::configure)
            .configure(user::configure)
            .configure(links::configure)
            .configure(invites::configure)
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

/// A role as it is chosen in a form.
fn role(fields: &mut Fields, text: &str) -> Option<Role> {
    let role = Role::parse(text);
    if role.is_none() {
        fields.refuse("role", "unknown", "must be one of the three");
    }
    role
}
