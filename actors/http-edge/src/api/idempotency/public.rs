//! What anybody may post with an `Idempotency-Key`: to join, to prove, to sign in, to accept.
//!
//! Each is safe to repeat, so nothing is begun: what is kept of it is written when it succeeded, after all
//! that it is counted by was asked. Sent again, it is answered as it was only with the whole of its body,
//! passwords and codes among it; of those nothing is kept that they could be guessed by. The public has one
//! name: a request is its sender's by what its path holds, the token of a link, and by their session.

use std::net::IpAddr;

use actix_web::{
    Error, HttpMessage as _, ResponseError as _,
    body::{BoxBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    middleware::Next,
    web::Data,
};
use contract::{
    Kind, Problem,
    idempotency::{Answer, FindAnswer, KeepAnswer},
};
use kernel::Cx;

use super::{KEY, hash, key, name, replay, taken_down, told_apart_by, whole};
use crate::{
    api::{bearer, body::bytes},
    edge::Edge,
    problem::Refused,
    request::{Incoming, edge},
};

/// Answers a request of anybody once.
pub(in crate::api) async fn of_public(
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    if !request.headers().contains_key(KEY) {
        return Ok(next.call(request).await?.map_into_boxed_body());
    }
    let answered = async {
        let keyed = Keyed::of(&mut request).await?;
        let before = keyed.find().await?;
        Ok::<_, Refused>((keyed, before))
    };
    let keyed = match answered.await {
        Err(refused) => return Ok(request.into_response(refused.error_response())),
        Ok((_, Some(answer))) => return Ok(request.into_response(replay(answer))),
        Ok((keyed, None)) => keyed,
    };
    let response = next.call(request).await?.map_into_boxed_body();
    if !response.status().is_success() {
        return Ok(response);
    }
    let (response, answer) = taken_down(response).await;
    if let Some(answer) = answer {
        keyed.keep(answer).await;
    }
    Ok(response)
}

/// A request with a key.
struct Keyed {
    edge: Data<Edge>,
    cx: Cx,
    client: IpAddr,
    key_hash: String,
    body_hash: String,
}

impl Keyed {
    async fn of(request: &mut ServiceRequest) -> Result<Self, Refused> {
        let payload = request.take_payload();
        let http = request.request().clone();
        let edge = Data::clone(edge(&http)?);
        let Incoming { cx, client } = Incoming::of(&http)?;
        let key = key(http.headers())?;
        // Whoever sends a session is somebody else than whoever sends none.
        let session = bearer::token(&http).map(|token| token.expose().to_owned());
        // Named otherwise than before the body was kept as a fingerprint: such a row would be another body's.
        let caller = [
            "public, by its fingerprint: ",
            session.as_deref().unwrap_or_default(),
        ]
        .concat();
        let name = name(&caller, &http, &key);
        let body = bytes(&http, payload).await?.freeze();
        // The name is not kept either: without it, and without the key of the bus, a password cannot be
        // tried against this.
        let body_hash = edge.bus.fingerprint(&name, &told_apart_by(&body));
        request.set_payload(whole(body));
        Ok(Self {
            edge,
            cx,
            client,
            key_hash: hash(name),
            body_hash,
        })
    }

    /// What it was answered before. Another body is refused, and counts as a guess of what is in it.
    /// From where there were too many nothing is looked up, and where nobody knows, the request is one like
    /// any other: done once more, it is as it was.
    async fn find(&self) -> Result<Option<Answer>, Problem> {
        let throttle = &self.edge.throttle;
        if throttle.is_guesser(self.client) {
            return Ok(None);
        }
        let find = FindAnswer {
            key_hash: self.key_hash.clone(),
            body_hash: self.body_hash.clone(),
        };
        match self.edge.bus.call(&find, &self.cx).await {
            Err(problem) if problem.kind == Kind::Invalid => {
                throttle.wrong(self.client);
                Err(problem)
            }
            Err(problem) => {
                let request_id = &self.cx.request_id;
                tracing::warn!(%request_id, %problem, "whether it was answered before is not known");
                Ok(None)
            }
            found => found,
        }
    }

    /// The request is answered either way; without this a repetition is done once more, which is safe.
    async fn keep(self, answer: Answer) {
        if !self.edge.throttle.may_keep(self.client) {
            return;
        }
        let keep = KeepAnswer {
            key_hash: self.key_hash,
            body_hash: self.body_hash,
            answer,
        };
        if let Err(problem) = self.edge.bus.call(&keep, &self.cx).await {
            tracing::warn!(request_id = %self.cx.request_id, %problem, "an answer was not kept");
        }
    }
}
