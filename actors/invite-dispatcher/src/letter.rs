//! What a letter says: a subject, a text, and the same as HTML.

use askama::Template;
use contract::{
    Secret, Timestamp,
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

/// A letter that asks for one thing: a button, and where it is used a code.
struct Request<'a> {
    title: String,
    greeting: String,
    /// What is asked for, without a full stop.
    asks: String,
    button: &'a str,
    url: &'a str,
    /// Good for ten minutes.
    code: Option<&'a str>,
    /// What follows when it was not them, and how long the link is good.
    otherwise: &'a str,
}

#[derive(Template)]
#[template(path = "request.txt", escape = "none")]
struct RequestText<'a>(&'a Request<'a>);

#[derive(Template)]
#[template(path = "request.html")]
struct RequestHtml<'a>(&'a Request<'a>);

impl Request<'_> {
    fn words(self) -> Result<Words, askama::Error> {
        Ok(Words {
            text: RequestText(&self).render()?,
            html: RequestHtml(&self).render()?,
            subject: self.title,
        })
    }
}

/// A letter that only tells something.
struct Notice<'a> {
    title: &'a str,
    greeting: String,
    tells: &'a str,
}

#[derive(Template)]
#[template(path = "notice.txt", escape = "none")]
struct NoticeText<'a>(&'a Notice<'a>);

#[derive(Template)]
#[template(path = "notice.html")]
struct NoticeHtml<'a>(&'a Notice<'a>);

/// For whom no name is known.
const HELLO: &str = "Hello,";

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
        HELLO.to_owned()
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
            } => proof(first_name, proof_url, code).words(),
            Letter::PasswordReset {
                first_name,
                reset_url,
                code,
            } => password_reset(first_name, reset_url, code).words(),
            Letter::AddressChange {
                first_name,
                change_url,
                code,
            } => address_change(first_name, change_url, code).words(),
            Letter::AddressChanged { first_name } => address_changed(first_name),
            Letter::AdministratorInvite {
                organisation,
                setup_url,
            } => administrator_invite(organisation, setup_url).words(),
            Letter::AdministratorReset { reset_url } => administrator_reset(reset_url).words(),
        }
    }
}

fn proof<'a>(first_name: &PersonName, url: &'a Secret, code: &'a Secret) -> Request<'a> {
    Request {
        title: "Confirm your e-mail address".to_owned(),
        greeting: greeting(first_name),
        asks: "Please confirm that this is your address".to_owned(),
        button: "Confirm my address",
        url: url.expose(),
        code: Some(code.expose()),
        otherwise: "If you did not ask for this, do nothing.",
    }
}

fn password_reset<'a>(first_name: &PersonName, url: &'a Secret, code: &'a Secret) -> Request<'a> {
    let asks =
        "Somebody, we hope you, asked for a new password for your account. Please choose one";
    Request {
        title: "Choose a new password".to_owned(),
        greeting: greeting(first_name),
        asks: asks.to_owned(),
        button: "Choose a new password",
        url: url.expose(),
        code: Some(code.expose()),
        otherwise: "The link is good for one hour. If you did not ask for this, do nothing: your \
                    password stays as it is.",
    }
}

fn address_change<'a>(first_name: &PersonName, url: &'a Secret, code: &'a Secret) -> Request<'a> {
    let asks = "Please confirm that your account is to have this address. You must be signed in";
    Request {
        title: "Confirm your new address".to_owned(),
        greeting: greeting(first_name),
        asks: asks.to_owned(),
        button: "Confirm this address",
        url: url.expose(),
        code: Some(code.expose()),
        otherwise: "The link is good for one hour. If you did not ask for this, do nothing.",
    }
}

fn address_changed(first_name: &PersonName) -> Result<Words, askama::Error> {
    let notice = Notice {
        title: "Your account has another address",
        greeting: greeting(first_name),
        tells: "From now on, letters about your account go to another address, which was \
                confirmed. If that was not you, please tell whoever gave you access.",
    };
    Ok(Words {
        subject: notice.title.to_owned(),
        text: NoticeText(&notice).render()?,
        html: NoticeHtml(&notice).render()?,
    })
}

fn administrator_invite<'a>(organisation: &Name, url: &'a Secret) -> Request<'a> {
    Request {
        title: format!("You are invited to manage {organisation}"),
        greeting: HELLO.to_owned(),
        asks: format!(
            "You are to help manage the subscription of {organisation}. Please choose the password \
             with which you will sign in"
        ),
        button: "Choose a password",
        url: url.expose(),
        code: None,
        otherwise: "The link works once, within seven days. If you did not expect this, do \
                    nothing.",
    }
}

fn administrator_reset(url: &Secret) -> Request<'_> {
    let asks = "Somebody, we hope you, asked for a new password for the Subscription Manager. \
                Please choose one";
    Request {
        title: "Choose a new password".to_owned(),
        greeting: HELLO.to_owned(),
        asks: asks.to_owned(),
        button: "Choose a new password",
        url: url.expose(),
        code: None,
        otherwise: "The link works once, within one hour. If you did not ask for this, do \
                    nothing: your password stays as it is.",
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
