//! Proving an address: the link of the mail, its code, and another letter.

use actix_web::{HttpRequest, http::StatusCode, web};
use askama::Template;
use contract::{
    Kind, Problem, Secret,
    ids::ProofId,
    people::{Evidence, Proved},
    seats::{Settled, Status},
};
use serde::Deserialize;

use super::{Answer, fields::Errors, frame::Frame, render, show};
use crate::{
    accounts, edge::Edge, problem::Refused, proof, request::Incoming, session::registrant,
};

pub(super) fn configure(cfg: &mut web::ServiceConfig) {
    cfg.service(web::resource("/proofs/code").route(web::post().to(code)))
        .service(web::resource("/proofs/again").route(web::post().to(again)))
        .service(
            web::resource("/proofs/{token}")
                .route(web::get().to(form))
                .route(web::post().to(confirm)),
        );
}

/// What is known of the letter with a proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mailed {
    /// It is queued.
    Yes,
    No,
    /// Only the mailbox knows: there may be no account, or there was a letter just now.
    Maybe,
}

/// A proof that a page asks for.
pub(super) struct Proving {
    /// Which; `None` when no letter went out.
    pub(super) id: Option<ProofId>,
    pub(super) email: String,
    pub(super) mailed: Mailed,
    pub(super) is_proved: bool,
}

impl Proving {
    pub(super) fn asks(&self) -> bool {
        !self.is_proved
    }

    pub(super) fn is_mailed(&self) -> bool {
        self.mailed == Mailed::Yes
    }

    pub(super) fn may_be_mailed(&self) -> bool {
        self.mailed == Mailed::Maybe
    }
}

#[derive(Template)]
#[template(path = "join/proof.html")]
struct ProofPage {
    frame: Frame,
    asks_password: bool,
    errors: Errors,
}

#[derive(Template)]
#[template(path = "join/proved.html")]
struct ProvedPage {
    frame: Frame,
    words: &'static str,
}

#[derive(Template)]
#[template(path = "join/code.html")]
struct CodePage {
    frame: Frame,
    proof: Proving,
    errors: Errors,
}

/// Opening the link of a mail changes nothing: scanners open every link.
async fn form(edge: web::Data<Edge>) -> Answer {
    let (asks_password, errors) = (false, Errors::default());
    show(&ProofPage {
        frame: Frame::of(&edge),
        asks_password,
        errors,
    })
}

#[derive(Deserialize)]
struct Chosen {
    #[serde(default)]
    new_password: Option<String>,
}

async fn confirm(
    edge: web::Data<Edge>,
    incoming: Incoming,
    token: web::Path<String>,
    form: web::Form<Chosen>,
    request: HttpRequest,
) -> Answer {
    let evidence = Evidence::Token(Secret::new(token.into_inner()));
    let registrant = registrant(&request, &edge.options);
    let chosen = form.into_inner().new_password;
    let asked = chosen.is_some();
    match proof::confirm(&edge, &incoming, evidence, registrant, chosen).await {
        Ok((
            Proved {
                has_password: false,
                ..
            },
            _,
        )) => {
            let (asks_password, errors) = (true, Errors::default());
            show(&ProofPage {
                frame: Frame::of(&edge),
                asks_password,
                errors,
            })
        }
        Ok((_, settled)) => proved(&edge, &settled),
        Err(problem) => {
            let problem = beside(problem, "password", "new_password");
            let status = crate::problem::status(&problem);
            let errors = Errors::beside_fields(problem)?;
            render(
                status,
                &ProofPage {
                    frame: Frame::of(&edge),
                    asks_password: asked,
                    errors,
                },
            )
        }
    }
}

/// A refusal of one field, beside another that shows it.
fn beside(mut problem: Problem, from: &str, to: &str) -> Problem {
    for error in &mut problem.errors {
        if error.field == from {
            to.clone_into(&mut error.field);
        }
    }
    problem
}

fn proved(edge: &Edge, settled: &[Settled]) -> Answer {
    let is = |status| settled.iter().any(|one| one.status == status);
    let words = if is(Status::Assigned) {
        "Your seat is yours."
    } else if is(Status::Waiting) {
        "You are on the waiting list and get the next seat that becomes free."
    } else if is(Status::Held) {
        "A seat is kept for you, but not for this address: your account says which it takes."
    } else {
        "There is nothing more to do."
    };
    show(&ProvedPage {
        frame: Frame::of(edge),
        words,
    })
}

#[derive(Deserialize)]
struct Typed {
    proof: String,
    #[serde(default)]
    email: String,
    #[serde(default)]
    code: String,
}

async fn code(
    edge: web::Data<Edge>,
    incoming: Incoming,
    form: web::Form<Typed>,
    request: HttpRequest,
) -> Answer {
    let Typed { proof, email, code } = form.into_inner();
    let proof: ProofId = proof.parse().map_err(|_| Refused::of(Kind::ProofRefused))?;
    let code = accounts::digits(&code);
    let evidence = Evidence::Code { proof, code };
    let registrant = registrant(&request, &edge.options);
    match proof::confirm(&edge, &incoming, evidence, registrant, None).await {
        Ok((
            Proved {
                has_password: true, ..
            },
            settled,
        )) => proved(&edge, &settled),
        // Typed in another browser than the one that registered: the mail's link sets a password.
        Ok(_) => {
            let words = "Open the link in the letter to choose the password for your account.";
            show(&ProvedPage {
                frame: Frame::of(&edge),
                words,
            })
        }
        Err(problem) if problem.kind == Kind::ProofRefused => {
            let refusal = "is not right, or not any more; ask for a new letter if need be";
            let status = crate::problem::status(&problem);
            let errors = Errors::beside_fields(problem.field("code", "refused", refusal))?;
            let proof = Proving {
                id: Some(proof),
                email,
                mailed: Mailed::Maybe,
                is_proved: false,
            };
            render(
                status,
                &CodePage {
                    frame: Frame::of(&edge),
                    proof,
                    errors,
                },
            )
        }
        Err(problem) => Err(problem.into()),
    }
}

#[derive(Deserialize)]
struct Again {
    #[serde(default)]
    email: String,
}

/// Says the same whether or not there is an account, or a letter: only the mailbox learns it.
async fn again(edge: web::Data<Edge>, incoming: Incoming, form: web::Form<Again>) -> Answer {
    let email = form.into_inner().email;
    let id = proof::start(&edge, &incoming, &email).await?;
    let proof = Proving {
        id: Some(id),
        email,
        mailed: Mailed::Maybe,
        is_proved: false,
    };
    let errors = Errors::default();
    render(
        StatusCode::OK,
        &CodePage {
            frame: Frame::of(&edge),
            proof,
            errors,
        },
    )
}
