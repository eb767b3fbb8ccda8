//! What the API and the pages have in common about a person's own account, as `flows` is for
//! joining: a form comes in, messages go out.

use contract::{
    Call, EmailAddress, Fields, Kind, Problem, Secret,
    accounts::{
        ChangePassword, FinishAddressChange, FinishReset, NoteRefusedSignIn, PersonSession,
        SignInPerson, SignedInPerson, StartAddressChange, StartReset,
    },
    ids::ProofId,
    mails::{Letter, QueueMail, proof_key},
    people::{Evidence, ProofIssued},
    seats::{Admit, Door, SettleProof},
};

use crate::{
    edge::Edge,
    flows::{self, Joined, evenly},
    person::Person,
    request::Incoming,
};

/// Signs a person in; a malformed address is refused like an unknown one.
pub(crate) async fn sign_in(
    edge: &Edge,
    visitor: &Incoming,
    email: &str,
    password: &str,
) -> Result<PersonSession, Problem> {
    let attempt = async {
        let email = EmailAddress::parse(email);
        let email = email.map_err(|_| Problem::new(Kind::SignInRefused))?;
        if let Err(refusal) = edge.throttle.by_email(&email) {
            tell(
                edge,
                visitor,
                &email,
                &NoteRefusedSignIn {
                    email: email.clone(),
                },
            )
            .await;
            return Err(refusal);
        }
        let password = Secret::new(password);
        let sign_in = SignInPerson { email, password };
        edge.bus.call(&sign_in, &visitor.cx).await
    };
    let throttle = &edge.throttle;
    throttle
        .typed(visitor.client, Kind::SignInRefused, attempt)
        .await
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
    edge.throttle.by_email(&email)?;
    edge.throttle.by_ip(visitor.client)?;
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

/// Sets the password anew, and lets the seats follow that waited for the proof of the address.
pub(crate) async fn finish_reset(
    edge: &Edge,
    visitor: &Incoming,
    evidence: Evidence,
    new_password: String,
) -> Result<(), Problem> {
    let finish = FinishReset {
        evidence,
        new_password: chosen("new_password", new_password)?,
    };
    let finished = edge.bus.call(&finish, &visitor.cx);
    let account_id = flows::shown(edge, visitor, &finish.evidence, finished)
        .await?
        .account_id;
    let settle = SettleProof { account_id };
    edge.bus.call(&settle, &visitor.cx).await.map(drop)
}

/// Mails the new mailbox. Answers alike whether or not the new address has an account.
pub(crate) async fn start_address_change(
    edge: &Edge,
    person: &Person,
    email: &str,
    password: String,
) -> Result<ProofId, Problem> {
    let email = address("email", email)?;
    edge.throttle.by_email(&email)?;
    edge.throttle.by_email(&person.signed_in.email)?;
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

/// Changes the address, and tells the old mailbox.
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
    let changed = flows::shown(edge, visitor, &finish.evidence, changed).await?;
    let settle = SettleProof {
        account_id: person.signed_in.account_id,
    };
    edge.bus.call(&settle, person.cx()).await?;
    let notice = QueueMail {
        key: format!("address-changed:{}", visitor.cx.request_id),
        to: changed.from,
        letter: Letter::AddressChanged {
            first_name: changed.first_name,
            language: changed.language,
        },
    };
    flows::queue(edge, &visitor.cx, notice).await;
    Ok(())
}

/// Sets another password.
pub(crate) async fn change_password(
    edge: &Edge,
    person: &Person,
    password: String,
    new_password: String,
) -> Result<(), Problem> {
    edge.throttle.by_email(&person.signed_in.email)?;
    let change = ChangePassword {
        password: Secret::new(password),
        new_password: chosen("new_password", new_password)?,
        session: person.token.clone(),
    };
    edge.bus.call(&change, person.cx()).await
}

/// Uses a link with the account of whoever is signed in.
pub(crate) async fn join_as(edge: &Edge, person: &Person, token: &str) -> Result<Joined, Problem> {
    let face = flows::face(edge, &person.incoming, token).await?;
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
    let password = flows::password(&mut fields, field, password);
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
    flows::queue(edge, &visitor.cx, mail).await;
}
