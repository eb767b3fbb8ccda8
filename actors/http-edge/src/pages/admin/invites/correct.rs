//! What was not taken of a batch, as text to correct and hand in again.

use contract::{
    Problem,
    batches::{Batch, BatchRow, GetBatch, ListBatchRows},
    ids::BatchId,
    page::{Cursor, Page, PageRequest},
    text::InviteMessage,
};
use intake::Reason;

use super::new::Typed;
use crate::{edge::Edge, pages::frame::Office};

/// Whether another spelling may help: an address that stands there twice, or whose person is known
/// already, is right as it is.
fn is_mistyped(reason: &str) -> bool {
    Reason::parse(reason).is_some_and(|reason| reason != Reason::Duplicate)
}

/// Whether something of a batch is there to be corrected: what was given is forgotten one day.
pub(super) async fn is_correctable(
    edge: &Edge,
    office: &Office,
    batch: &Batch,
) -> Result<bool, Problem> {
    let mistyped = batch.refused.keys().filter(|reason| is_mistyped(reason));
    for reason in mistyped {
        let page = refused(edge, office, batch.id, (Some(reason), None)).await?;
        if page.items.into_iter().any(|row| line(row).is_some()) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// A page of the rows that were not taken, of one reason or of all.
async fn refused(
    edge: &Edge,
    office: &Office,
    batch_id: BatchId,
    (reason, cursor): (Option<&String>, Option<Cursor>),
) -> Result<Page<BatchRow>, Problem> {
    let list = ListBatchRows {
        organisation: office.organisation,
        batch_id,
        state: None,
        refused: true,
        reason: reason.cloned(),
        page: PageRequest {
            cursor,
            limit: Some(PageRequest::MOST),
        },
    };
    edge.bus.call(&list, &office.cx).await
}

/// The form with the rows of a batch that were not taken, each on a line and as it was perhaps meant;
/// no more of them than are pasted at once.
pub(super) async fn typed(
    edge: &Edge,
    office: &Office,
    batch_id: BatchId,
) -> Result<Typed, Problem> {
    let organisation = office.organisation;
    let get = GetBatch {
        organisation,
        batch_id,
    };
    let batch = edge.bus.call(&get, &office.cx).await?;
    let (mut lines, mut cursor) = (Vec::new(), None);
    loop {
        let page = refused(edge, office, batch_id, (None, cursor)).await?;
        lines.extend(page.items.into_iter().filter_map(line));
        cursor = page.next_cursor;
        if cursor.is_none() || lines.len() >= edge.options.paste_limit {
            break;
        }
    }
    lines.truncate(edge.options.paste_limit);
    let message = batch.message.as_ref().map(InviteMessage::as_str);
    Ok(Typed {
        link_id: batch.link_id.to_string(),
        addresses: lines.join("\n"),
        message: message.unwrap_or_default().to_owned(),
    })
}

fn line(row: BatchRow) -> Option<String> {
    let is_wanted = row.reason.as_deref().is_some_and(is_mistyped);
    let text = row.suggestion.unwrap_or(row.input);
    Some(text).filter(|text| is_wanted && !text.trim().is_empty())
}
