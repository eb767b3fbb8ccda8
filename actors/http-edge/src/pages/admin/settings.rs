//! What an organisation is called and what it decided about its people.

use actix_web::{http::StatusCode, web};
use askama::Template;
use contract::{
    Fields, Problem,
    ids::OrganisationId,
    organisations::{
        GetOrganisation, InviteAcceptance, JoinProof, Organisation, PoliciesChange,
        UpdateOrganisation,
    },
    text::{Language, Name},
};
use serde::{Deserialize, Serialize};
use serde_json::json;
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
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Typed {
    name: String,
    product_url: String,
    /// `later` or `first`.
    join_proof: String,
    proof_days: String,
    /// `strict` or `lenient`.
    invite_acceptance: String,
    invite_days: String,
    remind_days: String,
    language: String,
}

/// The form as it is sent.
#[derive(Debug, Deserialize)]
struct SettingsForm {
    #[serde(flatten)]
    typed: Typed,
    /// What the form was shown with, as JSON.
    #[serde(default)]
    was: String,
}

impl Typed {
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

    /// The message that changes what was typed anew. What somebody else decided since the form was
    /// shown stays.
    fn update(
        &self,
        was: &Self,
        organisation: OrganisationId,
    ) -> Result<UpdateOrganisation, Problem> {
        let mut fields = Fields::default();
        let name =
            anew(&self.name, &was.name).and_then(|name| fields.take("name", Name::parse(name)));
        let product_url = anew(&self.product_url, &was.product_url).and_then(|url| {
            let url = Url::parse(url).ok();
            if url.is_none() {
                fields.refuse("product_url", "not-a-url", "is not an address of the web");
            }
            url
        });
        let policies = self.policies(was, &mut fields);
        fields.finish(|| {
            Some(UpdateOrganisation {
                organisation,
                name,
                product_url,
                policies: (policies != PoliciesChange::default()).then_some(policies),
            })
        })
    }

    fn policies(&self, was: &Self, fields: &mut Fields) -> PoliciesChange {
        let mut choose = |field, detail| fields.refuse(field, "unknown", detail);
        let join_proof = match anew(&self.join_proof, &was.join_proof) {
            None => None,
            Some("later") => Some(JoinProof::Later),
            Some("first") => Some(JoinProof::First),
            Some(_) => {
                choose("policies.join_proof", "must be one of the two");
                None
            }
        };
        let invite_acceptance = match anew(&self.invite_acceptance, &was.invite_acceptance) {
            None => None,
            Some("strict") => Some(InviteAcceptance::Strict),
            Some("lenient") => Some(InviteAcceptance::Lenient),
            Some(_) => {
                choose("policies.invite_acceptance", "must be one of the two");
                None
            }
        };
        let mut days = |field: &str, typed: &str, was: &str| {
            let days = anew(typed, was)?.parse().ok();
            if days.is_none() {
                let field = format!("policies.{field}");
                fields.refuse(&field, "not-a-number", "must be a whole number");
            }
            days
        };
        PoliciesChange {
            join_proof,
            proof_days: days("proof_days", &self.proof_days, &was.proof_days),
            invite_acceptance,
            invite_days: days("invite_days", &self.invite_days, &was.invite_days),
            remind_days: days("remind_days", &self.remind_days, &was.remind_days),
            language: anew(&self.language, &was.language)
                .and_then(|language| fields.take("policies.language", Language::parse(language))),
        }
    }
}

/// What was typed, unless it was there already.
fn anew<'a>(typed: &'a str, was: &str) -> Option<&'a str> {
    let typed = typed.trim();
    (typed != was).then_some(typed)
}

#[derive(Template)]
#[template(path = "admin/settings.html")]
struct Settings {
    frame: Frame,
    office: Office,
    form: Typed,
    /// What it was shown with first.
    was: String,
    errors: Errors,
    said: Option<&'static str>,
    /// Why nothing was saved, where that is about no field.
    refusal: Option<&'static str>,
}

/// Nobody knows what was typed anew, and what others decided meanwhile.
const UNREAD: &str = "Nothing was saved: what the form was shown with came back broken. What you typed \
    is still here; what differs from the settings as they are now is saved when you press Save again.";

#[derive(Debug, Default, Deserialize)]
struct Said {
    #[serde(default)]
    done: Option<String>,
}

async fn form(
    edge: web::Data<Edge>,
    administrator: Administrator,
    path: web::Path<String>,
    query: web::Query<Said>,
) -> Answer {
    let office = Office::of(&administrator, &path, "settings")?.owned()?;
    let form = present(&edge, &office).await?;
    let was = json!(form).to_string();
    let said = query.done.is_some().then_some("Saved.");
    show(&Settings {
        frame: Frame::of(&edge),
        office,
        form,
        was,
        errors: Errors::default(),
        said,
        refusal: None,
    })
}

/// The settings as they are now.
async fn present(edge: &Edge, office: &Office) -> Result<Typed, Problem> {
    let get = GetOrganisation {
        organisation: office.organisation,
    };
    Ok(Typed::of(&edge.bus.call(&get, &office.cx).await?))
}

async fn update(
    edge: web::Data<Edge>,
    administrator: Administrator,
    path: web::Path<String>,
    form: web::Form<SettingsForm>,
) -> Answer {
    let office = Office::of(&administrator, &path, "settings")?.owned()?;
    let SettingsForm { typed, was } = form.into_inner();
    let Ok(shown) = serde_json::from_str(&was) else {
        let page = Settings {
            frame: Frame::of(&edge),
            was: json!(present(&edge, &office).await?).to_string(),
            office,
            form: typed,
            errors: Errors::default(),
            said: None,
            refusal: Some(UNREAD),
        };
        return render(StatusCode::UNPROCESSABLE_ENTITY, &page);
    };
    let updated = match typed.update(&shown, office.organisation) {
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
        form: typed,
        was,
        errors,
        said: None,
        refusal: None,
    };
    render(status, &page)
}
