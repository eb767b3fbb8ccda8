//! Plans: how many seats there are of what. A change of one is in [`plan`].

use actix_web::web;
use askama::Template;
use contract::{
    Fields, Problem,
    plans::{CreatePlan, Plan},
    text::Name,
};
use serde::Deserialize;

use super::{plan, plans_of};
use crate::{
    edge::Edge,
    pages::{
        Answer,
        fields::Errors,
        frame::{Frame, Office},
        render, see, show,
    },
    session::Administrator,
};

pub(super) fn configure(cfg: &mut web::ServiceConfig) {
    cfg.service(
        web::resource("/plans")
            .route(web::get().to(list))
            .route(web::post().to(create)),
    )
    .service(
        web::resource("/plans/{plan}")
            .route(web::get().to(plan::one))
            .route(web::post().to(plan::update)),
    );
}

#[derive(Template)]
#[template(path = "admin/plans.html")]
struct PlansPage {
    frame: Frame,
    office: Office,
    plans: Vec<Plan>,
    name: String,
    seats: String,
    errors: Errors,
    said: Option<&'static str>,
}

#[derive(Debug, Default, Deserialize)]
struct Said {
    #[serde(default)]
    done: Option<String>,
}

async fn list(
    edge: web::Data<Edge>,
    administrator: Administrator,
    path: web::Path<String>,
    query: web::Query<Said>,
) -> Answer {
    let office = Office::of(&administrator, &path, "plans")?;
    let plans = plans_of(&edge, &office).await?;
    let said = query.done.is_some().then_some("Saved.");
    let (name, seats, errors) = (String::new(), String::new(), Errors::default());
    show(&PlansPage {
        frame: Frame::of(&edge),
        office,
        plans,
        name,
        seats,
        errors,
        said,
    })
}

#[derive(Debug, Deserialize)]
struct PlanForm {
    #[serde(default)]
    name: String,
    #[serde(default)]
    seats: String,
}

/// How many seats, as they are typed.
pub(super) fn seats(fields: &mut Fields, text: &str) -> Option<u64> {
    let seats = text.trim().parse().ok();
    if seats.is_none() {
        fields.refuse("seats", "not-a-number", "must be a whole number");
    }
    seats
}

async fn create(
    edge: web::Data<Edge>,
    administrator: Administrator,
    path: web::Path<String>,
    form: web::Form<PlanForm>,
) -> Answer {
    let office = Office::of(&administrator, &path, "plans")?;
    let PlanForm { name, seats: typed } = form.into_inner();
    let mut fields = Fields::default();
    let (parsed, seats) = (
        fields.take("name", Name::parse(&name)),
        seats(&mut fields, &typed),
    );
    let organisation = office.organisation;
    let create = fields.finish(|| {
        Some(CreatePlan {
            organisation,
            name: parsed?,
            seats: seats?,
            ends_at: None,
        })
    });
    let created = match create {
        Ok(create) => edge.bus.call(&create, &office.cx).await.map(drop),
        Err(problem) => Err(problem),
    };
    finish(&edge, office, created, (name, typed)).await
}

async fn finish(
    edge: &Edge,
    office: Office,
    result: Result<(), Problem>,
    (name, seats): (String, String),
) -> Answer {
    let Err(problem) = result else {
        return Ok(see(&office.path("/plans?done=yes")));
    };
    let status = crate::problem::status(&problem);
    let errors = Errors::beside_fields(problem)?;
    let plans = plans_of(edge, &office).await?;
    let frame = Frame::of(edge);
    render(
        status,
        &PlansPage {
            frame,
            office,
            plans,
            name,
            seats,
            errors,
            said: None,
        },
    )
}
