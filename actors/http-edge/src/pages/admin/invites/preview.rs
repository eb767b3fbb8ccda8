//! What the mail of a batch says, before it is sent and after.

use actix_web::{
    HttpResponse,
    http::header::{self, HeaderValue},
    web,
};
use askama::Template;
use contract::{
    batches::{Batch, GetBatch, InvitationPreview, PreviewInvitation},
    ids::BatchId,
};
use futures_util::try_join;

use super::id;
use crate::{
    edge::Edge,
    pages::{
        Answer,
        frame::{Frame, Office},
        show,
    },
    problem::Refused,
    session::Administrator,
};

#[derive(Template)]
#[template(path = "admin/invites_preview.html")]
struct Preview {
    frame: Frame,
    office: Office,
    batch: Batch,
    mail: InvitationPreview,
}

fn ask(office: &Office, batch_id: BatchId) -> PreviewInvitation {
    PreviewInvitation {
        organisation: office.organisation,
        batch_id,
    }
}

pub(super) async fn page(
    edge: web::Data<Edge>,
    administrator: Administrator,
    path: web::Path<(String, String)>,
) -> Answer {
    let (office, batch_id) = open(&administrator, path)?;
    let preview = ask(&office, batch_id);
    let get = GetBatch {
        organisation: office.organisation,
        batch_id,
    };
    let (mail, batch) = try_join!(
        edge.bus.call(&preview, &office.cx),
        edge.bus.call(&get, &office.cx),
    )?;
    show(&Preview {
        frame: Frame::of(&edge),
        office,
        batch,
        mail,
    })
}

/// A mail has its style in itself, so it gets a policy of its own, in a sandboxed frame.
pub(super) async fn html(
    edge: web::Data<Edge>,
    administrator: Administrator,
    path: web::Path<(String, String)>,
) -> Answer {
    let (office, batch_id) = open(&administrator, path)?;
    let preview = ask(&office, batch_id);
    let mail = edge.bus.call(&preview, &office.cx).await?;
    let policy = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'; sandbox";
    Ok(HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .insert_header((
            header::CONTENT_SECURITY_POLICY,
            HeaderValue::from_static(policy),
        ))
        .body(mail.html))
}

fn open(
    administrator: &Administrator,
    path: web::Path<(String, String)>,
) -> Result<(Office, BatchId), Refused> {
    let (organisation, batch) = path.into_inner();
    let office = Office::of(administrator, &organisation, "invites")?;
    Ok((office, id(&batch)?))
}
