//! Organisations and what they decided about their people.

use actix_web::HttpResponse;
use contract::{
    Timestamp,
    ids::OrganisationId,
    organisations::{
        self as org, CreateOrganisation, GetOrganisation, InviteAcceptance, JoinProof,
        ListOrganisations, Policies, PoliciesChange, UpdateOrganisation,
    },
    text::{Language, Name},
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use url::Url;
use utoipa::ToSchema;

use super::{
    Answer, List,
    bearer::{Bearer, Within},
    body::{Body, Form, Given},
    created, ok,
    query::{Paging, Query},
    refusals::{Reading, Writing},
    schema, texts,
    texts::Reason,
};
use crate::problem::Refused;

/// An institution that bought seats.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Organisation {
    #[schema(value_type = schema::OrganisationId)]
    id: OrganisationId,
    /// What it is called, on pages and in mails.
    #[schema(value_type = schema::Name)]
    name: Name,
    /// Where its people go once they are seated.
    #[schema(value_type = schema::KeptAddress)]
    product_url: Url,
    policies: PoliciesBody,
    /// Since when it is known.
    #[schema(value_type = schema::Instant)]
    created_at: Timestamp,
}

/// What an organisation decided about its people.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Policies)]
pub(super) struct PoliciesBody {
    /// When somebody who joins by an open link must prove their address.
    #[schema(value_type = JoinProofName)]
    join_proof: JoinProof,
    /// Days until an unproved seat returns to the pool.
    #[schema(minimum = 1, maximum = 90)]
    proof_days: u16,
    /// Which address may accept an invite.
    #[schema(value_type = InviteAcceptanceName)]
    invite_acceptance: InviteAcceptance,
    /// Days that an invite works.
    #[schema(minimum = 1, maximum = 180)]
    invite_days: u16,
    /// How many days before its end a pending invite is brought to mind once; 0: never.
    #[schema(maximum = 30)]
    remind_days: u16,
    /// In which language its mails are written.
    #[schema(value_type = schema::Language)]
    language: Language,
}

/// `later`: the seat is assigned at once and returns when the address is not proved in time;
/// `first`: it is held until then.
#[derive(Debug, ToSchema)]
#[schema(as = JoinProof, rename_all = "kebab-case")]
#[expect(dead_code, reason = "only described")]
pub(super) enum JoinProofName {
    Later,
    First,
}

/// `strict`: only the address that the invite was sent to; `lenient`: any that its holder is signed
/// in with.
#[derive(Debug, ToSchema)]
#[schema(as = InviteAcceptance, rename_all = "kebab-case")]
#[expect(dead_code, reason = "only described")]
pub(super) enum InviteAcceptanceName {
    Strict,
    Lenient,
}

impl From<org::Organisation> for Organisation {
    fn from(organisation: org::Organisation) -> Self {
        let org::Organisation {
            id,
            name,
            product_url,
            policies:
                Policies {
                    join_proof,
                    proof_days,
                    invite_acceptance,
                    invite_days,
                    remind_days,
                    language,
                },
            created_at,
        } = organisation;
        Self {
            id,
            name,
            product_url,
            policies: PoliciesBody {
                join_proof,
                proof_days,
                invite_acceptance,
                invite_days,
                remind_days,
                language,
            },
            created_at,
        }
    }
}

/// A new organisation.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewOrganisation {
    /// What it is called.
    #[serde(default)]
    #[schema(value_type = schema::Name, required)]
    name: Given<String>,
    /// Where its people go once they are seated; https, or http on a loopback address.
    #[serde(default)]
    #[schema(value_type = schema::WebAddress, required)]
    product_url: Given<String>,
    /// What differs from the defaults.
    #[serde(default)]
    #[schema(value_type = Option<ChosenPolicies>)]
    policies: Given<Map<String, Value>>,
}

/// What changes about an organisation.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct OrganisationChange {
    /// A new name.
    #[serde(default)]
    #[schema(value_type = schema::Name)]
    name: Given<String>,
    /// A new product address.
    #[serde(default)]
    #[schema(value_type = schema::WebAddress)]
    product_url: Given<String>,
    /// The policies that change; the others stay.
    #[serde(default)]
    #[schema(value_type = ChosenPolicies)]
    policies: Given<Map<String, Value>>,
}

/// Policies, each of which may be left away.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ChosenPolicies {
    /// When somebody who joins by an open link must prove their address.
    #[serde(default)]
    #[schema(value_type = JoinProofName)]
    join_proof: Given<String>,
    /// Days until an unproved seat returns to the pool.
    #[serde(default)]
    #[schema(value_type = u16, minimum = 1, maximum = 90)]
    proof_days: Given<u64>,
    /// Which address may accept an invite.
    #[serde(default)]
    #[schema(value_type = InviteAcceptanceName)]
    invite_acceptance: Given<String>,
    /// Days that an invite works.
    #[serde(default)]
    #[schema(value_type = u16, minimum = 1, maximum = 180)]
    invite_days: Given<u64>,
    /// How many days before its end a pending invite is brought to mind once; 0: never.
    #[serde(default)]
    #[schema(value_type = u16, maximum = 30)]
    remind_days: Given<u64>,
    /// In which language its mails are written.
    #[serde(default)]
    #[schema(value_type = schema::Language)]
    language: Given<String>,
}

fn join_proof(text: &str) -> Result<JoinProof, Reason> {
    match text {
        "later" => Ok(JoinProof::Later),
        "first" => Ok(JoinProof::First),
        _ => Err(Reason("unknown", "must be one of later, first".into())),
    }
}

fn invite_acceptance(text: &str) -> Result<InviteAcceptance, Reason> {
    match text {
        "strict" => Ok(InviteAcceptance::Strict),
        "lenient" => Ok(InviteAcceptance::Lenient),
        _ => Err(Reason("unknown", "must be one of strict, lenient".into())),
    }
}

/// What was chosen.
fn choose(form: &mut Form, given: Map<String, Value>) -> Result<PoliciesChange, Refused> {
    let chosen: ChosenPolicies = form.open("policies.", given)?;
    let join_proof = form
        .field("policies.join_proof", chosen.join_proof)
        .parse(join_proof)
        .set();
    let proof_days = form
        .field("policies.proof_days", chosen.proof_days)
        .within(1..=90)
        .set();
    let invite_acceptance = form
        .field("policies.invite_acceptance", chosen.invite_acceptance)
        .parse(invite_acceptance)
        .set();
    let invite_days = form
        .field("policies.invite_days", chosen.invite_days)
        .within(1..=180)
        .set();
    let remind_days = form
        .field("policies.remind_days", chosen.remind_days)
        .within(0..=30)
        .set();
    let language = form
        .field("policies.language", chosen.language)
        .parse(texts::language)
        .set();
    let days = |chosen: Option<u64>| chosen.and_then(|days| u16::try_from(days).ok());
    Ok(PoliciesChange {
        join_proof,
        proof_days: days(proof_days),
        invite_acceptance,
        invite_days: days(invite_days),
        remind_days: days(remind_days),
        language,
    })
}

/// Makes an organisation. For the operator's token.
#[utoipa::path(
    post, path = "/api/v1/organisations", tag = "Organisations", security(("bearer" = [])),
    request_body = NewOrganisation,
    responses((status = 201, description = "Made.", body = Organisation), Writing),
)]
pub(super) async fn create(bearer: Bearer, body: Body<NewOrganisation>) -> Answer {
    let (new, mut form) = body.open()?;
    let name = form.field("name", new.name).parse(texts::name).required();
    let product_url = form
        .field("product_url", new.product_url)
        .parse(texts::url)
        .required();
    let policies = match form.field("policies", new.policies).plain().optional() {
        Some(given) => choose(&mut form, given)?.of(Policies::default()),
        None => Policies::default(),
    };
    let create = form.finish(|| {
        Some(CreateOrganisation {
            name: name?,
            product_url: product_url?,
            policies,
        })
    })?;
    let organisation = Organisation::from(bearer.call(&create).await?);
    let path = format!("/api/v1/organisations/{}", organisation.id);
    Ok(created(&path, &organisation))
}

/// Every organisation, by name, for the operator's token; its own alone for that of an organisation.
#[utoipa::path(
    get, path = "/api/v1/organisations", tag = "Organisations", security(("bearer" = [])),
    params(Paging),
    responses((status = 200, description = "A page.", body = List<Organisation>), Reading),
)]
pub(super) async fn list(bearer: Bearer, query: Query<Paging>) -> Answer {
    let page = query.page()?;
    if let Some(organisation) = bearer.grant.organisation {
        let own = bearer.call(&GetOrganisation { organisation }).await?;
        return Ok(ok(&List {
            items: vec![Organisation::from(own)],
            next_cursor: None,
        }));
    }
    let page = bearer.call(&ListOrganisations { page }).await?;
    Ok(ok(&List::of(page, Organisation::from)))
}

/// One organisation.
#[utoipa::path(
    get, path = "/api/v1/organisations/{organisation}", tag = "Organisations",
    security(("bearer" = [])),
    params(("organisation" = schema::OrganisationId, Path)),
    responses((status = 200, description = "The organisation.", body = Organisation), Reading),
)]
pub(super) async fn show(at: Within) -> Answer {
    let organisation = at.organisation;
    Ok(answer(at.call(&GetOrganisation { organisation }).await?))
}

/// Changes what is given and leaves the rest. For owners.
#[utoipa::path(
    patch, path = "/api/v1/organisations/{organisation}", tag = "Organisations",
    security(("bearer" = [])),
    params(("organisation" = schema::OrganisationId, Path)),
    request_body = OrganisationChange,
    responses((status = 200, description = "As it is now.", body = Organisation), Writing),
)]
pub(super) async fn update(at: Within, body: Body<OrganisationChange>) -> Answer {
    let (change, mut form) = body.open()?;
    let organisation = at.organisation;
    let name = form.field("name", change.name).parse(texts::name).set();
    let product_url = form
        .field("product_url", change.product_url)
        .parse(texts::url)
        .set();
    let policies = match form.field("policies", change.policies).plain().set() {
        Some(given) => Some(choose(&mut form, given)?),
        None => None,
    };
    let update = UpdateOrganisation {
        organisation,
        name,
        product_url,
        policies,
    };
    let update = form.finish(|| Some(update))?;
    Ok(answer(at.call(&update).await?))
}

fn answer(organisation: org::Organisation) -> HttpResponse {
    ok(&Organisation::from(organisation))
}
