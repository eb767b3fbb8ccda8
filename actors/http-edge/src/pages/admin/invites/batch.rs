//! One batch, and what is done to it.

use actix_web::{http::header, web};
use askama::Template;
use contract::{
    Kind, PageRequest,
    batches::{Batch, BatchRow, GetBatch, PauseReason, Steer, SteerBatch},
    invites::{Invite, InviteFilter, InviteState, ListInvites, ResendPending},
};

use super::id;
use crate::{
    edge::Edge,
    invites::{refusals, send, taken},
    pages::{
        Answer,
        frame::{Frame, Office},
        see, show,
    },
    problem::Refused,
    session::Administrator,
};

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
        super::stands(&self.batch)
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

pub(super) async fn one(
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

pub(super) async fn act(
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
