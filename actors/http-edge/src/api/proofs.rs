//! Proving an address.

use actix_web::{HttpResponse, web};
use contract::{
    Secret,
    ids::{MembershipId, OrganisationId, ProofId},
    people::Evidence,
    seats::{Settled, Status},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    Answer,
    body::{Body, Given},
    ok,
    refusals::PublicWriting,
    schema,
    texts::Reason,
    users::StatusName,
};
use crate::{edge::Edge, problem::Refused, proof, request::Incoming};

/// Whose address is to be proved.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewProof {
    #[serde(default)]
    #[schema(value_type = schema::Email, required)]
    email: Given<String>,
}

/// A proof that waits for its code, whether or not there is an account: only the mailbox learns it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct StartedProof {
    #[schema(value_type = schema::ProofId)]
    id: ProofId,
}

/// The code of a mail.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TypedCode {
    #[serde(default)]
    #[schema(value_type = schema::Code, required)]
    code: Given<String>,
    /// The password from now on, where there is none: one that was set before the address was
    /// proved dies.
    #[serde(default)]
    #[schema(value_type = Option<schema::Password>)]
    new_password: Given<String>,
}

/// An address was proved.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ProvedAddress {
    /// Whether the account has a password; if not, send the code again with a `new_password`.
    has_password: bool,
    /// What became of the seats that waited for it.
    seats: Vec<SettledSeat>,
}

/// A seat after its address was proved.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SettledSeat {
    #[schema(value_type = schema::OrganisationId)]
    organisation_id: OrganisationId,
    #[schema(value_type = schema::UserId)]
    user_id: MembershipId,
    #[schema(value_type = StatusName)]
    status: Status,
}

impl From<Settled> for SettledSeat {
    fn from(settled: Settled) -> Self {
        Self {
            organisation_id: settled.organisation,
            user_id: settled.membership_id,
            status: settled.status,
        }
    }
}

/// Mails a link and a code that prove the address. Answers alike, and after the same time, whether
/// or not there is an account.
#[utoipa::path(
    post, path = "/api/v1/proofs", tag = "Joining",
    request_body = NewProof,
    responses((status = 202, description = "Taken.", body = StartedProof), PublicWriting),
)]
pub(super) async fn start(
    edge: web::Data<Edge>,
    incoming: Incoming,
    body: Body<NewProof>,
) -> Answer {
    let (new, mut form) = body.open()?;
    let email = form.field("email", new.email).plain().required();
    let email = form.finish(|| email)?;
    let id = proof::start(&edge, &incoming, &email).await?;
    Ok(HttpResponse::Accepted().json(StartedProof { id }))
}

/// The most characters of a code with the white space in it.
pub(super) const CODE_MOST: usize = 64;

/// The digits; white space between them is what mails and people put there.
fn code(text: &str) -> Result<Secret, Reason> {
    let digits: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    let is_long = text.chars().take(CODE_MOST + 1).count() > CODE_MOST;
    if is_long || digits.len() != 6 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(Reason("not-a-code", "must be six digits".into()));
    }
    Ok(Secret::new(digits))
}

/// Proves an address by the code of the mail. Safe to repeat.
#[utoipa::path(
    post, path = "/api/v1/proofs/{proof}", tag = "Joining",
    params(("proof" = schema::ProofId, Path)),
    request_body = TypedCode,
    responses((status = 200, description = "Proved.", body = ProvedAddress), PublicWriting),
)]
pub(super) async fn confirm(
    edge: web::Data<Edge>,
    incoming: Incoming,
    proof: web::Path<String>,
    body: Body<TypedCode>,
) -> Answer {
    let proof = proof.parse().map_err(|_| Refused::not_found())?;
    let (typed, mut form) = body.open()?;
    let code = form.field("code", typed.code).parse(code).required();
    let password = form.field("new_password", typed.new_password).plain();
    let password = password.optional();
    let code = form.finish(|| code)?;
    let evidence = Evidence::Code { proof, code };
    let (proved, settled) = proof::confirm(&edge, &incoming, evidence, None, password).await?;
    Ok(ok(&ProvedAddress {
        has_password: proved.has_password,
        seats: settled.into_iter().map(SettledSeat::from).collect(),
    }))
}
