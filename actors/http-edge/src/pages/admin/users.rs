//! Manage Users.

use actix_web::{HttpRequest, web};
use askama::Template;
use contract::{
    Cursor, PageRequest,
    links::Link,
    plans::Plan,
    users::{ListUsers, User},
};
use futures_util::try_join;

use super::{filter::Filter, links_to_filter, plans_of};
use crate::{
    csv,
    edge::Edge,
    pages::{
        Answer,
        frame::{Frame, Office},
        next_page, show,
    },
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
    users: Vec<User>,
    next: Option<String>,
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
    let list = ListUsers {
        organisation,
        filter: filter.meant(),
        sort: filter.order(),
        page: PageRequest {
            cursor: filter.cursor.clone().map(Cursor),
            limit: None,
        },
    };
    let (users, plans, links) = try_join!(
        edge.bus.call(&list, &office.cx),
        plans_of(&edge, &office),
        links_to_filter(&edge, &office),
    )?;
    let next = next_page(&request, users.next_cursor);
    let (users, frame) = (users.items, Frame::of(&edge));
    show(&UsersPage {
        frame,
        office,
        plans,
        links,
        filter,
        users,
        next,
    })
}

async fn export(
    edge: web::Data<Edge>,
    administrator: Administrator,
    path: web::Path<String>,
    filter: web::Query<Filter>,
) -> Answer {
    let office = Office::of(&administrator, &path, "users")?;
    let list = ListUsers {
        organisation: office.organisation,
        filter: filter.strict()?,
        sort: filter.order(),
        page: PageRequest::default(),
    };
    Ok(csv::export(edge, office.cx, list).await?)
}
