//! Files of addresses.

use std::collections::BTreeMap;

use actix_web::{
    HttpRequest, HttpResponse,
    http::{StatusCode, header},
    web,
};
use aws_lc_rs::digest::{Context, SHA256};
use contract::{
    Kind, Problem, Role,
    batches::Batch,
    ids::{BatchId, LinkId},
    text::Name,
};
use futures_util::StreamExt as _;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    Answer,
    bearer::Within,
    body::Given,
    idempotency::{Streamed, Turn, replay},
    invites::{counts, message},
    query::Query,
    refusals::Writing,
    schema, texts,
    texts::Reason,
};
use crate::{
    arriving::unreadable,
    imports::{Importer, Staged, stage, too_large},
    invites::{NewBatch, nothing_sent, send_drafted, taken},
    problem::Refused,
    request::renewed,
};

/// The longest name of a column, in characters.
const COLUMN_MOST: usize = 200;

/// What becomes of a file.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Wanted {
    /// The access link whose plan and tags the invites have.
    #[serde(default)]
    #[param(value_type = schema::LinkId, required)]
    link_id: Given<String>,
    /// Sends nothing: makes a draft, which `send` sends.
    #[serde(default)]
    #[param(value_type = Option<bool>)]
    dry_run: Given<String>,
    /// The column that holds the addresses, by its header or its number from 1; is found unless said.
    #[serde(default)]
    #[param(value_type = Option<String>, min_length = 1, max_length = 200)]
    column: Given<String>,
    /// A word to everybody, in plain text.
    #[serde(default)]
    #[param(value_type = Option<String>, min_length = 1, max_length = 1_000)]
    message: Given<String>,
    /// Who the mail says invites; the organisation alone unless said.
    #[serde(default)]
    #[param(value_type = Option<schema::Name>)]
    inviter: Given<String>,
}

/// What became of a file.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Imported {
    #[schema(value_type = schema::BatchId)]
    batch_id: BatchId,
    /// How many rows it held: the sum of `counts`.
    given: u64,
    /// How many were taken.
    accepted: u64,
    /// How many were taken, by state, and how many were not, by reason.
    #[schema(value_type = BTreeMap<String, u64>)]
    counts: BTreeMap<String, u64>,
    /// How many more may still take a seat than seats are free now.
    exceeds_free_seats_by: u64,
}

impl From<Batch> for Imported {
    fn from(batch: Batch) -> Self {
        Self {
            batch_id: batch.id,
            given: batch.given,
            accepted: taken(&batch),
            counts: counts(&batch),
            exceeds_free_seats_by: batch.exceeds_free_seats_by,
        }
    }
}

fn column(text: &str) -> Result<String, Reason> {
    if text.is_empty() || text.chars().take(COLUMN_MOST + 1).count() > COLUMN_MOST {
        let detail = format!("must have 1 to {COLUMN_MOST} characters");
        return Err(Reason("out-of-range", detail.into()));
    }
    Ok(text.to_owned())
}

/// Invites the addresses of a file by e-mail, or makes a draft. The file may come as Excel and others
/// write it: any usual separator and encoding, with or without a header. It is read while it comes; one
/// that is refused, or breaks off, leaves nothing. Rows that are not taken are told with their reason
/// at `…/batches/{batch}/rows`. The largest file, and the most addresses, are the operator's setting;
/// 64 MiB and 100,000 unless said. For managers.
#[utoipa::path(
    post, path = "/api/v1/organisations/{organisation}/invites/import", tag = "Imports",
    security(("bearer" = [])),
    params(("organisation" = schema::OrganisationId, Path), Wanted),
    request_body(
        content = String, content_type = "text/csv", description = "The file.",
        example = "name,e-mail\nAnn Lee,ann@hill.edu\n",
    ),
    responses((status = 202, description = "On their way, or a draft.", body = Imported), Writing),
)]
pub(super) async fn create(
    at: Within,
    query: Query<Wanted>,
    request: HttpRequest,
    payload: web::Payload,
) -> Answer {
    // Who may not learns that before a whole file is sent.
    let grant = &at.bearer.grant;
    if grant.organisation.is_some() && grant.role < Role::Manager {
        return Err(Refused::of(Kind::Forbidden));
    }
    let key = Streamed::of(&request, &at.bearer)?;
    let (wanted, mut form) = query.open()?;
    let link_id = form.field("link_id", wanted.link_id).parse(texts::id);
    let link_id: Option<LinkId> = link_id.required();
    let dry_run = form.field("dry_run", wanted.dry_run).parse(texts::flag);
    let dry_run = dry_run.optional().unwrap_or_default();
    let column = form.field("column", wanted.column).parse(column).optional();
    let message = form.field("message", wanted.message).parse(message);
    let message = message.optional();
    let inviter = form.field("inviter", wanted.inviter).parse(texts::name);
    let inviter: Option<Name> = inviter.optional();
    let new = form.finish(|| {
        Some(NewBatch {
            link_id: link_id?,
            message,
            inviter,
        })
    })?;
    check_head(&request, at.edge().options.import_bytes)?;

    let permit = at.permit()?;
    let by = Importer {
        edge: at.edge(),
        cx: at.cx(),
        permit: &permit,
        organisation: at.organisation,
    };
    let mut hash = Context::new(&SHA256);
    let file = payload.map(|chunk| {
        let chunk = chunk.map_err(|error| unreadable(&error))?;
        hash.update(&chunk);
        Ok(chunk)
    });
    let staged = stage(by, new, column, file).await?;
    let Some(key) = key else {
        let imported = finish(by, staged, dry_run).await?;
        return Ok(HttpResponse::Accepted().json(imported));
    };
    match key.begin(hash.finish().as_ref()).await {
        Err(problem) => {
            staged.discard().await;
            Err(problem.into())
        }
        Ok(Turn::Answered(answer)) => {
            staged.discard().await;
            Ok(replay(answer))
        }
        Ok(Turn::Begun(begun)) => {
            let done = finish(by, staged, dry_run).await;
            let written = done.as_ref().map(|imported| {
                let body = serde_json::to_string(imported).unwrap_or_default();
                (StatusCode::ACCEPTED, body)
            });
            begun.end_with(written).await;
            Ok(HttpResponse::Accepted().json(done?))
        }
    }
}

/// What is known of a file before it comes.
fn check_head(request: &HttpRequest, most: usize) -> Result<(), Problem> {
    let text = |name| request.headers().get(name).and_then(|v| v.to_str().ok());
    let kind = text(header::CONTENT_TYPE).and_then(|kind| kind.split(';').next());
    if !kind.is_some_and(|kind| kind.trim().eq_ignore_ascii_case("text/csv")) {
        return Err(Problem::new(Kind::UnsupportedMediaType).detail("Send text/csv."));
    }
    let length = text(header::CONTENT_LENGTH).and_then(|length| length.parse::<usize>().ok());
    if length.is_some_and(|length| length > most) {
        return Err(too_large(most));
    }
    Ok(())
}

/// Makes a draft of a file, and sends it.
async fn finish(by: Importer<'_>, staged: Staged<'_>, dry_run: bool) -> Result<Imported, Problem> {
    let batch = staged.seal().await?;
    if dry_run || taken(&batch) == 0 {
        return Ok(batch.into());
    }
    // A large one is sealed for a while.
    let may = by.still_may().await;
    may.map_err(|problem| nothing_sent(problem, batch.id))?;
    let cx = renewed(by.edge, by.cx);
    let sent = send_drafted(by.edge, &cx, by.organisation, batch.id).await?;
    Ok(sent.into())
}
