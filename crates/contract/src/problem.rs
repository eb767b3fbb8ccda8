//! Everything that can be refused, as one table; the same problem crosses the bus and HTTP
//! (RFC 9457).

use std::fmt;

use serde::{Deserialize, Serialize};

/// What kind of refusal it is: the `type` of the problem, stable for programs.
///
/// A short list, extended thoughtfully: a new kind is for a caller that must act differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the table below says what each kind means")]
pub enum Kind {
    Malformed,
    Unauthenticated,
    Forbidden,
    NotFound,
    MethodNotAllowed,
    Conflict,
    TooLarge,
    UnsupportedMediaType,
    Invalid,
    TooManyRequests,
    LinkUnknown,
    LinkExpired,
    LinkUsedUp,
    PlanEnded,
    DomainNotAllowed,
    AccountExists,
    MembershipRevoked,
    NoSeats,
    ProofRefused,
    SetUpRefused,
    SignInRefused,
    InviteUnknown,
    InviteExpired,
    InviteCancelled,
    InviteUsed,
    InviteForAnother,
    EventsExpired,
    Overloaded,
    Unavailable,
    InDoubt,
    DeadlinePassed,
    Panicked,
    Internal,
}

impl Kind {
    /// Every kind, in the order of the documentation.
    pub const ALL: &'static [Self] = &[
        Self::Malformed,
        Self::Unauthenticated,
        Self::Forbidden,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::Conflict,
        Self::TooLarge,
        Self::UnsupportedMediaType,
        Self::Invalid,
        Self::TooManyRequests,
        Self::LinkUnknown,
        Self::LinkExpired,
        Self::LinkUsedUp,
        Self::PlanEnded,
        Self::DomainNotAllowed,
        Self::AccountExists,
        Self::MembershipRevoked,
        Self::NoSeats,
        Self::ProofRefused,
        Self::SetUpRefused,
        Self::SignInRefused,
        Self::InviteUnknown,
        Self::InviteExpired,
        Self::InviteCancelled,
        Self::InviteUsed,
        Self::InviteForAnother,
        Self::EventsExpired,
        Self::Overloaded,
        Self::Unavailable,
        Self::InDoubt,
        Self::DeadlinePassed,
        Self::Panicked,
        Self::Internal,
    ];

    /// The table: slug, HTTP status, and one plain sentence.
    #[expect(clippy::too_many_lines, reason = "one table")]
    pub const fn row(self) -> (&'static str, u16, &'static str) {
        match self {
            Self::Malformed => ("malformed", 400, "The request could not be read."),
            Self::Unauthenticated => ("unauthenticated", 401, "Sign in, or send a valid token."),
            Self::Forbidden => ("forbidden", 403, "You may not do this."),
            Self::NotFound => ("not-found", 404, "There is nothing here."),
            Self::MethodNotAllowed => (
                "method-not-allowed",
                405,
                "This address does not take that method.",
            ),
            Self::Conflict => (
                "conflict",
                409,
                "This does not fit with what is already there.",
            ),
            Self::TooLarge => (
                "too-large",
                413,
                "The request is larger than is accepted here.",
            ),
            Self::UnsupportedMediaType => (
                "unsupported-media-type",
                415,
                "This content type is not accepted here.",
            ),
            Self::Invalid => (
                "invalid",
                422,
                "Some of what was entered cannot be accepted.",
            ),
            Self::TooManyRequests => (
                "too-many-requests",
                429,
                "Too many requests; please wait a moment.",
            ),
            Self::LinkUnknown => ("link-unknown", 404, "This access link does not work."),
            Self::LinkExpired => ("link-expired", 410, "This access link has expired."),
            Self::LinkUsedUp => ("link-used-up", 409, "This access link has been used up."),
            Self::PlanEnded => (
                "plan-ended",
                409,
                "The subscription behind this link has ended.",
            ),
            Self::DomainNotAllowed => (
                "domain-not-allowed",
                422,
                "Email domain is not valid for this organisation.",
            ),
            Self::AccountExists => (
                "account-exists",
                409,
                "There is already an account with this address.",
            ),
            Self::MembershipRevoked => (
                "membership-revoked",
                403,
                "Your access was withdrawn; please ask your administrator.",
            ),
            Self::NoSeats => ("no-seats", 409, "No seat of this plan is free."),
            Self::ProofRefused => (
                "proof-refused",
                422,
                "This code or link is not valid, or not any more.",
            ),
            Self::SetUpRefused => (
                "set-up-refused",
                410,
                "This set-up link is not valid any more.",
            ),
            Self::SignInRefused => ("sign-in-refused", 401, "Address or password are not right."),
            Self::InviteUnknown => ("invite-unknown", 404, "This invitation does not work."),
            Self::InviteExpired => ("invite-expired", 410, "This invitation has expired."),
            Self::InviteCancelled => ("invite-cancelled", 410, "This invitation was taken back."),
            Self::InviteUsed => (
                "invite-used",
                409,
                "This invitation has been accepted already.",
            ),
            Self::InviteForAnother => (
                "invite-for-another",
                403,
                "This invitation was sent to another address.",
            ),
            Self::EventsExpired => (
                "events-expired",
                410,
                "The events after this place are not kept any more.",
            ),
            Self::Overloaded => (
                "overloaded",
                503,
                "Too busy at the moment; please try again.",
            ),
            Self::Unavailable => (
                "unavailable",
                503,
                "A part of the service is not available; please try again.",
            ),
            Self::InDoubt => (
                "in-doubt",
                503,
                "The answer was lost; it may or may not have happened.",
            ),
            Self::DeadlinePassed => (
                "deadline-passed",
                504,
                "No answer came in time; it may or may not have happened.",
            ),
            Self::Panicked => ("panicked", 500, "Something went wrong on our side."),
            Self::Internal => ("internal", 500, "Something went wrong on our side."),
        }
    }

    /// The slug in the problem's `type`.
    pub const fn slug(self) -> &'static str {
        self.row().0
    }

    /// The HTTP status.
    pub const fn status(self) -> u16 {
        self.row().1
    }

    /// Whether what was asked may have happened all the same: doing it again may be doing it twice.
    pub const fn is_in_doubt(self) -> bool {
        matches!(self, Self::InDoubt | Self::DeadlinePassed)
    }

    /// One plain sentence.
    pub const fn title(self) -> &'static str {
        self.row().2
    }
}

/// A refusal (RFC 9457), as it crosses the bus and leaves by HTTP.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// The kind; on HTTP the edge makes a URL of it.
    #[serde(rename = "type")]
    pub kind: Kind,
    /// One plain sentence, the same for every problem of the kind.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What is particular about this occurrence, fit for a user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// The request in which it happened; operators find it in the logs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance: Option<String>,
    /// The fields that were refused.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
    /// After how many seconds to try again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u32>,
}

/// One field that was refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldError {
    /// The field as the caller named it.
    pub field: String,
    /// A stable word for programs.
    pub code: String,
    /// A sentence for people.
    pub detail: String,
}

impl Problem {
    /// A problem of this kind with nothing particular about it.
    pub fn new(kind: Kind) -> Self {
        let (_, status, title) = kind.row();
        Self {
            kind,
            title: title.to_owned(),
            status,
            detail: None,
            instance: None,
            errors: Vec::new(),
            // Where it may have happened, somebody looks first.
            retry_after: (status == 503 && !kind.is_in_doubt()).then_some(1),
        }
    }

    /// Says what is particular about this occurrence.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// Names a field that was refused.
    #[must_use]
    pub fn field(mut self, field: &str, code: &str, detail: impl Into<String>) -> Self {
        self.errors.push(FieldError {
            field: field.to_owned(),
            code: code.to_owned(),
            detail: detail.into(),
        });
        self
    }

    /// A refusal of one field.
    pub fn invalid(field: &str, code: &str, detail: impl Into<String>) -> Self {
        Self::new(Kind::Invalid).field(field, code, detail)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.kind.slug(), self.status)?;
        if let Some(detail) = &self.detail {
            write!(f, ": {detail}")?;
        }
        for error in &self.errors {
            write!(f, "; {} {}", error.field, error.detail)?;
        }
        Ok(())
    }
}

impl std::error::Error for Problem {}

/// Why a field was refused, in the words of its type.
pub trait FieldReason: fmt::Display {
    /// The stable word for programs.
    fn code(&self) -> &'static str;
}

macro_rules! reason {
    ($($error:path),*) => {$(
        impl FieldReason for $error {
            fn code(&self) -> &'static str {
                <$error>::code(*self)
            }
        }
    )*};
}
reason!(crate::text::TextError, crate::address::AddressError);

impl FieldReason for crate::text::NotALanguage {
    fn code(&self) -> &'static str {
        "not-a-language"
    }
}

impl FieldReason for crate::address::NotADomain {
    fn code(&self) -> &'static str {
        "not-a-domain"
    }
}

impl FieldReason for crate::ids::NotAnId {
    fn code(&self) -> &'static str {
        "not-an-id"
    }
}

/// Parses the fields of a form one after the other and collects every refusal, so that a person
/// sees all of them at once.
///
/// ```
/// # use contract::{Fields, text::Name};
/// let mut fields = Fields::default();
/// let name = fields.take("name", Name::parse("  "));
/// assert!(fields.finish(|| Some(name?)).is_err());
/// ```
#[derive(Debug, Default)]
pub struct Fields {
    errors: Vec<FieldError>,
}

impl Fields {
    /// Keeps the value, or notes why the field was refused.
    pub fn take<T, E: FieldReason>(&mut self, field: &str, value: Result<T, E>) -> Option<T> {
        value
            .map_err(|why| self.refuse(field, why.code(), why.to_string()))
            .ok()
    }

    /// Notes a refusal.
    pub fn refuse(&mut self, field: &str, code: &str, detail: impl Into<String>) {
        let detail = detail.into();
        self.errors.push(FieldError {
            field: field.to_owned(),
            code: code.to_owned(),
            detail,
        });
    }

    /// The whole value when nothing was refused, otherwise one problem with every field.
    pub fn finish<T>(self, value: impl FnOnce() -> Option<T>) -> Result<T, Problem> {
        let invalid = |errors| Problem {
            errors,
            ..Problem::new(Kind::Invalid)
        };
        if !self.errors.is_empty() {
            return Err(invalid(self.errors));
        }
        value().ok_or_else(|| invalid(Vec::new()))
    }
}
