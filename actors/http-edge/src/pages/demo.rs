//! What only the demo shows: its mailbox, and a page that stands for the product.

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{self, HeaderValue},
    web,
};
use askama::Template;
use contract::{
    Cursor, PageRequest, Principal,
    mails::{KeptMail, KeptMailText, ListKeptMails, ReadKeptMail},
};
use kernel::Cx;
use serde::Deserialize;

use super::{Answer, frame::Frame, next_page, show};
use crate::{edge::Edge, problem::Refused, request::Incoming};

pub(super) fn configure(cfg: &mut web::ServiceConfig) {
    cfg.service(web::resource("/demo/mail").route(web::get().to(list)))
        .service(web::resource("/demo/mail/{mail}").route(web::get().to(one)))
        .service(web::resource("/demo/mail/{mail}/html").route(web::get().to(html)))
        .service(web::resource("/demo/product").route(web::get().to(product)));
}

/// The request on the operator's behalf, in the demo only.
fn operator(edge: &Edge, incoming: &Incoming) -> Result<Cx, Refused> {
    if edge.options.is_demo {
        return Ok(incoming.cx.on_behalf_of(Principal::Operator, None));
    }
    Err(Refused::not_found())
}

#[derive(Template)]
#[template(path = "demo_mail.html")]
struct Mailbox {
    frame: Frame,
    mails: Vec<KeptMail>,
    next: Option<String>,
}

#[derive(Deserialize)]
struct Place {
    #[serde(default)]
    cursor: Option<String>,
}

async fn list(
    edge: web::Data<Edge>,
    incoming: Incoming,
    place: web::Query<Place>,
    request: HttpRequest,
) -> Answer {
    let cx = operator(&edge, &incoming)?;
    let page = PageRequest {
        cursor: place.into_inner().cursor.map(Cursor),
        limit: None,
    };
    let mails = edge.bus.call(&ListKeptMails { page }, &cx).await?;
    let next = next_page(&request, mails.next_cursor);
    show(&Mailbox {
        frame: Frame::of(&edge),
        mails: mails.items,
        next,
    })
}

async fn read(edge: &Edge, incoming: &Incoming, mail: &str) -> Result<KeptMailText, Refused> {
    let cx = operator(edge, incoming)?;
    let id = mail.parse().map_err(|_| Refused::not_found())?;
    Ok(edge.bus.call(&ReadKeptMail { id }, &cx).await?)
}

#[derive(Template)]
#[template(path = "demo_letter.html")]
struct Letter {
    frame: Frame,
    kept: KeptMailText,
}

async fn one(edge: web::Data<Edge>, incoming: Incoming, mail: web::Path<String>) -> Answer {
    let kept = read(&edge, &incoming, &mail).await?;
    show(&Letter {
        frame: Frame::of(&edge),
        kept,
    })
}

/// A letter has its style in itself, so it gets a policy of its own, in a sandboxed frame.
async fn html(edge: web::Data<Edge>, incoming: Incoming, mail: web::Path<String>) -> Answer {
    let kept = read(&edge, &incoming, &mail).await?;
    let policy = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'";
    Ok(HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .insert_header((
            header::CONTENT_SECURITY_POLICY,
            HeaderValue::from_static(policy),
        ))
        .body(kept.html.replace("<head>", "<head><base target=\"_top\">")))
}

#[derive(Template)]
#[template(path = "demo_product.html")]
struct Product {
    frame: Frame,
}

async fn product(edge: web::Data<Edge>) -> Answer {
    if edge.options.is_demo {
        return show(&Product {
            frame: Frame::of(&edge),
        });
    }
    Err(Refused::not_found())
}
