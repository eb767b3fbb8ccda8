//! Access links: the list, a new one, one with everything that can be done to it.

use actix_web::{HttpRequest, HttpResponse, http::header, web};
use askama::Template;
use contract::{
    Cursor, Kind, PageRequest, Problem, Timestamp,
    bulk::Bulk,
    ids::{BulkId, LinkId},
    links::{GetLink, Link, LinkSwitch, ListLinks, RotateLink, SwitchLink, UpdateLink},
    plans::Plan,
};
use serde::Deserialize;
use serde_json::json;

use super::{link_form::LinkForm, plans_of, who::Who};
use crate::{
    edge::Edge,
    link,
    pages::{
        Answer,
        fields::Errors,
        frame::{Frame, Office},
        next_page, render, see, show,
    },
    problem::Refused,
    session::Administrator,
};

pub(super) fn configure(cfg: &mut web::ServiceConfig) {
    cfg.service(web::resource("/links").route(web::get().to(list)))
        .service(
            web::resource("/links/new")
                .route(web::get().to(new_form))
                .route(web::post().to(create)),
        )
        .service(
            web::resource("/links/{link}")
                .route(web::get().to(one))
                .route(web::post().to(update)),
        )
        .service(web::resource("/links/{link}/{action}").route(web::post().to(act)));
}

/// A link with its URL and how it stands.
struct Row {
    link: Link,
    url: String,
    /// Words, and the colour of the badge.
    state: (&'static str, &'static str),
}

impl Row {
    fn of(edge: &Edge, link: Link) -> Self {
        let url = link::url(edge, &link.token);
        let state = state(&link, edge.bus.clock().now());
        Self { link, url, state }
    }
}

fn state(link: &Link, now: Timestamp) -> (&'static str, &'static str) {
    if link.archived_at.is_some() {
        ("Deleted", "bad")
    } else if link.disabled_at.is_some() {
        ("Disabled", "bad")
    } else if link.expires_at.is_some_and(|end| end <= now) {
        ("Expired", "warn")
    } else if link.max_uses.is_some_and(|most| link.uses >= most) {
        ("Used up", "warn")
    } else {
        ("Active", "good")
    }
}

/// What the address says besides the place.
#[derive(Debug, Default, Deserialize)]
struct Said {
    #[serde(default)]
    cursor: Option<String>,
    #[serde(default)]
    copied: Option<String>,
    #[serde(default)]
    done: Option<String>,
}

impl Said {
    fn words(&self) -> Option<&'static str> {
        if self.copied.is_some() {
            return Some("The link was created and copied to your clipboard.");
        }
        match self.done.as_deref()? {
            "created" => Some("The link was created. Copy it from here."),
            "saved" => Some("Saved."),
            "later" => {
                Some("Saved. Who joined already gets the tags as soon as they can be changed.")
            }
            "rotate" => Some("The URL was replaced; the old one is dead."),
            "disable" => Some("The link is disabled."),
            "enable" => Some("The link works again."),
            "delete" => Some("The link was deleted."),
            _ => None,
        }
    }
}

#[derive(Template)]
#[template(path = "admin/links.html")]
struct Links {
    frame: Frame,
    office: Office,
    rows: Vec<Row>,
    said: Option<&'static str>,
    next: Option<String>,
}

async fn list(
    edge: web::Data<Edge>,
    administrator: Administrator,
    path: web::Path<String>,
    query: web::Query<Said>,
    request: HttpRequest,
) -> Answer {
    let office = Office::of(&administrator, &path, "links")?;
    let said = query.words();
    let cursor = query.into_inner().cursor.map(Cursor);
    let page = PageRequest {
        cursor,
        limit: None,
    };
    let list = ListLinks {
        organisation: office.organisation,
        page,
    };
    let links = edge.bus.call(&list, &office.cx).await?;
    let next = next_page(&request, links.next_cursor);
    let rows = links
        .items
        .into_iter()
        .map(|link| Row::of(&edge, link))
        .collect();
    show(&Links {
        frame: Frame::of(&edge),
        office,
        rows,
        said,
        next,
    })
}

#[derive(Template)]
#[template(path = "admin/link_new.html")]
struct NewLink {
    frame: Frame,
    office: Office,
    plans: Vec<Plan>,
    form: LinkForm,
    errors: Errors,
}

async fn new_form(
    edge: web::Data<Edge>,
    administrator: Administrator,
    path: web::Path<String>,
) -> Answer {
    let office = Office::of(&administrator, &path, "links")?;
    let plans = plans_of(&edge, &office).await?;
    let (form, errors) = (LinkForm::default(), Errors::default());
    show(&NewLink {
        frame: Frame::of(&edge),
        office,
        plans,
        form,
        errors,
    })
}

async fn create(
    edge: web::Data<Edge>,
    administrator: Administrator,
    path: web::Path<String>,
    form: web::Form<LinkForm>,
    request: HttpRequest,
) -> Answer {
    let office = Office::of(&administrator, &path, "links")?;
    let form = form.into_inner();
    let created = match form.create(office.organisation) {
        Ok(create) => edge.bus.call(&create, &office.cx).await,
        Err(problem) => Err(problem),
    };
    match created {
        Ok(link) => {
            let page = office.path(format_args!("/links/{}", link.id));
            // The script copies the URL within the click that made it.
            if wants_json(&request) {
                let url = link::url(&edge, &link.token);
                return Ok(HttpResponse::Created().json(json!({ "url": url, "page": page })));
            }
            Ok(see(&format!("{page}?done=created")))
        }
        Err(problem) => {
            let status = crate::problem::status(&problem);
            let errors = Errors::beside_fields(problem)?;
            let plans = plans_of(&edge, &office).await?;
            render(
                status,
                &NewLink {
                    frame: Frame::of(&edge),
                    office,
                    plans,
                    form,
                    errors,
                },
            )
        }
    }
}

fn wants_json(request: &HttpRequest) -> bool {
    let accept = request.headers().get(header::ACCEPT);
    accept.is_some_and(|accept| accept.as_bytes() == b"application/json")
}

#[derive(Template)]
#[template(path = "admin/link.html")]
struct OneLink {
    frame: Frame,
    office: Office,
    row: Row,
    /// Who made it.
    by: String,
    /// None: a link keeps its plan.
    plans: Vec<Plan>,
    form: LinkForm,
    errors: Errors,
    said: Option<&'static str>,
}

fn link_id(text: &str) -> Result<LinkId, Refused> {
    text.parse().map_err(|_| Refused::not_found())
}

async fn find(edge: &Edge, office: &Office, link_id: LinkId) -> Result<Link, Problem> {
    let get = GetLink {
        organisation: office.organisation,
        link_id,
    };
    edge.bus.call(&get, &office.cx).await
}

async fn maker(edge: &Edge, office: &Office, link: &Link) -> Result<String, Problem> {
    let who = Who::of(edge, office, [link.created_by.as_str()]).await?;
    Ok(who.says(&link.created_by, "a visitor"))
}

async fn one(
    edge: web::Data<Edge>,
    administrator: Administrator,
    path: web::Path<(String, String)>,
    query: web::Query<Said>,
) -> Answer {
    let (organisation, link) = path.into_inner();
    let office = Office::of(&administrator, &organisation, "links")?;
    let link = find(&edge, &office, link_id(&link)?).await?;
    let by = maker(&edge, &office, &link).await?;
    let (form, errors, said) = (LinkForm::of(&link), Errors::default(), query.words());
    let (frame, row) = (Frame::of(&edge), Row::of(&edge, link));
    show(&OneLink {
        frame,
        office,
        row,
        by,
        plans: Vec::new(),
        form,
        errors,
        said,
    })
}

async fn update(
    edge: web::Data<Edge>,
    administrator: Administrator,
    path: web::Path<(String, String)>,
    form: web::Form<LinkForm>,
) -> Answer {
    let (organisation, link) = path.into_inner();
    let office = Office::of(&administrator, &organisation, "links")?;
    let before = find(&edge, &office, link_id(&link)?).await?;
    let form = form.into_inner();
    let is_for_all = form.apply_tags == "all";
    let updated = match form.update(office.organisation, &before) {
        Ok(update) => {
            let to_all = is_for_all.then(|| BulkId::new(edge.bus.clock().ulid()));
            let update = UpdateLink { to_all, ..update };
            link::update(&edge, &office.cx, update).await
        }
        Err(problem) => Err(problem),
    };
    match updated {
        Ok((link, job)) => {
            let untold = |job: &Bulk| job.finished_at.is_none() || job.refused > 0;
            let done = if is_for_all && job.is_none() {
                "later"
            } else {
                "saved"
            };
            Ok(see(&match job.filter(untold) {
                Some(job) => office.path(format_args!("/users/bulk/{}", job.id)),
                None => office.path(format_args!("/links/{}?done={done}", link.id)),
            }))
        }
        Err(problem) => {
            let status = crate::problem::status(&problem);
            let errors = Errors::beside_fields(problem)?;
            let by = maker(&edge, &office, &before).await?;
            let (frame, row) = (Frame::of(&edge), Row::of(&edge, before));
            let page = OneLink {
                frame,
                office,
                row,
                by,
                plans: Vec::new(),
                form,
                errors,
                said: None,
            };
            render(status, &page)
        }
    }
}

async fn act(
    edge: web::Data<Edge>,
    administrator: Administrator,
    path: web::Path<(String, String, String)>,
) -> Answer {
    let (organisation, link, action) = path.into_inner();
    let office = Office::of(&administrator, &organisation, "links")?;
    let link_id = link_id(&link)?;
    let organisation = office.organisation;
    let switch = match action.as_str() {
        "rotate" => {
            edge.bus
                .call(
                    &RotateLink {
                        organisation,
                        link_id,
                    },
                    &office.cx,
                )
                .await?;
            None
        }
        "disable" => Some(LinkSwitch::Disable),
        "enable" => Some(LinkSwitch::Enable),
        "delete" => Some(LinkSwitch::Archive),
        _ => return Err(Refused(Problem::new(Kind::NotFound))),
    };
    if let Some(switch) = switch {
        edge.bus
            .call(
                &SwitchLink {
                    organisation,
                    link_id,
                    switch,
                },
                &office.cx,
            )
            .await?;
    }
    if action == "delete" {
        return Ok(see(&office.path("/links?done=delete")));
    }
    Ok(see(
        &office.path(format_args!("/links/{link_id}?done={action}"))
    ))
}
