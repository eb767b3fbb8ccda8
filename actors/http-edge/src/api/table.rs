//! Routes as data: what is served can be listed, and held against what is described.

use std::collections::BTreeMap;

use actix_web::{
    FromRequest, Handler, HttpResponse, Responder, ResponseError as _, Route, guard,
    http::{Method, header},
    middleware, web,
};
use contract::Kind;

use super::idempotency;
use crate::problem::Refused;

/// A line of the table of routes.
pub(super) struct Entry {
    pub(super) method: Method,
    pub(super) path: &'static str,
    route: Route,
}

impl Entry {
    fn new(method: Method, path: &'static str, route: Route) -> Self {
        Self {
            method,
            path,
            route,
        }
    }
}

macro_rules! verbs {
    ($($(#[$doc:meta])* $name:ident $method:ident $(, $once:path)?;)*) => {$(
        $(#[$doc])*
        pub(super) fn $name<F, Args>(path: &'static str, handler: F) -> Entry
        where
            F: Handler<Args>,
            Args: FromRequest + 'static,
            F::Output: Responder + 'static,
        {
            let route = answers(&Method::$method).to(handler);
            $(let route = route.wrap(middleware::from_fn($once));)?
            Entry::new(Method::$method, path, route)
        }
    )*};
}
verbs! {
    get GET;
    patch PATCH;
    delete DELETE;
    /// Takes an `Idempotency-Key`, as everything that is posted does.
    post POST, idempotency::of_bearers;
    /// The same without a token.
    post_public POST, idempotency::of_public;
    /// What its sender signs, and names in what is signed: it needs no key.
    post_signed POST;
    /// Whose body is streamed: the handler minds the `Idempotency-Key` itself.
    post_streamed POST;
}

/// A route of a method; `GET` is asked with `HEAD` as well.
fn answers(method: &Method) -> Route {
    if *method == Method::GET {
        web::route().guard(guard::Any(guard::Get()).or(guard::Head()))
    } else {
        web::method(method.clone())
    }
}

/// Adds the routes, those of one path as one resource.
pub(super) fn configure(cfg: &mut web::ServiceConfig, entries: Vec<Entry>) {
    let mut resources: BTreeMap<_, Vec<Entry>> = BTreeMap::new();
    for entry in entries {
        resources.entry(entry.path).or_default().push(entry);
    }
    // In the order of their bytes, a literal segment stands before a `{` of the same place.
    for (path, entries) in resources {
        let allowed = allow(&entries);
        let mut resource = web::resource(path);
        for entry in entries {
            resource = resource.route(entry.route);
        }
        cfg.service(resource.default_service(web::to(move || {
            let refused = not_allowed(&allowed);
            async move { refused }
        })));
    }
}

fn allow(entries: &[Entry]) -> String {
    let mut methods: Vec<&str> = entries.iter().map(|entry| entry.method.as_str()).collect();
    if methods.contains(&"GET") {
        methods.push("HEAD");
    }
    methods.sort_unstable();
    methods.join(", ")
}

fn not_allowed(allowed: &str) -> HttpResponse {
    let mut response = Refused::of(Kind::MethodNotAllowed).error_response();
    if let Ok(allowed) = header::HeaderValue::from_str(allowed) {
        response.headers_mut().insert(header::ALLOW, allowed);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn nothing() -> HttpResponse {
        HttpResponse::Ok().finish()
    }

    #[test]
    fn a_resource_that_is_got_also_allows_head() {
        let entries = [post("/a", nothing), get("/a", nothing)];
        assert_eq!(allow(&entries), "GET, HEAD, POST");
        assert_eq!(allow(&[delete("/a", nothing)]), "DELETE");
    }
}
