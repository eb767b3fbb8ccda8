//! The audit trail.

use actix_web::{HttpRequest, web};
use askama::Template;
use contract::{
    Cursor, PageRequest,
    audit::{AuditEntry, ListAudit},
};
use serde::Deserialize;

use crate::{
    edge::Edge,
    pages::{
        Answer,
        frame::{Frame, Office},
        next_page, show,
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
    next: Option<String>,
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
    show(&Audit {
        frame: Frame::of(&edge),
        office,
        entries: entries.items,
        next,
    })
}
