//! The one middleware: everything that holds for every request, whatever its route.
//!
//! In order: bound the requests in flight, name the request, look at its head, refuse foreign forms, wait for
//! the body, run the handler behind a panic guard, render a problem, frame it, set the headers, count and log.

use std::{panic::AssertUnwindSafe, time::Instant};

use actix_web::{
    Error, HttpMessage as _, HttpResponse,
    body::{BodySize, BoxBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    error::InternalError,
    http::{
        ConnectionType, Method, StatusCode, Version,
        header::{self, HeaderMap, HeaderName, HeaderValue},
    },
    middleware::Next,
    web,
};
use contract::{Kind, Problem};
use futures_util::FutureExt as _;
use prometheus::IntGauge;

use crate::{
    arriving, csrf,
    edge::{Edge, EdgeOptions},
    head,
    metrics::{HttpMetrics, method_label},
    pages, problem,
    request::{HeadOnly, RequestId, edge, given_id},
};

/// The most requests that a process works on at once; more are refused at once.
const MOST_IN_FLIGHT: i64 = 4_096;

const CSP: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; \
                   connect-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; \
                   frame-ancestors 'none'";
/// Other sites learn nothing, not even of a token in an address. `no-referrer` would have browsers say
/// `Origin: null` of our own forms, too, which nobody can tell from a foreign one.
const REFERRER: &str = "same-origin";
const HSTS: &str = "max-age=31536000; includeSubDomains";
const ROBOTS: HeaderName = HeaderName::from_static("x-robots-tag");
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// A request in flight, counted until it is dropped.
struct InFlight(IntGauge);

impl InFlight {
    /// Whether it is one of those that are answered. Whose body came later comes back among them.
    fn room(&self) -> Result<(), Problem> {
        if self.0.get() > MOST_IN_FLIGHT {
            return Err(Problem::new(Kind::Overloaded));
        }
        Ok(())
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// Passes a request through.
pub(crate) async fn pass(
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let edge = web::Data::clone(edge(request.request())?);
    let started = Instant::now();
    edge.metrics.in_flight.inc();
    let in_flight = InFlight(edge.metrics.in_flight.clone());
    let id = given_id(&request, &edge.options.trusted_proxies)
        .unwrap_or_else(|| edge.bus.clock().ulid().to_string());
    request.extensions_mut().insert(RequestId(id.clone()));
    let is_api = is_api(request.path());
    let method = method_label(request.method());
    // Who asks for the head gets that of GET; the server leaves the body out.
    if *request.method() == Method::HEAD {
        request.head_mut().method = Method::GET;
        request.extensions_mut().insert(HeadOnly);
    }
    let guard = Answering {
        edge: &edge,
        id: &id,
        is_api,
    };

    let response = if let Err(problem) = in_flight.room() {
        let refused = guard.render(problem);
        request.into_response(refused)
    } else if let Err(problem) = guard.check(&request) {
        let refused = guard.render(problem);
        request.into_response(refused)
    } else if let Err(problem) = arrived(&mut request, &edge.metrics, &in_flight).await {
        let mut refused = guard.render(problem);
        // What is still to come is not read as the next request.
        refused
            .head_mut()
            .set_connection_type(ConnectionType::Close);
        request.into_response(refused)
    } else {
        match AssertUnwindSafe(async { next.call(request).await })
            .catch_unwind()
            .await
        {
            Ok(Ok(response)) => guard.finish(response.map_into_boxed_body()),
            // A middleware of a route refused without an answer.
            Ok(Err(error)) => return Err(guard.without_request(error.error_response(), method)),
            Err(_) => {
                edge.metrics.panics.inc();
                tracing::error!(request_id = %id, method, "a handler panicked");
                let refused = guard.render(Problem::new(Kind::Panicked));
                return Err(guard.without_request(refused, method));
            }
        }
    };
    let mut response = response;
    unchunked(&mut response);
    set_headers(response.headers_mut(), &edge.options, &id);
    let route = response.request().match_pattern();
    let route = route.as_deref().unwrap_or("unmatched");
    let (status, took) = (response.status(), started.elapsed());
    edge.metrics.record(route, method, status, took);
    tracing::debug!(request_id = %id, method, route, status = status.as_u16(), ?took, "answered");
    Ok(response)
}

/// Waits for the body. Whoever came meanwhile is being answered, and may be one too many by then.
async fn arrived(
    request: &mut ServiceRequest,
    metrics: &HttpMetrics,
    in_flight: &InFlight,
) -> Result<(), Problem> {
    arriving::ahead(request, metrics).await?;
    in_flight.room()
}

/// Whether problems are answered as JSON.
fn is_api(path: &str) -> bool {
    path == "/api" || path.starts_with("/api/") || path.starts_with("/problems/")
}

/// Whether it is what a mail program asks for on behalf of its user, from a page of its own: whoever
/// has the token of a mail may ask for less of it, and no cookie is looked at.
fn is_one_click(path: &str) -> bool {
    path.starts_with("/unsubscribe/")
}

/// What the gate knows while a request is being answered.
struct Answering<'a> {
    edge: &'a Edge,
    id: &'a str,
    is_api: bool,
}

impl Answering<'_> {
    fn check(&self, request: &ServiceRequest) -> Result<(), Problem> {
        head::check(request.method(), request.headers())?;
        if self.is_api || is_one_click(request.path()) {
            return Ok(());
        }
        csrf::check(
            request.method(),
            request.headers(),
            &self.edge.options.public_url,
        )
    }

    /// The answer of a problem.
    fn render(&self, problem: Problem) -> HttpResponse {
        let problem = Problem {
            instance: Some(self.id.to_owned()),
            ..problem
        };
        let mut response = if self.is_api {
            problem::json(&problem)
        } else {
            pages::problem(&problem)
        };
        problem::set_headers(&problem, response.headers_mut());
        response
    }

    /// Renders the problem that a handler answered, if it did.
    fn finish(&self, mut response: ServiceResponse) -> ServiceResponse {
        let problem = response.response_mut().extensions_mut().remove::<Problem>();
        let Some(problem) = problem.or_else(|| untaken(response.response_mut())) else {
            return response;
        };
        let mut rendered = self.render(problem);
        // What the handler itself wanted to say: `Allow`, a cookie.
        for (name, value) in response.headers() {
            if !rendered.headers().contains_key(name) {
                rendered.headers_mut().append(name.clone(), value.clone());
            }
        }
        response.into_response(rendered)
    }

    /// An answer where the request is lost: the route is unknown, the rest is as ever.
    fn without_request(&self, mut response: HttpResponse, method: &'static str) -> Error {
        set_headers(response.headers_mut(), &self.edge.options, self.id);
        let status = response.status();
        self.edge
            .metrics
            .record("unknown", method, status, std::time::Duration::ZERO);
        InternalError::from_response("answered", response).into()
    }
}

/// The problem of a page that does not take the method: the server itself says so, without a body.
fn untaken(response: &mut HttpResponse) -> Option<Problem> {
    if response.status() != StatusCode::METHOD_NOT_ALLOWED {
        return None;
    }
    let headers = response.headers_mut();
    let allowed = headers
        .get(header::ALLOW)
        .and_then(|allowed| allowed.to_str().ok());
    // Who may GET may ask for the head alone.
    if let Some(allowed) = allowed
        && allowed.split(',').any(|method| method.trim() == "GET")
        && let Ok(allowed) = HeaderValue::from_str(&format!("{allowed}, HEAD"))
    {
        headers.insert(header::ALLOW, allowed);
    }
    Some(Problem::new(Kind::MethodNotAllowed))
}

/// Who speaks HTTP/1.0 knows of no chunks: an answer whose length nobody knows yet ends with the connection
/// (RFC 9112 section 6.1).
fn unchunked(response: &mut ServiceResponse<BoxBody>) {
    let is_old = response.request().version() < Version::HTTP_11;
    if is_old && response.response().body().size() == BodySize::Stream {
        let head = response.response_mut().head_mut();
        head.no_chunking(true);
        head.set_connection_type(ConnectionType::Close);
    }
}

/// The headers of every answer.
fn set_headers(headers: &mut HeaderMap, options: &EdgeOptions, id: &str) {
    let fixed = HeaderValue::from_static;
    // A page that shows a letter has a policy of its own.
    if !headers.contains_key(header::CONTENT_SECURITY_POLICY) {
        headers.insert(header::CONTENT_SECURITY_POLICY, fixed(CSP));
    }
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, fixed("nosniff"));
    headers.insert(header::REFERRER_POLICY, fixed(REFERRER));
    headers.insert(ROBOTS, fixed("noindex, nofollow"));
    if !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, fixed("no-store"));
    }
    if options.is_https() {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, fixed(HSTS));
    }
    if let Ok(id) = HeaderValue::from_str(id) {
        headers.insert(REQUEST_ID, id);
    }
}

#[cfg(test)]
mod tests {
    use actix_web::{dev::Payload, test::TestRequest};
    use futures_util::stream;
    use prometheus::Registry;
    use tokio::sync::oneshot;
    use url::Url;

    use super::*;

    #[actix_web::test]
    async fn whose_body_came_late_is_one_of_those_that_are_answered_or_is_refused() {
        for (others, refused) in [
            (MOST_IN_FLIGHT - 1, None),
            (MOST_IN_FLIGHT, Some(Kind::Overloaded)),
        ] {
            let metrics = HttpMetrics::register(&Registry::new()).unwrap();
            metrics.in_flight.inc();
            let in_flight = InFlight(metrics.in_flight.clone());
            assert!(in_flight.room().is_ok());
            let (send, body) = oneshot::channel();
            let mut request = TestRequest::post().to_srv_request();
            request.set_payload(Payload::Stream {
                payload: Box::pin(stream::once(async { Ok(body.await.unwrap()) })),
            });
            let mut arrived = Box::pin(arrived(&mut request, &metrics, &in_flight));
            assert!(futures_util::poll!(&mut arrived).is_pending());
            assert_eq!((metrics.in_flight.get(), metrics.arriving.get()), (0, 1));
            // others came before its body did
            metrics.in_flight.set(others);
            send.send(web::Bytes::from_static(b"{}")).unwrap();
            let problem = arrived.await.err().map(|problem| problem.kind);
            assert_eq!(problem, refused, "beside {others} others");
        }
    }

    /// What a browser without `Sec-Fetch-Site` sends with a form, by the policy of the form's page: the
    /// Fetch standard, "append a request `Origin` header", and Referrer Policy, section 8.3.
    fn told(policy: &str, page: &Url, to: &Url) -> (String, Option<String>) {
        let own = page.origin() == to.origin();
        match policy {
            "same-origin" if own => (page.origin().ascii_serialization(), Some(page.to_string())),
            "same-origin" | "no-referrer" => ("null".to_owned(), None),
            other => panic!("say what browsers do with {other}"),
        }
    }

    fn takes(site: &Url, origin: &str) -> bool {
        let mut headers = HeaderMap::new();
        let origin = HeaderValue::from_str(origin).unwrap();
        headers.insert(header::ORIGIN, origin);
        headers.insert(header::COOKIE, HeaderValue::from_static("usher_admin=x"));
        csrf::check(&Method::POST, &headers, site).is_ok()
    }

    #[test]
    fn the_policy_has_browsers_say_where_our_own_forms_come_from_and_nothing_to_other_sites() {
        let other: Url = "https://product.example/".parse().unwrap();
        for site in ["http://usher.example", "https://usher.example"] {
            let site: Url = site.parse().unwrap();
            let page = site.join("/join/a-token").unwrap();
            let (origin, _) = told(REFERRER, &page, &page);
            assert!(takes(&site, &origin), "{site}: {origin}");
            let (origin, referrer) = told(REFERRER, &page, &other);
            assert_eq!((origin.as_str(), referrer), ("null", None));
            let (origin, _) = told(REFERRER, &other, &page);
            assert!(!takes(&site, &origin), "{site}: {origin}");
            // as it was
            let (origin, _) = told("no-referrer", &page, &page);
            assert!(!takes(&site, &origin), "{site}: {origin}");
        }
    }
}
