//! From a problem to HTTP (RFC 9457).

use std::fmt;

use actix_web::{
    HttpResponse, ResponseError,
    body::BoxBody,
    http::{
        StatusCode,
        header::{self, HeaderValue},
    },
};
use contract::{FieldError, Kind, Problem};
use serde::Serialize;
use utoipa::ToSchema;

use crate::head::CODING;

/// A refusal on its way out. Any handler may answer it: the gate renders it, as JSON under `/api`
/// and as a page elsewhere, and puts the request id in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refused(pub(crate) Problem);

impl Refused {
    pub(crate) fn of(kind: Kind) -> Self {
        Self(Problem::new(kind))
    }

    pub(crate) fn not_found() -> Self {
        Self::of(Kind::NotFound)
    }
}

impl From<Problem> for Refused {
    fn from(problem: Problem) -> Self {
        Self(problem)
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl ResponseError for Refused {
    fn status_code(&self) -> StatusCode {
        status(&self.0)
    }

    fn error_response(&self) -> HttpResponse<BoxBody> {
        let mut response = HttpResponse::new(self.status_code());
        response.extensions_mut().insert(self.0.clone());
        response
    }
}

impl std::error::Error for Refused {}

impl actix_web::Responder for Refused {
    type Body = BoxBody;

    fn respond_to(self, _: &actix_web::HttpRequest) -> HttpResponse<BoxBody> {
        self.error_response()
    }
}

/// The status of a problem's answer.
pub(crate) fn status(problem: &Problem) -> StatusCode {
    StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// A problem as it is written (RFC 9457).
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub(crate) struct ProblemBody<'a> {
    /// A URL relative to this site, stable for programs.
    #[serde(rename = "type")]
    #[schema(example = "/problems/invalid")]
    kind: String,
    /// One plain sentence, the same for every problem of this type.
    title: &'a str,
    /// The HTTP status.
    status: u16,
    /// What is particular about this occurrence.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<&'a str>,
    /// The request in which it happened, as in `X-Request-Id`.
    #[serde(skip_serializing_if = "Option::is_none")]
    instance: Option<&'a str>,
    /// The fields that were refused.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<FieldErrorBody<'a>>,
}

/// One field that was refused.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FieldError)]
pub(crate) struct FieldErrorBody<'a> {
    /// The field as the caller named it.
    field: &'a str,
    /// A stable word for programs.
    code: &'a str,
    /// A sentence for people.
    detail: &'a str,
}

impl<'a> From<&'a FieldError> for FieldErrorBody<'a> {
    fn from(error: &'a FieldError) -> Self {
        Self {
            field: &error.field,
            code: &error.code,
            detail: &error.detail,
        }
    }
}

/// The answer of the API.
pub(crate) fn json(problem: &Problem) -> HttpResponse {
    let body = ProblemBody {
        kind: format!("/problems/{}", problem.kind.slug()),
        title: &problem.title,
        status: problem.status,
        detail: problem.detail.as_deref(),
        instance: problem.instance.as_deref(),
        errors: problem.errors.iter().map(FieldErrorBody::from).collect(),
    };
    HttpResponse::build(status(problem))
        .content_type("application/problem+json")
        .body(serde_json::to_vec(&body).unwrap_or_default())
}

/// The headers that a problem asks for, whatever its body looks like.
pub(crate) fn set_headers(problem: &Problem, headers: &mut header::HeaderMap) {
    if let Some(seconds) = problem.retry_after {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    if problem.status == 401 {
        let scheme = HeaderValue::from_static("Bearer realm=\"usher\"");
        headers.insert(header::WWW_AUTHENTICATE, scheme);
    }
    // By this is a coding told from a type that is not taken (RFC 9110 section 12.5.3).
    if problem.errors.iter().any(|error| error.field == CODING) {
        let coding = HeaderValue::from_static("identity");
        headers.insert(header::ACCEPT_ENCODING, coding);
    }
}
