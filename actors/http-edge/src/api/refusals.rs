//! What any route may answer instead, described once.

use std::collections::BTreeMap;

use utoipa::{
    IntoResponses,
    openapi::{ContentBuilder, Ref, RefOr, Response, ResponseBuilder, header::HeaderBuilder},
};

/// The status, and when it is answered.
const TABLE: &[(u16, &str)] = &[
    (
        400,
        "The body is not JSON, or a header is there twice that can be there once.",
    ),
    (
        401,
        "No token, or one that is not valid; or address or password are not right.",
    ),
    (403, "The role of the token does not suffice."),
    (404, "There is no such thing, or not for this token."),
    (405, "Another method; `Allow` lists those that are taken."),
    (409, "It does not fit with what is already there."),
    (410, "It was there, and is not any more."),
    (413, "The body is larger than 64 KiB."),
    (
        415,
        "The body is not said to be `application/json`, or has a `Content-Encoding`.",
    ),
    (
        422,
        "Fields or parameters are refused; `errors` names each.",
    ),
    (
        429,
        "Too many requests; `Retry-After` says when to come back.",
    ),
    (
        503,
        "Too busy or not available; `Retry-After` says when to come back.",
    ),
    (504, "No answer in time; it may or may not have happened."),
];

fn component(status: u16) -> String {
    format!("Refused{status}")
}

/// References to the shared answers.
fn problems(statuses: &[u16]) -> BTreeMap<String, RefOr<Response>> {
    let reference = |status: &u16| {
        let shared = Ref::from_response_name(component(*status));
        (status.to_string(), RefOr::Ref(shared))
    };
    statuses.iter().map(reference).collect()
}

/// The shared answers, by their names.
pub(super) fn components() -> impl Iterator<Item = (String, RefOr<Response>)> {
    TABLE.iter().map(|(status, when)| {
        let content = ContentBuilder::new()
            .schema(Some(Ref::from_schema_name("Problem")))
            .build();
        let header = |says: &str| HeaderBuilder::new().description(Some(says)).build();
        let response = ResponseBuilder::new()
            .description(*when)
            .content("application/problem+json", content);
        let response = match status {
            401 => response.header("WWW-Authenticate", header("`Bearer`.")),
            405 => response.header("Allow", header("The methods that are taken.")),
            429 | 503 => response.header("Retry-After", header("Seconds.")),
            _ => response,
        };
        (component(*status), response.build().into())
    })
}

macro_rules! sets {
    ($($(#[$doc:meta])* $name:ident [$($status:literal),*])*) => {$(
        $(#[$doc])*
        #[derive(Debug)]
        pub(super) enum $name {}

        impl IntoResponses for $name {
            fn responses() -> BTreeMap<String, RefOr<Response>> {
                problems(&[$($status),*])
            }
        }
    )*};
}
sets! {
    /// Of a route with a token that reads.
    Reading [400, 401, 403, 404, 405, 410, 422, 429, 503, 504]
    /// Of a route with a token that changes something.
    Writing [400, 401, 403, 404, 405, 409, 413, 415, 422, 429, 503, 504]
    /// Of a public route that reads.
    PublicReading [400, 404, 405, 429, 503, 504]
    /// Of the route by which a person signs in.
    SigningIn [400, 401, 405, 409, 413, 415, 422, 429, 503, 504]
    /// Of the route by which a person signs out.
    SigningOut [400, 401, 405, 429, 503, 504]
    /// Of the route by which an invite is accepted.
    Accepting [400, 401, 403, 404, 405, 409, 410, 413, 415, 422, 429, 503, 504]
    /// Of the route by which providers of mail tell what they know.
    Hooked [400, 401, 404, 405, 413, 415, 429, 503, 504]
    /// Of a public route that changes something.
    PublicWriting [400, 403, 404, 405, 409, 410, 413, 415, 422, 429, 503, 504]
}
