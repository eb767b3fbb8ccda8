//! A person sets another password.

use actix_web::{http::StatusCode, web};
use serde::Deserialize;

use super::own::{Typed, own};
use crate::{
    accounts,
    edge::Edge,
    pages::{Answer, fields::Errors},
    person::Person,
};

pub(super) fn configure(cfg: &mut web::ServiceConfig) {
    cfg.service(web::resource("/account/password").route(web::post().to(change)));
}

#[derive(Deserialize)]
struct Passwords {
    #[serde(default)]
    current_password: String,
    #[serde(default)]
    new_password: String,
}

async fn change(edge: web::Data<Edge>, person: Person, form: web::Form<Passwords>) -> Answer {
    let Passwords {
        current_password,
        new_password,
    } = form.into_inner();
    match accounts::change_password(&edge, &person, current_password, new_password).await {
        Ok(()) => {
            let said = Some("Your password is changed, and other browsers are signed out.");
            own(&edge, &person, StatusCode::OK, said, Typed::default()).await
        }
        Err(mut problem) => {
            // The page has two fields that are called password.
            for error in &mut problem.errors {
                if error.field == "password" {
                    "current_password".clone_into(&mut error.field);
                }
            }
            let status = crate::problem::status(&problem);
            let errors = Errors::beside_fields(problem)?;
            let email = String::new();
            own(&edge, &person, status, None, Typed { email, errors }).await
        }
    }
}
