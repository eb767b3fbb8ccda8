//! The body of a request while it comes: not at the pace of whoever sends it, and nobody else's turn.
//!
//! A request whose body is awaited is not one of those that are being answered, of which there is a
//! bounded number: who opens thousands of connections and sends nothing more keeps nobody out whose body comes
//! with the head, and others only above [`MOST`]. Nor does who
//! sends almost everything: what is held of bodies that nobody has asked for is bounded, over all of them.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use actix_web::{
    HttpMessage as _,
    dev::{Payload, ServiceRequest},
    error::PayloadError,
    http::header,
    web::{Bytes, BytesMut},
};
use contract::{Kind, Problem};
use futures_util::{Stream, StreamExt as _, stream};
use prometheus::IntGauge;
use tokio::time::{Instant, Sleep, sleep_until};

use crate::metrics::HttpMetrics;

/// How much of a body is awaited before anybody begins to answer, in bytes: all of most bodies. The
/// patience of a request begins when it is here.
const AHEAD: usize = 64 << 10;
/// How much of all bodies together, for each process: whose bodies they are nobody knows yet.
const AHEAD_OF_ALL: i64 = 64 << 20;
/// How much of each where there is as much already: all of most forms.
const LITTLE: usize = 4 << 10;
/// The most bodies that are awaited at once.
const MOST: i64 = 8_192;
/// How long a body may take, and for each of so many bytes that came a second more.
const PATIENCE: Duration = Duration::from_secs(20);
const SLOWEST: usize = 1_024;

/// Waits for the body, or for as much of it as is awaited at once, and hands it on.
pub(crate) async fn ahead(
    request: &mut ServiceRequest,
    metrics: &HttpMetrics,
) -> Result<(), Problem> {
    let payload = request.take_payload();
    if matches!(payload, Payload::None) {
        return Ok(());
    }
    let mut body = Arriving::of(payload, metrics);
    let mut begin = BytesMut::new();
    let mut end = None;
    // Whoever sends more than that is refused for its length, or reads it piece by piece.
    let awaited = if length(request).is_none_or(|length| length <= AHEAD) {
        AHEAD
    } else {
        0
    };
    let mut held = Held::of(metrics);
    while begin.len() < held.most(awaited) {
        match body.next().await {
            Some(Ok(chunk)) => {
                held.more(chunk.len());
                begin.extend_from_slice(&chunk);
            }
            Some(Err(PayloadError::Io(error))) if refused(&error).is_some() => {
                return Err(unreadable(&PayloadError::Io(error)));
            }
            Some(Err(error)) => {
                end = Some(Err(error));
                break;
            }
            None => break,
        }
    }
    let begin = (!begin.is_empty()).then(|| (begin.freeze(), held));
    // From then on it is somebody's.
    let begin = stream::iter(begin).map(|(begin, _held)| Ok(begin));
    request.set_payload(Payload::Stream {
        payload: Box::pin(begin.chain(stream::iter(end)).chain(body)),
    });
    Ok(())
}

/// What came of a body before anybody asked for it, counted until it is dropped.
struct Held {
    ahead: IntGauge,
    bytes: i64,
}

impl Held {
    fn of(metrics: &HttpMetrics) -> Self {
        Self {
            ahead: metrics.ahead.clone(),
            bytes: 0,
        }
    }

    fn more(&mut self, bytes: usize) {
        let bytes = i64::try_from(bytes).unwrap_or(i64::MAX);
        self.bytes += bytes;
        self.ahead.add(bytes);
    }

    /// How much is awaited of what would be, as much as there is of others.
    fn most(&self, awaited: usize) -> usize {
        if self.ahead.get() < AHEAD_OF_ALL {
            awaited
        } else {
            awaited.min(LITTLE)
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.ahead.sub(self.bytes);
    }
}

/// Why a body could not be read.
pub(crate) fn unreadable(error: &PayloadError) -> Problem {
    let refused = match error {
        PayloadError::Io(error) => refused(error),
        _ => None,
    };
    refused.unwrap_or_else(|| Problem::new(Kind::Malformed))
}

/// What [`Arriving`] means by an error.
fn refused(error: &io::Error) -> Option<Problem> {
    match error.kind() {
        io::ErrorKind::TimedOut => Some(late()),
        io::ErrorKind::ResourceBusy => Some(Problem::new(Kind::Overloaded)),
        _ => None,
    }
}

fn late() -> Problem {
    let seconds = PATIENCE.as_secs();
    let detail = format!(
        "The body did not come within {seconds} s, and a second more for each {SLOWEST} bytes."
    );
    Problem::new(Kind::Malformed).detail(detail)
}

fn length(request: &ServiceRequest) -> Option<usize> {
    let length = request.headers().get(header::CONTENT_LENGTH)?;
    length.to_str().ok()?.parse().ok()
}

/// A body that has to keep a pace.
struct Arriving {
    payload: Payload,
    metrics: HttpMetrics,
    awaited: Option<Awaited>,
    begun: Instant,
    came: usize,
    until: Pin<Box<Sleep>>,
}

impl Arriving {
    fn of(payload: Payload, metrics: &HttpMetrics) -> Self {
        let begun = Instant::now();
        Self {
            payload,
            metrics: metrics.clone(),
            awaited: None,
            begun,
            came: 0,
            until: Box::pin(sleep_until(begun + PATIENCE)),
        }
    }

    fn came(&mut self, bytes: usize) {
        self.came += bytes;
        let more = u64::try_from(self.came / SLOWEST).unwrap_or(u64::MAX);
        let until = self.begun + PATIENCE + Duration::from_secs(more);
        self.until.as_mut().reset(until);
    }
}

impl Stream for Arriving {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        let next = match Pin::new(&mut this.payload).poll_next(cx) {
            // What is there already waits for nobody, and is not refused.
            Poll::Pending if this.awaited.is_none() && this.metrics.arriving.get() >= MOST => {
                Some(Err(PayloadError::Io(io::ErrorKind::ResourceBusy.into())))
            }
            Poll::Pending if this.until.as_mut().poll(cx).is_pending() => {
                let metrics = &this.metrics;
                this.awaited.get_or_insert_with(|| Awaited::of(metrics));
                return Poll::Pending;
            }
            Poll::Pending => Some(Err(PayloadError::Io(io::ErrorKind::TimedOut.into()))),
            Poll::Ready(next) => next,
        };
        this.awaited = None;
        if let Some(Ok(chunk)) = &next {
            this.came(chunk.len());
        }
        Poll::Ready(next)
    }
}

/// A request that is not being answered while it is dropped.
struct Awaited {
    arriving: IntGauge,
    in_flight: IntGauge,
}

impl Awaited {
    fn of(metrics: &HttpMetrics) -> Self {
        metrics.in_flight.dec();
        metrics.arriving.inc();
        Self {
            arriving: metrics.arriving.clone(),
            in_flight: metrics.in_flight.clone(),
        }
    }
}

impl Drop for Awaited {
    fn drop(&mut self) {
        self.arriving.dec();
        self.in_flight.inc();
    }
}

#[cfg(test)]
mod tests {
    use std::{future::pending, time::Duration};

    use actix_web::test::TestRequest;
    use futures_util::FutureExt as _;
    use prometheus::Registry;
    use tokio::time::{advance, pause};

    use super::*;

    /// A request whose body comes in these pieces and never ends.
    fn endless(pieces: Vec<&'static [u8]>) -> ServiceRequest {
        let pieces = stream::iter(pieces).map(|piece| Ok(Bytes::from_static(piece)));
        let never = stream::once(pending());
        let mut request = TestRequest::post().to_srv_request();
        request.set_payload(Payload::Stream {
            payload: Box::pin(pieces.chain(never)),
        });
        request
    }

    fn metrics() -> HttpMetrics {
        HttpMetrics::register(&Registry::new()).unwrap()
    }

    #[actix_web::test]
    async fn whoever_sends_no_body_is_not_being_answered_and_is_refused_in_time() {
        pause();
        let (metrics, mut request) = (metrics(), endless(vec![b"{"]));
        metrics.in_flight.inc();
        let begun = Instant::now();
        let mut ahead = Box::pin(ahead(&mut request, &metrics));
        assert!(futures_util::poll!(&mut ahead).is_pending());
        assert_eq!((metrics.in_flight.get(), metrics.arriving.get()), (0, 1));
        let late = ahead.await.unwrap_err();
        assert!(begun.elapsed() >= PATIENCE && begun.elapsed() < PATIENCE * 2);
        assert!(
            late.detail
                .unwrap()
                .starts_with("The body did not come within 20 s")
        );
        assert_eq!((metrics.in_flight.get(), metrics.arriving.get()), (1, 0));
    }

    #[actix_web::test]
    async fn what_came_buys_time_and_is_handed_on() {
        pause();
        let metrics = metrics();
        metrics.in_flight.inc();
        let long: &[u8] = vec![b'x'; AHEAD].leak();
        let mut request = endless(vec![long, b"end"]);
        ahead(&mut request, &metrics).await.unwrap();
        let mut body = request.take_payload();
        assert_eq!(body.next().await.unwrap().unwrap(), long);
        assert_eq!(body.next().await.unwrap().unwrap(), "end");
        advance(PATIENCE + Duration::from_secs(63)).await;
        assert!(futures_util::poll!(body.next()).is_pending());
        advance(Duration::from_secs(2)).await;
        let error = body.next().await.unwrap().unwrap_err();
        assert_eq!(unreadable(&error), late());
        assert_eq!((metrics.in_flight.get(), metrics.arriving.get()), (1, 0));
    }

    #[actix_web::test]
    async fn where_much_is_held_already_little_of_a_body_is_awaited() {
        const HALF: &[u8] = &[b'x'; LITTLE / 2];
        let metrics = metrics();
        let came = |pieces| {
            let (metrics, mut request) = (metrics.clone(), endless(pieces));
            async move { ahead(&mut request, &metrics).await.map(|()| request) }
        };
        // while there is room the rest is awaited, and what came is held
        let mut whole = Box::pin(came(vec![HALF, HALF]));
        assert!(futures_util::poll!(&mut whole).is_pending());
        assert_eq!(metrics.ahead.get(), 4_096);
        drop(whole);
        assert_eq!(metrics.ahead.get(), 0);
        metrics.ahead.set(AHEAD_OF_ALL);
        let mut small = Box::pin(came(vec![HALF]));
        assert!(futures_util::poll!(&mut small).is_pending());
        drop(small);
        let large = Box::pin(came(vec![HALF, HALF])).now_or_never();
        let mut large = large.unwrap().unwrap();
        assert_eq!(metrics.ahead.get(), AHEAD_OF_ALL + 4_096);
        // what is handed on is held ahead no more
        let mut body = large.take_payload();
        assert_eq!(body.next().await.unwrap().unwrap(), [HALF, HALF].concat());
        assert_eq!(metrics.ahead.get(), AHEAD_OF_ALL);
        // nor what nobody wanted
        let large = Box::pin(came(vec![HALF, HALF])).now_or_never();
        drop(large);
        assert_eq!(metrics.ahead.get(), AHEAD_OF_ALL);
    }

    #[actix_web::test]
    async fn a_bounded_number_of_bodies_is_awaited() {
        let (metrics, mut request) = (metrics(), endless(vec![]));
        metrics.arriving.set(MOST);
        let refused = ahead(&mut request, &metrics).await.unwrap_err();
        assert_eq!(refused.kind, Kind::Overloaded);
        let mut whole = TestRequest::post().to_srv_request();
        whole.set_payload(Payload::Stream {
            payload: Box::pin(stream::iter([Ok(Bytes::from_static(b"{}"))])),
        });
        ahead(&mut whole, &metrics).await.unwrap();
        let mut without = TestRequest::get().to_srv_request();
        without.set_payload(Payload::None);
        ahead(&mut without, &metrics).await.unwrap();
    }
}
