//! Joining through an access link, by page or by program: a form comes in, messages go out.

use contract::{
    EmailAddress, Fields, Kind, Problem, Secret,
    ids::ProofId,
    links::LinkFace,
    mails::{Letter, QueueMail, proof_key},
    people::{Enrol, Enrolled, HasPassword, ProofIssued},
    seats::{Admit, Admitted, Door},
    text::PersonName,
};
use kernel::Cx;

use crate::{edge::Edge, letter, link::face, password, proof, purpose::Purpose, request::Incoming};

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
    edge.throttle.by_email(Purpose::Join, &enrol.email)?;
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
    let password = password::take(&mut fields, "password", form.password);
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

/// Whether the confirmation is queued; the seat is given either way.
async fn confirm_by_mail(
    edge: &Edge,
    cx: &Cx,
    face: &LinkFace,
    admitted: &Admitted,
    proof: ProofIssued,
) -> bool {
    let letter = Letter::JoinConfirmation {
        proof_url: proof::url(edge, &proof),
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
    letter::queue(edge, cx, mail).await
}
