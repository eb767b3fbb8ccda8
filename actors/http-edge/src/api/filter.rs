//! Which people are asked for: the same words in a query and in a body.

use contract::{
    seats::Status,
    text::Tag,
    users::{UserFilter, UserSort},
};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::{
    body::{Form, Given},
    pending::StandingName,
    query::Several,
    schema, texts,
    texts::Reason,
    users::StatusName,
};
use crate::rows::Standing;

/// The most characters of a search.
pub(super) const SEARCH_MOST: usize = 100;

/// Through which door somebody came.
#[derive(Debug, ToSchema)]
#[schema(as = Door, rename_all = "kebab-case")]
#[expect(dead_code, reason = "only described")]
pub(super) enum DoorName {
    Link,
    Invite,
}

/// In which order people are listed; equal ones by their ids.
#[derive(Debug, ToSchema)]
#[schema(as = UserSort, rename_all = "snake_case")]
#[expect(dead_code, reason = "only described")]
pub(super) enum SortName {
    /// Who joined last comes first.
    Newest,
    /// Who joined first comes first.
    Oldest,
    /// By first name, then last name.
    Name,
    /// By address.
    Email,
    /// Whose seat was given last comes first, who never had one last.
    Redeemed,
    /// Who was seen last comes first, who never was last.
    LastActive,
}

/// Parameters that are a filter, and more.
macro_rules! filters {
    ($(#[$doc:meta])* $name:ident { $($(#[$more:meta])* $field:ident,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Default, Deserialize, IntoParams)]
        #[serde(deny_unknown_fields)]
        #[into_params(parameter_in = Query)]
        pub(super) struct $name {
            /// Only in this state.
            #[serde(default)]
            #[param(value_type = Option<StandingName>)]
            status: Given<String>,
            /// Only with this tag; given several times, only with every one of them.
            #[serde(default)]
            #[param(value_type = Option<Vec<schema::Tag>>, max_items = 20)]
            tag: Several,
            /// Only where first name, last name or address contains this, whatever the case.
            #[serde(default)]
            #[param(value_type = Option<schema::Search>)]
            q: Given<String>,
            /// Only who came through this door.
            #[serde(default)]
            #[param(value_type = Option<DoorName>)]
            door: Given<String>,
            /// Only who came through this link.
            #[serde(default)]
            #[param(value_type = Option<schema::LinkId>)]
            link: Given<String>,
            /// Only of this plan.
            #[serde(default)]
            #[param(value_type = Option<schema::PlanId>)]
            plan: Given<String>,
            /// Only who had joined, and had their seat, before then and was not seen since; who never was seen is one of them.
            #[serde(default)]
            #[param(value_type = Option<schema::Instant>)]
            inactive_since: Given<String>,
            /// In which order; `newest` unless said.
            #[serde(default)]
            #[param(value_type = Option<SortName>)]
            sort: Given<String>,
            $(
                #[serde(default)]
                $(#[$more])*
                pub(super) $field: Given<String>,
            )*
        }

        impl $name {
            /// Where they stand, what else is said of them, and the order.
            pub(super) fn read(
                &mut self,
                form: &mut Form,
            ) -> (Option<Standing>, UserFilter, UserSort) {
                use std::mem::take;
                let status = form.field("status", take(&mut self.status));
                let standing = status.parse(standing).optional();
                let filter = Parts {
                    status: Given::Absent,
                    tags: ("tag", Given::Value(take(&mut self.tag).into())),
                    q: take(&mut self.q),
                    door: take(&mut self.door),
                    link: take(&mut self.link),
                    plan: take(&mut self.plan),
                    inactive_since: take(&mut self.inactive_since),
                };
                let filter = filter.read(form, "");
                let order = form.field("sort", take(&mut self.sort)).parse(sort).optional();
                (standing, filter, order.unwrap_or_default())
            }
        }
    };
}
filters! {
    /// Which people, in which order, which page of them.
    Listing {
        /// The `next_cursor` of the page before, in the same order; none for the first page.
        #[param(value_type = Option<schema::Cursor>)]
        cursor,
        /// How many rows; 50 unless said.
        #[param(value_type = Option<u32>, minimum = 1, maximum = 200, default = 50)]
        limit,
    }
}
filters! {
    /// Which people, in which order.
    Exporting {}
}

/// Which people; what is said combines with AND.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = UserFilter)]
pub(super) struct FilterBody {
    /// Only in this state.
    #[serde(default)]
    #[schema(value_type = Option<StatusName>)]
    status: Given<String>,
    /// Only with every one of these tags.
    #[serde(default)]
    #[schema(value_type = Option<Vec<schema::Tag>>, max_items = 20)]
    tags: Given<Vec<String>>,
    /// Only where first name, last name or address contains this, whatever the case.
    #[serde(default)]
    #[schema(value_type = Option<schema::Search>)]
    q: Given<String>,
    /// Only who came through this door.
    #[serde(default)]
    #[schema(value_type = Option<DoorName>)]
    door: Given<String>,
    /// Only who came through this link.
    #[serde(default)]
    #[schema(value_type = Option<schema::LinkId>)]
    link: Given<String>,
    /// Only of this plan.
    #[serde(default)]
    #[schema(value_type = Option<schema::PlanId>)]
    plan: Given<String>,
    /// Only who had joined, and had their seat, before then and was not seen since; who never was seen is one of them.
    #[serde(default)]
    #[schema(value_type = Option<schema::Instant>)]
    inactive_since: Given<String>,
}

impl FilterBody {
    /// The filter; its fields are named with `prefix` before them.
    pub(super) fn read(self, form: &mut Form, prefix: &str) -> UserFilter {
        let parts = Parts {
            status: self.status,
            tags: ("tags", self.tags),
            q: self.q,
            door: self.door,
            link: self.link,
            plan: self.plan,
            inactive_since: self.inactive_since,
        };
        parts.read(form, prefix)
    }
}

struct Parts {
    status: Given<String>,
    /// With what they are called.
    tags: (&'static str, Given<Vec<String>>),
    q: Given<String>,
    door: Given<String>,
    link: Given<String>,
    plan: Given<String>,
    inactive_since: Given<String>,
}

impl Parts {
    fn read(self, form: &mut Form, prefix: &str) -> UserFilter {
        let name = |field: &str| format!("{prefix}{field}");
        let (called, tags) = self.tags;
        let called = name(called);
        let tags = form.field(&called, tags);
        let tags = tags.each(Tag::MOST_PER_ROW, texts::tag).optional();
        let field = |called: &str, given| (name(called), given);
        let status_ = field("status", self.status);
        let (q, door_) = (field("q", self.q), field("door", self.door));
        let (link, plan) = (field("link", self.link), field("plan", self.plan));
        let inactive = field("inactive_since", self.inactive_since);
        UserFilter {
            status: form.field(&status_.0, status_.1).parse(status).optional(),
            tags: tags.unwrap_or_default(),
            q: form.field(&q.0, q.1).parse(search).optional(),
            door: form.field(&door_.0, door_.1).parse(door).optional(),
            link: form.field(&link.0, link.1).parse(texts::id).optional(),
            plan: form.field(&plan.0, plan.1).parse(texts::id).optional(),
            inactive_since: form
                .field(&inactive.0, inactive.1)
                .parse(texts::instant)
                .optional(),
        }
    }
}

fn status(text: &str) -> Result<Status, Reason> {
    let detail = "must be one of assigned, held, waiting, revoked";
    Status::parse(text).ok_or(Reason("unknown", detail.into()))
}

fn standing(text: &str) -> Result<Standing, Reason> {
    let detail = "must be one of assigned, held, waiting, revoked, invite_pending";
    Standing::parse(text).ok_or(Reason("unknown", detail.into()))
}

fn sort(text: &str) -> Result<UserSort, Reason> {
    let detail = "must be one of newest, oldest, name, email, redeemed, last_active";
    UserSort::parse(text).ok_or(Reason("unknown", detail.into()))
}

fn door(text: &str) -> Result<String, Reason> {
    match text {
        "link" | "invite" => Ok(text.to_owned()),
        _ => Err(Reason("unknown", "must be one of link, invite".into())),
    }
}

pub(super) fn search(text: &str) -> Result<String, Reason> {
    if text.chars().take(SEARCH_MOST + 1).count() > SEARCH_MOST {
        let detail = format!("must be at most {SEARCH_MOST} characters long");
        return Err(Reason("too-long", detail.into()));
    }
    Ok(text.to_owned())
}
