//! Whoever is not signed in is sent to where that is done.

use actix_web::{
    HttpResponse, ResponseError,
    body::BoxBody,
    http::{StatusCode, header},
};
use contract::Problem;

use crate::problem::Refused;

/// Why a page for somebody who is signed in is not shown.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoSession {
    /// Nobody is signed in, or not any more; where that is done.
    #[error("not signed in")]
    SignedOut(&'static str),
    /// Nobody could say.
    #[error(transparent)]
    Refused(#[from] Refused),
}

impl From<Problem> for NoSession {
    fn from(problem: Problem) -> Self {
        Self::Refused(Refused(problem))
    }
}

impl ResponseError for NoSession {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::SignedOut(_) => StatusCode::SEE_OTHER,
            Self::Refused(refused) => refused.status_code(),
        }
    }

    fn error_response(&self) -> HttpResponse<BoxBody> {
        match self {
            Self::SignedOut(sign_in) => HttpResponse::SeeOther()
                .insert_header((header::LOCATION, *sign_in))
                .finish(),
            Self::Refused(refused) => refused.error_response(),
        }
    }
}
