//! A person who is signed in, and their cookie. Nothing of it opens the Subscription Manager.

use std::future::Future;

use actix_web::{FromRequest, HttpRequest, cookie::Cookie, dev::Payload, web};
use contract::{
    Kind, Principal, Problem, Secret,
    accounts::{AuthenticatePerson, PersonSession, SignedInPerson},
};
use futures_util::future::LocalBoxFuture;
use kernel::Cx;

use crate::{
    edge::{Edge, EdgeOptions},
    no_session::NoSession,
    problem::Refused,
    request::{Incoming, edge},
    session::{lasting_cookie, secret_of},
};

/// Where a person signs in.
pub(crate) const SIGN_IN: &str = "/";

fn cookie_name(options: &EdgeOptions) -> &'static str {
    if options.is_https() {
        "__Host-usher_person"
    } else {
        "usher_person"
    }
}

/// The token of the person's session, if the browser sent one.
pub(crate) fn session_token(request: &HttpRequest, options: &EdgeOptions) -> Option<Secret> {
    secret_of(request, cookie_name(options))
}

/// Opens a session in the browser.
pub(crate) fn session_cookie(edge: &Edge, session: &PersonSession) -> Cookie<'static> {
    let now = edge.bus.clock().now();
    let left = session.expires_at.micros().saturating_sub(now.micros());
    let value = session.token.expose().to_owned();
    lasting_cookie(&edge.options, cookie_name(&edge.options), value, "/", left)
}

/// Ends the session in the browser.
pub(crate) fn end_session_cookie(options: &EdgeOptions) -> Cookie<'static> {
    lasting_cookie(options, cookie_name(options), String::new(), "/", 0)
}

/// A person who is signed in. As an argument of a page: who is not is sent to [`SIGN_IN`].
#[derive(Clone, Debug)]
pub(crate) struct Person {
    pub(crate) signed_in: SignedInPerson,
    pub(crate) token: Secret,
    /// The request on the person's own behalf.
    pub(crate) incoming: Incoming,
}

impl Person {
    pub(crate) fn cx(&self) -> &Cx {
        &self.incoming.cx
    }

    /// Who is signed in in this browser, if anybody.
    pub(crate) fn find(
        request: &HttpRequest,
    ) -> impl Future<Output = Result<Option<Self>, Refused>> + use<> {
        let asked = edge(request).and_then(|edge| {
            let incoming = Incoming::of(request)?;
            let token = session_token(request, &edge.options);
            Ok((web::Data::clone(edge), token, incoming))
        });
        async move {
            let (edge, token, incoming) = asked?;
            match token {
                Some(token) => Ok(Self::of(&edge, incoming, token).await?),
                None => Ok(None),
            }
        }
    }

    /// Whose session it is, if it is one.
    pub(crate) async fn of(
        edge: &Edge,
        incoming: Incoming,
        token: Secret,
    ) -> Result<Option<Self>, Problem> {
        let ask = AuthenticatePerson {
            token: token.clone(),
        };
        let signed_in = match edge.bus.call(&ask, &incoming.cx).await {
            Err(problem) if problem.kind == Kind::Unauthenticated => return Ok(None),
            signed_in => signed_in?,
        };
        let principal = Principal::Person(signed_in.account_id);
        let incoming = Incoming {
            cx: incoming.cx.on_behalf_of(principal, None),
            ..incoming
        };
        Ok(Some(Self {
            signed_in,
            token,
            incoming,
        }))
    }
}

impl FromRequest for Person {
    type Error = NoSession;
    type Future = LocalBoxFuture<'static, Result<Self, NoSession>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let found = Self::find(request);
        Box::pin(async move { found.await?.ok_or(NoSession::SignedOut(SIGN_IN)) })
    }
}

/// The person who is signed in in this browser, or nobody.
#[derive(Clone, Debug)]
pub(crate) struct Anybody(pub(crate) Option<Person>);

impl FromRequest for Anybody {
    type Error = Refused;
    type Future = LocalBoxFuture<'static, Result<Self, Refused>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let found = Person::find(request);
        Box::pin(async move { found.await.map(Self) })
    }
}
