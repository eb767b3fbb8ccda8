//! The head of a request, before anybody asks what is wanted: what two readers could take in two ways,
//! and what nobody here can take, is refused with its name.

use actix_web::http::{
    Method,
    header::{self, HeaderMap},
};
use contract::{Kind, Problem};

/// Headers with one value. Of two, whoever stands before us may look at the one and we at the other;
/// of lengths and hosts the server itself takes only one.
const ALONE: [&str; 6] = [
    "Authorization",
    "Content-Type",
    "Origin",
    "Referer",
    "Sec-Fetch-Site",
    "Idempotency-Key",
];
/// The field of a refusal of how a body is packed.
pub(crate) const CODING: &str = "Content-Encoding";

/// Refuses a head that nobody should act upon.
pub(crate) fn check(method: &Method, headers: &HeaderMap) -> Result<(), Problem> {
    alone(headers)?;
    spoken(method, headers)?;
    plain(method, headers)
}

fn alone(headers: &HeaderMap) -> Result<(), Problem> {
    let is_repeated = |name: &&str| headers.get_all(*name).nth(1).is_some();
    let mut repeated = ALONE.into_iter().filter(is_repeated).peekable();
    if repeated.peek().is_none() {
        return Ok(());
    }
    let detail = "A header is there twice that can be there once.";
    let problem = Problem::new(Kind::Malformed).detail(detail);
    Err(repeated.fold(problem, |problem, name| {
        problem.field(name, "repeated", "can be given only once")
    }))
}

/// Whoever wants to speak something else sends no body that ends: everything that follows would be
/// awaited as one.
fn spoken(method: &Method, headers: &HeaderMap) -> Result<(), Problem> {
    if *method == Method::CONNECT {
        return Err(Problem::new(Kind::Malformed).detail("This is not a proxy."));
    }
    let mut upgrades = headers.get_all(header::UPGRADE);
    let is_refused = upgrades.any(|to| {
        to.as_bytes()
            .trim_ascii()
            .eq_ignore_ascii_case(b"websocket")
    });
    if is_refused {
        let detail = "HTTP alone is spoken here.";
        let problem = Problem::new(Kind::Malformed).detail(detail);
        return Err(problem.field("Upgrade", "not-taken", "cannot be to a web socket"));
    }
    Ok(())
}

/// The bodies that somebody reads are read as they are.
fn plain(method: &Method, headers: &HeaderMap) -> Result<(), Problem> {
    let unread = [Method::GET, Method::HEAD, Method::OPTIONS, Method::DELETE];
    if unread.contains(method) {
        return Ok(());
    }
    let is_plain = headers.get_all(header::CONTENT_ENCODING).all(|codings| {
        let mut codings = codings.as_bytes().split(|byte| *byte == b',');
        codings.all(|coding| {
            let coding = coding.trim_ascii();
            coding.is_empty() || coding.eq_ignore_ascii_case(b"identity")
        })
    });
    if is_plain {
        return Ok(());
    }
    let detail = "A body is taken as it is: send it without Content-Encoding.";
    let problem = Problem::new(Kind::UnsupportedMediaType).detail(detail);
    Err(problem.field(CODING, "not-taken", "can only be identity"))
}

#[cfg(test)]
mod tests {
    use header::{HeaderName, HeaderValue};

    use super::*;

    fn asked(method: &Method, given: &[(&'static str, &'static str)]) -> Result<(), Problem> {
        let mut headers = HeaderMap::new();
        for (name, value) in given {
            headers.append(
                HeaderName::from_static(name),
                HeaderValue::from_static(value),
            );
        }
        check(method, &headers)
    }

    fn fields(refused: Result<(), Problem>) -> Vec<(u16, String, String)> {
        let problem = refused.unwrap_err();
        let status = problem.status;
        let errors = problem.errors.into_iter();
        errors
            .map(|error| (status, error.field, error.code))
            .collect()
    }

    #[test]
    fn a_header_with_one_value_is_there_once() {
        let once = [
            ("authorization", "a"),
            ("content-type", "a"),
            ("origin", "a"),
            ("referer", "a"),
            ("sec-fetch-site", "a"),
            ("idempotency-key", "a"),
        ];
        assert_eq!(asked(&Method::POST, &once), Ok(()));
        let twice = [once, once].concat();
        let named = ALONE.map(|name| (400, name.to_owned(), "repeated".to_owned()));
        assert_eq!(fields(asked(&Method::GET, &twice)), named);
        // lists may come in pieces
        let lists = [("cookie", "a=b"), ("cookie", "c=d"), ("accept", "a/b")];
        assert_eq!(asked(&Method::POST, &lists), Ok(()));
    }

    #[test]
    fn a_body_that_is_read_is_not_packed() {
        for coding in ["", "identity", "Identity", "identity, identity"] {
            let given = [("content-encoding", coding)];
            assert_eq!(asked(&Method::POST, &given), Ok(()), "{coding:?}");
        }
        for coding in ["gzip", "GZIP", "br", "identity, gzip", "zip,identity"] {
            let given = [("content-encoding", coding)];
            let named = (415, CODING.to_owned(), "not-taken".to_owned());
            assert_eq!(fields(asked(&Method::PATCH, &given)), [named], "{coding:?}");
            assert_eq!(asked(&Method::GET, &given), Ok(()), "{coding:?}");
        }
        let behind = [
            ("content-encoding", "identity"),
            ("content-encoding", "gzip"),
        ];
        assert!(asked(&Method::POST, &behind).is_err());
    }

    #[test]
    fn nothing_but_http_is_spoken() {
        assert!(asked(&Method::CONNECT, &[]).is_err());
        let refused = asked(&Method::GET, &[("upgrade", "WebSocket")]);
        let named = (400, "Upgrade".to_owned(), "not-taken".to_owned());
        assert_eq!(fields(refused), [named]);
        // what may be left unheeded is
        assert_eq!(asked(&Method::GET, &[("upgrade", "h2c")]), Ok(()));
    }
}
