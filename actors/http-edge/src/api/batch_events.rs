//! A batch as it changes.

use actix_web::HttpRequest;
use utoipa::ToSchema;

use super::{Answer, batches::Batch, bearer::Within, refusals::Reading, schema};
use crate::{
    problem::Refused,
    request::HeadOnly,
    watch::{self, Told, Watched},
};

/// An event about a batch.
#[derive(Debug, ToSchema)]
#[schema(as = BatchEvent)]
#[expect(
    dead_code,
    reason = "the description reads it; what is sent is written by `watch`"
)]
pub(super) struct Event {
    /// `batch`.
    event: String,
    /// The batch as `GET` shows it, as JSON.
    data: String,
}

/// What becomes of a batch, as server-sent events: `batch` with the batch as `GET` shows it, at once
/// and whenever it has changed, at most once a second. The answer ends when the batch is finished or
/// cancelled, and after ten minutes, or one about a draft: whoever comes again begins with the batch
/// as it is then. An organisation has at most sixteen of them at once.
#[utoipa::path(
    get, path = "/api/v1/organisations/{organisation}/batches/{batch}/events", tag = "Batches",
    security(("bearer" = [])),
    params(
        ("organisation" = schema::OrganisationId, Path),
        ("batch" = schema::BatchId, Path),
    ),
    responses(
        (status = 200, description = "The events.", body = Event, content_type = "text/event-stream"),
        Reading,
    ),
)]
pub(super) async fn watch(at: Within, request: HttpRequest) -> Answer {
    let watched = Watched {
        edge: at.edge_data(),
        cx: at.cx().clone(),
        permit: at.permit()?,
        organisation: at.organisation,
        batch_id: at.id("batch")?,
        head_only: HeadOnly::of(&request),
    };
    watch::answer(
        watched,
        Box::new(|batch| {
            let is_last = watch::is_over(batch);
            let data = serde_json::to_string(&Batch::from(batch.clone()));
            let data = data.map_err(|_| Refused::of(contract::Kind::Internal))?;
            Ok(Told {
                event: "batch",
                data,
                is_last,
            })
        }),
    )
    .await
}
