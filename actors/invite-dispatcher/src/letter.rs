//! What a letter says: a subject, a text, and the same as HTML.

use askama::Template;
use contract::{
    mails::Letter,
    seats::Status,
    text::{Name, PersonName},
};

/// A letter in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Words {
    pub(crate) subject: String,
    pub(crate) text: String,
    pub(crate) html: String,
}

struct JoinConfirmation<'a> {
    first_name: &'a PersonName,
    organisation: &'a Name,
    /// What became of the request, as one sentence.
    outcome: &'a str,
    /// Until when the address must be proved; the day, in UTC.
    due: Option<String>,
    proof_url: &'a str,
    code: &'a str,
    product_url: Option<&'a str>,
}

#[derive(Template)]
#[template(path = "join_confirmation.txt", escape = "none")]
struct JoinConfirmationText<'a>(&'a JoinConfirmation<'a>);

#[derive(Template)]
#[template(path = "join_confirmation.html")]
struct JoinConfirmationHtml<'a>(&'a JoinConfirmation<'a>);

struct Proof<'a> {
    first_name: &'a PersonName,
    proof_url: &'a str,
    code: &'a str,
}

#[derive(Template)]
#[template(path = "proof.txt", escape = "none")]
struct ProofText<'a>(&'a Proof<'a>);

#[derive(Template)]
#[template(path = "proof.html")]
struct ProofHtml<'a>(&'a Proof<'a>);

impl Words {
    /// Puts a letter into words.
    pub(crate) fn of(letter: &Letter) -> Result<Self, askama::Error> {
        match letter {
            Letter::JoinConfirmation {
                first_name,
                organisation,
                status,
                proof_due_at,
                proof_url,
                code,
                product_url,
            } => {
                let (outcome, product_url) = match status {
                    Status::Assigned => ("Your seat is ready.", Some(product_url.as_str())),
                    Status::Held => (
                        "A seat is kept for you until you confirm your address.",
                        None,
                    ),
                    Status::Waiting | Status::Revoked => (
                        "All seats are taken at the moment. You are on the waiting list and get \
                         the next one that becomes free.",
                        None,
                    ),
                };
                let words = JoinConfirmation {
                    first_name,
                    organisation,
                    outcome,
                    due: proof_due_at.map(contract::Timestamp::date),
                    proof_url: proof_url.expose(),
                    code: code.expose(),
                    product_url,
                };
                Ok(Self {
                    subject: format!("Confirm your address for {organisation}"),
                    text: JoinConfirmationText(&words).render()?,
                    html: JoinConfirmationHtml(&words).render()?,
                })
            }
            Letter::Proof {
                first_name,
                proof_url,
                code,
            } => {
                let words = Proof {
                    first_name,
                    proof_url: proof_url.expose(),
                    code: code.expose(),
                };
                Ok(Self {
                    subject: "Confirm your e-mail address".to_owned(),
                    text: ProofText(&words).render()?,
                    html: ProofHtml(&words).render()?,
                })
            }
        }
    }
}
