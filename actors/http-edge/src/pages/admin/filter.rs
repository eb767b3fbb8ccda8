//! The filters of Manage Users as they stand in the address.

use contract::{
    Cursor, Fields, PageRequest, Problem, Timestamp,
    ids::{LinkId, OrganisationId, PlanId},
    seats::Status,
    text::Tag,
    users::{UserFilter, UserSort},
};
use serde::Deserialize;

use crate::{
    pages::words,
    rows::{Question, Standing},
};

/// As they were typed or chosen.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct Filter {
    #[serde(default)]
    pub(super) q: String,
    #[serde(default)]
    pub(super) status: String,
    /// Separated by commas.
    #[serde(default)]
    pub(super) tag: String,
    #[serde(default)]
    pub(super) door: String,
    #[serde(default)]
    pub(super) link: String,
    #[serde(default)]
    pub(super) plan: String,
    /// A day, in UTC.
    #[serde(default)]
    pub(super) inactive_since: String,
    #[serde(default)]
    pub(super) sort: String,
    #[serde(default)]
    pub(super) cursor: Option<String>,
}

impl Filter {
    /// The filters of a form, among other fields.
    pub(super) fn of(fields: &[(String, String)]) -> Self {
        let text = |name: &str| {
            let mut named = fields.iter().filter(|(field, _)| field == name);
            named
                .next()
                .map(|(_, text)| text.clone())
                .unwrap_or_default()
        };
        Self {
            q: text("q"),
            status: text("status"),
            tag: text("tag"),
            door: text("door"),
            link: text("link"),
            plan: text("plan"),
            inactive_since: text("inactive_since"),
            sort: text("sort"),
            cursor: None,
        }
    }

    /// The fields that filter, with what is in them.
    pub(super) fn fields(&self) -> [(&'static str, &str); 7] {
        [
            ("q", &self.q),
            ("status", &self.status),
            ("tag", &self.tag),
            ("door", &self.door),
            ("link", &self.link),
            ("plan", &self.plan),
            ("inactive_since", &self.inactive_since),
        ]
    }

    pub(super) fn is_active(&self) -> bool {
        self.fields().iter().any(|(_, text)| !text.is_empty())
    }

    /// Whether they are about invites instead of people.
    pub(super) fn is_invited(&self) -> bool {
        self.standing() == Some(Standing::InvitePending)
    }

    /// The rows that they find, a page of them; refused when a part of them means nothing, because all others
    /// would find more than was meant.
    pub(super) fn question(&self, organisation: OrganisationId) -> Result<Question, Problem> {
        let page = PageRequest {
            cursor: self.cursor.clone().map(Cursor),
            limit: None,
        };
        let (standing, filter) = (self.standing(), self.understood()?);
        let question = Question::new(organisation, standing, filter, self.order(), page);
        Ok(question)
    }

    /// What the parts that mean nothing are called on the page, and what stands in them.
    pub(super) fn unclear(&self) -> Vec<(&'static str, &str)> {
        let (_, unclear) = self.read();
        let fields = self.fields().into_iter();
        let fields = fields.filter(|(field, _)| unclear.contains(field));
        fields.map(|(field, text)| (called(field), text)).collect()
    }

    fn standing(&self) -> Option<Standing> {
        Standing::parse(self.status.trim())
    }

    pub(super) fn is_link(&self, link: &LinkId) -> bool {
        self.link == link.to_string()
    }

    pub(super) fn is_plan(&self, plan: &PlanId) -> bool {
        self.plan == plan.to_string()
    }

    pub(super) fn order(&self) -> UserSort {
        UserSort::parse(&self.sort).unwrap_or_default()
    }

    pub(super) fn is_order(&self, name: &str) -> bool {
        self.order().name() == name
    }

    /// What follows the path of the same people somewhere else.
    pub(super) fn query(&self) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        for (name, text) in self.fields().into_iter().chain([("sort", &*self.sort)]) {
            if !text.is_empty() {
                query.append_pair(name, text);
            }
        }
        query.finish()
    }

    /// What they mean, for changing people: refused when a part of it means nothing, because that
    /// would be about more people than were meant, and when it is about invites.
    pub(super) fn strict(&self) -> Result<UserFilter, Problem> {
        if self.is_invited() {
            let detail = "Who is invited is not there yet to be changed.";
            return Err(Problem::invalid("status", "unknown", detail));
        }
        self.understood()
    }

    fn understood(&self) -> Result<UserFilter, Problem> {
        let (filter, unclear) = self.read();
        let mut fields = Fields::default();
        for field in unclear {
            fields.refuse(field, "unknown", "This filter is not understood.");
        }
        fields.finish(|| Some(filter))
    }

    /// What they mean, and which of them mean nothing.
    fn read(&self) -> (UserFilter, Vec<&'static str>) {
        let mut unclear = Vec::new();
        let standing = value("status", &self.status, &mut unclear, Standing::parse);
        let status = match standing {
            Some(Standing::Place(status)) => Some(status),
            Some(Standing::InvitePending) | None => None,
        };
        let door = value("door", &self.door, &mut unclear, |text| {
            matches!(text, "link" | "invite").then(|| text.to_owned())
        });
        let link = value("link", &self.link, &mut unclear, |text| text.parse().ok());
        let plan = value("plan", &self.plan, &mut unclear, |text| text.parse().ok());
        let since = &self.inactive_since;
        let inactive_since = value("inactive_since", since, &mut unclear, |day| {
            Timestamp::parse(&format!("{day}T00:00:00Z"))
        });
        let mut tags = Vec::new();
        for tag in self.tag.split([',', ';']) {
            tags.extend(value("tag", tag, &mut unclear, |tag| Tag::parse(tag).ok()));
        }
        let filter = UserFilter {
            status,
            tags,
            q: Some(self.q.trim().to_owned()).filter(|q| !q.is_empty()),
            door,
            link,
            plan,
            inactive_since,
        };
        (filter, unclear)
    }

    #[expect(
        clippy::unused_self,
        reason = "templates call methods of what they have"
    )]
    pub(super) fn statuses(&self) -> [(&'static str, &'static str); 5] {
        let of = |status: Status| (status.name(), words::status(&status));
        [
            of(Status::Assigned),
            of(Status::Held),
            of(Status::Waiting),
            of(Status::Revoked),
            (Standing::INVITE_PENDING, "Invite pending"),
        ]
    }

    #[expect(
        clippy::unused_self,
        reason = "templates call methods of what they have"
    )]
    pub(super) fn orders(&self) -> [(&'static str, &'static str); 6] {
        UserSort::ALL.map(|sort| (sort.name(), words::order(sort)))
    }
}

/// What a field is called on the page.
fn called(field: &str) -> &'static str {
    match field {
        "q" => "Search",
        "status" => "Status",
        "tag" => "Tags",
        "door" => "Door",
        "link" => "Access link",
        "plan" => "Plan",
        _ => "Not seen since",
    }
}

/// A field that is empty, or means something; otherwise it is noted as unclear.
fn value<T>(
    field: &'static str,
    text: &str,
    unclear: &mut Vec<&'static str>,
    parse: impl Fn(&str) -> Option<T>,
) -> Option<T> {
    let text = text.trim();
    if text.is_empty() {
        return None;
    }
    let value = parse(text);
    if value.is_none() {
        unclear.push(field);
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_that_means_nothing_is_named_and_asks_for_nobody() {
        let filter = Filter {
            status: "gone".to_owned(),
            tag: "law, 2026".to_owned(),
            door: "window".to_owned(),
            inactive_since: "tomorrow".to_owned(),
            ..Filter::default()
        };
        let named = |problem: Problem| {
            let errors = problem.errors.into_iter();
            errors.map(|error| error.field).collect::<Vec<_>>()
        };
        let unclear = ["status", "door", "inactive_since"];
        let organisation = OrganisationId::new(contract::ids::Ulid::nil());
        assert_eq!(named(filter.question(organisation).unwrap_err()), unclear);
        assert_eq!(named(filter.strict().unwrap_err()), unclear);
        assert_eq!(
            filter.unclear(),
            [
                ("Status", "gone"),
                ("Door", "window"),
                ("Not seen since", "tomorrow")
            ]
        );
    }

    #[test]
    fn invites_are_looked_at_and_exported_and_never_changed_as_people() {
        let organisation = OrganisationId::new(contract::ids::Ulid::nil());
        let filter = Filter {
            status: "invite_pending".to_owned(),
            ..Filter::default()
        };
        assert!(matches!(
            filter.question(organisation),
            Ok(Question::Invited(_))
        ));
        assert_eq!(filter.strict().unwrap_err().errors[0].field, "status");
        let unclear = Filter {
            plan: "some".to_owned(),
            ..filter
        };
        assert_eq!(
            unclear.question(organisation).unwrap_err().errors[0].field,
            "plan"
        );
    }

    #[test]
    fn a_day_is_the_instant_at_which_it_begins() {
        let filter = Filter {
            inactive_since: "2026-11-24".to_owned(),
            ..Filter::default()
        };
        let since = filter.strict().unwrap().inactive_since;
        assert_eq!(since, Timestamp::parse("2026-11-24T00:00:00Z"));
        assert_eq!(filter.query(), "inactive_since=2026-11-24");
    }
}
