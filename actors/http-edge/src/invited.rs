//! The second door, from the side of whoever was invited: look, accept, decline, want no more.

use contract::{
    EmailAddress, Fields, Kind, Problem, Secret,
    accounts::SignedInPerson,
    invites::{DeclineInvite, InviteFace, Life, ResolveInvite, Ticket},
    people::Enrol,
    seats::{Admit, Admitted, Door, SettleProof},
    suppressions::{ResolveUnsubscribe, Unsubscribe, UnsubscribeFace, UnsubscribeScope},
    text::PersonName,
};

use crate::{edge::Edge, join, password, person::Person, purpose::Purpose, request::Incoming};

/// What somebody who accepts fills in; the address is the invited one.
#[derive(Clone, Default)]
pub(crate) struct AcceptForm {
    pub(crate) first_name: String,
    pub(crate) last_name: String,
    pub(crate) password: String,
    pub(crate) accept_terms: bool,
}

/// Somebody accepted.
#[derive(Clone, Debug)]
pub(crate) struct Accepted {
    pub(crate) face: InviteFace,
    pub(crate) admitted: Admitted,
    pub(crate) first_name: PersonName,
    pub(crate) last_name: PersonName,
    /// The address that accepts.
    pub(crate) email: EmailAddress,
}

/// The longest token that is looked up.
const TOKEN_MOST: usize = 128;

/// What is behind an invite. Whoever holds none is counted by where they come from; a code that is
/// typed is not even looked at after too many from there that were wrong.
pub(crate) async fn face(
    edge: &Edge,
    visitor: &Incoming,
    ticket: Ticket,
) -> Result<InviteFace, Problem> {
    let resolve = ResolveInvite { ticket };
    let (throttle, client) = (&edge.throttle, visitor.client);
    match &resolve.ticket {
        Ticket::Code { email, .. } => {
            let attempt = async {
                throttle.by_email(Purpose::Code, email)?;
                edge.bus.call(&resolve, &visitor.cx).await
            };
            throttle.typed(client, Kind::InviteUnknown, attempt).await
        }
        Ticket::Token(token) if token.expose().len() > TOKEN_MOST => {
            Err(throttle.guess(client, Problem::new(Kind::InviteUnknown)))
        }
        Ticket::Token(_) => {
            let answer = edge.bus.call(&resolve, &visitor.cx).await;
            counted(edge, visitor, answer)
        }
    }
}

/// What is behind the address and the code that somebody typed.
pub(crate) async fn by_code(
    edge: &Edge,
    visitor: &Incoming,
    email: &str,
    code: &str,
) -> Result<InviteFace, Problem> {
    let mut fields = Fields::default();
    let email = fields.take("email", EmailAddress::parse(email));
    let code: String = code.chars().take(64).collect();
    if code.trim().is_empty() {
        fields.refuse("code", "required", "is needed");
    }
    let email = fields.finish(|| email)?;
    let code = Secret::new(code);
    face(edge, visitor, Ticket::Code { email, code }).await
}

/// Accepts with a new account, or with the password of the one that the address has: enrol, admit.
/// The invite proves the address. Safe to repeat.
pub(crate) async fn accept(
    edge: &Edge,
    visitor: &Incoming,
    token: &str,
    form: AcceptForm,
    registrant: Option<Secret>,
) -> Result<Accepted, Problem> {
    let face = face(edge, visitor, Ticket::Token(Secret::new(token))).await?;
    let enrol = parse(&face, form, registrant)?;
    edge.throttle.by_email(Purpose::Join, &face.email)?;
    // Nobody gets an account by an invite that gives no place; whoever accepted it gets the same
    // answer again, and the admission knows whether they did.
    let enrol = Enrol {
        known_only: !matches!(face.life, Life::Pending | Life::Declined),
        ..enrol
    };
    let enrolled = join::enrol_unguessed(edge, visitor, &enrol).await;
    let enrolled = enrolled.map_err(|problem| match closed(face.life) {
        Some(kind) if problem.kind == Kind::NotFound => Problem::new(kind),
        _ => problem,
    })?;
    let admit = Admit {
        organisation: face.organisation,
        account_id: enrolled.account_id,
        door: Door::Invite { invite_id: face.id },
    };
    let admitted = edge.bus.call(&admit, &visitor.cx).await?;
    // They may have had other places that waited for the proof which the invite is.
    let settle = SettleProof {
        account_id: enrolled.account_id,
    };
    edge.bus.call(&settle, &visitor.cx).await?;
    Ok(Accepted {
        face,
        admitted,
        first_name: enrol.first_name,
        last_name: enrol.last_name,
        email: enrol.email,
    })
}

/// Accepts with the account that is signed in. Not where its own address is yet to be proved:
/// whoever set its password up need not be whoever was invited, and the form makes that sure.
pub(crate) async fn accept_as(
    edge: &Edge,
    person: &Person,
    token: &str,
) -> Result<Accepted, Problem> {
    let face = face(edge, &person.incoming, Ticket::Token(Secret::new(token))).await?;
    if !may_accept_as(&face, &person.signed_in) {
        return Err(for_another(&face, &person.signed_in));
    }
    let admit = Admit {
        organisation: face.organisation,
        account_id: person.signed_in.account_id,
        door: Door::Invite { invite_id: face.id },
    };
    let admitted = edge.bus.call(&admit, person.cx()).await;
    let admitted = admitted.map_err(|problem| match problem.kind {
        Kind::InviteForAnother => for_another(&face, &person.signed_in),
        _ => problem,
    })?;
    Ok(Accepted {
        face,
        admitted,
        first_name: person.signed_in.first_name.clone(),
        last_name: person.signed_in.last_name.clone(),
        email: person.signed_in.email.clone(),
    })
}

/// Why somebody who is signed in does not accept with that account: which address it is for, as far as
/// that is told to somebody else.
fn for_another(face: &InviteFace, person: &SignedInPerson) -> Problem {
    let detail = if face.email.key() == person.email.key() {
        "The address of your account is not confirmed yet.".to_owned()
    } else {
        let SignedInPerson { email, .. } = person;
        let invited = face.email.masked();
        format!("It is for {invited}, and you are signed in as {email}.")
    };
    Problem::new(Kind::InviteForAnother).detail(detail)
}

/// Refuses to accept by the form where somebody else is signed in: they have to sign out first, or
/// accept as themself.
pub(crate) fn refuse_another(face: &InviteFace, person: &SignedInPerson) -> Result<(), Problem> {
    if closed(face.life).is_none() && face.email.key() != person.email.key() {
        return Err(for_another(face, person));
    }
    Ok(())
}

/// Whether somebody who is signed in may accept with that account, as far as the edge knows.
pub(crate) fn may_accept_as(face: &InviteFace, person: &SignedInPerson) -> bool {
    if face.email.key() == person.email.key() {
        return person.is_proved;
    }
    let domains = &face.allowed_domains;
    face.is_lenient && (domains.is_empty() || domains.contains(&person.email.domain()))
}

/// Why an invite cannot be accepted.
pub(crate) const fn closed(life: Life) -> Option<Kind> {
    match life {
        Life::Pending | Life::Declined => None,
        Life::Accepted => Some(Kind::InviteUsed),
        Life::Cancelled => Some(Kind::InviteCancelled),
        Life::Expired => Some(Kind::InviteExpired),
    }
}

/// What is wrong with a form, for whoever refuses it already for another reason.
pub(crate) fn check(face: &InviteFace, form: AcceptForm) -> Result<(), Problem> {
    parse(face, form, None).map(drop)
}

fn parse(
    face: &InviteFace,
    form: AcceptForm,
    registrant: Option<Secret>,
) -> Result<Enrol, Problem> {
    let mut fields = Fields::default();
    let first_name = fields.take("first_name", PersonName::parse(&form.first_name));
    let last_name = fields.take("last_name", PersonName::parse(&form.last_name));
    let password = password::take(&mut fields, "password", form.password);
    if !form.accept_terms {
        fields.refuse("accept_terms", "required", "must be accepted");
    }
    fields.finish(|| {
        Some(Enrol {
            first_name: first_name?,
            last_name: last_name?,
            email: face.email.clone(),
            password: password?,
            registrant,
            known_only: false,
            invite: Some(face.id),
        })
    })
}

/// Wants no reminder.
pub(crate) async fn decline(edge: &Edge, visitor: &Incoming, token: &str) -> Result<(), Problem> {
    let token = bounded(edge, visitor, token)?;
    counted(
        edge,
        visitor,
        edge.bus.call(&DeclineInvite { token }, &visitor.cx).await,
    )
}

/// Whose mail it was, for whoever wants no more.
pub(crate) async fn unsubscribing(
    edge: &Edge,
    visitor: &Incoming,
    token: &str,
) -> Result<UnsubscribeFace, Problem> {
    let token = bounded(edge, visitor, token)?;
    let resolve = ResolveUnsubscribe { token };
    counted(edge, visitor, edge.bus.call(&resolve, &visitor.cx).await)
}

/// Wants no more.
pub(crate) async fn unsubscribe(
    edge: &Edge,
    visitor: &Incoming,
    token: &str,
    scope: UnsubscribeScope,
) -> Result<UnsubscribeFace, Problem> {
    let token = bounded(edge, visitor, token)?;
    let unsubscribe = Unsubscribe { token, scope };
    counted(
        edge,
        visitor,
        edge.bus.call(&unsubscribe, &visitor.cx).await,
    )
}

fn bounded(edge: &Edge, visitor: &Incoming, token: &str) -> Result<Secret, Problem> {
    if token.len() > TOKEN_MOST {
        let unknown = Problem::new(Kind::InviteUnknown);
        return Err(edge.throttle.guess(visitor.client, unknown));
    }
    Ok(Secret::new(token))
}

/// An answer to a token; a refusal counts as a guess.
fn counted<T>(edge: &Edge, visitor: &Incoming, answer: Result<T, Problem>) -> Result<T, Problem> {
    answer.map_err(|problem| match problem.kind {
        Kind::InviteUnknown => edge.throttle.guess(visitor.client, problem),
        _ => problem,
    })
}
