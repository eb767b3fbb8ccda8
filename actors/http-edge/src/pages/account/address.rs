//! A person gives their account another address.

use actix_web::{http::StatusCode, web};
use askama::Template;
use contract::{Kind, Problem, Secret, ids::ProofId, people::Evidence};
use serde::Deserialize;

use super::{
    own::{Typed, own},
    sign_in::SignInPage,
};
use crate::{
    accounts,
    edge::Edge,
    pages::{Answer, fields::Errors, frame::Frame, render, show},
    person::{Anybody, Person},
    problem::Refused,
};

/// What the address of the page that confirms begins with.
pub(super) const CONFIRM: &str = "/account/address/";

pub(super) fn configure(cfg: &mut web::ServiceConfig) {
    cfg.service(web::resource("/account/address").route(web::post().to(start)))
        .service(web::resource("/account/address/code").route(web::post().to(code)))
        .service(
            web::resource("/account/address/{token}")
                .route(web::get().to(form))
                .route(web::post().to(finish)),
        );
}

/// The page that asks for the code of the letter.
#[derive(Template)]
#[template(path = "account/address_code.html")]
struct CodePage {
    frame: Frame,
    proof: ProofId,
    email: String,
    errors: Errors,
}

/// The page that the link of the letter opens.
#[derive(Template)]
#[template(path = "account/address_confirm.html")]
struct ConfirmPage {
    frame: Frame,
}

#[derive(Deserialize)]
struct Wanted {
    #[serde(default)]
    email: String,
    #[serde(default)]
    password: String,
}

async fn start(edge: web::Data<Edge>, person: Person, form: web::Form<Wanted>) -> Answer {
    let Wanted { email, password } = form.into_inner();
    match accounts::start_address_change(&edge, &person, &email, password).await {
        Ok(proof) => show(&CodePage {
            frame: Frame::of(&edge),
            proof,
            email,
            errors: Errors::default(),
        }),
        Err(problem) => {
            let status = crate::problem::status(&problem);
            let errors = Errors::beside_fields(problem)?;
            own(&edge, &person, status, None, Typed { email, errors }).await
        }
    }
}

/// Opening the link of a mail changes nothing: scanners open every link.
async fn form(edge: web::Data<Edge>, anybody: Anybody, token: web::Path<String>) -> Answer {
    if anybody.0.is_none() {
        return sign_in_first(&edge, &token, StatusCode::OK);
    }
    show(&ConfirmPage {
        frame: Frame::of(&edge),
    })
}

async fn finish(edge: web::Data<Edge>, anybody: Anybody, token: web::Path<String>) -> Answer {
    let Some(person) = anybody.0 else {
        return sign_in_first(&edge, &token, StatusCode::UNAUTHORIZED);
    };
    let evidence = Evidence::Token(Secret::new(token.into_inner()));
    match accounts::finish_address_change(&edge, &person, evidence).await {
        Ok(()) => changed(&edge, person).await,
        Err(problem) => Err(problem.into()),
    }
}

/// The sign-in, which leads back to the link. The page stands at the link's own address, so that the token
/// is in no other one.
fn sign_in_first(edge: &Edge, token: &str, status: StatusCode) -> Answer {
    SignInPage::leading_to(edge, &format!("{CONFIRM}{token}")).show(status)
}

#[derive(Deserialize)]
struct Letter {
    proof: String,
    #[serde(default)]
    email: String,
    #[serde(default)]
    code: String,
}

async fn code(edge: web::Data<Edge>, person: Person, form: web::Form<Letter>) -> Answer {
    let Letter { proof, email, code } = form.into_inner();
    let proof: ProofId = proof.parse().map_err(|_| Refused::of(Kind::ProofRefused))?;
    let code = accounts::digits(&code);
    let evidence = Evidence::Code { proof, code };
    match accounts::finish_address_change(&edge, &person, evidence).await {
        Ok(()) => changed(&edge, person).await,
        Err(problem) if problem.kind == Kind::ProofRefused => {
            let status = crate::problem::status(&problem);
            render(
                status,
                &CodePage {
                    frame: Frame::of(&edge),
                    proof,
                    email,
                    errors: refused(problem)?,
                },
            )
        }
        Err(problem) => Err(problem.into()),
    }
}

/// A refused code, beside its field.
fn refused(problem: Problem) -> Result<Errors, Problem> {
    let detail = "is not right, or not any more";
    Errors::beside_fields(problem.field("code", "refused", detail))
}

/// The person's page, as it is with the new address.
async fn changed(edge: &Edge, mut person: Person) -> Answer {
    let ask = contract::accounts::AuthenticatePerson {
        token: person.token.clone(),
    };
    person.signed_in = edge.bus.call(&ask, person.cx()).await?;
    let said = Some("Your account has the new address now.");
    own(edge, &person, StatusCode::OK, said, Typed::default()).await
}
