//! What every handler knows of its request before it knows who asks.

use std::{
    future::{Ready, ready},
    net::{IpAddr, Ipv4Addr},
};

use actix_web::{
    FromRequest, HttpMessage as _, HttpRequest,
    dev::{Payload, ServiceRequest},
    http::header::HeaderMap,
    web,
};
use contract::{Caller, Clock, Service};
use kernel::Cx;

use crate::{client::client, edge::Edge, network::Network, problem::Refused};

/// The id of the request, given by the gate.
#[derive(Clone, Debug)]
pub(crate) struct RequestId(pub(crate) String);

/// Only the head of the answer is wanted: the gate lets the handler of `GET` make it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HeadOnly;

impl HeadOnly {
    pub(crate) fn of(request: &HttpRequest) -> Option<Self> {
        request.extensions().get().copied()
    }
}

/// A request of the public: its id, its deadline, and nobody in particular as its caller.
#[derive(Clone, Debug)]
pub(crate) struct Incoming {
    pub(crate) cx: Cx,
    /// Where it comes from, as far as that can be believed.
    pub(crate) client: IpAddr,
}

impl Incoming {
    pub(crate) fn of(request: &HttpRequest) -> Result<Self, Refused> {
        let edge = edge(request)?;
        let clock = edge.bus.clock();
        let id = request
            .extensions()
            .get::<RequestId>()
            .map(|id| id.0.clone());
        let id = id.unwrap_or_else(|| clock.ulid().to_string());
        let caller = Caller::public(Service::HttpEdge, clock.now());
        let peer = request.peer_addr().map(|peer| peer.ip());
        let client = client(
            peer.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED)),
            request.headers(),
            &edge.options.trusted_proxies,
        );
        Ok(Self {
            cx: Cx::begin(caller, id, &**clock),
            client,
        })
    }
}

impl FromRequest for Incoming {
    type Error = Refused;
    type Future = Ready<Result<Self, Refused>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Self::of(request))
    }
}

/// The same request with the patience of one that begins now, for what is done piece by piece.
pub(crate) fn renewed(edge: &Edge, cx: &Cx) -> Cx {
    renewed_at(&**edge.bus.clock(), cx)
}

/// The same by a clock.
pub(crate) fn renewed_at(clock: &dyn Clock, cx: &Cx) -> Cx {
    let caller = Caller {
        expires_at: clock.now().plus_seconds(Caller::LIFETIME_SECONDS),
        ..cx.caller.clone()
    };
    Cx::begin(caller, cx.request_id.clone(), clock)
}

/// What the worker holds.
pub(crate) fn edge(request: &HttpRequest) -> Result<&web::Data<Edge>, Refused> {
    request
        .app_data()
        .ok_or_else(|| Refused::of(contract::Kind::Internal))
}

/// The id that a trusted proxy gave the request, if it did so.
pub(crate) fn given_id(request: &ServiceRequest, trusted: &[Network]) -> Option<String> {
    if trusted.is_empty() {
        return None;
    }
    let peer = request.peer_addr()?.ip();
    trusted
        .iter()
        .any(|network| network.contains(peer))
        .then_some(())?;
    let headers = request.headers();
    well_formed_id(headers).or_else(|| trace_id(headers))
}

fn well_formed_id(headers: &HeaderMap) -> Option<String> {
    let id = headers.get("x-request-id")?.to_str().ok()?;
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    ((8..=64).contains(&id.len()) && id.bytes().all(is_plain)).then(|| id.to_owned())
}

/// The trace id of a `traceparent` (W3C Trace Context, section 3.2).
fn trace_id(headers: &HeaderMap) -> Option<String> {
    let mut parts = headers.get("traceparent")?.to_str().ok()?.split('-');
    let (version, id) = (parts.next()?, parts.next()?);
    let is_hex = |text: &str| {
        text.bytes()
            .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    };
    let is_good = version.len() == 2 && version != "ff" && is_hex(version);
    (is_good && id.len() == 32 && is_hex(id) && id.bytes().any(|b| b != b'0'))
        .then(|| id.to_owned())
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn given(header: (&'static str, &'static str), trusted: &[Network]) -> Option<String> {
        let request = TestRequest::default()
            .peer_addr("10.0.0.1:1000".parse().unwrap())
            .insert_header(header)
            .to_srv_request();
        given_id(&request, trusted)
    }

    #[test]
    fn only_a_trusted_proxy_names_a_request() {
        let header = ("x-request-id", "abc-12345");
        assert_eq!(given(header, &[]), None);
        assert_eq!(given(header, &["10.0.0.2".parse().unwrap()]), None);
        assert_eq!(
            given(header, &["10.0.0.0/8".parse().unwrap()]).as_deref(),
            Some("abc-12345")
        );
    }

    #[test]
    fn an_id_that_could_break_a_log_line_is_not_kept() {
        let trusted = ["10.0.0.1".parse().unwrap()];
        for id in [
            "short",
            "has space inside",
            "quote\"quote",
            "semi;colon;semi",
        ] {
            assert_eq!(given(("x-request-id", id), &trusted), None, "{id:?}");
        }
    }

    #[test]
    fn a_trace_parent_names_the_request_by_its_trace() {
        let trusted = ["10.0.0.1".parse().unwrap()];
        let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
        let header = (
            "traceparent",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        );
        assert_eq!(given(header, &trusted).as_deref(), Some(trace));
        for bad in [
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-xyz-1-01",
            "",
        ] {
            assert_eq!(given(("traceparent", bad), &trusted), None, "{bad:?}");
        }
    }
}
