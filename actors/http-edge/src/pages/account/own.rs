//! `/`: sign-in for whoever is not signed in, otherwise their subscriptions and account.

use actix_web::{http::StatusCode, web};
use askama::Template;
use contract::{
    accounts::{ListOwnMemberships, OwnMembership, SignedInPerson},
    seats::Status,
};
use serde::Deserialize;

use crate::{
    edge::Edge,
    pages::{Answer, fields::Errors, frame::Frame, render, words},
    person::{Anybody, Person},
};

use super::sign_in::SignInPage;

#[derive(Template)]
#[template(path = "account/own.html")]
struct OwnPage {
    frame: Frame,
    person: SignedInPerson,
    memberships: Vec<OwnMembership>,
    /// What was typed as a new address.
    typed: String,
    errors: Errors,
    said: Option<&'static str>,
}

impl OwnPage {
    /// What becomes of a seat, in a few words.
    fn status(membership: &OwnMembership) -> String {
        let needed = words::one_of(&membership.domains_needed);
        match membership.status {
            Status::Assigned => "Your seat".to_owned(),
            Status::Held if !needed.is_empty() => {
                format!("Held for you until you have an address of {needed}: change it below")
            }
            Status::Held => "Held for you until you confirm your address".to_owned(),
            Status::Waiting if !needed.is_empty() => format!(
                "On the waiting list, for whoever has an address of {needed}: change it below"
            ),
            Status::Waiting => "On the waiting list".to_owned(),
            Status::Revoked => {
                "Your access was withdrawn; please ask your administrator".to_owned()
            }
        }
    }

    fn has_seat(membership: &OwnMembership) -> bool {
        membership.status == Status::Assigned
    }
}

/// Where a sign-in is to lead.
#[derive(Deserialize)]
pub(crate) struct ComingFrom {
    #[serde(default)]
    next: String,
}

/// The page that everybody begins with.
pub(crate) async fn start(
    edge: web::Data<Edge>,
    anybody: Anybody,
    query: web::Query<ComingFrom>,
) -> Answer {
    match anybody.0 {
        Some(person) => own(&edge, &person, StatusCode::OK, None, Typed::default()).await,
        None => SignInPage::leading_to(&edge, &query.next).show(StatusCode::OK),
    }
}

/// What somebody typed into the forms of the page, and what was wrong with it.
#[derive(Default)]
pub(super) struct Typed {
    pub(super) email: String,
    pub(super) errors: Errors,
}

/// The page of a person.
pub(super) async fn own(
    edge: &Edge,
    person: &Person,
    status: StatusCode,
    said: Option<&'static str>,
    typed: Typed,
) -> Answer {
    let memberships = edge.bus.call(&ListOwnMemberships {}, person.cx()).await?;
    render(
        status,
        &OwnPage {
            frame: Frame::of(edge),
            person: person.signed_in.clone(),
            memberships,
            typed: typed.email,
            errors: typed.errors,
            said,
        },
    )
}
