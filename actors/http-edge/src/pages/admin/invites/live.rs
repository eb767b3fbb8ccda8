//! The part of a batch's page that changes while it is sent.

use actix_web::{HttpRequest, web};
use askama::Template;
use contract::batches::Batch;
use serde::Deserialize;

use super::{id, told};
use crate::{
    edge::Edge,
    invites::taken,
    pages::{Answer, frame::Office},
    problem::Refused,
    request::HeadOnly,
    session::{Administrator, Permit, session_token},
    watch::{self, Told, Watched},
};

/// Counts, progress, pace and what holds it back.
#[derive(Template)]
#[template(path = "admin/invites_live.html")]
pub(super) struct Live<'a> {
    /// The path of the page.
    pub(super) at: &'a str,
    pub(super) batch: &'a Batch,
}

impl Live<'_> {
    fn taken(&self) -> u64 {
        taken(self.batch)
    }

    fn refused(&self) -> u64 {
        self.batch.refused.values().sum()
    }

    fn settled(&self) -> u64 {
        told::settled(self.batch)
    }

    fn is_under_way(&self) -> bool {
        told::is_under_way(self.batch)
    }

    pub(super) fn html(&self) -> Result<String, Refused> {
        self.render().map_err(|error| {
            tracing::error!(%error, "a part of a page does not render");
            Refused::of(contract::Kind::Internal)
        })
    }
}

/// What the page showed when it asked for the rest.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Shown {
    #[serde(default)]
    stands: String,
}

/// That part again and again: `batch` with its HTML, and `over` once the rest of the page, its
/// buttons for one, is not right any more.
pub(super) async fn events(
    edge: web::Data<Edge>,
    administrator: Administrator,
    path: web::Path<(String, String)>,
    shown: web::Query<Shown>,
    request: HttpRequest,
) -> Answer {
    let (organisation, batch) = path.into_inner();
    let office = Office::of(&administrator, &organisation, "invites")?;
    let batch_id = id(&batch)?;
    let token = session_token(&request, &edge.options);
    let permit = token.ok_or_else(|| Refused::of(contract::Kind::Unauthenticated))?;
    let at = office.path(format_args!("/invites/{batch_id}"));
    let stood = shown.into_inner().stands;
    let watched = Watched {
        edge,
        cx: office.cx,
        permit: Permit::Session(permit),
        organisation: office.organisation,
        batch_id,
        head_only: HeadOnly::of(&request),
    };
    let tell = move |batch: &Batch| {
        if watch::is_over(batch) || told::stands(batch).0 != stood {
            return Ok(Told {
                event: "over",
                data: told::stands(batch).0.to_owned(),
                is_last: true,
            });
        }
        Ok(Told {
            event: "batch",
            data: Live { at: &at, batch }.html()?,
            is_last: false,
        })
    };
    watch::answer(watched, Box::new(tell)).await
}
