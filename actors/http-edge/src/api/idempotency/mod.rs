//! `Idempotency-Key`: a `POST` that is sent again is answered as it was, and done once.
//!
//! Answers of success are kept; a refusal changed nothing and is decided anew. Who asks, the route
//! and the key together name the attempt: two callers, and two routes, may use the same key. Nothing of it
//! is sent on but hashes. What anybody may post is safe to repeat, and goes its own way: see [`public`].

mod public;

use std::collections::BTreeMap;

use actix_web::{
    Error, FromRequest as _, HttpMessage as _, HttpRequest, HttpResponse, ResponseError as _,
    body::{self, BoxBody, MessageBody},
    dev::{Payload, ServiceRequest, ServiceResponse},
    http::{
        StatusCode,
        header::{self, HeaderMap, HeaderName, HeaderValue},
    },
    middleware::Next,
    web::{Bytes, Data},
};
use aws_lc_rs::digest::{SHA256, digest};
use contract::{
    Problem,
    idempotency::{Answer, Attempt, BeginAttempt, EndAttempt},
    ids::AttemptId,
};
use data_encoding::HEXLOWER;
use futures_util::stream;
use kernel::Cx;
use serde_json::Value;

pub(super) use self::public::of_public;
use super::{bearer::Bearer, body::bytes};
use crate::{edge::Edge, problem::Refused, request::renewed};

const KEY: HeaderName = HeaderName::from_static("idempotency-key");
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");
/// The longest key, in bytes.
pub(super) const KEY_MOST: usize = 255;
/// The largest answer that is kept, in bytes: a larger one does not travel with its envelope.
const KEPT_MOST: usize = 256 << 10;

/// What is null in a replay.
const SHOWN_SECRETS: [&str; 3] = ["token", "url", "setup_url"];

/// Answers a request of a holder of a token once.
pub(super) async fn of_bearers(
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    if !request.headers().contains_key(KEY) {
        return Ok(next.call(request).await?.map_into_boxed_body());
    }
    match begin(&mut request).await {
        Err(refused) => Ok(request.into_response(refused.error_response())),
        Ok(Turn::Answered(answer)) => Ok(request.into_response(replay(answer))),
        Ok(Turn::Begun(begun)) => {
            let response = next.call(request).await?.map_into_boxed_body();
            Ok(begun.end(response).await)
        }
    }
}

/// How a request with a key goes on.
#[derive(Debug)]
pub(super) enum Turn {
    /// It is done now, and its end is told.
    Begun(Begun),
    /// It was done before: see [`replay`].
    Answered(Answer),
}

/// An attempt that is under way.
#[derive(Debug)]
pub(super) struct Begun {
    edge: Data<Edge>,
    cx: Cx,
    key_hash: String,
    attempt: AttemptId,
}

async fn begin(request: &mut ServiceRequest) -> Result<Turn, Refused> {
    let payload = request.take_payload();
    let http = request.request().clone();
    // Who may not ask at all learns that first.
    let Bearer {
        edge, grant, cx, ..
    } = Bearer::from_request(&http, &mut Payload::None).await?;
    let key = key(http.headers())?;
    let body = bytes(&http, payload).await?.freeze();
    let begin = BeginAttempt {
        key_hash: hash(name(&grant.id.to_string(), &http, &key)),
        body_hash: hash(told_apart_by(&body)),
    };
    request.set_payload(whole(body));
    Ok(turn(edge, cx, begin).await?)
}

async fn turn(edge: Data<Edge>, cx: Cx, begin: BeginAttempt) -> Result<Turn, Problem> {
    Ok(match edge.bus.call(&begin, &cx).await? {
        Attempt::Answered(answer) => Turn::Answered(answer),
        Attempt::Begun { attempt } => Turn::Begun(Begun {
            edge,
            cx,
            key_hash: begin.key_hash,
            attempt,
        }),
    })
}

/// The key of a request whose body is too long to be kept until it is known: the handler hashes it
/// while it comes, and asks for its turn before it does anything that others see.
#[derive(Debug)]
pub(super) struct Streamed {
    bearer: Bearer,
    key_hash: String,
}

impl Streamed {
    /// The key, where the request has one.
    pub(super) fn of(request: &HttpRequest, bearer: &Bearer) -> Result<Option<Self>, Problem> {
        if !request.headers().contains_key(KEY) {
            return Ok(None);
        }
        let key = key(request.headers())?;
        Ok(Some(Self {
            key_hash: hash(name(&bearer.grant.id.to_string(), request, &key)),
            bearer: bearer.clone(),
        }))
    }

    /// How the request goes on, now that the SHA-256 of its body is known.
    pub(super) async fn begin(self, body: &[u8]) -> Result<Turn, Problem> {
        let Bearer { edge, cx, .. } = self.bearer;
        let cx = renewed(&edge, &cx);
        let begin = BeginAttempt {
            key_hash: self.key_hash,
            body_hash: HEXLOWER.encode(body),
        };
        turn(edge, cx, begin).await
    }
}

/// The key: printable, and not too long.
fn key(headers: &HeaderMap) -> Result<String, Problem> {
    let key = headers.get(KEY).and_then(|key| key.to_str().ok());
    let key = key.filter(|key| {
        let is_printed = key.bytes().all(|b| b.is_ascii_graphic());
        is_printed && (1..=KEY_MOST).contains(&key.len())
    });
    key.map(str::to_owned).ok_or_else(|| {
        Problem::invalid(
            "Idempotency-Key",
            "not-a-key",
            format!("must be 1 to {KEY_MOST} printable ASCII characters"),
        )
    })
}

/// Names a request; the parts cannot run into each other.
fn name(caller: &str, request: &HttpRequest, key: &str) -> String {
    let parts = [
        caller,
        request.method().as_str(),
        request.uri().path(),
        request.uri().query().unwrap_or(""),
        key,
    ];
    parts.join("\n")
}

fn hash(data: impl AsRef<[u8]>) -> String {
    HEXLOWER.encode(digest(&SHA256, data.as_ref()).as_ref())
}

/// What two bodies are told apart by: not by the order of their fields.
fn told_apart_by(body: &[u8]) -> Vec<u8> {
    let fields = serde_json::from_slice::<BTreeMap<String, Value>>(body);
    let sorted = fields.and_then(|fields| serde_json::to_vec(&fields));
    sorted.unwrap_or_else(|_| body.to_vec())
}

/// The body again, for the handler.
fn whole(body: Bytes) -> Payload {
    Payload::Stream {
        payload: Box::pin(stream::iter([Ok(body)])),
    }
}

impl Begun {
    /// Keeps the answer of a success, and frees the key otherwise.
    async fn end(self, response: ServiceResponse) -> ServiceResponse {
        let status = response.status();
        if is_in_doubt(&response) {
            // It may have happened, or still be happening: the key tells so from now on.
            return response;
        }
        if !status.is_success() {
            self.send(None).await;
            return response;
        }
        let (response, answer) = taken_down(response).await;
        self.send(answer).await;
        response
    }

    /// The same for an answer that has no `Location` and is small.
    pub(super) async fn end_with(self, done: Result<(StatusCode, String), &Problem>) {
        match done {
            Ok((status, body)) => {
                let answer = Answer {
                    status: status.as_u16(),
                    body: without_secrets(body.as_bytes()),
                    location: None,
                };
                self.send(Some(answer)).await;
            }
            Err(problem) if problem.kind.is_in_doubt() => (),
            Err(_) => self.send(None).await,
        }
    }

    async fn send(self, answer: Option<Answer>) {
        let Self {
            edge,
            cx,
            key_hash,
            attempt,
        } = self;
        let end = EndAttempt {
            key_hash,
            attempt,
            answer,
        };
        // The request is answered either way; without this a repetition is done once more.
        if let Err(problem) = edge.bus.call(&end, &renewed(&edge, &cx)).await {
            tracing::warn!(request_id = %cx.request_id, %problem, "an answer was not kept");
        }
    }
}

/// A success as it may be kept, unless it is too large.
async fn taken_down(response: ServiceResponse) -> (ServiceResponse, Option<Answer>) {
    let (request, response) = response.into_parts();
    let (head, body) = response.into_parts();
    let body = body::to_bytes(body).await.unwrap_or_default();
    let location = head.headers().get(header::LOCATION);
    let location = location.and_then(|location| location.to_str().ok());
    let answer = Answer {
        status: head.status().as_u16(),
        body: without_secrets(&body),
        location: location.map(str::to_owned),
    };
    let answer = (body.len() <= KEPT_MOST).then_some(answer);
    let response = head.set_body(BoxBody::new(body));
    (ServiceResponse::new(request, response), answer)
}

/// Whether what was asked may have happened, though it was refused.
fn is_in_doubt(response: &ServiceResponse) -> bool {
    let extensions = response.response().extensions();
    let problem = extensions.get::<Problem>();
    problem.is_some_and(|problem| problem.kind.is_in_doubt())
}

/// A body as it may be kept.
fn without_secrets(body: &[u8]) -> String {
    let Ok(mut value) = serde_json::from_slice::<Value>(body) else {
        return String::new();
    };
    for secret in SHOWN_SECRETS {
        if let Some(secret) = value.get_mut(secret) {
            *secret = Value::Null;
        }
    }
    value.to_string()
}

/// What was answered before.
pub(super) fn replay(answer: Answer) -> HttpResponse {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::OK);
    let mut response = HttpResponse::build(status);
    response.insert_header((REPLAYED, HeaderValue::from_static("true")));
    if let Some(location) = answer.location {
        response.insert_header((header::LOCATION, location));
    }
    if answer.body.is_empty() {
        return response.finish();
    }
    response.content_type("application/json").body(answer.body)
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn a_body_is_told_apart_by_everything_but_the_order_of_its_fields() {
        let one = told_apart_by(br#"{"b": 1, "a": 2, "password": "x"}"#);
        assert_eq!(one, told_apart_by(br#"{"a":2,"password":"x","b":1}"#));
        assert_ne!(one, told_apart_by(br#"{"a":2,"b":2,"password":"x"}"#));
        assert_ne!(one, told_apart_by(br#"{"a":2,"b":1,"password":"y"}"#));
        assert_eq!(told_apart_by(b"no json"), b"no json");
    }

    #[test]
    fn a_kept_body_holds_no_secret() {
        let kept = without_secrets(br#"{"id":"lnk_1","token":"abc","url":"https://x/join/abc"}"#);
        assert_eq!(kept, r#"{"id":"lnk_1","token":null,"url":null}"#);
        assert_eq!(without_secrets(b""), "");
    }

    #[test]
    fn a_key_is_printed_and_not_too_long() {
        let read = |given: &str| {
            let request = TestRequest::default().insert_header((KEY, given));
            key(request.to_http_request().headers()).ok()
        };
        assert_eq!(read("abc-1").as_deref(), Some("abc-1"));
        let long = "x".repeat(KEY_MOST + 1);
        for given in ["", "é", "a b", &long] {
            assert_eq!(read(given), None, "{given:?}");
        }
    }

    #[test]
    fn caller_route_and_key_name_a_request_together() {
        let named = |caller, path, key| {
            let request = TestRequest::post().uri(path).to_http_request();
            name(caller, &request, key)
        };
        let one = named("tok_1", "/a", "k");
        assert_eq!(one, named("tok_1", "/a", "k"));
        for other in [
            named("tok_2", "/a", "k"),
            named("tok_1", "/b", "k"),
            named("tok_1", "/a?x=1", "k"),
            named("tok_1", "/a", "l"),
        ] {
            assert_ne!(one, other);
        }
    }
}
