//! The Subscription Manager.

mod audit;
mod link_form;
mod links;
mod plans;
mod users;

use actix_web::web;
use contract::{
    PageRequest, Problem,
    plans::{ListPlans, Plan},
};

use super::frame::Office;
use crate::edge::Edge;

pub(super) fn configure(cfg: &mut web::ServiceConfig) {
    cfg.service(
        web::scope("/admin/{organisation}")
            .configure(users::configure)
            .configure(links::configure)
            .configure(plans::configure)
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
