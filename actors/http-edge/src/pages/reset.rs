//! An administrator forgot a password: the letter, and the page that its link opens.

use actix_web::{HttpRequest, web};
use askama::Template;
use contract::{
    EmailAddress, Fields, Problem, Secret,
    administrators::{ResetLink, StartAdministratorReset},
    mails::{Letter, QueueMail},
};
use serde::Deserialize;

use super::{Answer, fields::Errors, frame::Frame, render, show, sign_in};
use crate::{edge::Edge, evenly::evenly, letter, purpose::Purpose, request::Incoming};

pub(super) fn configure(cfg: &mut web::ServiceConfig) {
    cfg.service(
        web::resource("/admin/reset")
            .route(web::get().to(form))
            .route(web::post().to(start)),
    )
    .service(
        web::resource("/admin/reset/{token}")
            .route(web::get().to(password_form))
            .route(web::post().to(choose_password)),
    );
}

#[derive(Template)]
#[template(path = "reset.html")]
struct Reset {
    frame: Frame,
    email: String,
    errors: Errors,
}

#[derive(Template)]
#[template(path = "reset_started.html")]
struct Started {
    frame: Frame,
    email: String,
}

async fn form(edge: web::Data<Edge>) -> Answer {
    show(&Reset {
        frame: Frame::of(&edge),
        email: String::new(),
        errors: Errors::default(),
    })
}

#[derive(Deserialize)]
struct Forgotten {
    #[serde(default)]
    email: String,
}

/// Says the same, after the same time, whether or not the address is an administrator's: only the
/// mailbox learns it.
async fn start(edge: web::Data<Edge>, incoming: Incoming, form: web::Form<Forgotten>) -> Answer {
    let email = form.into_inner().email;
    let frame = Frame::of(&edge);
    match mail_link(&edge, &incoming, &email).await {
        Ok(()) => show(&Started { frame, email }),
        Err(problem) => {
            let status = crate::problem::status(&problem);
            let errors = Errors::beside_fields(problem)?;
            render(
                status,
                &Reset {
                    frame,
                    email,
                    errors,
                },
            )
        }
    }
}

async fn mail_link(edge: &Edge, visitor: &Incoming, email: &str) -> Result<(), Problem> {
    let mut fields = Fields::default();
    let email = fields.take("email", EmailAddress::parse(email));
    let email = fields.finish(|| email)?;
    edge.throttle.by_ip(visitor.client)?;
    edge.throttle.by_email(Purpose::Letter, &email)?;
    let start = StartAdministratorReset { email };
    evenly(async {
        let started = edge.bus.call(&start, &visitor.cx).await?;
        if let Some(link) = started.link {
            let ResetLink {
                email,
                token,
                language,
                ..
            } = link;
            let path = format!("/admin/reset/{}", token.expose());
            let letter = Letter::AdministratorReset {
                reset_url: Secret::new(edge.options.url(&path)),
                language,
            };
            let mail = QueueMail {
                // Every link is a new one, and so is its letter.
                key: format!("administrator-reset:{}", edge.bus.clock().ulid()),
                to: email,
                letter,
            };
            // Told to the log alone: a refusal would tell the asker that there is an administrator.
            letter::queue(edge, &visitor.cx, mail).await;
        }
        Ok(())
    })
    .await
}

/// Opening the link of a letter changes nothing: scanners open every link.
async fn password_form(
    edge: web::Data<Edge>,
    incoming: Incoming,
    token: web::Path<String>,
) -> Answer {
    sign_in::password_form(&edge, &incoming, token.into_inner(), true).await
}

async fn choose_password(
    edge: web::Data<Edge>,
    incoming: Incoming,
    token: web::Path<String>,
    form: web::Form<sign_in::Chosen>,
    request: HttpRequest,
) -> Answer {
    sign_in::choose_password(
        &edge,
        (&incoming, &request),
        token.into_inner(),
        form.into_inner(),
        true,
    )
    .await
}
