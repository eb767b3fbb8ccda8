//! What is done to a batch.

use actix_web::{HttpRequest, web};
use contract::{
    Kind, Problem,
    batches::{Steer, SteerBatch},
    ids::BatchId,
};

use super::{
    batch::{Which, page},
    id,
};
use crate::{
    edge::Edge,
    invites::{resend_pending, send},
    pages::{Answer, frame::Office, see},
    session::Administrator,
};

/// Why nothing is sent again.
const NONE_PENDING: &str = "None can be sent again now: nobody is written to twice within an hour.";

pub(super) async fn act(
    edge: web::Data<Edge>,
    administrator: Administrator,
    path: web::Path<(String, String, String)>,
    request: HttpRequest,
) -> Answer {
    let (organisation, batch, action) = path.into_inner();
    let office = Office::of(&administrator, &organisation, "invites")?;
    let batch_id = id(&batch)?;
    let Err(problem) = done(&edge, &office, batch_id, &action).await else {
        return Ok(see(&office.path(format_args!("/invites/{batch_id}"))));
    };
    // What the batch itself does not allow is said where it stands, and the draft is still there.
    if matches!(problem.kind, Kind::Conflict | Kind::Invalid) {
        let rows = (Which::default(), &request);
        return page(&edge, office, batch_id, rows, Some(&problem)).await;
    }
    Err(problem.into())
}

async fn done(
    edge: &Edge,
    office: &Office,
    batch_id: BatchId,
    action: &str,
) -> Result<(), Problem> {
    let organisation = office.organisation;
    let steer = match action {
        "pause" => Steer::Pause,
        "resume" => Steer::Resume,
        "cancel" => Steer::Cancel,
        "send" => {
            return send(edge, &office.cx, organisation, batch_id)
                .await
                .map(drop);
        }
        "resend" => {
            if resend_pending(edge, &office.cx, organisation, batch_id).await? == 0 {
                return Err(Problem::new(Kind::Conflict).detail(NONE_PENDING));
            }
            return Ok(());
        }
        _ => return Err(Problem::new(Kind::NotFound)),
    };
    let steer = SteerBatch {
        organisation,
        batch_id,
        steer,
    };
    edge.bus.call(&steer, &office.cx).await.map(drop)
}
