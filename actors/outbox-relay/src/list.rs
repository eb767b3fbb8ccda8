//! The feed: an organisation's events after a number, the oldest first.

use contract::{
    Cursor, Kind, Page, PageRequest, Problem,
    events::{EventPage, ListEvents, Recorded},
    ids::OrganisationId,
};
use kernel::{Cx, Serve};
use store::{Reader, Row, StoreError};

use crate::{OutboxRelay, sql};

impl Serve<ListEvents> for OutboxRelay {
    async fn serve(&mut self, message: ListEvents, _: &Cx) -> Result<EventPage, Problem> {
        let page = PageRequest {
            cursor: None,
            limit: message.limit,
        };
        let wanted = page.rows();
        // What does not fit into a column lies behind every history.
        let after = message.after.min(i64::MAX.unsigned_abs());
        let mut db = self.db.read().await?;
        let rows = sql::LIST_EVENTS
            .bind(message.organisation)
            .bind(after)
            .bind(wanted as u64)
            .fetch_all(&mut db)
            .await?;
        let events = rows.iter().map(recorded).collect::<Result<_, _>>()?;
        let events = Page::cut(events, wanted, |event: &Recorded| {
            Cursor(event.seq.to_string())
        });
        // Numbers have no gap: when the next one is there, nothing was missed.
        if events.items.first().map(|event| event.seq) != Some(after + 1) {
            check_bounds(&mut db, message.organisation, after).await?;
        }
        let next_after = events.items.last().map_or(after, |event| event.seq);
        Ok(EventPage {
            items: events.items,
            next_after,
        })
    }
}

/// Refuses a place in the history from which one cannot go on without missing something.
async fn check_bounds(
    db: &mut Reader,
    organisation: OrganisationId,
    after: u64,
) -> Result<(), Problem> {
    let found = sql::FIND_BOUNDS
        .bind(organisation)
        .fetch_optional(db)
        .await?;
    let (last, first_kept) = match found {
        Some(row) => (row.get("last_seq")?, row.get::<Option<u64>>("first_kept")?),
        None => (0, None),
    };
    // Whoever has read more than there is read it from another database.
    if after > last {
        return Err(Problem::invalid(
            "after",
            "too-large",
            format!("the last event has the number {last}"),
        ));
    }
    let kept_after = first_kept.map_or(last, |first| first.saturating_sub(1));
    if after < kept_after {
        return Err(Problem::new(Kind::EventsExpired).detail(format!(
            "What is still kept begins after the number {kept_after}."
        )));
    }
    Ok(())
}

fn recorded(row: &Row) -> Result<Recorded, StoreError> {
    Ok(Recorded {
        seq: row.get("seq")?,
        at: row.get("at")?,
        event: row.json("body")?,
    })
}
