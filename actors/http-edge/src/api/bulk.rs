//! One change for many people.

use actix_web::{HttpResponse, http::header};
use contract::{
    Timestamp,
    bulk::{self, BULK_MOST, BulkAction, GetBulk, StartBulk},
    ids::BulkId,
    text::Tag,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::{
    Answer,
    bearer::Within,
    body::{Body, Form, Given},
    filter::FilterBody,
    ok,
    refusals::{Reading, Writing},
    schema, texts,
    texts::Reason,
};
use crate::{bulk::Whom, request::renewed};

/// The most ids of a request.
const IDS_MOST: usize = 1_000;

/// What is done to each of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ToSchema)]
#[schema(as = BulkAction, rename_all = "kebab-case")]
pub(super) enum ActionName {
    /// Withdraws seats.
    Revoke,
    /// Gives seats, to all or to nobody.
    Reassign,
    /// Adds and takes away tags.
    Retag,
}

fn action(text: &str) -> Result<ActionName, Reason> {
    Ok(match text {
        "revoke" => ActionName::Revoke,
        "reassign" => ActionName::Reassign,
        "retag" => ActionName::Retag,
        _ => {
            let detail = "must be one of revoke, reassign, retag";
            return Err(Reason("unknown", detail.into()));
        }
    })
}

/// A change for many people: of either `filter` or `ids`.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewBulk {
    /// Everybody that this finds at this moment; an empty object finds everybody.
    #[serde(default)]
    #[schema(value_type = Option<FilterBody>)]
    filter: Given<Map<String, Value>>,
    /// These; who is not of the organisation is left out.
    #[serde(default)]
    #[schema(value_type = Option<Vec<schema::UserId>>, max_items = 1000)]
    ids: Given<Vec<String>>,
    #[serde(default)]
    #[schema(value_type = ActionName, required)]
    action: Given<String>,
    /// Tags to add, for `retag`.
    #[serde(default)]
    #[schema(value_type = Option<Vec<schema::Tag>>, max_items = 20)]
    add_tags: Given<Vec<String>>,
    /// Tags to take away, for `retag`.
    #[serde(default)]
    #[schema(value_type = Option<Vec<schema::Tag>>, max_items = 20)]
    remove_tags: Given<Vec<String>>,
    /// Only counts.
    #[serde(default)]
    #[schema(value_type = bool, default = false)]
    dry_run: Given<bool>,
    /// How many it is about, as the dry run counted them; when there are others by now, nothing
    /// happens. Required unless `dry_run`.
    #[serde(default)]
    #[schema(value_type = Option<u64>, minimum = 0, maximum = 500_000)]
    expected_count: Given<u64>,
}

/// How many a change would be about.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct BulkCount {
    count: u64,
}

/// A change that is under way.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct BulkStarted {
    #[schema(value_type = schema::BulkId)]
    job_id: BulkId,
    /// About how many people it is.
    count: u64,
}

/// A job.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct BulkJob {
    #[schema(value_type = schema::BulkId)]
    job_id: BulkId,
    #[schema(value_type = ActionName)]
    action: &'static str,
    /// About how many people it is.
    count: u64,
    /// For how many it is done.
    done: u64,
    /// For how many it could not be done: gone meanwhile, no free seat, too many tags.
    refused: u64,
    /// When it was started.
    #[schema(value_type = Option<schema::Instant>, required)]
    started_at: Option<Timestamp>,
    /// When it ended; null while it is under way.
    #[schema(value_type = Option<schema::Instant>, required)]
    finished_at: Option<Timestamp>,
    /// Why it was given up before its end: the kind of the problem that it met again and again. What is
    /// done stays done.
    #[schema(required, max_length = 50)]
    given_up: Option<String>,
}

impl From<bulk::Bulk> for BulkJob {
    fn from(bulk: bulk::Bulk) -> Self {
        Self {
            job_id: bulk.id,
            action: bulk.action.name(),
            count: bulk.count,
            done: bulk.done,
            refused: bulk.refused,
            started_at: bulk.started_at,
            finished_at: bulk.finished_at,
            given_up: bulk.given_up,
        }
    }
}

/// What a request asks for.
struct Wanted {
    whom: Whom,
    action: BulkAction,
    /// `None` is a dry run.
    expected: Option<u64>,
}

fn read(new: NewBulk, mut form: Form) -> Result<Wanted, crate::problem::Refused> {
    let whom = whom(&mut form, new.filter, new.ids)?;
    let action = form.field("action", new.action).parse(action).required();
    let mut tags = |name, given| {
        let tags = form.field(name, given);
        tags.each(Tag::MOST_PER_ROW, texts::tag).optional()
    };
    let add = tags("add_tags", new.add_tags);
    let remove = tags("remove_tags", new.remove_tags);
    if action.is_some_and(|action| action != ActionName::Retag) {
        for (name, tags) in [("add_tags", &add), ("remove_tags", &remove)] {
            if tags.is_some() {
                form.refuse(name, "unexpected", "is only for retag");
            }
        }
    }
    let changes_nothing = |tags: &Option<Vec<Tag>>| tags.as_ref().is_none_or(Vec::is_empty);
    if action == Some(ActionName::Retag) && changes_nothing(&add) && changes_nothing(&remove) {
        form.refuse("add_tags", "required", "name a tag to add or to remove");
    }
    let is_dry = form.field("dry_run", new.dry_run).plain().set();
    let expected = form.field("expected_count", new.expected_count);
    let expected = expected.within(0..=BULK_MOST);
    let expected = if is_dry == Some(true) {
        expected.optional();
        None
    } else {
        expected.required()
    };
    form.finish(|| {
        Some(Wanted {
            whom: whom?,
            action: match action? {
                ActionName::Revoke => BulkAction::Revoke,
                ActionName::Reassign => BulkAction::Reassign,
                ActionName::Retag => BulkAction::Retag {
                    add: add.unwrap_or_default(),
                    remove: remove.unwrap_or_default(),
                },
            },
            expected,
        })
    })
}

fn whom(
    form: &mut Form,
    filter: Given<Map<String, Value>>,
    ids: Given<Vec<String>>,
) -> Result<Option<Whom>, contract::Problem> {
    let filter = form.field("filter", filter).plain().optional();
    let ids = form.field("ids", ids);
    let ids = ids.each(IDS_MOST, texts::id).optional();
    Ok(match (filter, ids) {
        (Some(map), None) => {
            let filter: FilterBody = form.open("filter.", map)?;
            Some(Whom::Filter(filter.read(form, "filter.")))
        }
        (None, Some(ids)) => Some(Whom::Ids(ids)),
        (Some(_), Some(_)) => {
            form.refuse("ids", "unexpected", "cannot be given beside a filter");
            None
        }
        (None, None) => {
            if !form.is_refused() {
                form.refuse("filter", "required", "is required, or ids");
            }
            None
        }
    })
}

/// Does one thing to many people: to all of them as they are found at this moment, as a job. A dry
/// run counts them. Reassigning more people than there are free seats is refused. For managers.
#[utoipa::path(
    post, path = "/api/v1/organisations/{organisation}/users/bulk", tag = "Bulk",
    security(("bearer" = [])),
    params(("organisation" = schema::OrganisationId, Path)),
    request_body = NewBulk,
    responses(
        (status = 200, description = "A dry run.", body = BulkCount),
        (status = 202, description = "Under way.", body = BulkStarted),
        Writing,
    ),
)]
pub(super) async fn start(at: Within, body: Body<NewBulk>) -> Answer {
    let (new, form) = body.open()?;
    let wanted = read(new, form)?;
    let (edge, cx, organisation) = (at.edge(), at.cx(), at.organisation);
    let Some(expected_count) = wanted.expected else {
        let count = wanted.whom.count(&edge.bus, cx, organisation).await?;
        return Ok(ok(&BulkCount { count }));
    };
    let staged = wanted
        .whom
        .stage(&edge.bus, cx, organisation, wanted.action);
    let start = StartBulk {
        organisation,
        bulk_id: staged.await?.id,
        expected_count,
    };
    let started = edge.bus.call(&start, &renewed(edge, cx)).await?;
    let path = at.path(format_args!("/users/bulk/{}", started.id));
    Ok(HttpResponse::Accepted()
        .insert_header((header::LOCATION, path))
        .json(BulkStarted {
            job_id: started.id,
            count: started.count,
        }))
}

/// How far a job is.
#[utoipa::path(
    get, path = "/api/v1/organisations/{organisation}/users/bulk/{job}", tag = "Bulk",
    security(("bearer" = [])),
    params(
        ("organisation" = schema::OrganisationId, Path),
        ("job" = schema::BulkId, Path),
    ),
    responses((status = 200, description = "The job.", body = BulkJob), Reading),
)]
pub(super) async fn show(at: Within) -> Answer {
    let get = GetBulk {
        organisation: at.organisation,
        bulk_id: at.id("job")?,
    };
    Ok(ok(&BulkJob::from(at.call(&get).await?)))
}
