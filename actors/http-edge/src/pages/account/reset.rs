//! A forgotten password: ask for a letter, choose another one.

use actix_web::{HttpRequest, http::StatusCode, web};
use askama::Template;
use contract::{
    EmailAddress, Kind, Problem, Secret,
    accounts::{PersonSession, SignOutPerson},
    ids::ProofId,
    people::Evidence,
};
use serde::Deserialize;

use crate::{
    accounts,
    edge::Edge,
    pages::{Answer, fields::Errors, frame::Frame, render, see, show, with_cookie},
    person::{Anybody, SIGN_IN, session_cookie, session_token},
    problem::Refused,
    request::Incoming,
};

/// The page that follows, so that no browser keeps the form with the password to send it again.
const DONE: &str = "/reset/done";

pub(super) fn configure(cfg: &mut web::ServiceConfig) {
    cfg.service(
        web::resource("/reset")
            .route(web::get().to(ask))
            .route(web::post().to(send)),
    )
    .service(
        web::resource("/reset/code")
            .route(web::post().to(code))
            .route(web::get().to(async || see("/reset"))),
    )
    .service(web::resource("/reset/done").route(web::get().to(set_here)))
    .service(
        web::resource("/reset/{token}")
            .route(web::get().to(choose))
            .route(web::post().to(finish)),
    );
}

#[derive(Template)]
#[template(path = "account/reset_ask.html")]
struct AskPage {
    frame: Frame,
    email: String,
    errors: Errors,
}

/// The form with the new password; with a code where it was asked for in this browser.
#[derive(Template)]
#[template(path = "account/reset_choose.html")]
struct ChoosePage {
    frame: Frame,
    /// The proof whose code is typed, and where the letter went.
    sent: Option<(ProofId, String)>,
    /// Whose password it is, for password managers, and for whoever was handed a letter of somebody else's
    /// account: known to whoever holds the letter.
    username: Option<EmailAddress>,
    errors: Errors,
    refusal: Option<String>,
}

#[derive(Template)]
#[template(path = "account/reset_done.html")]
struct DonePage {
    frame: Frame,
    /// Who is signed in with it.
    signed_in: Option<EmailAddress>,
}

async fn ask(edge: web::Data<Edge>) -> Answer {
    show(&AskPage {
        frame: Frame::of(&edge),
        email: String::new(),
        errors: Errors::default(),
    })
}

#[derive(Deserialize)]
struct Asked {
    #[serde(default)]
    email: String,
}

/// Says the same whether or not there is an account: only the mailbox learns it.
async fn send(edge: web::Data<Edge>, incoming: Incoming, form: web::Form<Asked>) -> Answer {
    let email = form.into_inner().email;
    match accounts::start_reset(&edge, &incoming, &email).await {
        Ok(id) => show(&ChoosePage {
            frame: Frame::of(&edge),
            sent: Some((id, email)),
            username: None,
            errors: Errors::default(),
            refusal: None,
        }),
        Err(problem) => {
            let status = crate::problem::status(&problem);
            let errors = Errors::beside_fields(problem)?;
            let frame = Frame::of(&edge);
            render(
                status,
                &AskPage {
                    frame,
                    email,
                    errors,
                },
            )
        }
    }
}

/// Opening the link of a mail changes nothing: scanners open every link.
async fn choose(edge: web::Data<Edge>, incoming: Incoming, token: web::Path<String>) -> Answer {
    let token = Secret::new(token.into_inner());
    let (username, refusal) = match accounts::reset_for(&edge, &incoming, token).await {
        Ok(email) => (Some(email), None),
        Err(problem) if problem.kind == Kind::ProofRefused => (None, Some(problem)),
        // Who sets the password will know whether the link works.
        Err(_) => (None, None),
    };
    let status = refusal
        .as_ref()
        .map_or(StatusCode::OK, crate::problem::status);
    let page = ChoosePage {
        frame: Frame::of(&edge),
        sent: None,
        username,
        errors: Errors::default(),
        refusal: refusal.map(|problem| problem.title),
    };
    render(status, &page)
}

#[derive(Deserialize)]
struct Chosen {
    #[serde(default)]
    new_password: String,
}

async fn finish(
    edge: web::Data<Edge>,
    incoming: Incoming,
    token: web::Path<String>,
    form: web::Form<Chosen>,
    request: HttpRequest,
) -> Answer {
    let token = Secret::new(token.into_inner());
    let evidence = Evidence::Token(token.clone());
    let chosen = form.into_inner().new_password;
    match set(&edge, &incoming, evidence, chosen).await? {
        Ok(session) => done(&edge, &incoming, &request, session).await,
        Err(refused) => {
            let username = match &refused.refusal {
                None => accounts::reset_for(&edge, &incoming, token).await.ok(),
                Some(_) => None,
            };
            refused.page(&edge, None, username)
        }
    }
}

#[derive(Deserialize)]
struct Typed {
    proof: String,
    #[serde(default)]
    email: String,
    #[serde(default)]
    code: String,
    #[serde(default)]
    new_password: String,
}

async fn code(
    edge: web::Data<Edge>,
    incoming: Incoming,
    form: web::Form<Typed>,
    request: HttpRequest,
) -> Answer {
    let typed = form.into_inner();
    let proof: ProofId = typed
        .proof
        .parse()
        .map_err(|_| Refused::of(Kind::ProofRefused))?;
    let code = accounts::digits(&typed.code);
    let evidence = Evidence::Code { proof, code };
    match set(&edge, &incoming, evidence, typed.new_password).await? {
        Ok(session) => done(&edge, &incoming, &request, session).await,
        Err(refused) => refused.page(&edge, Some((proof, typed.email)), None),
    }
}

/// Why no password was set: for something in the form, or because the letter is good no more.
struct NotSet {
    status: StatusCode,
    errors: Errors,
    refusal: Option<String>,
}

impl NotSet {
    fn page(
        self,
        edge: &Edge,
        sent: Option<(ProofId, String)>,
        username: Option<EmailAddress>,
    ) -> Answer {
        let page = ChoosePage {
            frame: Frame::of(edge),
            sent,
            username,
            errors: self.errors,
            refusal: self.refusal,
        };
        render(self.status, &page)
    }
}

/// Sets the password; answers the session that begins.
async fn set(
    edge: &Edge,
    incoming: &Incoming,
    evidence: Evidence,
    chosen: String,
) -> Result<Result<Option<PersonSession>, NotSet>, Problem> {
    let problem = match accounts::finish_reset(edge, incoming, evidence, chosen).await {
        Ok(session) => return Ok(Ok(session)),
        Err(problem) => problem,
    };
    let status = crate::problem::status(&problem);
    let (errors, refusal) = if problem.kind == Kind::ProofRefused {
        (Errors::default(), Some(problem.title))
    } else {
        (Errors::beside_fields(problem)?, None)
    };
    Ok(Err(NotSet {
        status,
        errors,
        refusal,
    }))
}

async fn done(
    edge: &Edge,
    incoming: &Incoming,
    request: &HttpRequest,
    session: Option<PersonSession>,
) -> Answer {
    let Some(session) = session else {
        return show(&DonePage {
            frame: Frame::of(edge),
            signed_in: None,
        });
    };
    if let Some(token) = session_token(request, &edge.options) {
        leave(edge, incoming, token).await;
    }
    Ok(with_cookie(see(DONE), &session_cookie(edge, &session)))
}

/// Ends the session that the browser had, which may be somebody else's: nobody could end it there any more.
async fn leave(edge: &Edge, incoming: &Incoming, token: Secret) {
    let everywhere = false;
    let sign_out = SignOutPerson { token, everywhere };
    if let Err(problem) = edge.bus.call(&sign_out, &incoming.cx).await {
        tracing::warn!(request_id = %incoming.cx.request_id, %problem, "a session that another one followed was not ended");
    }
}

/// Says who is signed in since.
async fn set_here(edge: web::Data<Edge>, anybody: Anybody) -> Answer {
    let Some(person) = anybody.0 else {
        return Ok(see(SIGN_IN));
    };
    show(&DonePage {
        frame: Frame::of(&edge),
        signed_in: Some(person.signed_in.email),
    })
}
