//! Somebody is made an administrator, by page or by program.

use contract::{
    Problem, Secret,
    administrators::{AdministratorCreated, CreateAdministrator},
    ids::AdministratorId,
    mails::{Letter, QueueMail},
    organisations::Organisation,
};
use kernel::Cx;

use crate::{edge::Edge, letter, purpose::Purpose};

/// Somebody was made an administrator.
#[derive(Clone, Debug)]
pub(crate) struct Appointed {
    pub(crate) id: AdministratorId,
    /// Where they choose a password; `None` when they have one from another organisation.
    pub(crate) setup_url: Option<String>,
    /// Whether the letter with it is on its way.
    pub(crate) mailed: bool,
}

/// Makes somebody an administrator of `by`, and mails them where they choose a password.
pub(crate) async fn appoint(
    edge: &Edge,
    cx: &Cx,
    create: &CreateAdministrator,
    by: Organisation,
) -> Result<Appointed, Problem> {
    edge.throttle.by_email(Purpose::Appoint, &create.email)?;
    let AdministratorCreated {
        id,
        setup_token,
        is_elsewhere,
    } = edge.bus.call(create, cx).await?;
    let Some(token) = setup_token else {
        return Ok(Appointed {
            id,
            setup_url: None,
            mailed: false,
        });
    };
    let path = format!("/admin/set-up/{}", token.expose());
    let url = edge.options.url(&path);
    let (organisation, language) = (by.name, by.policies.language);
    // Whoever invites is answered alike: only the mailbox learns which of both it is.
    let letter = if is_elsewhere {
        Letter::AdministratorElsewhere {
            organisation,
            language,
        }
    } else {
        Letter::AdministratorInvite {
            organisation,
            setup_url: Secret::new(url.clone()),
            language,
        }
    };
    let mail = QueueMail {
        // Every link is a new one, and so is its letter.
        key: format!("administrator-invite:{}", edge.bus.clock().ulid()),
        to: create.email.clone(),
        letter,
    };
    let mailed = letter::queue(edge, cx, mail).await;
    Ok(Appointed {
        id,
        setup_url: Some(url),
        mailed,
    })
}
