//! A batch as it changes, as a stream of server-sent events: bounded, looked at once for all who
//! watch, and over when the batch is, when whoever watches may not any more, or when the server stops.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::Duration,
};

use actix_web::{HttpResponse, http::header, web};
use contract::{
    Kind, Problem,
    batches::{Batch, GetBatch},
    ids::{BatchId, OrganisationId},
};
use futures_util::stream;
use kernel::Cx;
use tokio::{
    sync::{Mutex as Turn, watch},
    time::{Instant, sleep_until},
};

use crate::{
    edge::Edge,
    problem::Refused,
    request::{HeadOnly, renewed},
    session::Permit,
};

/// The least pause between two looks at a batch, whoever watches it.
const PAUSE: Duration = Duration::from_secs(1);
/// Looks take at most one part in so many of the time: a batch of 100,000 is long to count.
const PARTS: u32 = 5;
/// After so long without a change a comment is sent, by which whoever is gone is noticed; so often,
/// too, is looked whether whoever watches still may.
const QUIET: Duration = Duration::from_secs(5);
/// The longest that one answer goes on, and the longest about a draft, of which nothing is to be
/// expected; whoever watches comes again.
const STAYS: Duration = Duration::from_mins(10);
const STAYS_AT_DRAFT: Duration = Duration::from_mins(1);
/// What a browser waits before it comes again, in milliseconds.
const RETRY: &str = "retry: 2000\n\n";
/// The most streams of one organisation, and of the process.
const MOST_OF_ONE: usize = 16;
const MOST: usize = 512;
/// When somebody who was one too many may try again, in seconds.
const LATER: u32 = 5;
/// So many looks may fail one after another.
const FAILURES: u32 = 10;

/// The streams of a process, shared by its workers.
pub(crate) struct Streams {
    is_closing: watch::Sender<bool>,
    open: Mutex<HashMap<OrganisationId, usize>>,
    looks: Mutex<HashMap<BatchId, Weak<Turn<Look>>>>,
}

impl Default for Streams {
    fn default() -> Self {
        Self {
            is_closing: watch::Sender::new(false),
            open: Mutex::default(),
            looks: Mutex::default(),
        }
    }
}

impl fmt::Debug for Streams {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Streams")
    }
}

/// A batch as somebody saw it last, for whoever watches it.
#[derive(Default)]
struct Look {
    batch: Option<Arc<Batch>>,
    /// Until when it is taken as it is.
    good_until: Option<Instant>,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Streams {
    /// Ends every stream, and lets none begin.
    pub(crate) fn close(&self) {
        self.is_closing.send_replace(true);
    }

    /// A place for one more.
    fn admit(self: &Arc<Self>, organisation: OrganisationId) -> Result<Place, Problem> {
        let mut open = locked(&self.open);
        let count = open.get(&organisation).copied().unwrap_or(0);
        if count >= MOST_OF_ONE || open.values().sum::<usize>() >= MOST {
            return Err(Problem {
                retry_after: Some(LATER),
                ..Problem::new(Kind::TooManyRequests)
            });
        }
        open.insert(organisation, count + 1);
        Ok(Place {
            streams: Arc::clone(self),
            organisation,
        })
    }

    /// Where those who watch a batch find what others saw.
    fn look(&self, batch: BatchId) -> Arc<Turn<Look>> {
        let mut looks = locked(&self.looks);
        looks.retain(|_, look| look.strong_count() > 0);
        if let Some(look) = looks.get(&batch).and_then(Weak::upgrade) {
            return look;
        }
        let look = Arc::<Turn<Look>>::default();
        looks.insert(batch, Arc::downgrade(&look));
        look
    }
}

/// One stream's place, until it is dropped.
struct Place {
    streams: Arc<Streams>,
    organisation: OrganisationId,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = locked(&self.streams.open);
        if let Some(count) = open.get_mut(&self.organisation) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.organisation);
            }
        }
    }
}

/// What is told of a batch as it is now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Told {
    /// The name of the event.
    pub(crate) event: &'static str,
    /// What it says.
    pub(crate) data: String,
    /// Whether nothing more is to be told.
    pub(crate) is_last: bool,
}

impl Told {
    /// As it is written (HTML Living Standard, section 9.2.6).
    fn written(&self) -> String {
        let mut text = format!("event: {}\n", self.event);
        for line in self.data.split(['\n', '\r']) {
            text.push_str("data: ");
            text.push_str(line);
            text.push('\n');
        }
        text.push('\n');
        text
    }
}

/// Whether a batch changes no more by itself.
pub(crate) fn is_over(batch: &Batch) -> bool {
    batch.finished_at.is_some() || batch.cancelled_at.is_some()
}

/// Who watches what.
pub(crate) struct Watched {
    pub(crate) edge: web::Data<Edge>,
    /// On whose behalf.
    pub(crate) cx: Cx,
    /// By what they may.
    pub(crate) permit: Permit,
    pub(crate) organisation: OrganisationId,
    pub(crate) batch_id: BatchId,
    /// Whether only the head of the answer is wanted.
    pub(crate) head_only: Option<HeadOnly>,
}

/// Says what is told of a batch.
pub(crate) type Tell = Box<dyn Fn(&Batch) -> Result<Told, Refused>>;

/// A stream under way.
struct Stream {
    watched: Watched,
    tell: Tell,
    look: Arc<Turn<Look>>,
    is_closing: watch::Receiver<bool>,
    began: Instant,
    checked: Instant,
    spoke: Instant,
    failures: u32,
    is_draft: bool,
    last: Option<Told>,
    _place: Place,
}

/// Answers with what becomes of a batch. It is looked at before anything is answered, so that a
/// refusal is one.
pub(crate) async fn answer(watched: Watched, tell: Tell) -> Result<HttpResponse, Refused> {
    let streams = Arc::clone(&watched.edge.streams);
    let get = GetBatch {
        organisation: watched.organisation,
        batch_id: watched.batch_id,
    };
    let first = watched.edge.bus.call(&get, &watched.cx).await?;
    let mut response = HttpResponse::Ok();
    response
        .content_type("text/event-stream")
        .insert_header((header::CACHE_CONTROL, "no-store"))
        // A proxy that gathers what it passes on would keep it back.
        .insert_header(("X-Accel-Buffering", "no"));
    if watched.head_only.is_some() {
        return Ok(response.finish());
    }
    let place = streams.admit(watched.organisation)?;
    let is_closing = streams.is_closing.subscribe();
    let told = tell(&first)?;
    let now = Instant::now();
    let stream = Stream {
        look: streams.look(watched.batch_id),
        watched,
        tell,
        is_closing,
        began: now,
        checked: now,
        spoke: now,
        failures: 0,
        is_draft: first.sent_at.is_none(),
        last: None,
        _place: place,
    };
    let first = format!("{RETRY}{}", told.written());
    let begun = (Some((told, first)), stream);
    Ok(
        response.streaming(stream::unfold(begun, |(begun, stream)| async move {
            let (stream, text) = match begun {
                Some((told, first)) => (stream.having(told), first),
                None => stream.next().await?,
            };
            Some((Ok::<_, Refused>(web::Bytes::from(text)), (None, stream)))
        })),
    )
}

impl Stream {
    fn having(self, told: Told) -> Self {
        Self {
            last: Some(told),
            ..self
        }
    }

    /// What is sent next; nothing where it is over.
    async fn next(mut self) -> Option<(Self, String)> {
        loop {
            if self.last.as_ref().is_some_and(|told| told.is_last) || !self.wait().await {
                return None;
            }
            if self.checked.elapsed() >= QUIET {
                if !self.may().await {
                    return None;
                }
                self.checked = Instant::now();
            }
            match self.look().await {
                Ok(batch) => {
                    self.failures = 0;
                    self.is_draft = batch.sent_at.is_none();
                    let told = (self.tell)(&batch).ok()?;
                    if self.last.as_ref() != Some(&told) {
                        self.spoke = Instant::now();
                        let text = told.written();
                        return Some((self.having(told), text));
                    }
                }
                Err(problem) => {
                    self.failures += 1;
                    let may_pass = problem.kind.status() >= 500;
                    if !may_pass || self.failures >= FAILURES {
                        return None;
                    }
                }
            }
            if self.spoke.elapsed() >= QUIET {
                self.spoke = Instant::now();
                return Some((self, ": still here\n\n".to_owned()));
            }
        }
    }

    /// Waits for the next look; whether there is to be one.
    async fn wait(&mut self) -> bool {
        let next = Instant::now() + PAUSE;
        let stays = if self.is_draft { STAYS_AT_DRAFT } else { STAYS };
        let is_old = next >= self.began + stays;
        tokio::select! {
            () = sleep_until(next) => !is_old,
            // The end of the sender is an end, too.
            _ = self.is_closing.wait_for(|is_closing| *is_closing) => false,
        }
    }

    /// Whether whoever watches still may.
    async fn may(&self) -> bool {
        let Watched {
            edge,
            cx,
            permit,
            organisation,
            ..
        } = &self.watched;
        permit.holds(edge, &renewed(edge, cx), *organisation).await
    }

    /// The batch as it is now, or was just now when another stream looked.
    async fn look(&self) -> Result<Arc<Batch>, Problem> {
        let mut look = self.look.lock().await;
        let began = Instant::now();
        if let (Some(batch), Some(until)) = (&look.batch, look.good_until)
            && began < until
        {
            return Ok(Arc::clone(batch));
        }
        let watched = &self.watched;
        let get = GetBatch {
            organisation: watched.organisation,
            batch_id: watched.batch_id,
        };
        let cx = renewed(&watched.edge, &watched.cx);
        let batch = Arc::new(watched.edge.bus.call(&get, &cx).await?);
        let took = began.elapsed();
        // A little less than the pause, so that one who watches alone never sees the last look again.
        let good = (PAUSE * 9 / 10).max(took.saturating_mul(PARTS));
        look.good_until = Some(began + good);
        look.batch = Some(Arc::clone(&batch));
        Ok(batch)
    }
}

#[cfg(test)]
mod tests {
    use contract::ids::Ulid;

    use super::*;

    fn organisation(n: u128) -> OrganisationId {
        OrganisationId::new(Ulid::from_parts(1, n))
    }

    #[test]
    fn an_organisation_has_so_many_streams_and_gets_places_back() {
        let streams = Arc::<Streams>::default();
        let mut places: Vec<_> = (0..MOST_OF_ONE)
            .map(|_| streams.admit(organisation(1)).unwrap())
            .collect();
        let refused = streams.admit(organisation(1)).err().unwrap();
        assert_eq!(refused.kind, Kind::TooManyRequests);
        assert_eq!(refused.retry_after, Some(LATER));
        assert!(streams.admit(organisation(2)).is_ok(), "nobody else's");
        places.pop();
        assert!(streams.admit(organisation(1)).is_ok());
        drop(places);
        assert!(locked(&streams.open).is_empty());
    }

    #[test]
    fn a_process_has_so_many_streams() {
        let streams = Arc::<Streams>::default();
        let places: Vec<_> = (0..MOST)
            .map(|n| streams.admit(organisation(n as u128 / 8)).unwrap())
            .collect();
        assert!(streams.admit(organisation(9_999)).is_err());
        drop(places);
        assert!(streams.admit(organisation(9_999)).is_ok());
    }

    #[test]
    fn those_who_watch_one_batch_look_together() {
        let streams = Streams::default();
        let batch = |n| BatchId::new(Ulid::from_parts(1, n));
        let (one, two) = (streams.look(batch(1)), streams.look(batch(1)));
        assert!(Arc::ptr_eq(&one, &two));
        assert!(!Arc::ptr_eq(&one, &streams.look(batch(2))));
        drop((one, two));
        drop(streams.look(batch(3)));
        assert_eq!(locked(&streams.looks).len(), 1, "the others are forgotten");
    }

    #[test]
    fn an_event_of_many_lines_is_written_line_by_line() {
        let told = Told {
            event: "batch",
            data: "<p>\r\nevent: evil</p>".to_owned(),
            is_last: false,
        };
        let expected = "event: batch\ndata: <p>\ndata: \ndata: event: evil</p>\n\n";
        assert_eq!(told.written(), expected);
    }
}
