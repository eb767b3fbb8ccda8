//! The second door: an invite, what becomes of it, and the way out of further ones.

use actix_web::{HttpRequest, http::header, web};
use askama::Template;
use contract::{
    Kind, Problem, Secret, Timestamp,
    accounts::SignedInPerson,
    invites::{InviteFace, Ticket},
    seats::Status,
    suppressions::{UnsubscribeFace, UnsubscribeScope},
};
use serde::Deserialize;

use super::{Answer, fields::Errors, frame::Frame, render, see, show};
use crate::{
    edge::Edge,
    invited::{self, AcceptForm, Accepted, closed},
    one_click,
    person::{Anybody, Person},
    request::Incoming,
    session::{draw_registrant, registrant, registrant_cookie},
};

pub(super) fn configure(cfg: &mut web::ServiceConfig) {
    cfg.service(
        web::resource("/invite")
            .route(web::get().to(code_form))
            .route(web::post().to(by_code)),
    )
    .service(
        web::resource("/invite/{token}")
            .route(web::get().to(form))
            .route(web::post().to(accept)),
    )
    .service(web::resource("/invite/{token}/as-me").route(web::post().to(accept_as)))
    .service(web::resource("/invite/{token}/decline").route(web::post().to(decline)))
    .service(
        web::resource("/unsubscribe/{token}")
            .route(web::get().to(unsubscribing))
            .route(web::post().to(unsubscribe)),
    );
}

#[derive(Template)]
#[template(path = "invited/form.html")]
struct InvitePage {
    frame: Frame,
    face: InviteFace,
    /// Why it cannot be accepted, and what to do.
    closed: Option<(&'static str, &'static str)>,
    form: AcceptForm,
    errors: Errors,
    refusal: Option<String>,
    /// Who is signed in.
    person: Option<SignedInPerson>,
    /// The path of the invite.
    path: String,
}

impl InvitePage {
    /// Whether it can be accepted with the account that is signed in.
    fn is_theirs(&self) -> bool {
        let person = self.person.as_ref();
        person.is_some_and(|person| invited::may_accept_as(&self.face, person))
    }

    /// Whether the account that is signed in is of another address.
    fn is_anothers(&self) -> bool {
        let is_other = |person: &SignedInPerson| person.email.key() != self.face.email.key();
        self.person.as_ref().is_some_and(is_other)
    }
}

fn path(token: &str) -> String {
    format!("/invite/{token}")
}

/// What to do with an invite that cannot be accepted.
const fn advice(kind: Kind) -> &'static str {
    match kind {
        Kind::InviteUsed => "If it was you, sign in. If not, please ask whoever invited you.",
        Kind::InviteExpired => "Please ask whoever invited you to send it again.",
        _ => "Please ask whoever invited you, if you think that this is a mistake.",
    }
}

fn page(edge: &Edge, face: InviteFace, person: Option<SignedInPerson>) -> InvitePage {
    let closed = closed(face.life).map(|kind| (kind.title(), advice(kind)));
    let name = face.name.as_ref().map(contract::text::PersonName::as_str);
    let (first, last) = name
        .and_then(|name| name.rsplit_once(' '))
        .unwrap_or_default();
    let form = AcceptForm {
        first_name: first.to_owned(),
        last_name: last.to_owned(),
        ..AcceptForm::default()
    };
    InvitePage {
        frame: Frame::of(edge),
        path: path(face.token.expose()),
        face,
        closed,
        form,
        errors: Errors::default(),
        refusal: None,
        person,
    }
}

async fn form(
    edge: web::Data<Edge>,
    incoming: Incoming,
    token: web::Path<String>,
    anybody: Anybody,
) -> Answer {
    let ticket = Ticket::Token(Secret::new(token.as_str()));
    let face = invited::face(&edge, &incoming, ticket).await?;
    let person = anybody.0.map(|person| person.signed_in);
    show(&page(&edge, face, person))
}

/// What somebody typed; the password is not kept.
#[derive(Default, Deserialize)]
struct Typed {
    #[serde(default)]
    first_name: String,
    #[serde(default)]
    last_name: String,
    #[serde(default)]
    password: String,
    #[serde(default)]
    accept_terms: String,
}

async fn accept(
    edge: web::Data<Edge>,
    incoming: Incoming,
    token: web::Path<String>,
    typed: web::Form<Typed>,
    request: HttpRequest,
) -> Answer {
    let typed = typed.into_inner();
    let form = AcceptForm {
        accept_terms: super::join::is_ticked(&typed.accept_terms),
        first_name: typed.first_name,
        last_name: typed.last_name,
        password: typed.password,
    };
    let mine = match registrant(&request, &edge.options) {
        Some(token) => token,
        None => draw_registrant()?,
    };
    let accepting = invited::accept(&edge, &incoming, &token, form.clone(), Some(mine.clone()));
    let mut response = match accepting.await {
        Ok(accepted) => done(&edge, accepted)?,
        Err(problem) => refused(&edge, &incoming, &token, (None, Some(form)), problem).await?,
    };
    if let Err(error) = response.add_cookie(&registrant_cookie(&edge.options, &mine)) {
        tracing::error!(%error, "a cookie does not fit");
    }
    Ok(response)
}

async fn accept_as(edge: web::Data<Edge>, person: Person, token: web::Path<String>) -> Answer {
    match invited::accept_as(&edge, &person, &token).await {
        Ok(accepted) => done(&edge, accepted),
        Err(problem) => {
            let asked = (Some(person.signed_in), None);
            refused(&edge, &person.incoming, &token, asked, problem).await
        }
    }
}

/// The form again, with what is wrong beside its fields, or above them.
async fn refused(
    edge: &Edge,
    incoming: &Incoming,
    token: &str,
    (person, form): (Option<SignedInPerson>, Option<AcceptForm>),
    problem: Problem,
) -> Answer {
    let status = crate::problem::status(&problem);
    let refusal = match problem.kind {
        Kind::AccountExists => Some(
            "There is already an account with this address. Enter its password, or sign in and \
             open the invitation again."
                .to_owned(),
        ),
        Kind::InviteUsed
        | Kind::InviteExpired
        | Kind::InviteCancelled
        | Kind::InviteForAnother
        | Kind::MembershipRevoked
        | Kind::PlanEnded => Some(problem.title.clone()),
        _ if problem.errors.is_empty() => return Err(problem.into()),
        _ => None,
    };
    let ticket = Ticket::Token(Secret::new(token));
    let face = invited::face(edge, incoming, ticket).await?;
    let mut again = page(edge, face, person);
    again.form = form.unwrap_or(again.form);
    again.errors = Errors::beside_fields(problem).unwrap_or_default();
    again.refusal = refusal;
    render(status, &again)
}

#[derive(Template)]
#[template(path = "invited/done.html")]
struct Done {
    frame: Frame,
    title: String,
    words: String,
    product_url: Option<String>,
    organisation: String,
    due: Option<Timestamp>,
}

fn done(edge: &Edge, accepted: Accepted) -> Answer {
    let Accepted {
        face,
        admitted,
        first_name,
        ..
    } = accepted;
    let (title, words) = match admitted.status {
        Status::Assigned => (
            format!("Welcome, {first_name}"),
            "You have a seat. You can start right away.",
        ),
        Status::Held => (
            "One more step".to_owned(),
            "A seat is kept for you. It is yours as soon as you have confirmed the address of your \
             account.",
        ),
        Status::Waiting | Status::Revoked => (
            "You are on the waiting list".to_owned(),
            "All seats are taken at the moment. You get the next one that becomes free, in the \
             order in which people came; there is nothing to pay and nothing more to do.",
        ),
    };
    let is_assigned = admitted.status == Status::Assigned;
    show(&Done {
        frame: Frame::of(edge),
        title,
        words: words.to_owned(),
        product_url: is_assigned.then(|| face.product_url.to_string()),
        organisation: face.organisation_name.to_string(),
        due: admitted.proof_due_at,
    })
}

async fn decline(edge: web::Data<Edge>, incoming: Incoming, token: web::Path<String>) -> Answer {
    invited::decline(&edge, &incoming, &token).await?;
    show(&Told {
        frame: Frame::of(&edge),
        title: "You declined the invitation",
        words: "Nobody reminds you of it. Should you change your mind, open it again.".to_owned(),
    })
}

#[derive(Template)]
#[template(path = "invited/code.html")]
struct CodePage {
    frame: Frame,
    email: String,
    errors: Errors,
    refusal: Option<&'static str>,
}

async fn code_form(edge: web::Data<Edge>) -> Answer {
    show(&CodePage {
        frame: Frame::of(&edge),
        email: String::new(),
        errors: Errors::default(),
        refusal: None,
    })
}

/// The code of a mail, where its link does not work.
#[derive(Deserialize)]
struct TypedCode {
    #[serde(default)]
    email: String,
    #[serde(default)]
    code: String,
}

async fn by_code(edge: web::Data<Edge>, incoming: Incoming, typed: web::Form<TypedCode>) -> Answer {
    let TypedCode { email, code } = typed.into_inner();
    match invited::by_code(&edge, &incoming, &email, &code).await {
        Ok(face) => Ok(see(&path(face.token.expose()))),
        Err(problem) => {
            let status = crate::problem::status(&problem);
            let refusal = (problem.kind == Kind::InviteUnknown)
                .then_some("Address and code do not belong together, or not any more.");
            if refusal.is_none() && problem.errors.is_empty() {
                return Err(problem.into());
            }
            let page = CodePage {
                frame: Frame::of(&edge),
                email,
                errors: Errors::beside_fields(problem).unwrap_or_default(),
                refusal,
            };
            render(status, &page)
        }
    }
}

#[derive(Template)]
#[template(path = "invited/unsubscribe.html")]
struct UnsubscribePage {
    frame: Frame,
    face: UnsubscribeFace,
}

async fn unsubscribing(
    edge: web::Data<Edge>,
    incoming: Incoming,
    token: web::Path<String>,
) -> Answer {
    let face = invited::unsubscribing(&edge, &incoming, &token).await?;
    show(&UnsubscribePage {
        frame: Frame::of(&edge),
        face,
    })
}

#[derive(Template)]
#[template(path = "invited/told.html")]
struct Told {
    frame: Frame,
    title: &'static str,
    words: String,
}

/// One click in a mail program, or a button of the page.
async fn unsubscribe(
    edge: web::Data<Edge>,
    incoming: Incoming,
    token: web::Path<String>,
    request: HttpRequest,
    body: web::Bytes,
) -> Answer {
    let content_type = request.headers().get(header::CONTENT_TYPE);
    let content_type = content_type.and_then(|value| value.to_str().ok());
    let scope = one_click::scope(content_type.unwrap_or_default(), &body);
    let face = invited::unsubscribe(&edge, &incoming, &token, scope).await?;
    let from = match scope {
        UnsubscribeScope::Organisation => face.organisation_name.to_string(),
        UnsubscribeScope::Everybody => "anybody".to_owned(),
    };
    show(&Told {
        frame: Frame::of(&edge),
        title: "No more invitations",
        words: format!("{} gets no more invitations from {from}.", face.email),
    })
}
