//! The first door: an access link, its form, and what became of it.

use actix_web::{HttpRequest, http::StatusCode, web};
use askama::Template;
use contract::{
    EmailAddress, Kind, Problem, Timestamp,
    accounts::{ListOwnMemberships, OwnMembership},
    links::LinkFace,
    seats::{Admitted, Status},
    text::{Name, PersonName},
};
use serde::Deserialize;
use url::Url;

use super::{
    Answer,
    fields::Errors,
    frame::Frame,
    proofs::{Mailed, Proving},
    render, with_cookie, words,
};
use crate::{
    accounts,
    edge::Edge,
    join::{self, JoinForm, Joined},
    link,
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
    /// The path of the link.
    path: String,
    /// Whether the page is shown at another path.
    is_elsewhere: bool,
    terms_url: Option<Url>,
}

/// For whoever is signed in and has a place in the link's organisation: there is nothing to fill in.
#[derive(Template)]
#[template(path = "join/already.html")]
struct Already {
    frame: Frame,
    own: OwnMembership,
    email: EmailAddress,
}

impl Already {
    fn title(&self) -> &'static str {
        match self.own.status {
            Status::Assigned => "You already have a seat",
            Status::Held => "A seat is kept for you",
            Status::Waiting => "You are on the waiting list",
            Status::Revoked => "Your access was withdrawn",
        }
    }

    fn words(&self) -> String {
        let (plan, organisation) = (&self.own.plan_name, &self.own.organisation_name);
        match self.own.status {
            Status::Assigned if self.own.proof_due_at.is_some() => format!(
                "It is of {plan}. Confirm your address by {}: after that the seat goes back.",
                words::day(&self.own.proof_due_at)
            ),
            Status::Assigned => {
                format!("It is of {plan}. There is nothing left to do with this link.")
            }
            Status::Held | Status::Waiting if !self.own.domains_needed.is_empty() => format!(
                "It is of {plan}, for whoever has an address of {}. Change yours in your account.",
                words::one_of(&self.own.domains_needed)
            ),
            Status::Held => {
                format!("It is of {plan}, and yours as soon as you have confirmed your address.")
            }
            Status::Waiting => format!(
                "You keep your place for {plan}, get the next seat that becomes free for you, and \
                 hear of it by a letter."
            ),
            Status::Revoked => format!(
                "No link lets you in again. If that is a mistake, please ask {organisation} to give \
                 you a seat."
            ),
        }
    }

    fn has_seat(&self) -> bool {
        self.own.status == Status::Assigned
    }

    /// Whether the seat hangs on an address that is still to be confirmed.
    fn is_to_prove(&self) -> bool {
        let is_held = self.own.status == Status::Held && self.own.domains_needed.is_empty();
        is_held || self.has_seat() && self.own.proof_due_at.is_some()
    }
}

/// The place that somebody has in a link's organisation: there is one at most. The page is there
/// without it, too.
async fn already(edge: &Edge, person: &Person, face: &LinkFace) -> Option<OwnMembership> {
    match edge.bus.call(&ListOwnMemberships {}, person.cx()).await {
        Ok(memberships) => {
            let mut memberships = memberships.into_iter();
            memberships.find(|own| own.organisation == Some(face.organisation))
        }
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
    let face = link::face(&edge, &incoming, &token).await?;
    let (closed, form, errors) = (closed(&face), JoinForm::default(), Errors::default());
    let frame = Frame::of(&edge);
    if let Some(person) = &anybody.0
        && let Some(own) = already(&edge, person, &face).await
    {
        let email = person.signed_in.email.clone();
        return render(StatusCode::OK, &Already { frame, own, email });
    }
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
            path: path(&token),
            is_elsewhere: false,
            terms_url: edge.options.terms_url.clone(),
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
    let joined = join::join(
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
    let face = link::face(edge, incoming, token).await?;
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
            path: path(token),
            terms_url: edge.options.terms_url.clone(),
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
    let (title, words) = told(&face, &admitted, &first_name);
    // Whoever came before may have come for another plan.
    let plan_name = if admitted.is_new {
        face.plan_name
    } else {
        face.organisation_name
    };
    let page = Done {
        frame: Frame::of(edge),
        title,
        words,
        is_assigned: admitted.status == Status::Assigned,
        product_url: face.product_url,
        plan_name,
        due: admitted.proof_due_at,
        proof: Proving {
            id: proof_id,
            email: email.to_string(),
            mailed: if mail_queued { Mailed::Yes } else { Mailed::No },
            is_proved,
        },
        errors: Errors::default(),
    };
    render(StatusCode::OK, &page)
}

/// What became of it; whoever asks once more is told that it is so already.
fn told(face: &LinkFace, admitted: &Admitted, first_name: &PersonName) -> (String, String) {
    let (plan, organisation) = (&face.plan_name, &face.organisation_name);
    let (title, new, known) = match admitted.status {
        Status::Assigned => (
            format!("Welcome, {first_name}"),
            format!("You have a seat of {plan}. You can start right away."),
            format!("You already had a seat at {organisation}. It is yours as before."),
        ),
        Status::Held => (
            "One more step".to_owned(),
            format!(
                "A seat of {plan} is kept for you. It is yours as soon as you have confirmed your \
                 address."
            ),
            format!(
                "A seat at {organisation} was kept for you already. It is yours as soon as you have \
                 confirmed your address."
            ),
        ),
        Status::Waiting | Status::Revoked => (
            "You are on the waiting list".to_owned(),
            format!(
                "All seats of {plan} are taken at the moment. You get the next one that becomes \
                 free, in the order in which people registered."
            ),
            format!(
                "You were on the waiting list of {organisation} already, and keep your place. You \
                 get the next seat that becomes free for you."
            ),
        ),
    };
    (title, if admitted.is_new { new } else { known })
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
