//! Those who work in the Subscription Manager: who they are, what they may do, another one.

use actix_web::{HttpRequest, http::StatusCode, web};
use askama::Template;
use contract::{
    Cursor, EmailAddress, Fields, Kind, PageRequest, Problem, Role, Timestamp,
    administrators::{
        Colleague, CreateAdministrator, ListAdministrators, RemoveAdministrator,
        UpdateAdministrator,
    },
    ids::AdministratorId,
    organisations::GetOrganisation,
};
use serde::Deserialize;

use super::role;
use crate::{
    appoint::{self, Appointed},
    edge::Edge,
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
    cfg.service(
        web::resource("/administrators")
            .route(web::get().to(list))
            .route(web::post().to(invite)),
    )
    .service(
        web::resource("/administrators/{administrator}")
            .route(web::get().to(one))
            .route(web::post().to(update)),
    )
    .service(web::resource("/administrators/{administrator}/remove").route(web::post().to(remove)));
}

/// An administrator and how their set-up stands.
struct Row {
    colleague: Colleague,
    /// Words, and the colour of the badge.
    state: (&'static str, &'static str),
    is_self: bool,
}

impl Row {
    fn of(colleague: Colleague, own: AdministratorId, now: Timestamp) -> Self {
        let state = match colleague.setup_expires_at {
            None => ("Active", "good"),
            Some(end) if end > now => ("Invited", "warn"),
            Some(_) => ("Invitation expired", "bad"),
        };
        let is_self = colleague.id == own;
        Self {
            colleague,
            state,
            is_self,
        }
    }
}

/// What the address says besides the place.
#[derive(Debug, Default, Deserialize)]
struct Said {
    #[serde(default)]
    cursor: Option<String>,
    #[serde(default)]
    done: Option<String>,
}

impl Said {
    fn words(&self) -> Option<&'static str> {
        match self.done.as_deref()? {
            "added" => Some("Added. They sign in with the password that they have."),
            "saved" => Some("Saved."),
            "removed" => Some("Removed. They are signed out."),
            _ => None,
        }
    }
}

/// Whom to invite, as it was typed.
#[derive(Debug, Default, Deserialize)]
struct Invite {
    #[serde(default)]
    email: String,
    #[serde(default)]
    role: String,
}

#[derive(Template)]
#[template(path = "admin/administrators.html")]
struct Administrators {
    frame: Frame,
    office: Office,
    rows: Vec<Row>,
    next: Option<String>,
    email: String,
    role: String,
    errors: Errors,
    said: Option<&'static str>,
}

async fn list(
    edge: web::Data<Edge>,
    administrator: Administrator,
    path: web::Path<String>,
    query: web::Query<Said>,
    request: HttpRequest,
) -> Answer {
    let office = Office::of(&administrator, &path, "administrators")?;
    let said = query.words();
    let cursor = query.into_inner().cursor.map(Cursor);
    let (colleagues, next) = page(&edge, &office, cursor, None).await?;
    let (own, now) = (
        administrator.signed_in.administrator,
        edge.bus.clock().now(),
    );
    let rows = colleagues.into_iter().map(|row| Row::of(row, own, now));
    show(&Administrators {
        frame: Frame::of(&edge),
        office,
        rows: rows.collect(),
        next: next_page(&request, next),
        email: String::new(),
        role: Role::Viewer.name().to_owned(),
        errors: Errors::default(),
        said,
    })
}

async fn page(
    edge: &Edge,
    office: &Office,
    cursor: Option<Cursor>,
    limit: Option<u32>,
) -> Result<(Vec<Colleague>, Option<Cursor>), Problem> {
    let list = ListAdministrators {
        organisation: office.organisation,
        page: PageRequest { cursor, limit },
    };
    let page = edge.bus.call(&list, &office.cx).await?;
    Ok((page.items, page.next_cursor))
}

/// One administrator; an organisation has few of them.
async fn find(edge: &Edge, office: &Office, id: AdministratorId) -> Result<Colleague, Refused> {
    let mut cursor = None;
    loop {
        let (colleagues, next) = page(edge, office, cursor, Some(PageRequest::MOST)).await?;
        if let Some(found) = colleagues.into_iter().find(|one| one.id == id) {
            return Ok(found);
        }
        cursor = Some(next.ok_or_else(Refused::not_found)?);
    }
}

#[derive(Template)]
#[template(path = "admin/administrator_invited.html")]
struct Invited {
    frame: Frame,
    office: Office,
    email: EmailAddress,
    url: String,
    mailed: bool,
}

/// Answers with the set-up link itself: it is kept nowhere, so there is no page to go on to.
async fn invite(
    edge: web::Data<Edge>,
    administrator: Administrator,
    path: web::Path<String>,
    form: web::Form<Invite>,
) -> Answer {
    let office = Office::of(&administrator, &path, "administrators")?;
    let Invite { email, role: typed } = form.into_inner();
    let mut fields = Fields::default();
    let (address, role) = (
        fields.take("email", EmailAddress::parse(&email)),
        role(&mut fields, &typed),
    );
    let organisation = office.organisation;
    let create = fields.finish(|| {
        Some(CreateAdministrator {
            organisation,
            email: address?,
            role: role?,
        })
    });
    let appointed = match create {
        Ok(create) => appoint(&edge, &office, &create)
            .await
            .map(|appointed| (create.email, appointed)),
        Err(problem) => Err(problem),
    };
    let problem = match appointed {
        Ok((
            email,
            Appointed {
                setup_url, mailed, ..
            },
        )) => {
            let Some(url) = setup_url else {
                return Ok(see(&office.path("/administrators?done=added")));
            };
            let page = Invited {
                frame: Frame::of(&edge),
                office,
                email,
                url,
                mailed,
            };
            return render(StatusCode::CREATED, &page);
        }
        Err(problem) => problem,
    };
    let status = crate::problem::status(&problem);
    let errors = Errors::beside_fields(problem)?;
    let (colleagues, _) = page(&edge, &office, None, None).await?;
    let (own, now) = (
        administrator.signed_in.administrator,
        edge.bus.clock().now(),
    );
    let rows = colleagues.into_iter().map(|row| Row::of(row, own, now));
    let page = Administrators {
        frame: Frame::of(&edge),
        office,
        rows: rows.collect(),
        next: None,
        email,
        role: typed,
        errors,
        said: None,
    };
    render(status, &page)
}

/// A conflict stands beside the address.
async fn appoint(
    edge: &Edge,
    office: &Office,
    create: &CreateAdministrator,
) -> Result<Appointed, Problem> {
    let organisation = office.organisation;
    let by = edge
        .bus
        .call(&GetOrganisation { organisation }, &office.cx)
        .await?;
    let appointed = appoint::appoint(edge, &office.cx, create, by).await;
    appointed.map_err(|problem| {
        if problem.kind != Kind::Conflict || !problem.errors.is_empty() {
            return problem;
        }
        let detail = problem.detail.clone();
        let detail = detail.unwrap_or_else(|| problem.title.clone());
        problem.field("email", "conflict", detail)
    })
}

#[derive(Template)]
#[template(path = "admin/administrator.html")]
struct OneAdministrator {
    frame: Frame,
    office: Office,
    row: Row,
    role: String,
    errors: Errors,
    /// Why they are not removed.
    refusal: Option<String>,
}

impl OneAdministrator {
    fn of(
        edge: &Edge,
        administrator: &Administrator,
        office: Office,
        colleague: Colleague,
    ) -> Self {
        let (own, now) = (
            administrator.signed_in.administrator,
            edge.bus.clock().now(),
        );
        Self {
            frame: Frame::of(edge),
            office,
            role: colleague.role.name().to_owned(),
            row: Row::of(colleague, own, now),
            errors: Errors::default(),
            refusal: None,
        }
    }
}

/// Whom the path names, for an owner who would change them.
async fn enter(
    edge: &Edge,
    administrator: &Administrator,
    path: &(String, String),
) -> Result<(Office, Colleague), Refused> {
    let office = Office::of(administrator, &path.0, "administrators")?.owned()?;
    let id = path.1.parse().map_err(|_| Refused::not_found())?;
    let colleague = find(edge, &office, id).await?;
    Ok((office, colleague))
}

async fn one(
    edge: web::Data<Edge>,
    administrator: Administrator,
    path: web::Path<(String, String)>,
) -> Answer {
    let (office, colleague) = enter(&edge, &administrator, &path).await?;
    show(&OneAdministrator::of(
        &edge,
        &administrator,
        office,
        colleague,
    ))
}

#[derive(Debug, Deserialize)]
struct Change {
    #[serde(default)]
    role: String,
}

async fn update(
    edge: web::Data<Edge>,
    administrator: Administrator,
    path: web::Path<(String, String)>,
    form: web::Form<Change>,
) -> Answer {
    let (office, colleague) = enter(&edge, &administrator, &path).await?;
    let typed = form.into_inner().role;
    let mut fields = Fields::default();
    let role = role(&mut fields, &typed);
    let (organisation, id) = (office.organisation, colleague.id);
    let update = fields.finish(|| {
        Some(UpdateAdministrator {
            organisation,
            id,
            role: role?,
        })
    });
    let updated = match update {
        Ok(update) => edge.bus.call(&update, &office.cx).await,
        Err(problem) => Err(problem),
    };
    match updated {
        Ok(_) => Ok(see(&office.path("/administrators?done=saved"))),
        Err(problem) => {
            let status = crate::problem::status(&problem);
            let errors = Errors::beside_fields(problem)?;
            let page = OneAdministrator::of(&edge, &administrator, office, colleague);
            let page = OneAdministrator {
                role: typed,
                errors,
                ..page
            };
            render(status, &page)
        }
    }
}

async fn remove(
    edge: web::Data<Edge>,
    administrator: Administrator,
    path: web::Path<(String, String)>,
) -> Answer {
    let (office, colleague) = enter(&edge, &administrator, &path).await?;
    let (organisation, id) = (office.organisation, colleague.id);
    let remove = RemoveAdministrator { organisation, id };
    match edge.bus.call(&remove, &office.cx).await {
        // Who removed themself has nothing to see here any more.
        Ok(()) if id == administrator.signed_in.administrator => Ok(see("/admin")),
        Ok(()) => Ok(see(&office.path("/administrators?done=removed"))),
        Err(problem) => {
            let status = crate::problem::status(&problem);
            let why = Errors::beside_fields(problem)?.of("role").to_owned();
            let page = OneAdministrator::of(&edge, &administrator, office, colleague);
            let refusal = Some(why);
            render(status, &OneAdministrator { refusal, ..page })
        }
    }
}
