//! Who stands before an invite, and the page that they see.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use askama::Template;
use contract::{
    Kind, Problem, Secret,
    accounts::SignedInPerson,
    invites::{InviteFace, Life, Ticket},
    text::PersonName,
};
use url::Url;

use super::{
    nonce::{is_nonce, nonce},
    path,
};
use crate::{
    edge::Edge,
    invited::{self, AcceptForm, closed},
    pages::{Answer, fields::Errors, frame::Frame, render, with_cookie},
    person::Person,
    problem::Refused,
    request::{Incoming, edge},
    session::{registrant_cookie, registrant_or_new},
};

/// Somebody before an invite.
pub(super) struct Visit {
    pub(super) edge: web::Data<Edge>,
    pub(super) incoming: Incoming,
    pub(super) token: String,
    /// Who is signed in.
    pub(super) person: Option<Person>,
    /// The token of the browser, which its forms are bound to.
    pub(super) browser: Secret,
}

impl Visit {
    pub(super) async fn of(
        request: &HttpRequest,
        token: web::Path<String>,
    ) -> Result<Self, Refused> {
        let edge = web::Data::clone(edge(request)?);
        let person = Person::find(request).await?;
        let browser = registrant_or_new(request, &edge.options)?;
        let incoming = Incoming::of(request)?;
        let token = token.into_inner();
        Ok(Self {
            edge,
            incoming,
            token,
            person,
            browser,
        })
    }

    /// What is behind the invite.
    pub(super) async fn face(&self) -> Result<InviteFace, Problem> {
        let ticket = Ticket::Token(Secret::new(self.token.as_str()));
        invited::face(&self.edge, &self.incoming, ticket).await
    }

    /// Whether a form of the page of this invite, in this browser, goes there.
    pub(super) fn is_own(&self, way: &str, given: &str) -> bool {
        let action = format!("{}{way}", path(&self.token));
        is_nonce(&self.browser, &action, given)
    }

    /// The page as it is.
    pub(super) async fn show(&self) -> Answer {
        let page = self.page(self.face().await?);
        self.answer(StatusCode::OK, &page)
    }

    /// The page again, with what is wrong beside its fields, or above them.
    pub(super) async fn refused(&self, problem: Problem, form: Option<AcceptForm>) -> Answer {
        let status = crate::problem::status(&problem);
        let refusal = match problem.kind {
            Kind::AccountExists => Some(
                "There is already an account with this address. Enter its password, or sign in below."
                    .to_owned(),
            ),
            Kind::InviteForAnother => {
                let detail = problem.detail.as_deref().unwrap_or_default();
                Some(format!("{} {detail}", problem.title))
            }
            Kind::InviteUsed
            | Kind::InviteExpired
            | Kind::InviteCancelled
            | Kind::MembershipRevoked
            | Kind::PlanEnded => Some(problem.title.clone()),
            _ if problem.errors.is_empty() => return Err(problem.into()),
            _ => None,
        };
        let mut page = self.page(self.face().await?);
        // Said above already, by the same words.
        let is_said = page.closed.is_some_and(|(title, _)| title == problem.title);
        page.refusal = refusal.filter(|_| !is_said);
        page.is_masked = problem.kind == Kind::InviteForAnother && page.other().is_some();
        page.form = form.unwrap_or(page.form);
        page.errors = Errors::beside_fields(problem).unwrap_or_default();
        self.answer(status, &page)
    }

    /// The page instead of what a form asked for that is not its own: nothing was done.
    pub(super) async fn unbound(&self, form: Option<AcceptForm>) -> Answer {
        let face = self.face().await?;
        if let Some(kind) = closed(face.life) {
            return self.refused(Problem::new(kind), form).await;
        }
        let mut page = self.page(face);
        page.form = form.unwrap_or(page.form);
        page.refusal = Some(
            "Nothing was done yet: please press the button here once more. If this comes up again, \
             your browser keeps no cookie of this site."
                .to_owned(),
        );
        self.answer(StatusCode::FORBIDDEN, &page)
    }

    fn page(&self, face: InviteFace) -> InvitePage {
        let closed = closed(face.life).map(|kind| (kind.title(), advice(kind)));
        let (first, last) = names(face.name.as_ref());
        let form = AcceptForm {
            first_name: first.to_owned(),
            last_name: last.to_owned(),
            ..AcceptForm::default()
        };
        InvitePage {
            frame: Frame::of(&self.edge),
            path: path(&self.token),
            face,
            closed,
            form,
            errors: Errors::default(),
            refusal: None,
            person: self.person.as_ref().map(|person| person.signed_in.clone()),
            is_masked: false,
            browser: self.browser.clone(),
            terms_url: self.edge.options.terms_url.clone(),
        }
    }

    fn answer(&self, status: StatusCode, page: &InvitePage) -> Answer {
        Ok(self.keep(render(status, page)?))
    }

    /// An answer by which the browser keeps its token.
    pub(super) fn keep(&self, response: HttpResponse) -> HttpResponse {
        let cookie = registrant_cookie(&self.edge.options, &self.browser);
        with_cookie(response, &cookie)
    }
}

/// First and last name, as a list called somebody.
fn names(name: Option<&PersonName>) -> (&str, &str) {
    let name = name.map_or("", PersonName::as_str);
    name.rsplit_once(' ').unwrap_or((name, ""))
}

/// What to do with an invite that cannot be accepted.
const fn advice(kind: Kind) -> &'static str {
    match kind {
        Kind::InviteUsed => "If it was you, sign in. If not, please ask whoever invited you.",
        Kind::InviteExpired => "Please ask whoever invited you to send it again.",
        _ => "Please ask whoever invited you, if you think that this is a mistake.",
    }
}

#[derive(Template)]
#[template(path = "invited/form.html")]
struct InvitePage {
    frame: Frame,
    face: InviteFace,
    /// Why it cannot be accepted, and what to do.
    closed: Option<(&'static str, &'static str)>,
    form: AcceptForm,
    errors: Errors,
    refusal: Option<String>,
    /// Who is signed in.
    person: Option<SignedInPerson>,
    /// Whether the invited address is not told whole.
    is_masked: bool,
    /// The path of the invite.
    path: String,
    browser: Secret,
    terms_url: Option<Url>,
}

impl InvitePage {
    /// Who it was sent to.
    fn invited(&self) -> String {
        if self.is_masked {
            self.face.email.masked()
        } else {
            self.face.email.to_string()
        }
    }

    /// Whether it can be accepted with the account that is signed in.
    fn is_theirs(&self) -> bool {
        let person = self.person.as_ref();
        person.is_some_and(|person| invited::may_accept_as(&self.face, person))
    }

    /// The address of the account that is signed in, where it is another than the invited one.
    fn other(&self) -> Option<&str> {
        let person = self.person.as_ref();
        let other = person.filter(|person| person.email.key() != self.face.email.key());
        other.map(|person| person.email.as_str())
    }

    /// Whether it was declined.
    fn is_declined(&self) -> bool {
        self.face.life == Life::Declined
    }

    /// Whether it was accepted.
    fn is_accepted(&self) -> bool {
        self.face.life == Life::Accepted
    }

    /// The nonce of the form that goes this way.
    fn nonce(&self, way: &str) -> String {
        nonce(&self.browser, &format!("{}{way}", self.path))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_of_one_word_is_the_first_name() {
        let split = |name: &str| {
            let name = PersonName::parse(name).unwrap();
            let (first, last) = names(Some(&name));
            (first.to_owned(), last.to_owned())
        };
        assert_eq!(split("Ann Mary Lee"), ("Ann Mary".into(), "Lee".into()));
        assert_eq!(split("Ann"), ("Ann".into(), String::new()));
        assert_eq!(names(None), ("", ""));
    }
}
