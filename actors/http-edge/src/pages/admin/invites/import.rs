//! A file of addresses: the link, a word to them, and the file, which is read while it comes.

use actix_multipart::{Field, Multipart, MultipartError};
use actix_web::{HttpRequest, http::StatusCode, web};
use askama::Template;
use contract::{Fields, Kind, Problem, batches::Batch, links::Link, text::Name};
use futures_util::{StreamExt as _, TryStreamExt as _};

use super::new::{Chosen, links_of};
use crate::{
    edge::Edge,
    imports::{Importer, stage},
    invites::NewBatch,
    pages::{
        Answer,
        fields::Errors,
        frame::{Frame, Office},
        render, see,
    },
    problem::Refused,
    request::renewed,
    session::{Administrator, Permit, SIGN_IN, session_token},
};

/// The longest field beside the file, in bytes.
const FIELD_MOST: usize = 8 << 10;

/// What was typed and chosen, besides the file.
#[derive(Clone, Debug, Default)]
struct Typed {
    link_id: String,
    message: String,
    column: String,
}

impl Typed {
    fn parse(&self, inviter: Option<Name>) -> Result<(NewBatch, Option<String>), Problem> {
        let mut fields = Fields::default();
        let link_id = super::new::link_id(&mut fields, &self.link_id);
        let message = super::new::message(&mut fields, &self.message);
        let column = self.column.trim();
        let column = (!column.is_empty()).then(|| column.to_owned());
        fields.finish(|| {
            let new = NewBatch {
                link_id: link_id?,
                message: message?,
                inviter,
            };
            Some((new, column))
        })
    }
}

#[derive(Template)]
#[template(path = "admin/invites_import.html")]
struct ImportPage {
    frame: Frame,
    office: Office,
    links: Vec<Link>,
    limit: usize,
    mib: usize,
    form: Typed,
    errors: Errors,
}

async fn page(
    edge: &Edge,
    office: Office,
    form: Typed,
    (status, errors): (StatusCode, Errors),
) -> Answer {
    let page = ImportPage {
        links: links_of(edge, &office, &form.link_id).await?,
        frame: Frame::of(edge),
        office,
        limit: edge.options.import_limit,
        mib: edge.options.import_bytes >> 20,
        form,
        errors,
    };
    render(status, &page)
}

pub(super) async fn form(
    edge: web::Data<Edge>,
    administrator: Administrator,
    path: web::Path<String>,
    chosen: web::Query<Chosen>,
) -> Answer {
    let office = Office::of(&administrator, &path, "invites")?.managed()?;
    let form = Typed {
        link_id: chosen.into_inner().link,
        ..Typed::default()
    };
    page(&edge, office, form, (StatusCode::OK, Errors::default())).await
}

pub(super) async fn create(
    edge: web::Data<Edge>,
    administrator: Administrator,
    path: web::Path<String>,
    request: HttpRequest,
    payload: web::Payload,
) -> Answer {
    let mut office = Office::of(&administrator, &path, "invites")?.managed()?;
    edge.throttle.by_organisation(office.organisation)?;
    let token = session_token(&request, &edge.options);
    let permit = token.ok_or_else(|| Refused::of(Kind::Unauthenticated))?;
    let permit = Permit::Session(permit);
    let by = Importer {
        edge: &edge,
        cx: &office.cx,
        permit: &permit,
        organisation: office.organisation,
    };
    let inviter = Name::parse(office.email.as_str()).ok();
    let parts = Multipart::new(request.headers(), payload);
    let mut form = Typed::default();
    match read(by, inviter, parts, &mut form).await {
        Ok(batch) => Ok(see(&office.path(format_args!("/invites/{}", batch.id)))),
        // Signed out meanwhile.
        Err(problem) if problem.kind == Kind::Unauthenticated => Ok(see(SIGN_IN)),
        Err(problem) => {
            let status = crate::problem::status(&problem);
            let errors = Errors::beside_fields(beside_file(problem))?;
            office.cx = renewed(&edge, &office.cx);
            page(&edge, office, form, (status, errors)).await
        }
    }
}

/// A problem of the file as a whole stands beside the file.
fn beside_file(problem: Problem) -> Problem {
    let is_of_file = matches!(problem.kind, Kind::TooLarge | Kind::Malformed);
    match problem.detail.clone() {
        Some(detail) if is_of_file && problem.errors.is_empty() => {
            problem.field("file", "refused", detail)
        }
        _ => problem,
    }
}

/// Reads the form as it comes: what stands before the file is typed, what stands behind it is not
/// looked at.
async fn read(
    by: Importer<'_>,
    inviter: Option<Name>,
    mut parts: Multipart,
    form: &mut Typed,
) -> Result<Batch, Problem> {
    while let Some(part) = parts.next().await {
        let part = part.map_err(|error| unreadable(&error))?;
        match part.name().unwrap_or_default() {
            "link_id" => form.link_id = text(part, "link_id").await?,
            "message" => form.message = text(part, "message").await?,
            "column" => form.column = text(part, "column").await?,
            "file" if has_name(&part) => return file(by, inviter, part, form).await,
            _ => (),
        }
    }
    Err(Problem::invalid("file", "required", "Choose a file."))
}

/// Whether a file was chosen: a browser sends the field without a name otherwise.
fn has_name(part: &Field) -> bool {
    let named = part.content_disposition().and_then(|it| it.get_filename());
    named.is_some_and(|name| !name.is_empty())
}

async fn file(
    by: Importer<'_>,
    inviter: Option<Name>,
    part: Field,
    form: &Typed,
) -> Result<Batch, Problem> {
    let (new, column) = form.parse(inviter)?;
    let file = part.map_err(|error| unreadable(&error));
    let staged = stage(by, new, column, file).await;
    // What the API says by its status is said beside the field here.
    let staged = staged.map_err(|problem| match problem.kind {
        Kind::NotFound => Problem {
            errors: problem.errors,
            ..Problem::new(Kind::Invalid)
        },
        _ => problem,
    })?;
    staged.seal().await
}

/// What a field beside the file says.
async fn text(mut part: Field, name: &str) -> Result<String, Problem> {
    let mut bytes = Vec::new();
    while let Some(chunk) = part.next().await {
        let chunk = chunk.map_err(|error| unreadable(&error))?;
        bytes.extend_from_slice(&chunk);
        if bytes.len() > FIELD_MOST {
            return Err(Problem::invalid(name, "too-long", "is too long"));
        }
    }
    String::from_utf8(bytes).map_err(|_| Problem::invalid(name, "not-a-text", "is no text"))
}

fn unreadable(error: &MultipartError) -> Problem {
    let kind = match error {
        MultipartError::ContentTypeMissing | MultipartError::ContentTypeIncompatible => {
            Kind::UnsupportedMediaType
        }
        _ => Kind::Malformed,
    };
    Problem::new(kind)
}
