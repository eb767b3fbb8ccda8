//! The batches, and who is yet to answer.

use actix_web::{HttpRequest, web};
use askama::Template;
use contract::{
    Cursor, PageRequest,
    batches::{Batch, ListBatches},
    invites::{Invite, InviteFilter, Life, ListInvites},
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

#[derive(Template)]
#[template(path = "admin/invites.html")]
struct Batches {
    frame: Frame,
    office: Office,
    rows: Vec<Batch>,
    /// The first of those that wait for an answer.
    pending: Vec<Invite>,
    next: Option<String>,
}

/// What the address says besides the place.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Said {
    #[serde(default)]
    cursor: Option<String>,
}

pub(super) async fn list(
    edge: web::Data<Edge>,
    administrator: Administrator,
    path: web::Path<String>,
    query: web::Query<Said>,
    request: HttpRequest,
) -> Answer {
    let office = Office::of(&administrator, &path, "invites")?;
    let organisation = office.organisation;
    let page = PageRequest {
        cursor: query.into_inner().cursor.map(Cursor),
        limit: None,
    };
    let batches = ListBatches { organisation, page };
    let batches = edge.bus.call(&batches, &office.cx).await?;
    let next = next_page(&request, batches.next_cursor);
    let pending = ListInvites {
        organisation,
        filter: InviteFilter {
            life: Some(Life::Pending),
            ..InviteFilter::default()
        },
        page: PageRequest::default(),
    };
    let pending = edge.bus.call(&pending, &office.cx).await?.items;
    show(&Batches {
        frame: Frame::of(&edge),
        office,
        rows: batches.items,
        pending,
        next,
    })
}
