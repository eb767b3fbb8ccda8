//! One batch: where it stands, its rows.

use actix_web::{HttpRequest, http::StatusCode, web};
use askama::Template;
use contract::{
    Cursor, PageRequest, Problem,
    batches::{Batch, BatchRow, GetBatch, ListBatchRows},
    ids::{BatchId, InviteId},
    invites::InviteState,
};
use futures_util::try_join;
use serde::Deserialize;

use super::{correct, id, live::Live, told};
use crate::{
    edge::Edge,
    invites::taken,
    pages::{
        Answer,
        admin::who::Who,
        frame::{Frame, Office},
        next_page, next_page_of, render,
    },
    session::Administrator,
};

/// Which rows are shown.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct Which {
    /// Where their mail stands, or `refused`.
    #[serde(default)]
    state: String,
    #[serde(default)]
    reason: String,
    #[serde(default)]
    cursor: Option<String>,
}

impl Which {
    fn is_everything(&self) -> bool {
        self.state.is_empty() && self.reason.is_empty()
    }

    /// What the rows are called. A state that there is not is no filter.
    fn words(&self) -> String {
        let of = match InviteState::parse(&self.state) {
            Some(state) => told::state(&state),
            None if self.state == "refused" => "Not taken",
            None => "Addresses",
        };
        if self.reason.is_empty() {
            return of.to_owned();
        }
        format!("{of}: {}", told::why(&self.reason))
    }
}

#[derive(Template)]
#[template(path = "admin/invites_batch.html")]
pub(super) struct OneBatch {
    frame: Frame,
    office: Office,
    batch: Batch,
    /// Who handed it in.
    by: String,
    /// The part that changes.
    live: String,
    which: Which,
    /// Whether something that was not taken is there to be corrected.
    is_correctable: bool,
    rows: Vec<BatchRow>,
    next: Option<String>,
    /// Why what was asked for did not happen.
    refused: Option<String>,
}

impl OneBatch {
    fn stands(&self) -> (&'static str, &'static str) {
        told::stands(&self.batch)
    }

    fn taken(&self) -> u64 {
        taken(&self.batch)
    }

    fn is_draft(&self) -> bool {
        self.batch.sent_at.is_none() && self.batch.cancelled_at.is_none()
    }

    /// The invite of a row that has a page: what was left out, or waits for its batch, has none.
    fn page_of(&self, row: &BatchRow) -> Option<InviteId> {
        let has_none = matches!(row.state, Some(InviteState::Draft | InviteState::Skipped));
        let id = row.invite_id.filter(|_| !has_none);
        id.filter(|_| self.batch.sent_at.is_some())
    }

    fn has_names(&self) -> bool {
        self.rows.iter().any(|row| row.name.is_some())
    }

    fn is_under_way(&self) -> bool {
        told::is_under_way(&self.batch)
    }

    fn why_paused(&self) -> &'static str {
        told::why_paused(&self.batch)
    }
}

/// The page of a batch, with what was refused, if something was.
pub(super) async fn page(
    edge: &Edge,
    office: Office,
    batch_id: BatchId,
    (which, request): (Which, &HttpRequest),
    refused: Option<&Problem>,
) -> Answer {
    let organisation = office.organisation;
    let get = GetBatch {
        organisation,
        batch_id,
    };
    let list = ListBatchRows {
        organisation,
        batch_id,
        state: InviteState::parse(&which.state),
        refused: which.state == "refused",
        reason: Some(which.reason.clone()).filter(|reason| !reason.is_empty()),
        page: PageRequest {
            cursor: which.cursor.clone().map(Cursor),
            limit: None,
        },
    };
    let (batch, rows) = try_join!(
        edge.bus.call(&get, &office.cx),
        edge.bus.call(&list, &office.cx),
    )?;
    let at = office.path(format_args!("/invites/{batch_id}"));
    let who = Who::of(edge, &office, [batch.created_by.as_str()]).await?;
    let live = Live {
        at: &at,
        batch: &batch,
    };
    let next = match refused {
        None => next_page(request, rows.next_cursor),
        // What was asked for is no page.
        Some(_) => next_page_of(&at, rows.next_cursor),
    };
    let page = OneBatch {
        is_correctable: office.may_manage()
            && correct::is_correctable(edge, &office, &batch).await?,
        live: live.html()?,
        by: who.says(&batch.created_by, "a visitor"),
        frame: Frame::of(edge),
        office,
        batch,
        which,
        rows: rows.items,
        next,
        refused: refused.map(why_not),
    };
    let status = refused.map_or(StatusCode::OK, crate::problem::status);
    render(status, &page)
}

/// Why something did not happen, in the words of whoever refused it.
fn why_not(problem: &Problem) -> String {
    let mut errors = problem.errors.iter();
    let error = errors.next().map(|error| error.detail.clone());
    let detail = error.or_else(|| problem.detail.clone());
    detail.unwrap_or_else(|| problem.title.clone())
}

pub(super) async fn one(
    edge: web::Data<Edge>,
    administrator: Administrator,
    path: web::Path<(String, String)>,
    which: web::Query<Which>,
    request: HttpRequest,
) -> Answer {
    let (organisation, batch) = path.into_inner();
    let office = Office::of(&administrator, &organisation, "invites")?;
    let batch_id = id(&batch)?;
    page(
        &edge,
        office,
        batch_id,
        (which.into_inner(), &request),
        None,
    )
    .await
}
