//! A forgotten password: ask for a letter, choose another one.

use actix_web::{http::StatusCode, web};
use askama::Template;
use contract::{Kind, Secret, ids::ProofId, people::Evidence};
use serde::Deserialize;

use crate::{
    accounts,
    edge::Edge,
    pages::{Answer, fields::Errors, frame::Frame, render, show},
    problem::Refused,
    request::Incoming,
};

pub(super) fn configure(cfg: &mut web::ServiceConfig) {
    cfg.service(
        web::resource("/reset")
            .route(web::get().to(ask))
            .route(web::post().to(send)),
    )
    .service(web::resource("/reset/code").route(web::post().to(code)))
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
    errors: Errors,
    refusal: Option<String>,
}

#[derive(Template)]
#[template(path = "account/reset_done.html")]
struct DonePage {
    frame: Frame,
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
async fn choose(edge: web::Data<Edge>) -> Answer {
    show(&ChoosePage {
        frame: Frame::of(&edge),
        sent: None,
        errors: Errors::default(),
        refusal: None,
    })
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
) -> Answer {
    let evidence = Evidence::Token(Secret::new(token.into_inner()));
    let chosen = form.into_inner().new_password;
    done(&edge, &incoming, evidence, chosen, None).await
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

async fn code(edge: web::Data<Edge>, incoming: Incoming, form: web::Form<Typed>) -> Answer {
    let typed = form.into_inner();
    let proof: ProofId = typed
        .proof
        .parse()
        .map_err(|_| Refused::of(Kind::ProofRefused))?;
    let code = accounts::digits(&typed.code);
    let evidence = Evidence::Code { proof, code };
    let sent = Some((proof, typed.email));
    done(&edge, &incoming, evidence, typed.new_password, sent).await
}

async fn done(
    edge: &Edge,
    incoming: &Incoming,
    evidence: Evidence,
    chosen: String,
    sent: Option<(ProofId, String)>,
) -> Answer {
    let problem = match accounts::finish_reset(edge, incoming, evidence, chosen).await {
        Ok(()) => {
            return show(&DonePage {
                frame: Frame::of(edge),
            });
        }
        Err(problem) => problem,
    };
    let is_refused = problem.kind == Kind::ProofRefused;
    let status = crate::problem::status(&problem);
    let refusal = is_refused.then(|| problem.title.clone());
    let errors = if is_refused {
        Errors::default()
    } else {
        Errors::beside_fields(problem)?
    };
    let status = if is_refused {
        StatusCode::UNPROCESSABLE_ENTITY
    } else {
        status
    };
    render(
        status,
        &ChoosePage {
            frame: Frame::of(edge),
            sent,
            errors,
            refusal,
        },
    )
}
