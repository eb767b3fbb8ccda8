//! What a letter says: the names that its templates know.
//!
//! The words in here are English; a translation, or a template of an operator's, says it otherwise, by
//! `letter` and `status`.

use contract::{
    Secret,
    batches::{PauseReason, Said},
    mails::Letter,
    seats::Status,
    text::{Name, PersonName},
};
use minijinja::{Value, context};
use url::Url;

use crate::{
    greeted::greeted,
    moment::moment,
    templates::{Templates, Words, WordsError},
};

/// For whom no name is known.
const HELLO: &str = "Hello,";

/// Somebody's name, where it is nothing but one.
fn name(first_name: &PersonName) -> Option<&str> {
    Some(first_name.as_str()).filter(|name| greeted(name))
}

/// How a letter begins.
fn greeting(first_name: &PersonName) -> String {
    name(first_name).map_or_else(|| HELLO.to_owned(), |name| format!("Hello {name},"))
}

/// A letter that asks for one thing: a button, and where it is used a code.
struct Request<'a> {
    letter: &'a str,
    title: String,
    greeting: String,
    name: Option<&'a str>,
    /// Which it is about, where it is about one.
    organisation: Option<&'a Name>,
    /// What is asked for, without a full stop.
    asks: String,
    button: &'a str,
    url: &'a Secret,
    /// Good for ten minutes.
    code: Option<&'a Secret>,
    /// What follows when it was not them, and how long the link is good.
    otherwise: &'a str,
}

impl Request<'_> {
    fn context(self) -> (&'static str, Value) {
        let context = context! {
            letter => self.letter,
            title => self.title,
            greeting => self.greeting,
            name => self.name,
            organisation => self.organisation.map(Name::as_str),
            asks => self.asks,
            button => self.button,
            url => self.url.expose(),
            code => self.code.map(Secret::expose),
            otherwise => self.otherwise,
        };
        ("request", context)
    }
}

impl Templates {
    /// Puts a letter into words.
    pub fn letter(&self, letter: &Letter) -> Result<Words, WordsError> {
        let (mail, context) = context_of(letter);
        let language = match letter {
            Letter::JoinConfirmation { language, .. }
            | Letter::SeatGiven { language, .. }
            | Letter::Proof { language, .. }
            | Letter::PasswordReset { language, .. }
            | Letter::AddressChange { language, .. }
            | Letter::AddressChanged { language, .. }
            | Letter::AdministratorInvite { language, .. }
            | Letter::AdministratorElsewhere { language, .. }
            | Letter::BatchPaused { language, .. }
            | Letter::AdministratorReset { language, .. } => language,
        };
        self.words(mail, language, context)
    }
}

/// Which mail a letter is, and the names that its templates know.
pub(crate) fn context_of(letter: &Letter) -> (&'static str, Value) {
    match letter {
        Letter::JoinConfirmation {
            first_name,
            organisation,
            status,
            proof_due_at,
            proof_url,
            code,
            product_url,
            language: _,
        } => {
            let (outcome, otherwise) = joined(*status);
            let product_url = (*status == Status::Assigned).then_some(product_url.as_str());
            let context = context! {
                letter => "join-confirmation",
                greeting => greeting(first_name),
                name => name(first_name),
                status => status.name(),
                organisation => organisation.as_str(),
                outcome => outcome,
                otherwise => otherwise,
                due => proof_due_at.map(moment),
                proof_url => proof_url.expose(),
                code => code.expose(),
                product_url => product_url,
            };
            ("join_confirmation", context)
        }
        Letter::SeatGiven {
            first_name,
            organisation,
            status,
            proof_due_at,
            proof_url,
            product_url,
            language: _,
        } => {
            let is_held = *status == Status::Held;
            let (outcome, otherwise) = given(is_held, proof_url.is_some());
            let context = context! {
                letter => "seat-given",
                greeting => greeting(first_name),
                name => name(first_name),
                status => status.name(),
                organisation => organisation.as_str(),
                outcome => outcome,
                otherwise => otherwise,
                due => proof_due_at.map(moment),
                proof_url => proof_url.as_ref().map(Secret::expose),
                product_url => (!is_held).then_some(product_url.as_str()),
            };
            ("seat_given", context)
        }
        Letter::Proof {
            first_name,
            proof_url,
            code,
            language: _,
        } => proof(first_name, proof_url, code).context(),
        Letter::PasswordReset {
            first_name,
            reset_url,
            code,
            language: _,
        } => password_reset(first_name, reset_url, code).context(),
        Letter::AddressChange {
            first_name,
            change_url,
            code,
            language: _,
        } => address_change(first_name, change_url, code).context(),
        Letter::AddressChanged {
            first_name,
            language: _,
        } => address_changed(first_name),
        Letter::AdministratorElsewhere {
            organisation,
            language: _,
        } => administrator_elsewhere(organisation),
        Letter::AdministratorInvite {
            organisation,
            setup_url,
            language: _,
        } => administrator_invite(organisation, setup_url).context(),
        Letter::BatchPaused {
            organisation,
            link,
            reason,
            said,
            waiting,
            batch_url,
            language: _,
        } => batch_paused((organisation, link), *reason, (said, *waiting), batch_url),
        Letter::AdministratorReset {
            reset_url,
            language: _,
        } => administrator_reset(reset_url).context(),
    }
}

/// What became of whoever joined, and what becomes of them without a confirmation.
const fn joined(status: Status) -> (&'static str, &'static str) {
    let goes_back = "without a confirmation the seat goes back, and nobody can use your address.";
    match status {
        Status::Assigned => ("Your seat is ready.", goes_back),
        Status::Held => (
            "A seat is held for you. It is yours as soon as you confirm your address.",
            goes_back,
        ),
        Status::Waiting | Status::Revoked => (
            "All seats are taken at the moment. You are on the waiting list and get the next one \
             that becomes free.",
            "without a confirmation nobody can use your address.",
        ),
    }
}

/// How the seat is that somebody was given, and what to do who did not register.
const fn given(is_held: bool, is_to_prove: bool) -> (&'static str, &'static str) {
    let outcome = if is_held {
        "It is held for you, and yours as soon as you confirm your address."
    } else {
        "It is ready."
    };
    let otherwise = if is_to_prove {
        "If you did not register, do nothing: without a confirmation the seat goes back, and nobody \
         can use your address."
    } else {
        "If you did not register, do nothing."
    };
    (outcome, otherwise)
}

fn proof<'a>(first_name: &'a PersonName, url: &'a Secret, code: &'a Secret) -> Request<'a> {
    Request {
        letter: "proof",
        title: "Confirm your e-mail address".to_owned(),
        greeting: greeting(first_name),
        name: name(first_name),
        organisation: None,
        asks: "Please confirm that this is your address".to_owned(),
        button: "Confirm my address",
        url,
        code: Some(code),
        otherwise: "If you did not ask for this, do nothing.",
    }
}

fn password_reset<'a>(
    first_name: &'a PersonName,
    url: &'a Secret,
    code: &'a Secret,
) -> Request<'a> {
    let asks =
        "Somebody, we hope you, asked for a new password for your account. Please choose one";
    Request {
        letter: "password-reset",
        title: "Choose a new password".to_owned(),
        greeting: greeting(first_name),
        name: name(first_name),
        organisation: None,
        asks: asks.to_owned(),
        button: "Choose a new password",
        url,
        code: Some(code),
        otherwise: "The link is good for one hour. If you did not ask for this, do nothing: your \
                    password stays as it is.",
    }
}

fn address_change<'a>(
    first_name: &'a PersonName,
    url: &'a Secret,
    code: &'a Secret,
) -> Request<'a> {
    let asks = "Please confirm that your account is to have this address. You must be signed in";
    Request {
        letter: "address-change",
        title: "Confirm your new address".to_owned(),
        greeting: greeting(first_name),
        name: name(first_name),
        organisation: None,
        asks: asks.to_owned(),
        button: "Confirm this address",
        url,
        code: Some(code),
        otherwise: "The link is good for one hour. If you did not ask for this, do nothing.",
    }
}

fn address_changed(first_name: &PersonName) -> (&'static str, Value) {
    let context = context! {
        letter => "address-changed",
        organisation => None::<&str>,
        title => "Your account has another address",
        greeting => greeting(first_name),
        name => name(first_name),
        tells => "From now on, letters about your account go to another address, which was \
                  confirmed. If that was not you, please tell whoever gave you access.",
    };
    ("notice", context)
}

fn administrator_elsewhere(organisation: &Name) -> (&'static str, Value) {
    let context = context! {
        letter => "administrator-elsewhere",
        title => format!("You are invited to manage {organisation}"),
        greeting => HELLO,
        name => None::<&str>,
        organisation => organisation.as_str(),
        tells => format!(
            "Somebody who manages the subscription of {organisation} invited you to help. You \
             already manage another subscription with this address, so nothing has changed yet: \
             if you want to help, please answer whoever invited you, who asks the operator of this \
             service to add your address. Whoever invited you does not learn from us that you \
             manage another one. If you did not expect this, do nothing."
        ),
    };
    ("notice", context)
}

fn administrator_invite<'a>(organisation: &'a Name, url: &'a Secret) -> Request<'a> {
    Request {
        letter: "administrator-invite",
        title: format!("You are invited to manage {organisation}"),
        greeting: HELLO.to_owned(),
        name: None,
        organisation: Some(organisation),
        asks: format!(
            "You are to help manage the subscription of {organisation}. Please choose the password \
             with which you will sign in"
        ),
        button: "Choose a password",
        url,
        code: None,
        otherwise: "The link works once, within seven days. If you did not expect this, do \
                    nothing.",
    }
}

fn batch_paused(
    (organisation, link): (&Name, &Name),
    reason: PauseReason,
    (said, waiting): (&[Said], u64),
    url: &Url,
) -> (&'static str, Value) {
    let said = said.iter().map(|said| {
        let state = said.state.name();
        context! { count => said.count, state, code => said.code.as_deref(), text => said.text.as_str() }
    });
    let said: Vec<_> = said.collect();
    let context = context! {
        organisation => organisation.as_str(),
        link => link.as_str(),
        reason => reason.name(),
        said,
        waiting,
        url => url.as_str(),
    };
    ("paused", context)
}

fn administrator_reset(url: &Secret) -> Request<'_> {
    let asks = "Somebody, we hope you, asked for a new password for the Subscription Manager. \
                Please choose one";
    Request {
        letter: "administrator-reset",
        title: "Choose a new password".to_owned(),
        greeting: HELLO.to_owned(),
        name: None,
        organisation: None,
        asks: asks.to_owned(),
        button: "Choose a new password",
        url,
        code: None,
        otherwise: "The link works once, within one hour. If you did not ask for this, do \
                    nothing: your password stays as it is.",
    }
}
