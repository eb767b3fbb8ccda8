//! A new batch: the link, the addresses, a word to them.

use actix_web::web;
use askama::Template;
use contract::{
    Fields, PageRequest, Problem,
    links::{Link, ListLinks},
    text::{InviteMessage, Name},
};
use serde::Deserialize;

use crate::{
    edge::Edge,
    invites::{NewBatch, paste},
    pages::{
        Answer,
        fields::Errors,
        frame::{Frame, Office},
        render, see, show,
    },
    session::Administrator,
};

/// What was typed.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct Typed {
    #[serde(default)]
    link_id: String,
    #[serde(default)]
    addresses: String,
    #[serde(default)]
    message: String,
}

impl Typed {
    fn parse(&self, inviter: Option<Name>) -> Result<NewBatch, Problem> {
        let mut fields = Fields::default();
        let link_id = fields.take("link_id", self.link_id.parse());
        let message = if self.message.trim().is_empty() {
            Some(None)
        } else {
            let message = InviteMessage::parse(&self.message);
            fields.take("message", message).map(Some)
        };
        fields.finish(|| {
            Some(NewBatch {
                link_id: link_id?,
                message: message?,
                inviter,
            })
        })
    }
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

/// The links through which somebody can be invited.
async fn links_of(edge: &Edge, office: &Office) -> Result<Vec<Link>, Problem> {
    let page = PageRequest {
        cursor: None,
        limit: Some(PageRequest::MOST),
    };
    let list = ListLinks {
        organisation: office.organisation,
        page,
    };
    Ok(edge.bus.call(&list, &office.cx).await?.items)
}

pub(super) async fn new_form(
    edge: web::Data<Edge>,
    administrator: Administrator,
    path: web::Path<String>,
) -> Answer {
    let office = Office::of(&administrator, &path, "invites")?;
    show(&NewInvites {
        links: links_of(&edge, &office).await?,
        frame: Frame::of(&edge),
        office,
        limit: edge.options.paste_limit,
        form: Typed::default(),
        errors: Errors::default(),
    })
}

pub(super) async fn create(
    edge: web::Data<Edge>,
    administrator: Administrator,
    path: web::Path<String>,
    form: web::Form<Typed>,
) -> Answer {
    let office = Office::of(&administrator, &path, "invites")?;
    let form = form.into_inner();
    let inviter = Name::parse(&office.email.to_string()).ok();
    let drafted = match form.parse(inviter) {
        Ok(new) => paste(&edge, &office.cx, office.organisation, new, &form.addresses).await,
        Err(problem) => Err(problem),
    };
    match drafted {
        Ok(batch) => Ok(see(&office.path(format_args!("/invites/{}", batch.id)))),
        Err(problem) => {
            let status = crate::problem::status(&problem);
            let errors = Errors::beside_fields(problem)?;
            let links = links_of(&edge, &office).await?;
            render(
                status,
                &NewInvites {
                    frame: Frame::of(&edge),
                    office,
                    links,
                    limit: edge.options.paste_limit,
                    form,
                    errors,
                },
            )
        }
    }
}
