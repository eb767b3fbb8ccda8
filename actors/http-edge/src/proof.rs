//! A proof of an address: it is started by letter, and confirmed by link or code.

use contract::{
    EmailAddress, Fields, Kind, Problem, Secret,
    ids::ProofId,
    mails::{Letter, QueueMail, proof_key},
    people::{ConfirmProof, Evidence, ProofIssued, Proved, StartProof},
    seats::{SettleProof, Settled},
};

use crate::{edge::Edge, evenly::evenly, letter, password, purpose::Purpose, request::Incoming};

/// The page that the letter's link opens.
pub(crate) fn url(edge: &Edge, proof: &ProofIssued) -> Secret {
    Secret::new(
        edge.options
            .url(&format!("/proofs/{}", proof.token.expose())),
    )
}

/// Starts a fresh proof of an address. Answers alike, and after the same time, whether or not the
/// address has an account: only the mailbox learns it.
pub(crate) async fn start(
    edge: &Edge,
    visitor: &Incoming,
    email: &str,
) -> Result<ProofId, Problem> {
    let cx = &visitor.cx;
    let mut fields = Fields::default();
    let email = fields.take("email", EmailAddress::parse(email));
    let email = fields.finish(|| email)?;
    edge.throttle.by_ip(visitor.client)?;
    edge.throttle.by_email(Purpose::Letter, &email)?;
    evenly(async {
        let started = edge.bus.call(&StartProof { email }, cx).await?;
        if let Some(proof) = started.proof {
            let letter = Letter::Proof {
                proof_url: url(edge, &proof),
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
            letter::queue(edge, cx, mail).await;
        }
        Ok(started.id)
    })
    .await
}

/// Proves an address, then lets the seats that waited for it follow. Safe to repeat.
pub(crate) async fn confirm(
    edge: &Edge,
    visitor: &Incoming,
    evidence: Evidence,
    registrant: Option<Secret>,
    new_password: Option<String>,
) -> Result<(Proved, Vec<Settled>), Problem> {
    let mut fields = Fields::default();
    let new_password = match new_password {
        Some(text) => password::take(&mut fields, "password", text).map(Some),
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
