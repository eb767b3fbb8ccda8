//! The history of an organisation, for programs that follow it.

use contract::{
    Timestamp,
    events::{self, EventPage, ListEvents},
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    Answer,
    bearer::Within,
    body::Given,
    ok,
    query::{Query, rows},
    refusals::Reading,
    schema, texts,
};

/// Something that happened; which ids it bears is its type's business.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Event {
    /// 1, 2, 3… in each organisation, in the order of commit, without a gap.
    seq: u64,
    /// When.
    #[schema(value_type = schema::Instant)]
    at: Timestamp,
    /// What, `seat-assigned`, and of which ids.
    #[serde(flatten)]
    #[schema(value_type = What)]
    what: events::Event,
}

/// What happened.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "only described")]
pub(super) struct What {
    /// `seat-assigned`; there may be new ones.
    r#type: String,
    #[schema(value_type = Option<schema::LinkId>)]
    link_id: Option<()>,
    #[schema(value_type = Option<schema::PlanId>)]
    plan_id: Option<()>,
    #[schema(value_type = Option<schema::UserId>)]
    membership_id: Option<()>,
    #[schema(value_type = Option<String>)]
    account_id: Option<()>,
}

/// A part of the history.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Events {
    /// The oldest first.
    items: Vec<Event>,
    /// Hand it back as `after` to go on, also when there was nothing yet.
    next_after: u64,
}

/// Where to begin.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Place {
    /// After which number; from the start unless said.
    #[serde(default)]
    #[param(value_type = Option<u64>, minimum = 0, maximum = 9_007_199_254_740_991_u64, default = 0)]
    after: Given<String>,
    /// How many events; 50 unless said.
    #[serde(default)]
    #[param(value_type = Option<u32>, minimum = 1, maximum = 200, default = 50)]
    limit: Given<String>,
}

/// The largest number that every JSON reader takes as it is.
const SEQ_MOST: u64 = 9_007_199_254_740_991;

/// The events of the organisation after a number, the oldest first.
#[utoipa::path(
    get, path = "/api/v1/organisations/{organisation}/events", tag = "Events",
    security(("bearer" = [])),
    params(("organisation" = schema::OrganisationId, Path), Place),
    responses((status = 200, description = "A page.", body = Events), Reading),
)]
pub(super) async fn list(at: Within, query: Query<Place>) -> Answer {
    let (place, mut form) = query.open()?;
    let after = form.field("after", place.after);
    let after = after.parse(|text| texts::number(text, 0..=SEQ_MOST));
    let list = ListEvents {
        organisation: at.organisation,
        after: after.optional().unwrap_or(0),
        limit: rows(form.field("limit", place.limit)),
    };
    let list = form.finish(|| Some(list))?;
    let EventPage { items, next_after } = at.call(&list).await?;
    let items = items.into_iter().map(|recorded| Event {
        seq: recorded.seq,
        at: recorded.at,
        what: recorded.event,
    });
    Ok(ok(&Events {
        items: items.collect(),
        next_after,
    }))
}
