//! What the API and the pages have in common about a person's own account, as `join` is for
//! joining: a form comes in, messages go out.

use contract::{
    Call, EmailAddress, Fields, Kind, Problem, Secret,
    accounts::{
        ChangePassword, FinishAddressChange, FinishReset, NoteRefusedSignIn, PersonSession,
        ResolveReset, SignInPerson, SignedInPerson, StartAddressChange, StartReset,
    },
    ids::{AccountId, ProofId},
    mails::{Letter, QueueMail, proof_key},
    people::{Evidence, ProofIssued},
    seats::{Admit, Door, SettleProof},
};
use kernel::Cx;

use crate::{
    edge::Edge,
    evenly::evenly,
    join::Joined,
    letter, link, password,
    person::Person,
    proof,
    purpose::{Purpose, SignIn},
    request::Incoming,
};

/// Signs a person in; a malformed address is refused like an unknown one.
pub(crate) async fn sign_in(
    edge: &Edge,
    visitor: &Incoming,
    email: &str,
    password: &str,
) -> Result<PersonSession, Problem> {
    let throttle = &edge.throttle;
    let email = EmailAddress::parse(email).ok();
    let attempt = async {
        let email = email.clone();
        let email = email.ok_or_else(|| Problem::new(Kind::SignInRefused))?;
        if let Err(refusal) = throttle.by_sign_in(SignIn::Person, &email, visitor.client) {
            tell_refused(edge, visitor, &email).await;
            return Err(refusal);
        }
        let password = Secret::new(password);
        let sign_in = SignInPerson { email, password };
        edge.bus.call(&sign_in, &visitor.cx).await
    };
    let attempt = throttle.typed(visitor.client, Kind::SignInRefused, attempt);
    let answer = attempt.await;
    // Guesses from many networks are too few from each to be stopped there.
    if let (Err(problem), Some(email)) = (&answer, &email)
        && problem.kind == Kind::SignInRefused
    {
        tell_refused(edge, visitor, email).await;
    }
    answer
}

async fn tell_refused(edge: &Edge, visitor: &Incoming, email: &EmailAddress) {
    let email = email.clone();
    let note = NoteRefusedSignIn { email };
    tell(edge, visitor, &note.email, &note).await;
}

/// Has the trail tell of a refused sign-in: of each address seldom, and after the same time whether or
/// not it is somebody's.
pub(crate) async fn tell<M: Call<Reply = ()>>(
    edge: &Edge,
    visitor: &Incoming,
    email: &EmailAddress,
    note: &M,
) {
    if !edge.throttle.may_tell(M::SUBJECT, email) {
        return;
    }
    if let Err(problem) = evenly(edge.bus.call(note, &visitor.cx)).await {
        tracing::warn!(?problem, "a refused sign-in is not in the audit trail");
    }
}

/// Mails what a password is set anew with. Answers alike, and after the same time, whether or not
/// the address has an account: only the mailbox learns it.
pub(crate) async fn start_reset(
    edge: &Edge,
    visitor: &Incoming,
    email: &str,
) -> Result<ProofId, Problem> {
    let email = address("email", email)?;
    edge.throttle.by_ip(visitor.client)?;
    edge.throttle.by_email(Purpose::Letter, &email)?;
    evenly(async {
        let started = edge.bus.call(&StartReset { email }, &visitor.cx).await?;
        if let Some(proof) = started.proof {
            let reset_url = url(edge, "/reset/", &proof);
            let letter = Letter::PasswordReset {
                first_name: proof.first_name,
                reset_url,
                code: proof.code,
                language: proof.language,
            };
            mail(edge, visitor, proof.id, proof.email, letter).await;
        }
        Ok(started.id)
    })
    .await
}

/// Whose password the link of a letter sets. Opening it is no guess: whatever scans letters opens used ones.
pub(crate) async fn reset_for(
    edge: &Edge,
    visitor: &Incoming,
    token: Secret,
) -> Result<EmailAddress, Problem> {
    let resolved = edge.bus.call(&ResolveReset { token }, &visitor.cx).await?;
    Ok(resolved.email)
}

/// Sets the password anew, and lets the seats follow that waited for the proof of the address. Answers the
/// session that begins, unless people of an earlier release began none.
pub(crate) async fn finish_reset(
    edge: &Edge,
    visitor: &Incoming,
    evidence: Evidence,
    new_password: String,
) -> Result<Option<PersonSession>, Problem> {
    let finish = FinishReset {
        evidence,
        new_password: chosen("new_password", new_password)?,
    };
    let finished = edge.bus.call(&finish, &visitor.cx);
    let reset = proof::shown(edge, visitor, &finish.evidence, finished).await?;
    settle(edge, &visitor.cx, reset.proved.account_id).await;
    Ok(reset.session)
}

/// Lets the seats follow that waited for an address. What is proved is proved, though they do not answer:
/// they find out by themselves within 75 seconds.
async fn settle(edge: &Edge, cx: &Cx, account_id: AccountId) {
    if let Err(problem) = edge.bus.call(&SettleProof { account_id }, cx).await {
        tracing::warn!(request_id = %cx.request_id, %problem, "seats were not told of a proof");
    }
}

/// Mails the new mailbox. Answers alike whether or not the new address has an account.
pub(crate) async fn start_address_change(
    edge: &Edge,
    person: &Person,
    email: &str,
    password: String,
) -> Result<ProofId, Problem> {
    let email = address("email", email)?;
    edge.throttle
        .by_email(Purpose::Password, &person.signed_in.email)?;
    edge.throttle.by_email(Purpose::Letter, &email)?;
    let start = StartAddressChange {
        email,
        password: Secret::new(password),
    };
    evenly(async {
        let started = edge.bus.call(&start, person.cx()).await?;
        if let Some(proof) = started.proof {
            let change_url = url(edge, "/account/address/", &proof);
            let letter = Letter::AddressChange {
                first_name: proof.first_name,
                change_url,
                code: proof.code,
                language: proof.language,
            };
            mail(edge, &person.incoming, proof.id, proof.email, letter).await;
        }
        Ok(started.id)
    })
    .await
}

/// Changes the address. That the old mailbox is told is on record with the change, unless people of an
/// earlier release made it.
pub(crate) async fn finish_address_change(
    edge: &Edge,
    person: &Person,
    evidence: Evidence,
) -> Result<(), Problem> {
    let finish = FinishAddressChange {
        evidence,
        session: person.token.clone(),
    };
    let visitor = &person.incoming;
    let changed = edge.bus.call(&finish, person.cx());
    let changed = proof::shown(edge, visitor, &finish.evidence, changed).await?;
    if !changed.is_noted {
        let notice = QueueMail {
            key: format!("address-changed:{}", visitor.cx.request_id),
            to: changed.from,
            letter: Letter::AddressChanged {
                first_name: changed.first_name,
                language: changed.language,
            },
        };
        letter::queue(edge, &visitor.cx, notice).await;
    }
    settle(edge, person.cx(), person.signed_in.account_id).await;
    Ok(())
}

/// Sets another password.
pub(crate) async fn change_password(
    edge: &Edge,
    person: &Person,
    password: String,
    new_password: String,
) -> Result<(), Problem> {
    edge.throttle
        .by_email(Purpose::Password, &person.signed_in.email)?;
    let change = ChangePassword {
        password: Secret::new(password),
        new_password: chosen("new_password", new_password)?,
        session: person.token.clone(),
    };
    edge.bus.call(&change, person.cx()).await
}

/// Uses a link with the account of whoever is signed in.
pub(crate) async fn join_as(edge: &Edge, person: &Person, token: &str) -> Result<Joined, Problem> {
    let face = link::face(edge, &person.incoming, token).await?;
    edge.throttle.by_link(face.link_id)?;
    // A closed link admits nobody, but whoever has a place is told of it: the admission knows.
    let SignedInPerson {
        account_id,
        first_name,
        last_name,
        email,
        is_proved,
    } = person.signed_in.clone();
    let admit = Admit {
        organisation: face.organisation,
        account_id,
        door: Door::Link {
            link_id: face.link_id,
        },
    };
    let admitted = edge.bus.call(&admit, person.cx()).await?;
    Ok(Joined {
        face,
        admitted,
        first_name,
        last_name,
        email,
        proof_id: None,
        mail_queued: false,
        is_proved,
    })
}

/// What somebody typed as a code.
pub(crate) fn digits(code: &str) -> Secret {
    let digits: String = code
        .chars()
        .filter(|c| !c.is_whitespace())
        .take(16)
        .collect();
    Secret::new(digits)
}

fn address(field: &str, text: &str) -> Result<EmailAddress, Problem> {
    let mut fields = Fields::default();
    let email = fields.take(field, EmailAddress::parse(text));
    fields.finish(|| email)
}

fn chosen(field: &str, password: String) -> Result<Secret, Problem> {
    let mut fields = Fields::default();
    let password = password::take(&mut fields, field, password);
    fields.finish(|| password)
}

/// The page that the letter's link opens.
fn url(edge: &Edge, path: &str, proof: &ProofIssued) -> Secret {
    let path = format!("{path}{}", proof.token.expose());
    Secret::new(edge.options.url(&path))
}

async fn mail(edge: &Edge, visitor: &Incoming, proof: ProofId, to: EmailAddress, letter: Letter) {
    let mail = QueueMail {
        key: proof_key(proof),
        to,
        letter,
    };
    // Told to the log alone: a refusal would tell the asker that there is an account.
    letter::queue(edge, &visitor.cx, mail).await;
}
