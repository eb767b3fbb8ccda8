//! The first door, for programs.

use actix_web::{HttpResponse, web};
use contract::{
    DomainName, EmailAddress, Kind, Timestamp,
    ids::{MembershipId, PlanId, ProofId},
    links::LinkFace,
    seats::{Admitted, Status},
    text::{Name, PersonName},
};
use serde::{Deserialize, Serialize};
use url::Url;
use utoipa::ToSchema;

use super::{
    Answer,
    body::{Body, Given},
    ok,
    refusals::{PublicReading, PublicWriting},
    schema,
    users::StatusName,
};
use crate::{
    edge::Edge,
    join::{self, JoinForm, Joined},
    link,
    request::Incoming,
};

/// What the holder of a link may see of it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct JoinableLink {
    /// What the organisation is called.
    #[schema(value_type = schema::Name)]
    organisation: Name,
    /// What the plan is called.
    #[schema(value_type = schema::Name)]
    plan: Name,
    /// Where its people go once they are seated.
    #[schema(value_type = schema::KeptAddress)]
    product_url: Url,
    /// Only addresses of these domains may use it; empty: any.
    #[schema(value_type = Vec<schema::Domain>)]
    allowed_domains: Vec<DomainName>,
    /// Why it cannot be used at the moment: `link-expired`, `link-used-up`, `plan-ended`.
    #[schema(required)]
    closed: Option<&'static str>,
    /// Whether a seat is free at this moment; if not, whoever joins waits.
    has_free_seat: bool,
}

impl From<LinkFace> for JoinableLink {
    fn from(face: LinkFace) -> Self {
        Self {
            organisation: face.organisation_name,
            plan: face.plan_name,
            product_url: face.product_url,
            allowed_domains: face.allowed_domains,
            closed: face.closed.map(|closed| Kind::from(closed).slug()),
            has_free_seat: face.has_free_seat,
        }
    }
}

/// Who registers.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Registration {
    #[serde(default)]
    #[schema(value_type = schema::PersonName, required)]
    first_name: Given<String>,
    #[serde(default)]
    #[schema(value_type = schema::PersonName, required)]
    last_name: Given<String>,
    #[serde(default)]
    #[schema(value_type = schema::Email, required)]
    email: Given<String>,
    #[serde(default)]
    #[schema(value_type = schema::Password, required)]
    password: Given<String>,
    /// Must be true.
    #[serde(default)]
    #[schema(value_type = schema::Accepted, required)]
    accept_terms: Given<bool>,
}

/// Somebody joined.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Registered {
    user: RegisteredUser,
    seat: GivenSeat,
    /// The proof that waits for its code; null when the address is proved, or when a letter went
    /// out less than a minute ago.
    #[schema(value_type = Option<schema::ProofId>, required)]
    proof_id: Option<ProofId>,
}

/// Who it is.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RegisteredUser {
    #[schema(value_type = schema::UserId)]
    pub(super) id: MembershipId,
    #[schema(value_type = schema::PersonName)]
    pub(super) first_name: PersonName,
    #[schema(value_type = schema::PersonName)]
    pub(super) last_name: PersonName,
    #[schema(value_type = schema::Email)]
    pub(super) email: EmailAddress,
}

/// What became of it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct GivenSeat {
    #[schema(value_type = schema::PlanId)]
    plan_id: PlanId,
    #[schema(value_type = StatusName)]
    status: Status,
    /// Until when the address must be proved, or the seat returns.
    #[schema(value_type = Option<schema::Instant>, required)]
    proof_due_at: Option<Timestamp>,
}

impl From<&Admitted> for GivenSeat {
    fn from(admitted: &Admitted) -> Self {
        Self {
            plan_id: admitted.plan_id,
            status: admitted.status,
            proof_due_at: admitted.proof_due_at,
        }
    }
}

impl From<Joined> for Registered {
    fn from(joined: Joined) -> Self {
        Self {
            user: RegisteredUser {
                id: joined.admitted.membership_id,
                first_name: joined.first_name,
                last_name: joined.last_name,
                email: joined.email,
            },
            seat: GivenSeat::from(&joined.admitted),
            proof_id: joined.proof_id,
        }
    }
}

/// What is behind an access link. Unknown, malformed, replaced and switched off answer alike.
#[utoipa::path(
    get, path = "/api/v1/join/{token}", tag = "Joining",
    params(("token" = schema::LinkToken, Path)),
    responses((status = 200, description = "The link.", body = JoinableLink), PublicReading),
)]
pub(super) async fn show(
    edge: web::Data<Edge>,
    incoming: Incoming,
    token: web::Path<String>,
) -> Answer {
    let face = link::face(&edge, &incoming, &token).await?;
    Ok(ok(&JoinableLink::from(face)))
}

/// Registers through an access link. Safe to repeat: the same form gets the same seat.
#[utoipa::path(
    post, path = "/api/v1/join/{token}", tag = "Joining",
    params(("token" = schema::LinkToken, Path)),
    request_body = Registration,
    responses((status = 201, description = "Joined.", body = Registered), PublicWriting),
)]
pub(super) async fn join(
    edge: web::Data<Edge>,
    incoming: Incoming,
    token: web::Path<String>,
    body: Body<Registration>,
) -> Answer {
    let (typed, mut form) = body.open()?;
    let first_name = form
        .field("first_name", typed.first_name)
        .plain()
        .required();
    let last_name = form.field("last_name", typed.last_name).plain().required();
    let email = form.field("email", typed.email).plain().required();
    let password = form.field("password", typed.password).plain().required();
    let accept_terms = form.field("accept_terms", typed.accept_terms).plain();
    let accept_terms = accept_terms.required();
    let is_refused = form.is_refused();
    let filled = JoinForm {
        first_name: first_name.unwrap_or_default(),
        last_name: last_name.unwrap_or_default(),
        email: email.unwrap_or_default(),
        password: password.unwrap_or_default(),
        accept_terms: accept_terms.unwrap_or_default(),
    };
    if is_refused {
        // What else is wrong with the form, so that all of it is answered at once.
        link::face(&edge, &incoming, &token).await?;
        if let Err(problem) = join::check(filled) {
            form.merge(problem.errors);
        }
        form.finish(|| None::<()>)?;
        return Err(crate::problem::Refused::of(Kind::Invalid));
    }
    let joined = join::join(&edge, &incoming, &token, filled, None).await?;
    Ok(HttpResponse::Created().json(Registered::from(joined)))
}
