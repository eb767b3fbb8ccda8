//! One change for many people, in two steps: what, then whether really; and how far it is.

use actix_web::{HttpResponse, http::header, web};
use askama::Template;
use contract::{
    Fields, Problem,
    bulk::{Bulk, BulkAction, GetBulk, StartBulk},
    ids::BulkId,
    text::Tag,
};
use serde::Deserialize;

use super::filter::Filter;
use crate::{
    bulk::Whom,
    edge::Edge,
    pages::{
        Answer,
        fields::Errors,
        frame::{Frame, Office},
        render, see, show, words,
    },
    problem::{self, Refused},
    session::Administrator,
};

pub(super) fn configure(cfg: &mut web::ServiceConfig) {
    cfg.service(web::resource("/users/bulk").route(web::post().to(stage)))
        .service(web::resource("/users/bulk/{job}").route(web::get().to(one)))
        .service(web::resource("/users/bulk/{job}/start").route(web::post().to(start)));
}

#[derive(Template)]
#[template(path = "admin/bulk.html")]
struct BulkPage {
    frame: Frame,
    office: Office,
    bulk: Bulk,
    refused: Option<String>,
}

impl BulkPage {
    /// `Revoke the seats of 3 people`.
    fn title(&self) -> String {
        let people = match self.bulk.count {
            1 => "1 person".to_owned(),
            count => format!("{count} people"),
        };
        match &self.bulk.action {
            BulkAction::Revoke => format!("Revoke the seats of {people}"),
            BulkAction::Reassign => format!("Give seats to {people}"),
            BulkAction::Retag { .. } => format!("Change the tags of {people}"),
        }
    }

    fn added(&self) -> &[Tag] {
        match &self.bulk.action {
            BulkAction::Retag { add, .. } => add,
            _ => &[],
        }
    }

    fn removed(&self) -> &[Tag] {
        match &self.bulk.action {
            BulkAction::Retag { remove, .. } => remove,
            _ => &[],
        }
    }

    fn is_revoke(&self) -> bool {
        self.bulk.action == BulkAction::Revoke
    }

    fn settled(&self) -> u64 {
        self.bulk.done + self.bulk.refused
    }

    fn left(&self) -> u64 {
        self.bulk.count.saturating_sub(self.settled())
    }
}

/// What was chosen: whom, what, with which tags. Lists are repeated fields.
async fn stage(
    edge: web::Data<Edge>,
    administrator: Administrator,
    path: web::Path<String>,
    form: web::Form<Vec<(String, String)>>,
) -> Answer {
    let office = Office::of(&administrator, &path, "users")?;
    let fields = form.into_inner();
    match staged(&edge, &office, &fields).await {
        Ok(bulk) => Ok(see(&office.path(format_args!("/users/bulk/{}", bulk.id)))),
        // What is wrong with the filters has no field here.
        Err(problem) if !problem.errors.iter().all(|error| is_choice(&error.field)) => {
            Err(problem.into())
        }
        Err(problem) => {
            let status = problem::status(&problem);
            let errors = Errors::beside_fields(problem)?;
            render(status, &BulkAgain::of(&edge, office, fields, errors))
        }
    }
}

async fn staged(
    edge: &Edge,
    office: &Office,
    fields: &[(String, String)],
) -> Result<Bulk, Problem> {
    let (whom, action) = (whom(fields)?, action(fields)?);
    let staged = whom.stage(&edge.bus, &office.cx, office.organisation, action);
    let bulk = staged.await?;
    if bulk.count == 0 {
        return Err(Problem::invalid("id", "required", "Nobody was found."));
    }
    Ok(bulk)
}

/// Whether a field stands on the page of the choice.
fn is_choice(field: &str) -> bool {
    matches!(field, "action" | "id") || field.starts_with("tags")
}

/// The choice once more, with what is wrong with it; whoever was selected still is.
#[derive(Template)]
#[template(path = "admin/bulk_again.html")]
struct BulkAgain {
    frame: Frame,
    office: Office,
    /// Who was selected, and by which filters: sent again as they are.
    kept: Vec<(String, String)>,
    selected: usize,
    action: String,
    tags: String,
    is_filtered: bool,
    errors: Errors,
}

impl BulkAgain {
    fn of(edge: &Edge, office: Office, fields: Vec<(String, String)>, errors: Errors) -> Self {
        let [action, tags, whom] =
            ["action", "tags", "whom"].map(|name| text(&fields, name).to_owned());
        let is_asked = |name: &str| matches!(name, "action" | "tags" | "whom");
        let kept = fields.into_iter().filter(|(name, _)| !is_asked(name));
        let kept: Vec<_> = kept.collect();
        Self {
            frame: Frame::of(edge),
            office,
            selected: kept.iter().filter(|(name, _)| name == "id").count(),
            kept,
            action,
            tags,
            is_filtered: whom == "filtered",
            errors,
        }
    }
}

fn text<'a>(fields: &'a [(String, String)], name: &str) -> &'a str {
    let mut named = fields.iter().filter(|(field, _)| field == name);
    named.next().map_or("", |(_, text)| text)
}

fn whom(fields: &[(String, String)]) -> Result<Whom, Problem> {
    if text(fields, "whom") == "filtered" {
        return Ok(Whom::Filter(Filter::of(fields).strict()?));
    }
    let ids = fields.iter().filter(|(field, _)| field == "id");
    let ids = ids.map(|(_, id)| id.parse());
    let ids: Result<Vec<_>, _> = ids.collect();
    match ids {
        Ok(ids) if !ids.is_empty() => Ok(Whom::Ids(ids)),
        _ => Err(Problem::invalid("id", "required", "Nobody was selected.")),
    }
}

fn action(fields: &[(String, String)]) -> Result<BulkAction, Problem> {
    let tags = || {
        let mut refused = Fields::default();
        let parts = text(fields, "tags").split([',', ';']).map(str::trim);
        let parts = parts.filter(|part| !part.is_empty());
        let tags: Option<Vec<_>> = parts
            .map(|part| refused.take("tags", Tag::parse(part)))
            .collect();
        let tags = refused.finish(|| tags)?;
        if tags.is_empty() {
            let detail = "Say which tags: separate them with commas.";
            return Err(Problem::invalid("tags", "required", detail));
        }
        Ok(tags)
    };
    let (add, remove) = match text(fields, "action") {
        "revoke" => return Ok(BulkAction::Revoke),
        "reassign" => return Ok(BulkAction::Reassign),
        "tag" => (tags()?, Vec::new()),
        "untag" => (Vec::new(), tags()?),
        _ => {
            let detail = "Choose what is to be done.";
            return Err(Problem::invalid("action", "required", detail));
        }
    };
    Ok(BulkAction::Retag { add, remove })
}

async fn find(edge: &Edge, office: &Office, job: &str) -> Result<Bulk, Refused> {
    let bulk_id = job.parse().map_err(|_| Refused::not_found())?;
    let get = GetBulk {
        organisation: office.organisation,
        bulk_id,
    };
    Ok(edge.bus.call(&get, &office.cx).await?)
}

async fn one(
    edge: web::Data<Edge>,
    administrator: Administrator,
    path: web::Path<(String, String)>,
) -> Answer {
    let (organisation, job) = path.into_inner();
    let office = Office::of(&administrator, &organisation, "users")?;
    let bulk = find(&edge, &office, &job).await?;
    let is_under_way = bulk.started_at.is_some() && bulk.finished_at.is_none();
    let mut page: HttpResponse = show(&BulkPage {
        frame: Frame::of(&edge),
        office,
        bulk,
        refused: None,
    })?;
    if is_under_way {
        // The browser looks again by itself, without a script.
        let (name, again) = (header::REFRESH, header::HeaderValue::from_static("2"));
        page.headers_mut().insert(name, again);
    }
    Ok(page)
}

#[derive(Debug, Deserialize)]
struct Sure {
    expected_count: u64,
}

async fn start(
    edge: web::Data<Edge>,
    administrator: Administrator,
    path: web::Path<(String, String)>,
    sure: web::Form<Sure>,
) -> Answer {
    let (organisation, job) = path.into_inner();
    let office = Office::of(&administrator, &organisation, "users")?;
    let bulk_id: BulkId = job.parse().map_err(|_| Refused::not_found())?;
    let start = StartBulk {
        organisation: office.organisation,
        bulk_id,
        expected_count: sure.expected_count,
    };
    let Err(problem) = edge.bus.call(&start, &office.cx).await else {
        return Ok(see(&office.path(format_args!("/users/bulk/{bulk_id}"))));
    };
    let bulk = find(&edge, &office, &job).await?;
    render(
        problem::status(&problem),
        &BulkPage {
            frame: Frame::of(&edge),
            office,
            bulk,
            refused: Some(words::refusal(&problem)),
        },
    )
}
