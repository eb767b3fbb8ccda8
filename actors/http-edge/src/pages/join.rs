//! The first door: an access link, its form, and what became of it.

use actix_web::{HttpRequest, http::StatusCode, web};
use askama::Template;
use contract::{
    EmailAddress, Kind, Problem, Timestamp,
    accounts::{ListOwnMemberships, OwnMembership},
    links::LinkFace,
    seats::Status,
    text::Name,
};
use serde::Deserialize;
use url::Url;

use super::{Answer, fields::Errors, frame::Frame, proofs::Proving, render, with_cookie};
use crate::{
    accounts,
    edge::Edge,
    flows::{self, JoinForm, Joined},
    person::{Anybody, Person},
    request::Incoming,
    session::{registrant_cookie, registrant_or_new},
};

pub(super) fn configure(cfg: &mut web::ServiceConfig) {
    cfg.service(
        web::resource("/join/{token}")
            .route(web::get().to(form))
            .route(web::post().to(join)),
    )
    .service(web::resource("/join/{token}/as-me").route(web::post().to(join_as)));
}

/// What somebody typed; the password is not kept.
#[derive(Clone, Default, Deserialize)]
struct Typed {
    #[serde(default)]
    first_name: String,
    #[serde(default)]
    last_name: String,
    #[serde(default)]
    email: String,
    #[serde(default)]
    password: String,
    #[serde(default)]
    accept_terms: String,
}

/// Whether a box is ticked: with the value that the form gives it, or the one that browsers give a
/// box without a value.
pub(super) fn is_ticked(value: &str) -> bool {
    matches!(value, "yes" | "on")
}

#[derive(Template)]
#[template(path = "join/form.html")]
struct JoinPage {
    frame: Frame,
    face: LinkFace,
    closed: Option<&'static str>,
    form: JoinForm,
    errors: Errors,
    refusal: Option<String>,
    /// Who could use the link with the account that they are signed in to.
    person: Option<EmailAddress>,
    /// What they have of the plan already.
    already: Option<OwnMembership>,
    /// The path of the link.
    path: String,
    /// Whether the page is shown at another path.
    is_elsewhere: bool,
}

impl JoinPage {
    fn has_seat(membership: &OwnMembership) -> bool {
        membership.status == Status::Assigned
    }

    fn is_held(membership: &OwnMembership) -> bool {
        membership.status == Status::Held
    }
}

/// What somebody has of a link's plan already, unless it was withdrawn. Found by what it is called: their
/// list has no more. The page is there without it, too.
async fn already(edge: &Edge, person: &Person, face: &LinkFace) -> Option<OwnMembership> {
    let is_this = |own: &OwnMembership| {
        own.status != Status::Revoked
            && own.organisation_name == face.organisation_name
            && own.plan_name == face.plan_name
            && own.product_url == face.product_url
    };
    match edge.bus.call(&ListOwnMemberships {}, person.cx()).await {
        Ok(memberships) => memberships.into_iter().find(is_this),
        Err(problem) => {
            tracing::warn!(request_id = %person.cx().request_id, %problem, "memberships were not read");
            None
        }
    }
}

fn closed(face: &LinkFace) -> Option<&'static str> {
    face.closed.map(|closed| Kind::from(closed).title())
}

async fn form(
    edge: web::Data<Edge>,
    incoming: Incoming,
    token: web::Path<String>,
    anybody: Anybody,
) -> Answer {
    let face = flows::face(&edge, &incoming, &token).await?;
    let (closed, form, errors) = (closed(&face), JoinForm::default(), Errors::default());
    let frame = Frame::of(&edge);
    let already = match &anybody.0 {
        Some(person) => already(&edge, person, &face).await,
        None => None,
    };
    render(
        StatusCode::OK,
        &JoinPage {
            frame,
            face,
            closed,
            form,
            errors,
            refusal: None,
            person: anybody.0.map(|person| person.signed_in.email),
            already,
            path: path(&token),
            is_elsewhere: false,
        },
    )
}

fn path(token: &str) -> String {
    format!("/join/{token}")
}

/// Joins with the account that is signed in.
async fn join_as(edge: web::Data<Edge>, person: Person, token: web::Path<String>) -> Answer {
    match accounts::join_as(&edge, &person, &token).await {
        Ok(joined) => done(&edge, joined),
        Err(problem) => {
            let asked = (Who::SignedIn, JoinForm::default());
            refused(&edge, &person.incoming, &token, asked, problem).await
        }
    }
}

async fn join(
    edge: web::Data<Edge>,
    incoming: Incoming,
    token: web::Path<String>,
    typed: web::Form<Typed>,
    request: HttpRequest,
) -> Answer {
    let Typed {
        first_name,
        last_name,
        email,
        password,
        accept_terms,
    } = typed.into_inner();
    let form = JoinForm {
        first_name,
        last_name,
        email,
        password,
        accept_terms: is_ticked(&accept_terms),
    };
    let registrant = registrant_or_new(&request, &edge.options)?;
    let joined = flows::join(
        &edge,
        &incoming,
        &token,
        form.clone(),
        Some(registrant.clone()),
    )
    .await;
    let response = match joined {
        Ok(joined) => done(&edge, joined)?,
        Err(problem) => refused(&edge, &incoming, &token, (Who::Form, form), problem).await?,
    };
    let cookie = registrant_cookie(&edge.options, &registrant);
    Ok(with_cookie(response, &cookie))
}

/// How somebody asked.
#[derive(Clone, Copy)]
enum Who {
    /// With the form.
    Form,
    /// With the account that is signed in.
    SignedIn,
}

/// The form again, with what is wrong beside its fields, or above them.
async fn refused(
    edge: &Edge,
    incoming: &Incoming,
    token: &str,
    (who, form): (Who, JoinForm),
    problem: Problem,
) -> Answer {
    let status = crate::problem::status(&problem);
    let refusal = match problem.kind {
        Kind::AccountExists => Some(
            "There is already an account with this address. To use the link with it, enter the \
             password of that account."
                .to_owned(),
        ),
        Kind::MembershipRevoked => Some(problem.title.clone()),
        Kind::LinkExpired | Kind::LinkUsedUp | Kind::PlanEnded => None,
        _ if problem.errors.is_empty() => return Err(problem.into()),
        _ => None,
    };
    let face = flows::face(edge, incoming, token).await?;
    // Closed between the form and its answer, whatever it says a moment later.
    let closed = match problem.kind {
        Kind::LinkExpired | Kind::LinkUsedUp | Kind::PlanEnded => Some(problem.kind.title()),
        _ => closed(&face),
    };
    let errors = Errors::beside_fields(problem).unwrap_or_default();
    render(
        status,
        &JoinPage {
            frame: Frame::of(edge),
            face,
            closed,
            form,
            errors,
            refusal,
            is_elsewhere: matches!(who, Who::SignedIn),
            person: None,
            already: None,
            path: path(token),
        },
    )
}

#[derive(Template)]
#[template(path = "join/done.html")]
struct Done {
    frame: Frame,
    title: String,
    words: String,
    is_assigned: bool,
    product_url: Url,
    plan_name: Name,
    due: Option<Timestamp>,
    proof: Proving,
    errors: Errors,
}

fn done(edge: &Edge, joined: Joined) -> Answer {
    let Joined {
        face,
        admitted,
        first_name,
        email,
        proof_id,
        mail_queued,
        is_proved,
        ..
    } = joined;
    let (title, words) = match admitted.status {
        Status::Assigned => (
            format!("Welcome, {first_name}"),
            format!(
                "You have a seat of {}. You can start right away.",
                face.plan_name
            ),
        ),
        Status::Held => (
            "One more step".to_owned(),
            format!(
                "A seat of {} is kept for you. It is yours as soon as you have confirmed your \
                 address.",
                face.plan_name
            ),
        ),
        Status::Waiting | Status::Revoked => (
            "You are on the waiting list".to_owned(),
            format!(
                "All seats of {} are taken at the moment. You get the next one that becomes \
                 free, in the order in which people registered.",
                face.plan_name
            ),
        ),
    };
    let page = Done {
        frame: Frame::of(edge),
        title,
        words,
        is_assigned: admitted.status == Status::Assigned,
        product_url: face.product_url,
        plan_name: face.plan_name,
        due: admitted.proof_due_at,
        proof: Proving {
            id: proof_id,
            email: email.to_string(),
            mailed: mail_queued,
            is_proved,
        },
        errors: Errors::default(),
    };
    render(StatusCode::OK, &page)
}

#[cfg(test)]
mod tests {
    use super::is_ticked;

    #[test]
    fn a_box_is_ticked_by_the_values_of_a_form_and_by_no_other() {
        assert!(is_ticked("yes") && is_ticked("on"));
        for value in ["", "no", "off", "false", "0", "null"] {
            assert!(!is_ticked(value), "{value:?}");
        }
    }
}
