//! No other site's page makes a browser submit a form here.

use actix_web::http::{
    Method,
    header::{self, HeaderMap},
};
use contract::{Kind, Problem};
use url::Url;

/// Refuses a request that may change something and that another site's page may have sent.
///
/// Browsers say where a request comes from (`Sec-Fetch-Site`; older ones, and all of them over plain
/// HTTP, `Origin` or `Referer`); who says nothing may go on only without a cookie, and then has nothing
/// that another site could use. `Origin: null` says that it comes from where a browser does not tell,
/// such as a page of another site in a sandbox: that is no page of this one, whose policy has browsers
/// tell this site.
pub(crate) fn check(method: &Method, headers: &HeaderMap, public: &Url) -> Result<(), Problem> {
    if [Method::GET, Method::HEAD, Method::OPTIONS].contains(method) {
        return Ok(());
    }
    let text =
        |name: header::HeaderName| headers.get(name).map(|value| value.to_str().unwrap_or(""));
    let is_own = if let Some(site) = text(header::HeaderName::from_static("sec-fetch-site")) {
        site == "same-origin" || site == "none"
    } else if let Some(origin) = text(header::ORIGIN).or_else(|| text(header::REFERER)) {
        is_own_origin(origin, text(header::HOST), public)
    } else {
        !headers.contains_key(header::COOKIE)
    };
    if is_own {
        return Ok(());
    }
    Err(Problem::new(Kind::Forbidden).detail("This form was not sent from a page of this site."))
}

fn is_own_origin(from: &str, host: Option<&str>, public: &Url) -> bool {
    let Ok(from) = Url::parse(from) else {
        return false;
    };
    let is_web = from.scheme() == "http" || from.scheme() == "https";
    let authority = match (from.host_str(), from.port()) {
        (Some(host), Some(port)) => format!("{host}:{port}"),
        (Some(host), None) => host.to_owned(),
        (None, _) => return false,
    };
    is_web && (from.origin() == public.origin() || host.is_some_and(|host| host == authority))
}

#[cfg(test)]
mod tests {
    use header::{HeaderName, HeaderValue};

    use super::*;

    fn post(given: &[(&'static str, &'static str)]) -> bool {
        let mut headers = HeaderMap::new();
        for (name, value) in given {
            headers.append(
                HeaderName::from_static(name),
                HeaderValue::from_static(value),
            );
        }
        let public = Url::parse("https://usher.example").unwrap();
        check(&Method::POST, &headers, &public).is_ok()
    }

    #[test]
    fn a_form_of_this_site_passes() {
        assert!(post(&[
            ("sec-fetch-site", "same-origin"),
            ("cookie", "a=b")
        ]));
        assert!(post(&[("sec-fetch-site", "none")]));
        assert!(post(&[
            ("origin", "https://usher.example"),
            ("cookie", "a=b")
        ]));
        assert!(post(&[
            ("origin", "http://localhost:8080"),
            ("host", "localhost:8080")
        ]));
        assert!(post(&[
            ("referer", "https://usher.example/join/x"),
            ("cookie", "a=b")
        ]));
    }

    #[test]
    fn a_form_of_another_site_is_refused() {
        for given in [
            &[("sec-fetch-site", "cross-site")][..],
            &[("sec-fetch-site", "same-site")],
            &[
                ("sec-fetch-site", "cross-site"),
                ("origin", "https://usher.example"),
            ],
            &[("origin", "https://evil.example")],
            &[("origin", "null")],
            &[("origin", "null"), ("cookie", "usher_admin=x")],
            &[
                ("origin", "null"),
                ("referer", "https://usher.example/join/x"),
            ],
            &[("origin", "http://usher.example")],
            &[("origin", "https://usher.example.evil.example")],
            &[("origin", "https://usher.example:444")],
            &[("referer", "https://evil.example/?https://usher.example")],
        ] {
            assert!(!post(given), "{given:?}");
        }
    }

    #[test]
    fn who_says_nothing_may_go_on_only_without_a_cookie() {
        assert!(post(&[]));
        assert!(!post(&[("cookie", "usher_admin=x")]));
    }
}
