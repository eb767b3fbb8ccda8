//! The description of the API (OpenAPI 3.1), made from what stands beside the handlers.

use std::sync::OnceLock;

use actix_web::HttpResponse;
use utoipa::{
    Modify, OpenApi,
    openapi::{
        self, ObjectBuilder, Type,
        path::{Operation, Parameter, ParameterBuilder, ParameterIn},
        security::{HttpAuthScheme, HttpBuilder, SecurityScheme},
    },
};

use super::{
    administrators, audit, batch_events, batches, bulk, events, filter, hooks,
    idempotency::KEY_MOST,
    imports, invited, invites, join, ledger, links, organisations, pending, plans, problems,
    proofs,
    refusals::{self, PublicReading},
    schema, session, suppressions, tokens, users, waiting,
};
use crate::problem::ProblemBody;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Usher",
        description = "Gives an institution's people seats from a pool of purchased subscriptions.",
    ),
    paths(
        show,
        problems::show,
        organisations::create,
        organisations::list,
        organisations::show,
        organisations::update,
        administrators::create,
        administrators::list,
        administrators::update,
        administrators::remove,
        tokens::create,
        tokens::list,
        tokens::revoke,
        plans::create,
        plans::list,
        plans::show,
        plans::update,
        links::create,
        links::list,
        links::show,
        links::update,
        links::archive,
        links::rotate,
        links::disable,
        links::enable,
        invites::create,
        imports::create,
        invites::list,
        invites::show,
        invites::update,
        invites::resend,
        invites::cancel,
        invited::show,
        invited::accept,
        invited::decline,
        invited::unsubscribe,
        suppressions::list,
        suppressions::add,
        suppressions::lift,
        hooks::take,
        batches::list,
        batches::show,
        batch_events::watch,
        batches::rows,
        batches::send,
        batches::pause,
        batches::resume,
        batches::cancel,
        batches::resend,
        users::list,
        users::show,
        users::update,
        users::erase,
        users::revoke,
        users::reassign,
        users::export,
        bulk::start,
        bulk::show,
        waiting::list,
        ledger::show,
        audit::list,
        events::list,
        join::show,
        join::join,
        proofs::start,
        proofs::confirm,
        session::open,
        session::end,
    ),
    components(schemas(
        ProblemBody, schema::Cursor, schema::LinkToken, schema::InviteToken,
        schema::UnsubscribeToken, schema::ProofId, filter::SortName,
        batches::RowStateName, invites::InviteStateName, invites::LifeName,
        pending::StandingName,
    )),
    modifiers(&Bearer, &Shared),
)]
struct Description;

/// The ways to say who asks.
struct Bearer;

impl Modify for Bearer {
    fn modify(&self, description: &mut openapi::OpenApi) {
        let components = description.components.get_or_insert_default();
        for (name, says) in [
            ("bearer", "A token from `usher token create` or an owner."),
            ("session", "The `token` of a person who is signed in."),
        ] {
            let scheme = HttpBuilder::new()
                .scheme(HttpAuthScheme::Bearer)
                .description(Some(says))
                .build();
            components.add_security_scheme(name, SecurityScheme::Http(scheme));
        }
    }
}

/// What is said once for every operation: its refusals; and a name that no other has.
struct Shared;

impl Modify for Shared {
    fn modify(&self, description: &mut openapi::OpenApi) {
        let components = description.components.get_or_insert_default();
        components.responses.extend(refusals::components());
        for item in description.paths.paths.values_mut() {
            let is_signed = |post: &Operation| post.tags.iter().flatten().any(|tag| tag == "Hooks");
            if let Some(post) = item.post.as_mut().filter(|post| !is_signed(post)) {
                post.parameters.get_or_insert_default().push(key().into());
            }
            let operations = [
                &mut item.get,
                &mut item.post,
                &mut item.patch,
                &mut item.delete,
            ];
            for operation in operations.into_iter().flatten() {
                let noun = operation.tags.iter().flatten().next();
                if let (Some(noun), Some(verb)) = (noun, &operation.operation_id) {
                    operation.operation_id = Some(format!("{}-{verb}", noun.to_lowercase()));
                }
            }
        }
    }
}

/// The header that every `POST` takes, but those that are signed.
fn key() -> Parameter {
    let schema = ObjectBuilder::new()
        .schema_type(Type::String)
        .min_length(Some(1))
        .max_length(Some(KEY_MOST))
        .pattern(Some("^[!-~]+$"));
    let says = "Sent again with the same key and body within 24 hours, the request is done once \
                and answered as it was, with `Idempotency-Replayed: true` and without secrets.";
    ParameterBuilder::new()
        .name("Idempotency-Key")
        .parameter_in(ParameterIn::Header)
        .description(Some(says))
        .schema(Some(schema))
        .build()
}

/// The description, as `usher openapi` prints it.
pub(crate) fn document() -> &'static str {
    static DOCUMENT: OnceLock<String> = OnceLock::new();
    DOCUMENT.get_or_init(|| {
        let mut description = Description::openapi();
        // Every worker and every release describes the same server: the one that is asked.
        description.servers = None;
        description.to_pretty_json().unwrap_or_default()
    })
}

/// This description.
#[utoipa::path(
    get, path = "/api/v1/openapi.json", tag = "Description",
    responses((status = 200, description = "OpenAPI 3.1.", body = Object), PublicReading),
)]
pub(super) async fn show() -> HttpResponse {
    HttpResponse::Ok()
        .content_type("application/json")
        .body(document())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;

    use super::*;
    use crate::api::routes;

    #[test]
    fn every_route_is_described_and_every_description_has_a_route() {
        let served: BTreeSet<_> = routes()
            .iter()
            .map(|entry| (entry.path.to_owned(), entry.method.as_str().to_lowercase()))
            .collect();
        let description: Value = serde_json::from_str(document()).unwrap();
        let methods = |(path, item): (&String, &Value)| {
            let methods = item.as_object().unwrap().keys();
            methods
                .map(|method| (path.clone(), method.clone()))
                .collect::<Vec<_>>()
        };
        let paths = description["paths"].as_object().unwrap();
        let described: BTreeSet<_> = paths.iter().flat_map(methods).collect();
        assert_eq!(served, described);
        assert_eq!(served.len(), routes().len(), "a route is listed twice");
    }

    #[test]
    fn every_reference_of_the_description_leads_somewhere() {
        let description: Value = serde_json::from_str(document()).unwrap();
        let mut rest = document();
        while let Some((_, after)) = rest.split_once("\"$ref\": \"#") {
            let (pointer, after) = after.split_once('"').unwrap();
            assert!(description.pointer(pointer).is_some(), "{pointer}");
            rest = after;
        }
    }

    #[test]
    fn no_two_operations_have_one_name() {
        let (mut names, mut rest) = (Vec::new(), document());
        while let Some((_, after)) = rest.split_once("\"operationId\": \"") {
            let (name, after) = after.split_once('"').unwrap();
            names.push(name);
            rest = after;
        }
        let different: BTreeSet<_> = names.iter().collect();
        assert_eq!(different.len(), routes().len());
        assert_eq!(names.len(), routes().len());
    }

    #[test]
    fn the_description_is_as_it_was() {
        insta::assert_snapshot!(document());
    }
}
