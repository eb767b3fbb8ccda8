//! The filters of Manage Users as they stand in the address.

use contract::{
    Problem, Timestamp,
    ids::{LinkId, PlanId},
    seats::Status,
    text::Tag,
    users::{UserFilter, UserSort},
};
use serde::Deserialize;

use crate::pages::words;

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

    /// What they mean; what means nothing filters nothing.
    pub(super) fn meant(&self) -> UserFilter {
        self.read().0
    }

    /// What they mean, for more than looking: refused when a part of it means nothing, because
    /// that would be about more people than were meant.
    pub(super) fn strict(&self) -> Result<UserFilter, Problem> {
        let (filter, unclear) = self.read();
        unclear.map_or(Ok(filter), |field| {
            Err(Problem::invalid(
                field,
                "unknown",
                "This filter is not understood.",
            ))
        })
    }

    fn read(&self) -> (UserFilter, Option<&'static str>) {
        let mut unclear = None;
        let status = value("status", &self.status, &mut unclear, Status::parse);
        let door = value("door", &self.door, &mut unclear, |text| {
            Some(text.to_owned())
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
    pub(super) fn statuses(&self) -> [(&'static str, &'static str); 4] {
        [
            Status::Assigned,
            Status::Held,
            Status::Waiting,
            Status::Revoked,
        ]
        .map(|status| (status.name(), words::status(&status)))
    }

    #[expect(
        clippy::unused_self,
        reason = "templates call methods of what they have"
    )]
    pub(super) fn orders(&self) -> [(&'static str, &'static str); 6] {
        UserSort::ALL.map(|sort| (sort.name(), words::order(sort)))
    }
}

/// A field that is empty, or means something; otherwise it is noted as unclear.
fn value<T>(
    field: &'static str,
    text: &str,
    unclear: &mut Option<&'static str>,
    parse: impl Fn(&str) -> Option<T>,
) -> Option<T> {
    let text = text.trim();
    if text.is_empty() {
        return None;
    }
    let value = parse(text);
    if value.is_none() {
        *unclear = Some(field);
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_means_nothing_is_refused_where_it_matters() {
        let filter = Filter {
            status: "gone".to_owned(),
            tag: "law, 2026".to_owned(),
            ..Filter::default()
        };
        let meant = filter.meant();
        assert_eq!((meant.status, meant.tags.len()), (None, 2));
        assert_eq!(filter.strict().unwrap_err().errors[0].field, "status");
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
