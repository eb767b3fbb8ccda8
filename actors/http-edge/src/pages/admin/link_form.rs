//! The form of an access link: what was typed, and what it means.

use contract::{
    DomainName, Fields, Problem, Timestamp,
    ids::{LinkId, OrganisationId, PlanId},
    links::{CreateLink, Link, UpdateLink},
    text::{Name, Tag},
};
use serde::Deserialize;

use crate::pages::{fields::local_instant, words};

/// A link as it is typed.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct LinkForm {
    #[serde(default)]
    pub(super) name: String,
    #[serde(default)]
    pub(super) plan_id: String,
    #[serde(default)]
    pub(super) tags: String,
    #[serde(default)]
    pub(super) expires_at: String,
    #[serde(default)]
    pub(super) max_uses: String,
    #[serde(default)]
    pub(super) allowed_domains: String,
    /// `later` or `all`.
    #[serde(default)]
    pub(super) apply_tags: String,
}

/// What was typed, understood.
#[expect(
    clippy::option_option,
    reason = "the outer one: understood; the inner one: set"
)]
struct Parsed {
    name: Option<Name>,
    plan_id: Option<PlanId>,
    tags: Option<Vec<Tag>>,
    expires_at: Option<Option<Timestamp>>,
    max_uses: Option<Option<u64>>,
    allowed_domains: Option<Vec<DomainName>>,
}

fn list<T, E: contract::problem::FieldReason>(
    fields: &mut Fields,
    field: &str,
    text: &str,
    parse: impl Fn(&str) -> Result<T, E>,
) -> Option<Vec<T>> {
    let parts = text
        .split([',', ';', '\n'])
        .map(str::trim)
        .filter(|part| !part.is_empty());
    parts.map(|part| fields.take(field, parse(part))).collect()
}

impl LinkForm {
    /// The form of a link that is there.
    pub(super) fn of(link: &Link) -> Self {
        let joined = |parts: Vec<&str>| parts.join(", ");
        Self {
            name: link.name.to_string(),
            plan_id: link.plan_id.to_string(),
            tags: joined(link.tags.iter().map(Tag::as_str).collect()),
            expires_at: words::local_input(link.expires_at),
            max_uses: link
                .max_uses
                .map(|most| most.to_string())
                .unwrap_or_default(),
            allowed_domains: joined(
                link.allowed_domains
                    .iter()
                    .map(DomainName::as_str)
                    .collect(),
            ),
            apply_tags: "later".to_owned(),
        }
    }

    pub(super) fn is_plan(&self, plan: &PlanId) -> bool {
        self.plan_id == plan.to_string()
    }

    fn parse(&self, fields: &mut Fields, has_plan: bool) -> Parsed {
        let expires_at = local_instant(fields, "expires_at", &self.expires_at);
        let max_uses = self.max_uses.trim();
        let max_uses = if max_uses.is_empty() {
            Some(None)
        } else {
            let most = max_uses.parse::<u64>().ok();
            if most.is_none() {
                fields.refuse("max_uses", "not-a-number", "must be a whole number");
            }
            most.map(Some)
        };
        let plan_id = has_plan
            .then(|| fields.take("plan_id", self.plan_id.parse::<PlanId>()))
            .flatten();
        Parsed {
            name: fields.take("name", Name::parse(&self.name)),
            plan_id,
            tags: list(fields, "tags", &self.tags, Tag::parse),
            expires_at,
            max_uses,
            allowed_domains: list(
                fields,
                "allowed_domains",
                &self.allowed_domains,
                DomainName::parse,
            ),
        }
    }

    /// The message that makes the link.
    pub(super) fn create(&self, organisation: OrganisationId) -> Result<CreateLink, Problem> {
        let mut fields = Fields::default();
        let parsed = self.parse(&mut fields, true);
        fields.finish(|| {
            Some(CreateLink {
                organisation,
                name: parsed.name?,
                plan_id: parsed.plan_id?,
                tags: parsed.tags?,
                expires_at: parsed.expires_at?,
                max_uses: parsed.max_uses?,
                allowed_domains: parsed.allowed_domains?,
            })
        })
    }

    /// The message that changes `link` into what was typed; what is the same is left alone.
    pub(super) fn update(
        &self,
        organisation: OrganisationId,
        link: &Link,
    ) -> Result<UpdateLink, Problem> {
        let mut fields = Fields::default();
        let parsed = self.parse(&mut fields, false);
        // Typed to the minute; untouched seconds are no change.
        let is_same_end = self.expires_at.trim() == words::local_input(link.expires_at);
        let link_id: LinkId = link.id;
        fields.finish(|| {
            Some(UpdateLink {
                organisation,
                link_id,
                name: Some(parsed.name?),
                tags: Some(parsed.tags?),
                expires_at: parsed.expires_at.filter(|_| !is_same_end),
                max_uses: Some(parsed.max_uses?),
                allowed_domains: Some(parsed.allowed_domains?),
                to_all: None,
            })
        })
    }
}
