//! What the API and the pages have in common: a form comes in, messages go out, in this order.

use std::time::Duration;

use contract::{
    EmailAddress, Fields, Kind, Problem, Secret,
    administrators::{AdministratorCreated, CreateAdministrator},
    ids::{AdministratorId, ProofId},
    links::{Link, LinkFace, ResolveLink, UpdateLink},
    mails::{Letter, QueueMail, proof_key},
    organisations::Organisation,
    people::{
        ConfirmProof, Enrol, Enrolled, Evidence, HasPassword, PASSWORD_LEAST, PASSWORD_MOST,
        ProofIssued, Proved, StartProof,
    },
    seats::{Admit, Admitted, Door, RetagLink, SettleProof, Settled},
    text::{PersonName, Tag},
};
use kernel::Cx;

use crate::{edge::Edge, request::Incoming};

/// What somebody who registers fills in.
#[derive(Clone, Default)]
pub(crate) struct JoinForm {
    pub(crate) first_name: String,
    pub(crate) last_name: String,
    pub(crate) email: String,
    pub(crate) password: String,
    pub(crate) accept_terms: bool,
}

/// Somebody joined.
#[derive(Clone, Debug)]
pub(crate) struct Joined {
    /// Through which link.
    pub(crate) face: LinkFace,
    /// What became of it.
    pub(crate) admitted: Admitted,
    /// How they are called.
    pub(crate) first_name: PersonName,
    /// Their last name.
    pub(crate) last_name: PersonName,
    /// Their address.
    pub(crate) email: EmailAddress,
    /// The proof that waits for its code; `None` when the address is proved, or a letter went out
    /// less than a minute ago.
    pub(crate) proof_id: Option<ProofId>,
    /// Whether the letter with the proof is on its way.
    pub(crate) mail_queued: bool,
    /// Whether the address is proved already.
    pub(crate) is_proved: bool,
}

/// What is behind the token of a link.
///
/// Whoever has none of a link is counted by where they come from.
pub(crate) async fn face(
    edge: &Edge,
    visitor: &Incoming,
    token: &str,
) -> Result<LinkFace, Problem> {
    let guess = |refusal| edge.throttle.guess(visitor.client, refusal);
    // Longer than any token: refused like any unknown one, without a way over the bus.
    if token.len() > 128 {
        return Err(guess(Problem::new(Kind::LinkUnknown)));
    }
    let resolve = ResolveLink {
        token: Secret::new(token),
    };
    match edge.bus.call(&resolve, &visitor.cx).await {
        Err(problem) if problem.kind == Kind::LinkUnknown => Err(guess(problem)),
        answer => answer,
    }
}

/// Registers through a link: enrol, admit, mail. Nothing is made before every field is right.
///
/// Safe to repeat: the same form gets the same account, the same seat and no second letter.
pub(crate) async fn join(
    edge: &Edge,
    visitor: &Incoming,
    token: &str,
    form: JoinForm,
    registrant: Option<Secret>,
) -> Result<Joined, Problem> {
    let cx = &visitor.cx;
    let face = face(edge, visitor, token).await?;
    let mut enrol = parse(form, registrant)?;
    edge.throttle.by_link(face.link_id)?;
    edge.throttle.by_email(&enrol.email)?;
    // A link that does not take them makes nobody, but whoever came in before it closed, or before
    // its domains changed, gets the same answer again; whether they did, the admission knows.
    let barred = barred(&face, &enrol.email);
    enrol.known_only = barred.is_some();
    let enrolled = enrol_unguessed(edge, visitor, &enrol).await;
    let enrolled = enrolled.map_err(|problem| match barred {
        Some(kind) if problem.kind == Kind::NotFound => Problem::new(kind),
        _ => problem,
    });
    let enrolled = enrolled.map_err(beside_address)?;
    let admit = Admit {
        organisation: face.organisation,
        account_id: enrolled.account_id,
        door: Door::Link {
            link_id: face.link_id,
        },
    };
    let admitted = edge.bus.call(&admit, cx).await.map_err(beside_address)?;
    let is_proved = enrolled.is_proved;
    let proof_id = enrolled.proof.as_ref().map(|proof| proof.id);
    let mail_queued = match enrolled.proof {
        Some(proof) => confirm_by_mail(edge, cx, &face, &admitted, proof).await,
        None => false,
    };
    let Enrol {
        first_name,
        last_name,
        email,
        ..
    } = enrol;
    Ok(Joined {
        face,
        admitted,
        first_name,
        last_name,
        email,
        proof_id,
        mail_queued,
        is_proved,
    })
}

/// Enrols; but where too many passwords were wrong no further one is looked at, whichever link or
/// invite somebody holds: only those go on who have none yet, so that a guesser locks no newcomer out.
pub(crate) async fn enrol_unguessed(
    edge: &Edge,
    visitor: &Incoming,
    enrol: &Enrol,
) -> Result<Enrolled, Problem> {
    let (throttle, client) = (&edge.throttle, visitor.client);
    let known = HasPassword {
        email: enrol.email.clone(),
    };
    // A link that takes nobody new tells nobody who is known.
    if throttle.is_guesser(client)
        && (enrol.known_only || edge.bus.call(&known, &visitor.cx).await?)
    {
        throttle.may_guess(client)?;
    }
    let enrolled = edge.bus.call(enrol, &visitor.cx).await;
    let is_wrong = match &enrolled {
        Err(problem) if problem.kind == Kind::AccountExists => true,
        // Somebody new at a closed link, or a wrong password there.
        Err(problem) if problem.kind == Kind::NotFound => {
            edge.bus.call(&known, &visitor.cx).await.unwrap_or(true)
        }
        _ => false,
    };
    if is_wrong {
        throttle.wrong(client);
    }
    enrolled
}

/// Why a link takes nobody new with this address.
fn barred(face: &LinkFace, email: &EmailAddress) -> Option<Kind> {
    let domains = &face.allowed_domains;
    let is_foreign = !domains.is_empty() && !domains.contains(&email.domain());
    let closed = face.closed.map(Kind::from);
    closed.or(is_foreign.then_some(Kind::DomainNotAllowed))
}

/// A refusal of the domain stands beside the address.
fn beside_address(problem: Problem) -> Problem {
    match problem.kind {
        Kind::DomainNotAllowed if problem.errors.is_empty() => {
            let (code, detail) = (problem.kind.slug(), problem.kind.title());
            problem.field("email", code, detail)
        }
        _ => problem,
    }
}

/// What is wrong with a form, for whoever refuses it already for another reason.
pub(crate) fn check(form: JoinForm) -> Result<(), Problem> {
    parse(form, None).map(drop)
}

fn parse(form: JoinForm, registrant: Option<Secret>) -> Result<Enrol, Problem> {
    let mut fields = Fields::default();
    let first_name = fields.take("first_name", PersonName::parse(&form.first_name));
    let last_name = fields.take("last_name", PersonName::parse(&form.last_name));
    let email = fields.take("email", EmailAddress::parse(&form.email));
    let password = password(&mut fields, "password", form.password);
    if !form.accept_terms {
        fields.refuse("accept_terms", "required", "must be accepted");
    }
    fields.finish(|| {
        Some(Enrol {
            first_name: first_name?,
            last_name: last_name?,
            email: email?,
            password: password?,
            registrant,
            known_only: false,
            invite: None,
        })
    })
}

/// A password of the right length.
pub(crate) fn password(fields: &mut Fields, field: &str, password: String) -> Option<Secret> {
    let length = password.chars().take(PASSWORD_MOST + 1).count();
    if length < PASSWORD_LEAST {
        let detail = format!("must have at least {PASSWORD_LEAST} characters");
        fields.refuse(field, "too-short", detail);
        return None;
    }
    if length > PASSWORD_MOST {
        let detail = format!("must have at most {PASSWORD_MOST} characters");
        fields.refuse(field, "too-long", detail);
        return None;
    }
    Some(Secret::new(password))
}

/// The page that the letter's link opens.
fn proof_url(edge: &Edge, proof: &ProofIssued) -> Secret {
    Secret::new(
        edge.options
            .url(&format!("/proofs/{}", proof.token.expose())),
    )
}

/// Whether the confirmation is queued; the seat is given either way.
async fn confirm_by_mail(
    edge: &Edge,
    cx: &Cx,
    face: &LinkFace,
    admitted: &Admitted,
    proof: ProofIssued,
) -> bool {
    let letter = Letter::JoinConfirmation {
        proof_url: proof_url(edge, &proof),
        first_name: proof.first_name,
        organisation: face.organisation_name.clone(),
        status: admitted.status,
        proof_due_at: admitted.proof_due_at,
        code: proof.code,
        product_url: face.product_url.clone(),
        language: face.policies.language.clone(),
    };
    let mail = QueueMail {
        key: proof_key(proof.id),
        to: proof.email,
        letter,
    };
    queue(edge, cx, mail).await
}

/// Queues a letter, and says whether that went well; a refusal is told to the log alone.
pub(crate) async fn queue(edge: &Edge, cx: &Cx, mail: QueueMail) -> bool {
    match edge.bus.call(&mail, cx).await {
        Ok(_) => true,
        Err(problem) => {
            tracing::warn!(request_id = %cx.request_id, %problem, "a letter was not queued");
            false
        }
    }
}

/// Starts a fresh proof of an address. Answers alike, and after the same time, whether or not the
/// address has an account: only the mailbox learns it.
pub(crate) async fn start_proof(
    edge: &Edge,
    visitor: &Incoming,
    email: &str,
) -> Result<ProofId, Problem> {
    let cx = &visitor.cx;
    let mut fields = Fields::default();
    let email = fields.take("email", EmailAddress::parse(email));
    let email = fields.finish(|| email)?;
    edge.throttle.by_email(&email)?;
    edge.throttle.by_ip(visitor.client)?;
    evenly(async {
        let started = edge.bus.call(&StartProof { email }, cx).await?;
        if let Some(proof) = started.proof {
            let letter = Letter::Proof {
                proof_url: proof_url(edge, &proof),
                first_name: proof.first_name,
                code: proof.code,
                language: proof.language,
            };
            let mail = QueueMail {
                key: proof_key(proof.id),
                to: proof.email,
                letter,
            };
            // Told to the log alone: a refusal would tell the asker that there is an account.
            queue(edge, cx, mail).await;
        }
        Ok(started.id)
    })
    .await
}

/// Longer than queueing a letter takes, so that the time does not tell whether there was one.
const EVEN_AFTER: Duration = Duration::from_millis(100);

/// Answers no sooner than [`EVEN_AFTER`], whatever there was to do.
pub(crate) async fn evenly<T>(work: impl Future<Output = T>) -> T {
    let earliest = tokio::time::sleep(EVEN_AFTER);
    let done = work.await;
    earliest.await;
    done
}

/// Proves an address, then lets the seats that waited for it follow. Safe to repeat.
pub(crate) async fn confirm_proof(
    edge: &Edge,
    visitor: &Incoming,
    evidence: Evidence,
    registrant: Option<Secret>,
    new_password: Option<String>,
) -> Result<(Proved, Vec<Settled>), Problem> {
    let mut fields = Fields::default();
    let new_password = match new_password {
        Some(text) => password(&mut fields, "password", text).map(Some),
        None => Some(None),
    };
    let new_password = fields.finish(|| new_password)?;
    let confirm = ConfirmProof {
        evidence,
        registrant,
        new_password,
    };
    let proved = edge.bus.call(&confirm, &visitor.cx);
    let proved = shown(edge, visitor, &confirm.evidence, proved).await?;
    let settle = SettleProof {
        account_id: proved.account_id,
    };
    let settled = edge.bus.call(&settle, &visitor.cx).await?;
    Ok((proved, settled))
}

/// Shows evidence of an address. A code that is wrong counts as a guess, and too many of them are not
/// looked at; a token is, whoever shows it.
pub(crate) async fn shown<T>(
    edge: &Edge,
    visitor: &Incoming,
    evidence: &Evidence,
    attempt: impl Future<Output = Result<T, Problem>>,
) -> Result<T, Problem> {
    let (throttle, client) = (&edge.throttle, visitor.client);
    match evidence {
        Evidence::Code { .. } => throttle.typed(client, Kind::ProofRefused, attempt).await,
        Evidence::Token(_) => attempt.await.map_err(|problem| match problem.kind {
            Kind::ProofRefused => throttle.guess(client, problem),
            _ => problem,
        }),
    }
}

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
    edge.throttle.by_email(&create.email)?;
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
    let mailed = queue(edge, cx, mail).await;
    Ok(Appointed {
        id,
        setup_url: Some(url),
        mailed,
    })
}

/// The URL to hand out: what the token of a link opens.
pub(crate) fn join_url(edge: &Edge, token: &Secret) -> String {
    edge.options.url(&format!("/join/{}", token.expose()))
}

/// Changes a link; `to_all` also brings the change of its tags to everybody who joined already.
/// Safe to repeat.
pub(crate) async fn update_link(
    edge: &Edge,
    cx: &Cx,
    update: UpdateLink,
    before: &Link,
    to_all: bool,
) -> Result<Link, Problem> {
    let after = edge.bus.call(&update, cx).await?;
    if to_all {
        let missing_in = |tags: &[Tag], from: &[Tag]| -> Vec<Tag> {
            from.iter()
                .filter(|tag| !tags.contains(tag))
                .cloned()
                .collect()
        };
        let retag = RetagLink {
            organisation: update.organisation,
            link_id: update.link_id,
            // All of them, not only the new ones: somebody may have joined with older tags.
            add: after.tags.clone(),
            remove: missing_in(&after.tags, &before.tags),
        };
        edge.bus.call(&retag, cx).await?;
    }
    Ok(after)
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use contract::{Kind, Problem};

    use super::{EVEN_AFTER, evenly};

    #[actix_web::test]
    async fn nothing_to_do_something_to_do_and_a_refusal_are_answered_no_sooner_than_each_other() {
        let nothing = async { Ok(()) };
        let something = async {
            tokio::time::sleep(EVEN_AFTER / 2).await;
            Ok(())
        };
        let refusal = async { Err(Problem::new(Kind::Internal)) };
        let asked = Instant::now();
        let (nothing, something, refusal) = futures_util::join!(
            timed(asked, nothing),
            timed(asked, something),
            timed(asked, refusal),
        );
        for took in [nothing, something, refusal] {
            assert!(took >= EVEN_AFTER, "{took:?}");
        }
    }

    async fn timed(
        asked: Instant,
        work: impl Future<Output = Result<(), Problem>>,
    ) -> std::time::Duration {
        let _ = evenly(work).await;
        asked.elapsed()
    }
}
