//! Manage Users.

use actix_web::{HttpRequest, web};
use askama::Template;
use contract::{
    Cursor, Kind, PageRequest, Problem,
    ids::LinkId,
    links::{Link, ListLinks},
    plans::Plan,
    seats::Status,
    text::Tag,
    users::{GetUser, ListUsers, User, UserFilter, UserSort},
};
use futures_util::try_join;
use serde::Deserialize;

use super::plans_of;
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
    cfg.route("", web::get().to(list))
        .route("/users/{user}", web::get().to(one));
}

/// The filters as they stand in the address; what means nothing filters nothing.
#[derive(Clone, Debug, Default, Deserialize)]
struct Filter {
    #[serde(default)]
    q: String,
    #[serde(default)]
    status: String,
    #[serde(default)]
    tag: String,
    #[serde(default)]
    link: String,
    #[serde(default)]
    cursor: Option<String>,
}

impl Filter {
    fn is_active(&self) -> bool {
        [&self.q, &self.status, &self.tag, &self.link]
            .iter()
            .any(|text| !text.is_empty())
    }

    fn is_link(&self, link: &LinkId) -> bool {
        self.link == link.to_string()
    }

    #[expect(
        clippy::unused_self,
        reason = "templates call methods of what they have"
    )]
    fn statuses(&self) -> [(&'static str, &'static str); 4] {
        [
            Status::Assigned,
            Status::Held,
            Status::Waiting,
            Status::Revoked,
        ]
        .map(|status| (status.name(), words::status(&status)))
    }
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
        filter: UserFilter {
            status: Status::parse(&filter.status),
            tags: Tag::parse(&filter.tag).into_iter().collect(),
            q: Some(filter.q.trim().to_owned()).filter(|q| !q.is_empty()),
            link: filter.link.parse().ok(),
            ..UserFilter::default()
        },
        sort: UserSort::default(),
        page: PageRequest {
            cursor: filter.cursor.clone().map(Cursor),
            limit: None,
        },
    };
    let page = PageRequest {
        cursor: None,
        limit: Some(PageRequest::MOST),
    };
    let links = ListLinks { organisation, page };
    let (users, plans, links) = try_join!(
        edge.bus.call(&list, &office.cx),
        plans_of(&edge, &office),
        edge.bus.call(&links, &office.cx),
    )?;
    let next = next_page(&request, users.next_cursor);
    let (users, links, frame) = (users.items, links.items, Frame::of(&edge));
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

#[derive(Template)]
#[template(path = "admin/user.html")]
struct Person {
    frame: Frame,
    office: Office,
    user: User,
}

async fn one(
    edge: web::Data<Edge>,
    administrator: Administrator,
    path: web::Path<(String, String)>,
) -> Answer {
    let (organisation, user) = path.into_inner();
    let office = Office::of(&administrator, &organisation, "users")?;
    let membership_id = user.parse().map_err(|_| Problem::new(Kind::NotFound))?;
    let get = GetUser {
        organisation: office.organisation,
        membership_id,
    };
    let user = edge.bus.call(&get, &office.cx).await?;
    show(&Person {
        frame: Frame::of(&edge),
        office,
        user,
    })
}
