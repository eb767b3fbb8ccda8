//! Manage Users.

use actix_web::{HttpRequest, http::StatusCode, web};
use askama::Template;
use contract::{
    Page,
    invited::{CountPending, PendingCount},
    links::Link,
    plans::Plan,
};
use futures_util::try_join;

use super::{filter::Filter, links_to_filter, plans_of};
use crate::{
    csv,
    edge::Edge,
    pages::{
        Answer,
        fields::Errors,
        frame::{Frame, Office},
        next_page, render,
    },
    problem,
    rows::{Row, Standing},
    session::Administrator,
};

pub(super) fn configure(cfg: &mut web::ServiceConfig) {
    cfg.service(web::resource("").route(web::get().to(list)))
        .service(web::resource("/users.csv").route(web::get().to(export)));
}

#[derive(Template)]
#[template(path = "admin/users.html")]
struct UsersPage {
    frame: Frame,
    office: Office,
    plans: Vec<Plan>,
    links: Vec<Link>,
    filter: Filter,
    /// What of the filter means nothing: then there are no rows.
    errors: Errors,
    rows: Vec<Row>,
    pending: PendingCount,
    next: Option<String>,
}

impl UsersPage {
    /// What stands behind a status of the filter: of invites, how many there are.
    fn counted(&self, status: &str) -> String {
        let pending = self.pending();
        if status != Standing::INVITE_PENDING || pending.is_empty() {
            return String::new();
        }
        format!(" ({pending})")
    }

    /// How many are invited and have not answered; empty when nobody is.
    fn pending(&self) -> String {
        match self.pending {
            PendingCount { count: 0, .. } => String::new(),
            PendingCount { count, is_more } => format!("{count}{}", if is_more { "+" } else { "" }),
        }
    }
}

async fn list(
    edge: web::Data<Edge>,
    administrator: Administrator,
    path: web::Path<String>,
    filter: web::Query<Filter>,
    request: HttpRequest,
) -> Answer {
    let office = Office::of(&administrator, &path, "users")?;
    let filter = filter.into_inner();
    let organisation = office.organisation;
    let (status, question, errors) = match filter.question(organisation) {
        Ok(question) => (StatusCode::OK, Some(question), Errors::default()),
        Err(problem) => (
            problem::status(&problem),
            None,
            Errors::beside_fields(problem)?,
        ),
    };
    let found = async {
        match &question {
            Some(question) => question.ask(&edge, &office.cx).await,
            None => Ok(Page {
                items: Vec::new(),
                next_cursor: None,
            }),
        }
    };
    let count = CountPending { organisation };
    let (rows, plans, links, pending) = try_join!(
        found,
        plans_of(&edge, &office),
        links_to_filter(&edge, &office),
        edge.bus.call(&count, &office.cx),
    )?;
    let next = next_page(&request, rows.next_cursor);
    let (rows, frame) = (rows.items, Frame::of(&edge));
    let page = UsersPage {
        frame,
        office,
        plans,
        links,
        filter,
        errors,
        rows,
        pending,
        next,
    };
    render(status, &page)
}

async fn export(
    edge: web::Data<Edge>,
    administrator: Administrator,
    path: web::Path<String>,
    filter: web::Query<Filter>,
) -> Answer {
    let office = Office::of(&administrator, &path, "users")?;
    let question = filter.question(office.organisation)?;
    Ok(csv::export(edge, office.cx, question, csv::Reader::Spreadsheet).await?)
}
