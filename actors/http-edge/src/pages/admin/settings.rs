//! What an organisation is called and what it decided about its people.

use actix_web::web;
use askama::Template;
use contract::{
    Fields, Problem,
    organisations::{
        GetOrganisation, InviteAcceptance, JoinProof, Organisation, UpdateOrganisation,
    },
    text::{Language, Name},
};
use serde::Deserialize;
use url::Url;

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
        web::resource("/settings")
            .route(web::get().to(form))
            .route(web::post().to(update)),
    );
}

/// An organisation as it is typed.
#[derive(Debug, Default, Deserialize)]
struct SettingsForm {
    #[serde(default)]
    name: String,
    #[serde(default)]
    product_url: String,
    /// `later` or `first`.
    #[serde(default)]
    join_proof: String,
    #[serde(default)]
    proof_days: String,
    /// `strict` or `lenient`.
    #[serde(default)]
    invite_acceptance: String,
    #[serde(default)]
    invite_days: String,
    #[serde(default)]
    remind_days: String,
    #[serde(default)]
    language: String,
}

impl SettingsForm {
    fn of(organisation: &Organisation) -> Self {
        let policies = &organisation.policies;
        let join_proof = match policies.join_proof {
            JoinProof::Later => "later",
            JoinProof::First => "first",
        };
        let invite_acceptance = match policies.invite_acceptance {
            InviteAcceptance::Strict => "strict",
            InviteAcceptance::Lenient => "lenient",
        };
        Self {
            name: organisation.name.to_string(),
            product_url: organisation.product_url.to_string(),
            join_proof: join_proof.to_owned(),
            proof_days: policies.proof_days.to_string(),
            invite_acceptance: invite_acceptance.to_owned(),
            invite_days: policies.invite_days.to_string(),
            remind_days: policies.remind_days.to_string(),
            language: policies.language.as_str().to_owned(),
        }
    }

    /// The message that changes the organisation into what was typed.
    fn update(&self, before: Organisation) -> Result<UpdateOrganisation, Problem> {
        let mut fields = Fields::default();
        let name = fields.take("name", Name::parse(&self.name));
        let product_url = Url::parse(self.product_url.trim()).ok();
        if product_url.is_none() {
            fields.refuse("product_url", "not-a-url", "is not an address of the web");
        }
        let mut policies = before.policies;
        match self.join_proof.as_str() {
            "later" => policies.join_proof = JoinProof::Later,
            "first" => policies.join_proof = JoinProof::First,
            _ => fields.refuse("policies.join_proof", "unknown", "must be one of the two"),
        }
        match self.invite_acceptance.as_str() {
            "strict" => policies.invite_acceptance = InviteAcceptance::Strict,
            "lenient" => policies.invite_acceptance = InviteAcceptance::Lenient,
            _ => fields.refuse(
                "policies.invite_acceptance",
                "unknown",
                "must be one of the two",
            ),
        }
        for (field, text, days) in [
            ("proof_days", &self.proof_days, &mut policies.proof_days),
            ("invite_days", &self.invite_days, &mut policies.invite_days),
            ("remind_days", &self.remind_days, &mut policies.remind_days),
        ] {
            match text.trim().parse() {
                Ok(given) => *days = given,
                Err(_) => fields.refuse(
                    &format!("policies.{field}"),
                    "not-a-number",
                    "must be a whole number",
                ),
            }
        }
        let language = Language::parse(self.language.trim());
        if let Some(language) = fields.take("policies.language", language) {
            policies.language = language;
        }
        fields.finish(|| {
            Some(UpdateOrganisation {
                organisation: before.id,
                name: Some(name?),
                product_url: Some(product_url?),
                policies: Some(policies),
            })
        })
    }
}

#[derive(Template)]
#[template(path = "admin/settings.html")]
struct Settings {
    frame: Frame,
    office: Office,
    form: SettingsForm,
    errors: Errors,
    said: Option<&'static str>,
}

#[derive(Debug, Default, Deserialize)]
struct Said {
    #[serde(default)]
    done: Option<String>,
}

async fn find(edge: &Edge, office: &Office) -> Result<Organisation, Problem> {
    let organisation = office.organisation;
    edge.bus
        .call(&GetOrganisation { organisation }, &office.cx)
        .await
}

async fn form(
    edge: web::Data<Edge>,
    administrator: Administrator,
    path: web::Path<String>,
    query: web::Query<Said>,
) -> Answer {
    let office = Office::of(&administrator, &path, "settings")?.owned()?;
    let form = SettingsForm::of(&find(&edge, &office).await?);
    let said = query.done.is_some().then_some("Saved.");
    show(&Settings {
        frame: Frame::of(&edge),
        office,
        form,
        errors: Errors::default(),
        said,
    })
}

async fn update(
    edge: web::Data<Edge>,
    administrator: Administrator,
    path: web::Path<String>,
    form: web::Form<SettingsForm>,
) -> Answer {
    let office = Office::of(&administrator, &path, "settings")?.owned()?;
    let form = form.into_inner();
    let updated = match form.update(find(&edge, &office).await?) {
        Ok(update) => edge.bus.call(&update, &office.cx).await.map(drop),
        Err(problem) => Err(problem),
    };
    let Err(problem) = updated else {
        return Ok(see(&office.path("/settings?done=saved")));
    };
    let status = crate::problem::status(&problem);
    let errors = Errors::beside_fields(problem)?;
    let page = Settings {
        frame: Frame::of(&edge),
        office,
        form,
        errors,
        said: None,
    };
    render(status, &page)
}
