//! Addresses that get no invites of the organisation.

use actix_web::{HttpRequest, web};
use askama::Template;
use contract::{
    Cursor, EmailAddress, Fields, Kind, PageRequest, Problem, Timestamp,
    suppressions::{
        AddSuppression, LiftSuppression, ListSuppressions, Suppression, SuppressionReason,
    },
};
use serde::Deserialize;

use crate::{
    edge::Edge,
    pages::{
        Answer,
        fields::Errors,
        frame::{Frame, Office},
        next_page, render, see, show,
    },
    session::Administrator,
};

pub(super) fn configure(cfg: &mut web::ServiceConfig) {
    cfg.service(
        web::resource("/suppressions")
            .route(web::get().to(list))
            .route(web::post().to(add)),
    )
    .service(web::resource("/suppressions/lift").route(web::post().to(lift)));
}

/// The reasons, as they are chosen and said.
const REASONS: [(SuppressionReason, &str); 4] = [
    (SuppressionReason::Manual, "Set here"),
    (SuppressionReason::Bounce, "The mailbox does not exist"),
    (
        SuppressionReason::Unsubscribed,
        "Its owner wants no invites",
    ),
    (SuppressionReason::Complaint, "Its owner complained"),
];

/// An address, and how its reason is said.
struct Row {
    email: EmailAddress,
    since: Timestamp,
    words: &'static str,
    /// Whether an administrator may take it back.
    is_ours: bool,
}

impl From<Suppression> for Row {
    fn from(row: Suppression) -> Self {
        let words = REASONS.iter().find(|(reason, _)| *reason == row.reason);
        Self {
            words: words.map_or("", |(_, words)| words),
            is_ours: matches!(
                row.reason,
                SuppressionReason::Manual | SuppressionReason::Bounce
            ),
            email: row.email,
            since: row.since,
        }
    }
}

#[derive(Template)]
#[template(path = "admin/suppressions.html")]
struct Suppressions {
    frame: Frame,
    office: Office,
    rows: Vec<Row>,
    next: Option<String>,
    which: Which,
    email: String,
    errors: Errors,
    said: Option<&'static str>,
    refusal: Option<String>,
}

impl Suppressions {
    /// What can be chosen, and what is.
    fn reasons(&self) -> impl Iterator<Item = (&'static str, &'static str, bool)> {
        REASONS
            .iter()
            .map(|(reason, words)| (reason.name(), *words, self.which.reason == reason.name()))
    }

    fn is_filtered(&self) -> bool {
        !self.which.q.is_empty() || !self.which.reason.is_empty()
    }
}

/// What the address says besides the place.
#[derive(Debug, Default, Deserialize)]
struct Which {
    #[serde(default)]
    q: String,
    #[serde(default)]
    reason: String,
    #[serde(default)]
    cursor: Option<String>,
    #[serde(default)]
    done: Option<String>,
}

async fn list(
    edge: web::Data<Edge>,
    administrator: Administrator,
    path: web::Path<String>,
    which: web::Query<Which>,
    request: HttpRequest,
) -> Answer {
    let office = Office::of(&administrator, &path, "invites")?;
    let which = which.into_inner();
    let said = match which.done.as_deref() {
        Some("added") => Some("The address gets no invites any more."),
        Some("lifted") => Some("The address may be invited again."),
        _ => None,
    };
    let page = page(&edge, office, which, &request).await?;
    show(&Suppressions { said, ..page })
}

async fn page(
    edge: &Edge,
    office: Office,
    mut which: Which,
    request: &HttpRequest,
) -> Result<Suppressions, Problem> {
    let list = ListSuppressions {
        organisation: office.organisation,
        reason: SuppressionReason::parse(&which.reason),
        q: Some(which.q.clone()),
        page: PageRequest {
            cursor: which.cursor.take().map(Cursor),
            limit: None,
        },
    };
    let page = edge.bus.call(&list, &office.cx).await?;
    Ok(Suppressions {
        frame: Frame::of(edge),
        office,
        rows: page.items.into_iter().map(Row::from).collect(),
        next: next_page(request, page.next_cursor),
        which,
        email: String::new(),
        errors: Errors::default(),
        said: None,
        refusal: None,
    })
}

/// An address as it is typed.
#[derive(Debug, Deserialize)]
struct Typed {
    #[serde(default)]
    email: String,
}

impl Typed {
    fn read(&self) -> Result<EmailAddress, Problem> {
        let mut fields = Fields::default();
        let email = fields.take("email", EmailAddress::parse(&self.email));
        fields.finish(|| email)
    }
}

async fn add(
    edge: web::Data<Edge>,
    administrator: Administrator,
    path: web::Path<String>,
    typed: web::Form<Typed>,
    request: HttpRequest,
) -> Answer {
    let office = Office::of(&administrator, &path, "invites")?;
    let added = match typed.read() {
        Ok(email) => {
            let add = AddSuppression {
                organisation: office.organisation,
                email,
                reason: SuppressionReason::Manual,
            };
            edge.bus.call(&add, &office.cx).await
        }
        Err(problem) => Err(problem),
    };
    match added {
        Ok(_) => Ok(see(&office.path("/suppressions?done=added"))),
        Err(problem) => {
            let status = crate::problem::status(&problem);
            let errors = Errors::beside_fields(problem)?;
            let page = Suppressions {
                email: typed.into_inner().email,
                errors,
                ..page(&edge, office, Which::default(), &request).await?
            };
            render(status, &page)
        }
    }
}

async fn lift(
    edge: web::Data<Edge>,
    administrator: Administrator,
    path: web::Path<String>,
    typed: web::Form<Typed>,
    request: HttpRequest,
) -> Answer {
    let office = Office::of(&administrator, &path, "invites")?;
    let lift = LiftSuppression {
        organisation: office.organisation,
        email: typed.read()?,
    };
    match edge.bus.call(&lift, &office.cx).await {
        Ok(()) => Ok(see(&office.path("/suppressions?done=lifted"))),
        Err(problem) if problem.kind == Kind::Conflict => {
            let status = crate::problem::status(&problem);
            let refusal = problem.detail.or(Some(problem.title));
            let page = page(&edge, office, Which::default(), &request).await?;
            // The next page is not one of this address.
            let next = None;
            let page = Suppressions {
                next,
                refusal,
                ..page
            };
            render(status, &page)
        }
        Err(problem) => Err(problem.into()),
    }
}
