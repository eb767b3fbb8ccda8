//! API tokens: what programs of the organisation ask with.

use actix_web::{HttpRequest, http::StatusCode, web};
use askama::Template;
use contract::{
    Cursor, Fields, PageRequest, Problem, Role, Timestamp,
    text::Name,
    tokens::{CreateToken, ListTokens, RevokeToken, TokenCreated, TokenEntry},
};
use serde::Deserialize;

use super::role;
use crate::{
    edge::Edge,
    pages::{
        Answer,
        fields::{Errors, local_instant},
        frame::{Frame, Office},
        next_page, render, see, show,
    },
    problem::Refused,
    session::Administrator,
};

pub(super) fn configure(cfg: &mut web::ServiceConfig) {
    cfg.service(
        web::resource("/tokens")
            .route(web::get().to(list))
            .route(web::post().to(create)),
    )
    .service(web::resource("/tokens/{token}/revoke").route(web::post().to(revoke)));
}

/// A token and how it stands.
struct Row {
    token: TokenEntry,
    /// Words, and the colour of the badge.
    state: (&'static str, &'static str),
}

impl Row {
    fn of(token: TokenEntry, now: Timestamp) -> Self {
        let state = if token.revoked_at.is_some() {
            ("Revoked", "bad")
        } else if token.expires_at.is_some_and(|end| end <= now) {
            ("Ended", "warn")
        } else {
            ("Active", "good")
        };
        Self { token, state }
    }

    fn is_active(&self) -> bool {
        self.state.1 == "good"
    }
}

/// A token as it is typed.
#[derive(Debug, Deserialize)]
struct TokenForm {
    #[serde(default)]
    name: String,
    #[serde(default)]
    role: String,
    #[serde(default)]
    expires_at: String,
}

impl Default for TokenForm {
    fn default() -> Self {
        Self {
            name: String::new(),
            role: Role::Viewer.name().to_owned(),
            expires_at: String::new(),
        }
    }
}

#[derive(Template)]
#[template(path = "admin/tokens.html")]
struct Tokens {
    frame: Frame,
    office: Office,
    rows: Vec<Row>,
    next: Option<String>,
    name: String,
    role: String,
    expires_at: String,
    errors: Errors,
    said: Option<&'static str>,
}

/// What the address says besides the place.
#[derive(Debug, Default, Deserialize)]
struct Said {
    #[serde(default)]
    cursor: Option<String>,
    #[serde(default)]
    done: Option<String>,
}

async fn list(
    edge: web::Data<Edge>,
    administrator: Administrator,
    path: web::Path<String>,
    query: web::Query<Said>,
    request: HttpRequest,
) -> Answer {
    let office = Office::of(&administrator, &path, "tokens")?;
    let Said { cursor, done } = query.into_inner();
    let page = tokens_page(&edge, office, cursor.map(Cursor), &request).await?;
    let said = done.is_some().then_some("The token is revoked.");
    show(&Tokens { said, ..page })
}

async fn tokens_page(
    edge: &Edge,
    office: Office,
    cursor: Option<Cursor>,
    request: &HttpRequest,
) -> Result<Tokens, Problem> {
    let page = PageRequest {
        cursor,
        limit: None,
    };
    let list = ListTokens {
        organisation: Some(office.organisation),
        page,
    };
    let tokens = edge.bus.call(&list, &office.cx).await?;
    let now = edge.bus.clock().now();
    let rows = tokens.items.into_iter().map(|token| Row::of(token, now));
    let TokenForm {
        name,
        role,
        expires_at,
    } = TokenForm::default();
    Ok(Tokens {
        frame: Frame::of(edge),
        office,
        rows: rows.collect(),
        next: next_page(request, tokens.next_cursor),
        name,
        role,
        expires_at,
        errors: Errors::default(),
        said: None,
    })
}

#[derive(Template)]
#[template(path = "admin/token_made.html")]
struct Made {
    frame: Frame,
    office: Office,
    name: Name,
    token: String,
}

/// Answers with the token itself: it is kept nowhere, so there is no page to go on to.
async fn create(
    edge: web::Data<Edge>,
    administrator: Administrator,
    path: web::Path<String>,
    form: web::Form<TokenForm>,
    request: HttpRequest,
) -> Answer {
    let office = Office::of(&administrator, &path, "tokens")?;
    let TokenForm {
        name,
        role: typed,
        expires_at,
    } = form.into_inner();
    let mut fields = Fields::default();
    let (parsed, role, end) = (
        fields.take("name", Name::parse(&name)),
        role(&mut fields, &typed),
        local_instant(&mut fields, "expires_at", &expires_at),
    );
    let organisation = Some(office.organisation);
    let create = fields.finish(|| {
        Some(CreateToken {
            organisation,
            name: parsed?,
            role: role?,
            expires_at: end?,
        })
    });
    let created = match create {
        Ok(create) => edge
            .bus
            .call(&create, &office.cx)
            .await
            .map(|made| (made, create.name)),
        Err(problem) => Err(problem),
    };
    match created {
        Ok((TokenCreated { token, .. }, name)) => {
            let page = Made {
                frame: Frame::of(&edge),
                office,
                name,
                token: token.expose().to_owned(),
            };
            render(StatusCode::CREATED, &page)
        }
        Err(problem) => {
            let status = crate::problem::status(&problem);
            let errors = Errors::beside_fields(problem)?;
            let page = Tokens {
                name,
                role: typed,
                expires_at,
                errors,
                ..tokens_page(&edge, office, None, &request).await?
            };
            render(status, &page)
        }
    }
}

async fn revoke(
    edge: web::Data<Edge>,
    administrator: Administrator,
    path: web::Path<(String, String)>,
) -> Answer {
    let (organisation, token) = path.into_inner();
    let office = Office::of(&administrator, &organisation, "tokens")?;
    let id = token.parse().map_err(|_| Refused::not_found())?;
    let organisation = Some(office.organisation);
    edge.bus
        .call(&RevokeToken { organisation, id }, &office.cx)
        .await?;
    Ok(see(&office.path("/tokens?done=revoked")))
}
