//! What a letter says: a subject, a text, and the same as HTML.

use askama::Template;
use contract::{
    Timestamp,
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
    greeting: String,
    organisation: &'a Name,
    /// What became of the request, as one sentence.
    outcome: &'a str,
    /// What follows when nobody confirms.
    otherwise: &'a str,
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
    greeting: String,
    url: &'a str,
    code: &'a str,
}

#[derive(Template)]
#[template(path = "proof.txt", escape = "none")]
struct ProofText<'a>(&'a Proof<'a>);

#[derive(Template)]
#[template(path = "proof.html")]
struct ProofHtml<'a>(&'a Proof<'a>);

/// How a letter begins. Anybody can type anything as the name of anybody's mailbox: what a mail
/// program would make a link of is left out.
fn greeting(first_name: &PersonName) -> String {
    let name = first_name.as_str();
    let is_host = |after: &str| {
        let two = after.chars().take(2);
        two.filter(|character| character.is_alphanumeric()).count() == 2
    };
    let is_link = name.contains(['/', '\\', '@', ':']) || name.split('.').skip(1).any(is_host);
    if is_link {
        "Hello,".to_owned()
    } else {
        format!("Hello {name},")
    }
}

/// A day as people write it, `1 December 2026`, in UTC.
fn day(at: Timestamp) -> String {
    const MONTHS: [&str; 12] = [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ];
    let date = at.date();
    let mut parts = date.split('-').map(|part| part.trim_start_matches('0'));
    let (year, month, day) = (parts.next(), parts.next(), parts.next());
    let month = month.and_then(|month| month.parse::<usize>().ok());
    let month = month.and_then(|month| MONTHS.get(month.checked_sub(1)?));
    match (year, month, day) {
        (Some(year), Some(month), Some(day)) => format!("{day} {month} {year}"),
        _ => date,
    }
}

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
                        "A seat is held for you. It is yours as soon as you confirm your address.",
                        None,
                    ),
                    Status::Waiting | Status::Revoked => (
                        "All seats are taken at the moment. You are on the waiting list and get \
                         the next one that becomes free.",
                        None,
                    ),
                };
                let otherwise = match status {
                    Status::Assigned | Status::Held => {
                        "without a confirmation the seat goes back, and nobody can use your address."
                    }
                    Status::Waiting | Status::Revoked => {
                        "without a confirmation nobody can use your address."
                    }
                };
                let words = JoinConfirmation {
                    greeting: greeting(first_name),
                    organisation,
                    outcome,
                    otherwise,
                    due: proof_due_at.map(day),
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
                    greeting: greeting(first_name),
                    url: proof_url.expose(),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_written_out() {
        let day = |days| day(Timestamp::from_micros(0).plus_days(days));
        assert_eq!(day(0), "1 January 1970");
        assert_eq!(day(20_788), "1 December 2026");
    }

    #[test]
    fn a_name_is_greeted_and_an_advertisement_is_not() {
        let greeted = |name: &str| greeting(&PersonName::parse(name).unwrap());
        for name in ["Ann", "J. R.", "J.R.", "Anne-Marie O'Neil", "名前"] {
            assert_eq!(greeted(name), format!("Hello {name},"));
        }
        for name in ["win at casino.example", "https:evil", "evil.co/x", "x@evil"] {
            assert_eq!(greeted(name), "Hello,", "{name}");
        }
    }
}
