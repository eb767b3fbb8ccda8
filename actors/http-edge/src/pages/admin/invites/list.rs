//! The batches, and who is yet to answer.

use actix_web::{HttpRequest, web};
use askama::Template;
use contract::{
    Cursor, PageRequest,
    batches::{Batch, ListBatches},
    invites::{Invite, InviteFilter, Life, ListInvites},
};
use futures_util::try_join;
use serde::Deserialize;

use crate::{
    edge::Edge,
    pages::{
        Answer,
        frame::{Frame, Office},
        next_page, next_page_by, show,
    },
    session::Administrator,
};

#[derive(Template)]
#[template(path = "admin/invites.html")]
struct Batches {
    frame: Frame,
    office: Office,
    rows: Vec<Batch>,
    /// Those that wait for an answer.
    pending: Vec<Invite>,
    next: Option<String>,
    next_pending: Option<String>,
}

/// What the address says besides the place.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Said {
    #[serde(default)]
    cursor: Option<String>,
    /// Where the page of those begins who wait for an answer.
    #[serde(default)]
    pending: Option<String>,
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
    let said = query.into_inner();
    let batches = ListBatches {
        organisation,
        page: page_at(said.cursor),
    };
    let pending = ListInvites {
        organisation,
        filter: InviteFilter {
            life: Some(Life::Pending),
            ..InviteFilter::default()
        },
        page: page_at(said.pending),
    };
    let (batches, pending) = try_join!(
        edge.bus.call(&batches, &office.cx),
        edge.bus.call(&pending, &office.cx),
    )?;
    let next_pending = next_page_by(&request, "pending", pending.next_cursor);
    show(&Batches {
        frame: Frame::of(&edge),
        office,
        rows: batches.items,
        pending: pending.items,
        next: next_page(&request, batches.next_cursor),
        next_pending: next_pending.map(|next| format!("{next}#pending")),
    })
}

fn page_at(cursor: Option<String>) -> PageRequest {
    PageRequest {
        cursor: cursor.map(Cursor),
        limit: None,
    }
}
