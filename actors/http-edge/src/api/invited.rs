//! The second door, for programs of whoever was invited.

use actix_web::{HttpRequest, HttpResponse, web};
use contract::{
    DomainName, EmailAddress, Kind, Problem, Secret, Timestamp,
    invites::{InviteFace, Life, Ticket},
    suppressions::UnsubscribeScope,
    text::{Name, PersonName},
};
use serde::{Deserialize, Serialize};
use url::Url;
use utoipa::ToSchema;

use super::{
    Answer, bearer,
    body::{Body, Form, Given},
    invites::LifeName,
    join::{GivenSeat, RegisteredUser},
    ok,
    refusals::{Accepting, PublicReading, PublicWriting},
    schema,
    texts::Reason,
};
use crate::{
    edge::Edge,
    invited::{self, AcceptForm, Accepted},
    person::Person,
    problem::Refused,
    request::Incoming,
};

/// What the holder of an invite may see of it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct HeldInvite {
    /// What the organisation is called.
    #[schema(value_type = schema::Name)]
    organisation: Name,
    /// Who invites.
    #[schema(value_type = Option<schema::Name>, required)]
    inviter: Option<Name>,
    /// Whom it was sent to.
    #[schema(value_type = schema::Email)]
    email: EmailAddress,
    /// How they are called, where the list said so.
    #[schema(value_type = Option<schema::PersonName>, required)]
    name: Option<PersonName>,
    /// Where its people go once they are seated.
    #[schema(value_type = schema::KeptAddress)]
    product_url: Url,
    #[schema(value_type = LifeName)]
    life: Life,
    /// Why it cannot be accepted: `invite-used`, `invite-cancelled`, `invite-expired`.
    #[schema(required)]
    closed: Option<&'static str>,
    /// Until when it works.
    #[schema(value_type = Option<schema::Instant>, required)]
    expires_at: Option<Timestamp>,
    /// Whether somebody who is signed in with another address may accept it.
    is_lenient: bool,
    /// Such an address must be of one of these domains; empty: of any.
    #[schema(value_type = Vec<schema::Domain>)]
    allowed_domains: Vec<DomainName>,
    /// Whether a seat is free at this moment; if not, whoever accepts waits.
    has_free_seat: bool,
}

impl From<InviteFace> for HeldInvite {
    fn from(face: InviteFace) -> Self {
        Self {
            organisation: face.organisation_name,
            inviter: face.inviter,
            email: face.email,
            name: face.name,
            product_url: face.product_url,
            life: face.life,
            closed: invited::closed(face.life).map(Kind::slug),
            expires_at: face.expires_at,
            is_lenient: face.is_lenient,
            allowed_domains: face.allowed_domains,
            has_free_seat: face.has_free_seat,
        }
    }
}

/// What is behind an invite. Changes nothing, however often it is asked. Unknown, forged and replaced
/// tokens answer alike.
#[utoipa::path(
    get, path = "/api/v1/invites/{invite_token}", tag = "Invited",
    params(("invite_token" = schema::InviteToken, Path)),
    responses((status = 200, description = "The invite.", body = HeldInvite), PublicReading),
)]
pub(super) async fn show(
    edge: web::Data<Edge>,
    incoming: Incoming,
    token: web::Path<String>,
) -> Answer {
    Ok(ok(&HeldInvite::from(face(&edge, &incoming, &token).await?)))
}

async fn face(edge: &Edge, incoming: &Incoming, token: &str) -> Result<InviteFace, Problem> {
    invited::face(edge, incoming, Ticket::Token(Secret::new(token))).await
}

/// Who accepts; the address is the invited one. Whoever is signed in sends an empty object.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Acceptance {
    #[serde(default)]
    #[schema(value_type = schema::PersonName, required)]
    first_name: Given<String>,
    #[serde(default)]
    #[schema(value_type = schema::PersonName, required)]
    last_name: Given<String>,
    /// Of the account that the address has, or of a new one.
    #[serde(default)]
    #[schema(value_type = schema::Password, required)]
    password: Given<String>,
    /// Must be true.
    #[serde(default)]
    #[schema(value_type = schema::Accepted, required)]
    accept_terms: Given<bool>,
}

/// Somebody accepted.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AcceptedInvite {
    user: RegisteredUser,
    seat: GivenSeat,
}

impl From<Accepted> for AcceptedInvite {
    fn from(accepted: Accepted) -> Self {
        Self {
            user: RegisteredUser {
                id: accepted.admitted.membership_id,
                first_name: accepted.first_name,
                last_name: accepted.last_name,
                email: accepted.email,
            },
            seat: GivenSeat::from(&accepted.admitted),
        }
    }
}

/// Accepts an invite: with a new account, with the password of the one that the address has, or as the
/// person whose session is the bearer. Where all seats are taken, the seat is `waiting`. Safe to repeat.
#[utoipa::path(
    post, path = "/api/v1/invites/{invite_token}", tag = "Invited",
    security((), ("session" = [])),
    params(("invite_token" = schema::InviteToken, Path)),
    request_body = Acceptance,
    responses((status = 201, description = "Accepted.", body = AcceptedInvite), Accepting),
)]
pub(super) async fn accept(
    edge: web::Data<Edge>,
    incoming: Incoming,
    token: web::Path<String>,
    request: HttpRequest,
    body: Body<Acceptance>,
) -> Answer {
    let (typed, form) = body.open()?;
    let accepted = if let Some(session) = bearer::token(&request) {
        nothing_more(typed, form)?;
        let client = incoming.client;
        let person = Person::of(&edge, incoming, session).await?;
        let person = person.ok_or_else(|| {
            let refusal = Problem::new(Kind::Unauthenticated);
            edge.throttle.guess(client, refusal)
        })?;
        invited::accept_as(&edge, &person, &token).await?
    } else {
        let filled = filled(&edge, &incoming, &token, (typed, form)).await?;
        invited::accept(&edge, &incoming, &token, filled, None).await?
    };
    Ok(HttpResponse::Created().json(AcceptedInvite::from(accepted)))
}

/// Whoever is signed in has a name and a password already.
fn nothing_more(typed: Acceptance, mut form: Form) -> Result<(), Refused> {
    let texts = [
        ("first_name", typed.first_name),
        ("last_name", typed.last_name),
        ("password", typed.password),
    ];
    for (name, given) in texts {
        if form.field(name, given).plain().optional().is_some() {
            form.refuse(name, "unexpected", "is not asked of whoever is signed in");
        }
    }
    form.field("accept_terms", typed.accept_terms)
        .plain()
        .optional();
    form.finish(|| Some(()))
}

/// The form as it was filled in; everything that is wrong with it is answered at once.
async fn filled(
    edge: &Edge,
    incoming: &Incoming,
    token: &str,
    (typed, mut form): (Acceptance, Form),
) -> Result<AcceptForm, Refused> {
    let first_name = form.field("first_name", typed.first_name).plain();
    let first_name = first_name.required();
    let last_name = form.field("last_name", typed.last_name).plain().required();
    let password = form.field("password", typed.password).plain().required();
    let accept_terms = form.field("accept_terms", typed.accept_terms).plain();
    let accept_terms = accept_terms.required();
    let filled = AcceptForm {
        first_name: first_name.unwrap_or_default(),
        last_name: last_name.unwrap_or_default(),
        password: password.unwrap_or_default(),
        accept_terms: accept_terms.unwrap_or_default(),
    };
    if !form.is_refused() {
        return Ok(filled);
    }
    let face = face(edge, incoming, token).await?;
    if let Err(problem) = invited::check(&face, filled) {
        form.merge(problem.errors);
    }
    form.finish(|| None)
}

/// Declines an invite: nobody is reminded of it. It can still be accepted. Safe to repeat.
#[utoipa::path(
    post, path = "/api/v1/invites/{invite_token}/decline", tag = "Invited",
    params(("invite_token" = schema::InviteToken, Path)),
    responses((status = 200, description = "As it is now.", body = HeldInvite), PublicWriting),
)]
pub(super) async fn decline(
    edge: web::Data<Edge>,
    incoming: Incoming,
    token: web::Path<String>,
) -> Answer {
    invited::decline(&edge, &incoming, &token).await?;
    Ok(ok(&HeldInvite::from(face(&edge, &incoming, &token).await?)))
}

/// From whom no more is wanted.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Unwanted {
    /// `organisation`, the one that sent the mail, unless said.
    #[serde(default)]
    #[schema(value_type = Option<ScopeName>)]
    scope: Given<String>,
}

/// From whom somebody wants no invites.
#[derive(Debug, ToSchema)]
#[schema(as = UnsubscribeScope, rename_all = "kebab-case")]
#[expect(dead_code, reason = "only described")]
pub(super) enum ScopeName {
    /// From the organisation that sent the mail.
    Organisation,
    /// From anybody.
    Everybody,
}

fn scope(text: &str) -> Result<UnsubscribeScope, Reason> {
    match text {
        "organisation" => Ok(UnsubscribeScope::Organisation),
        "everybody" => Ok(UnsubscribeScope::Everybody),
        _ => Err(Reason(
            "unknown",
            "must be one of organisation, everybody".into(),
        )),
    }
}

/// No more invites come.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Unsubscribed {
    /// Whom the mail went to.
    #[schema(value_type = schema::Email)]
    email: EmailAddress,
    /// Who sent it.
    #[schema(value_type = schema::Name)]
    organisation: Name,
    #[schema(value_type = ScopeName)]
    scope: UnsubscribeScope,
}

/// Wants no more invites: the token is that of the mail's `List-Unsubscribe`. Works for invites that
/// are over, too. Safe to repeat.
#[utoipa::path(
    post, path = "/api/v1/unsubscribe/{unsubscribe_token}", tag = "Invited",
    params(("unsubscribe_token" = schema::UnsubscribeToken, Path)),
    request_body = Unwanted,
    responses((status = 200, description = "No more come.", body = Unsubscribed), PublicWriting),
)]
pub(super) async fn unsubscribe(
    edge: web::Data<Edge>,
    incoming: Incoming,
    token: web::Path<String>,
    body: Body<Unwanted>,
) -> Answer {
    let (unwanted, mut form) = body.open()?;
    let scope = form.field("scope", unwanted.scope).parse(scope).optional();
    let scope = form.finish(|| Some(scope.unwrap_or(UnsubscribeScope::Organisation)))?;
    let face = invited::unsubscribe(&edge, &incoming, &token, scope).await?;
    Ok(ok(&Unsubscribed {
        email: face.email,
        organisation: face.organisation_name,
        scope,
    }))
}
