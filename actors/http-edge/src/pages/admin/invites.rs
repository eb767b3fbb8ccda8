//! E-mail invites: the batches, a new one, one while it is sent.

use actix_web::{HttpRequest, http::header, web};
use askama::Template;
use contract::{
    Cursor, Fields, Kind, PageRequest, Problem,
    batches::{Batch, BatchRow, GetBatch, ListBatches, PauseReason, Steer, SteerBatch},
    ids::BatchId,
    invites::{Invite, InviteFilter, InviteState, Life, ListInvites, ResendPending},
    links::{Link, ListLinks},
    text::{InviteMessage, Name},
};
use serde::Deserialize;

use crate::{
    edge::Edge,
    invites::{NewBatch, paste, refusals, send, taken},
    pages::{
        Answer,
        fields::Errors,
        frame::{Frame, Office},
        next_page, render, see, show,
    },
    problem::Refused,
    session::Administrator,
};

pub(super) fn configure(cfg: &mut web::ServiceConfig) {
    cfg.route("/invites", web::get().to(list))
        .service(
            web::resource("/invites/new")
                .route(web::get().to(new_form))
                .route(web::post().to(create)),
        )
        .route("/invites/{batch}", web::get().to(one))
        .route("/invites/{batch}/{action}", web::post().to(act));
}

/// How a batch stands, and the colour of its badge.
fn stands(batch: &Batch) -> (&'static str, &'static str) {
    if batch.cancelled_at.is_some() {
        ("Cancelled", "bad")
    } else if batch.finished_at.is_some() {
        ("Finished", "good")
    } else if batch.paused_at.is_some() {
        ("Paused", "warn")
    } else if batch.sent_at.is_some() {
        ("Being sent", "good")
    } else {
        ("Draft", "warn")
    }
}

#[derive(Template)]
#[template(path = "admin/invites.html")]
struct Batches {
    frame: Frame,
    office: Office,
    rows: Vec<Batch>,
    /// The first of those that wait for an answer.
    pending: Vec<Invite>,
    next: Option<String>,
}

/// What the address says besides the place.
#[derive(Debug, Default, Deserialize)]
struct Said {
    #[serde(default)]
    cursor: Option<String>,
}

async fn list(
    edge: web::Data<Edge>,
    administrator: Administrator,
    path: web::Path<String>,
    query: web::Query<Said>,
    request: HttpRequest,
) -> Answer {
    let office = Office::of(&administrator, &path, "invites")?;
    let organisation = office.organisation;
    let page = PageRequest {
        cursor: query.into_inner().cursor.map(Cursor),
        limit: None,
    };
    let batches = ListBatches { organisation, page };
    let batches = edge.bus.call(&batches, &office.cx).await?;
    let next = next_page(&request, batches.next_cursor);
    let pending = ListInvites {
        organisation,
        filter: InviteFilter {
            life: Some(Life::Pending),
            ..InviteFilter::default()
        },
        page: PageRequest::default(),
    };
    let pending = edge.bus.call(&pending, &office.cx).await?.items;
    show(&Batches {
        frame: Frame::of(&edge),
        office,
        rows: batches.items,
        pending,
        next,
    })
}

/// What was typed.
#[derive(Clone, Debug, Default, Deserialize)]
struct Typed {
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

async fn new_form(
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

async fn create(
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

#[derive(Template)]
#[template(path = "admin/invites_batch.html")]
struct OneBatch {
    frame: Frame,
    office: Office,
    batch: Batch,
    refused: Vec<BatchRow>,
    invites: Vec<Invite>,
}

impl OneBatch {
    fn stands(&self) -> (&'static str, &'static str) {
        stands(&self.batch)
    }

    fn taken(&self) -> u64 {
        taken(&self.batch)
    }

    /// Mails about which nothing more will be done.
    fn settled(&self) -> u64 {
        let is_open = |state: &InviteState| {
            matches!(
                state,
                InviteState::Draft
                    | InviteState::Queued
                    | InviteState::Sending
                    | InviteState::Deferred
            )
        };
        let states = self.batch.states.iter();
        states
            .filter(|(state, _)| !is_open(state))
            .map(|(_, count)| count)
            .sum()
    }

    fn is_under_way(&self) -> bool {
        let batch = &self.batch;
        batch.sent_at.is_some() && batch.finished_at.is_none() && batch.cancelled_at.is_none()
    }

    fn why_paused(&self) -> &'static str {
        match self.batch.pause_reason {
            Some(PauseReason::Bounces) => "Too many of its mailboxes do not exist.",
            Some(PauseReason::Complaints) => "Too many people complained.",
            Some(PauseReason::Refusals) => {
                "Mail servers refuse what we send, not whom we write to."
            }
            Some(PauseReason::Administrator) | None => "An administrator paused it.",
        }
    }
}

async fn one(
    edge: web::Data<Edge>,
    administrator: Administrator,
    path: web::Path<(String, String)>,
) -> Answer {
    let (organisation, batch) = path.into_inner();
    let office = Office::of(&administrator, &organisation, "invites")?;
    let batch_id = id(&batch)?;
    let get = GetBatch {
        organisation: office.organisation,
        batch_id,
    };
    let batch = edge.bus.call(&get, &office.cx).await?;
    let list = ListInvites {
        organisation: office.organisation,
        filter: InviteFilter {
            batch: Some(batch_id),
            ..InviteFilter::default()
        },
        page: PageRequest::default(),
    };
    let invites = edge.bus.call(&list, &office.cx).await?.items;
    let refused = refusals(&edge, &office.cx, office.organisation, batch_id).await?;
    let page = OneBatch {
        frame: Frame::of(&edge),
        office,
        batch,
        refused,
        invites,
    };
    let is_under_way = page.is_under_way() && page.batch.paused_at.is_none();
    let mut answer = show(&page)?;
    if is_under_way {
        // The browser looks again by itself, without a script.
        let (name, again) = (header::REFRESH, header::HeaderValue::from_static("2"));
        answer.headers_mut().insert(name, again);
    }
    Ok(answer)
}

fn id(text: &str) -> Result<BatchId, Refused> {
    text.parse().map_err(|_| Refused::of(Kind::NotFound))
}

async fn act(
    edge: web::Data<Edge>,
    administrator: Administrator,
    path: web::Path<(String, String, String)>,
) -> Answer {
    let (organisation, batch, action) = path.into_inner();
    let office = Office::of(&administrator, &organisation, "invites")?;
    let (organisation, batch_id) = (office.organisation, id(&batch)?);
    let steer = |steer| SteerBatch {
        organisation,
        batch_id,
        steer,
    };
    match action.as_str() {
        "send" => drop(send(&edge, &office.cx, organisation, batch_id).await?),
        "pause" => drop(edge.bus.call(&steer(Steer::Pause), &office.cx).await?),
        "resume" => drop(edge.bus.call(&steer(Steer::Resume), &office.cx).await?),
        "cancel" => drop(edge.bus.call(&steer(Steer::Cancel), &office.cx).await?),
        "resend" => {
            let resend = ResendPending {
                organisation,
                batch_id,
            };
            edge.bus.call(&resend, &office.cx).await?;
        }
        _ => return Err(Refused::of(Kind::NotFound)),
    }
    Ok(see(&office.path(format_args!("/invites/{batch_id}"))))
}

/// Why a row was not taken, in words; a reason of the reader's own speaks for itself.
fn why(reason: Option<&str>) -> String {
    let slug = reason.unwrap_or_default();
    match slug {
        "already-seated" => "Has a seat already.".to_owned(),
        "already-waiting" => "Waits for a seat already.".to_owned(),
        "already-invited" => "Is invited already.".to_owned(),
        "revoked" => "Their access was withdrawn; reassign it in Manage Users.".to_owned(),
        "suppressed" => "Cannot be invited.".to_owned(),
        "duplicate" => "Is in the list twice.".to_owned(),
        "domain-not-allowed" => "Is not of a domain that the link allows.".to_owned(),
        _ => intake::Reason::parse(slug)
            .map_or_else(|| slug.to_owned(), |reason| reason.sentence().to_owned()),
    }
}
