//! One invite: what became of it, and what can be done.

mod told;

use actix_web::{HttpRequest, http::StatusCode, web};
use askama::Template;
use contract::{
    Cursor, EmailAddress, Fields, PageRequest, Problem,
    audit::AuditEntry,
    batches::{Batch, GetBatch},
    ids::InviteId,
    invited::ListInviteStory,
    invites::{CancelInvite, GetInvite, Invite, Life, ReaddressInvite, ResendInvite},
};
use futures_util::try_join;
use serde::Deserialize;

use super::who::Who;
use crate::{
    edge::Edge,
    pages::{
        Answer,
        fields::Errors,
        frame::{Frame, Office},
        next_page, render, see,
    },
    problem::{self, Refused},
    session::Administrator,
};

pub(super) fn configure(cfg: &mut web::ServiceConfig) {
    cfg.service(web::resource("/invite/{invite}").route(web::get().to(one)))
        .service(web::resource("/invite/{invite}/{action}").route(web::post().to(act)));
}

#[derive(Template)]
#[template(path = "admin/invite.html")]
struct OneInvite {
    frame: Frame,
    office: Office,
    invite: Invite,
    batch: Batch,
    /// What its receiver opens, for whoever may hand it out.
    url: Option<String>,
    story: Vec<AuditEntry>,
    who: Who,
    next: Option<String>,
    /// The address as it is typed.
    email: String,
    errors: Errors,
    said: Option<&'static str>,
    /// Why what was asked for did not happen, where it belongs beside no field.
    refused: Option<String>,
}

impl OneInvite {
    fn badge(&self) -> (&'static str, &'static str) {
        told::badge(&self.invite)
    }

    fn stands(&self) -> String {
        told::stands(&self.invite)
    }

    /// Whether its mail may be sent again, now or later, or go to another address.
    fn may_be_sent(&self) -> bool {
        !matches!(self.invite.life, Life::Accepted | Life::Cancelled)
            && !told::is_on_its_way(&self.invite)
    }

    /// Whether its mail waits for its batch.
    fn rests(&self) -> bool {
        self.batch.paused_at.is_some() && told::is_on_its_way(&self.invite)
    }

    fn by(&self, entry: &AuditEntry) -> String {
        self.who.says(&entry.actor, told::receiver(entry))
    }

    /// Nothing is to be done about one whose receiver is forgotten.
    fn may_be_cancelled(&self) -> bool {
        !matches!(self.invite.life, Life::Accepted | Life::Cancelled)
            && !told::is_forgotten(&self.invite)
    }
}

#[derive(Debug, Default, Deserialize)]
struct Asked {
    #[serde(default)]
    done: String,
    #[serde(default)]
    cursor: Option<String>,
}

fn said(done: &str) -> Option<&'static str> {
    match done {
        "resend" => Some("It is sent again. Its link keeps working, and its time began anew."),
        "cancel" => Some("Cancelled. Nobody can accept it any more."),
        "address" => Some("It goes to the new address. What went to the old one is dead."),
        _ => None,
    }
}

async fn one(
    edge: web::Data<Edge>,
    administrator: Administrator,
    path: web::Path<(String, String)>,
    asked: web::Query<Asked>,
    request: HttpRequest,
) -> Answer {
    let (organisation, invite) = path.into_inner();
    let office = Office::of(&administrator, &organisation, "invites")?;
    let asked = asked.into_inner();
    let page = page(&edge, office, id(&invite)?, asked.cursor).await?;
    let page = OneInvite {
        said: said(&asked.done),
        next: next_page(&request, page.next.map(Cursor)),
        ..page
    };
    render(StatusCode::OK, &page)
}

fn id(text: &str) -> Result<InviteId, Refused> {
    text.parse().map_err(|_| Refused::not_found())
}

/// The page as it is without anything said; `next` is a cursor still.
async fn page(
    edge: &Edge,
    office: Office,
    invite_id: InviteId,
    cursor: Option<String>,
) -> Result<OneInvite, Problem> {
    let organisation = office.organisation;
    let get = GetInvite {
        organisation,
        invite_id,
    };
    let story = ListInviteStory {
        organisation,
        invite_id,
        page: PageRequest {
            cursor: cursor.map(Cursor),
            limit: None,
        },
    };
    let (invite, story) = try_join!(
        edge.bus.call(&get, &office.cx),
        edge.bus.call(&story, &office.cx),
    )?;
    let batch = GetBatch {
        organisation,
        batch_id: invite.batch_id,
    };
    let batch = edge.bus.call(&batch, &office.cx).await?;
    let named = story.items.iter().map(|entry| entry.actor.as_str());
    let who = Who::of(edge, &office, named).await?;
    let url = invite.token.as_ref().map(|token| {
        let path = format!("/invite/{}", token.expose());
        edge.options.url(&path)
    });
    Ok(OneInvite {
        frame: Frame::of(edge),
        email: invite.email.to_string(),
        office,
        invite,
        batch,
        url,
        story: story.items,
        who,
        next: story.next_cursor.map(|Cursor(text)| text),
        errors: Errors::default(),
        said: None,
        refused: None,
    })
}

#[derive(Debug, Default, Deserialize)]
struct Act {
    #[serde(default)]
    email: String,
}

async fn act(
    edge: web::Data<Edge>,
    administrator: Administrator,
    path: web::Path<(String, String, String)>,
    form: web::Form<Act>,
) -> Answer {
    let (organisation, invite, action) = path.into_inner();
    let office = Office::of(&administrator, &organisation, "invites")?;
    let (organisation, invite_id) = (office.organisation, id(&invite)?);
    let (bus, cx) = (&edge.bus, &office.cx);
    let done = match action.as_str() {
        "resend" => {
            let resend = ResendInvite {
                organisation,
                invite_id,
            };
            bus.call(&resend, cx).await.map(drop)
        }
        "cancel" => {
            let cancel = CancelInvite {
                organisation,
                invite_id,
            };
            bus.call(&cancel, cx).await.map(drop)
        }
        "address" => readdress(&edge, &office, invite_id, &form.email).await,
        _ => return Err(Refused::not_found()),
    };
    let Err(problem) = done else {
        let page = format_args!("/invite/{invite_id}?done={action}");
        return Ok(see(&office.path(page)));
    };
    let page = page(&edge, office, invite_id, None).await?;
    let status = problem::status(&problem);
    let email = if action == "address" {
        form.into_inner().email
    } else {
        page.email.clone()
    };
    let is_beside = problem.errors.iter().any(|error| error.field == "email");
    let (errors, refused) = if is_beside {
        (Errors::beside_fields(problem).unwrap_or_default(), None)
    } else {
        (Errors::default(), Some(told::refusal(&problem)))
    };
    render(
        status,
        &OneInvite {
            email,
            errors,
            refused,
            next: None,
            ..page
        },
    )
}

async fn readdress(
    edge: &Edge,
    office: &Office,
    invite_id: InviteId,
    text: &str,
) -> Result<(), Problem> {
    let mut fields = Fields::default();
    let email = fields.take("email", EmailAddress::parse(text.trim()));
    let organisation = office.organisation;
    let readdress = fields.finish(|| {
        Some(ReaddressInvite {
            organisation,
            invite_id,
            email: email?,
        })
    })?;
    edge.bus.call(&readdress, &office.cx).await.map(drop)
}
