//! A new batch: the link, the addresses, a word to them.

use actix_web::{error::UrlencodedError, http::StatusCode, web};
use askama::Template;
use contract::{
    Fields, Kind, PageRequest, Problem,
    ids::LinkId,
    links::{GetLink, Link, ListLinks},
    text::{InviteMessage, Name},
};
use serde::Deserialize;

use super::{correct, id};
use crate::{
    edge::Edge,
    invites::{NewBatch, paste},
    pages::{
        Answer,
        fields::Errors,
        frame::{Frame, Office},
        render, see, unreadable,
    },
    problem::Refused,
    session::Administrator,
};

/// What was typed.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct Typed {
    #[serde(default)]
    pub(super) link_id: String,
    #[serde(default)]
    pub(super) addresses: String,
    #[serde(default)]
    pub(super) message: String,
}

impl Typed {
    fn parse(&self, inviter: Option<Name>) -> Result<NewBatch, Problem> {
        let mut fields = Fields::default();
        let link_id = link_id(&mut fields, &self.link_id);
        let message = message(&mut fields, &self.message);
        fields.finish(|| {
            Some(NewBatch {
                link_id: link_id?,
                message: message?,
                inviter,
            })
        })
    }
}

/// The link that was chosen.
pub(super) fn link_id(fields: &mut Fields, text: &str) -> Option<LinkId> {
    if text.is_empty() {
        fields.refuse("link_id", "required", "Choose an access link.");
        return None;
    }
    fields.take("link_id", text.parse())
}

/// A word to everybody, which may be left out.
#[expect(
    clippy::option_option,
    reason = "the outer one: understood; the inner one: said"
)]
pub(super) fn message(fields: &mut Fields, text: &str) -> Option<Option<InviteMessage>> {
    if text.trim().is_empty() {
        return Some(None);
    }
    fields.take("message", InviteMessage::parse(text)).map(Some)
}

#[derive(Template)]
#[template(path = "admin/invites_new.html")]
struct NewInvites {
    frame: Frame,
    office: Office,
    links: Vec<Link>,
    limit: usize,
    form: Typed,
    errors: Errors,
}

/// The most links that a form offers; any other is chosen on its own page.
const LINKS_MOST: usize = 2_000;

/// The links through which somebody can be invited, and the one that is chosen already.
pub(super) async fn links_of(
    edge: &Edge,
    office: &Office,
    chosen: &str,
) -> Result<Vec<Link>, Problem> {
    let organisation = office.organisation;
    let (mut links, mut cursor) = (Vec::new(), None);
    loop {
        let page = PageRequest {
            cursor,
            limit: Some(PageRequest::MOST),
        };
        let list = ListLinks { organisation, page };
        let page = edge.bus.call(&list, &office.cx).await?;
        links.extend(page.items);
        cursor = page.next_cursor;
        if cursor.is_none() || links.len() >= LINKS_MOST {
            break;
        }
    }
    if let Ok(link_id) = chosen.parse()
        && !links.iter().any(|link| link.id == link_id)
    {
        let get = GetLink {
            organisation,
            link_id,
        };
        match edge.bus.call(&get, &office.cx).await {
            Ok(link) if link.archived_at.is_none() => links.insert(0, link),
            Ok(_) => {}
            Err(problem) if problem.kind == Kind::NotFound => {}
            Err(problem) => return Err(problem),
        }
    }
    Ok(links)
}

/// What the address says besides the place.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Chosen {
    /// The link that is chosen already.
    #[serde(default)]
    pub(super) link: String,
    /// The batch of which what was not taken is corrected.
    #[serde(default)]
    correct: String,
}

pub(super) async fn new_form(
    edge: web::Data<Edge>,
    administrator: Administrator,
    path: web::Path<String>,
    chosen: web::Query<Chosen>,
) -> Answer {
    let office = Office::of(&administrator, &path, "invites")?.managed()?;
    let Chosen { link, correct } = chosen.into_inner();
    let form = if correct.is_empty() {
        Typed {
            link_id: link,
            ..Typed::default()
        }
    } else {
        correct::typed(&edge, &office, id(&correct)?).await?
    };
    page(&edge, office, form, (StatusCode::OK, Errors::default())).await
}

async fn page(
    edge: &Edge,
    office: Office,
    form: Typed,
    (status, errors): (StatusCode, Errors),
) -> Answer {
    let page = NewInvites {
        links: links_of(edge, &office, &form.link_id).await?,
        frame: Frame::of(edge),
        office,
        limit: edge.options.paste_limit,
        form,
        errors,
    };
    render(status, &page)
}

pub(super) async fn create(
    edge: web::Data<Edge>,
    administrator: Administrator,
    path: web::Path<String>,
    form: Result<web::Form<Typed>, actix_web::Error>,
) -> Answer {
    let office = Office::of(&administrator, &path, "invites")?.managed()?;
    let form = match form {
        Ok(form) => form.into_inner(),
        Err(error) => match error.as_error::<UrlencodedError>() {
            Some(UrlencodedError::Overflow { .. }) => {
                let problem = too_long(edge.options.paste_limit);
                let status = crate::problem::status(&problem);
                let errors = Errors::beside_fields(problem)?;
                return page(&edge, office, Typed::default(), (status, errors)).await;
            }
            Some(error) => return Err(unreadable(error)),
            None => return Err(Refused::of(Kind::Malformed)),
        },
    };
    let inviter = Name::parse(&office.email.to_string()).ok();
    let drafted = match form.parse(inviter) {
        Ok(new) => {
            edge.throttle.by_organisation(office.organisation)?;
            paste(&edge, &office.cx, office.organisation, new, &form.addresses).await
        }
        Err(problem) => Err(problem),
    };
    match drafted {
        Ok(batch) => Ok(see(&office.path(format_args!("/invites/{}", batch.id)))),
        Err(problem) => {
            let status = crate::problem::status(&problem);
            let errors = Errors::beside_fields(problem)?;
            page(&edge, office, form, (status, errors)).await
        }
    }
}

/// What was pasted is not even read.
fn too_long(limit: usize) -> Problem {
    let detail = format!(
        "This is far more than {limit} addresses, and none was read. Please import them as a file."
    );
    Problem::new(Kind::TooLarge).field("addresses", "too-many", detail)
}
