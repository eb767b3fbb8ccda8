//! Sessions of administrators, and the cookies of both kinds of visitors.

use actix_web::{
    FromRequest, HttpRequest,
    cookie::{Cookie, SameSite, time::Duration},
    dev::Payload,
    http::header,
    web,
};
use contract::{
    Kind, Principal, Problem, Role, Secret,
    administrators::{AuthenticateSession, SessionOpened, SignedIn},
    ids::OrganisationId,
    tokens::AuthenticateToken,
};
use futures_util::future::LocalBoxFuture;
use kernel::Cx;

use crate::{
    edge::{Edge, EdgeOptions},
    no_session::NoSession,
    request::{Incoming, edge},
};

/// Where an administrator signs in.
pub(crate) const SIGN_IN: &str = "/admin/sign-in";
/// How long a registering browser is recognised.
const REGISTRANT_DAYS: i64 = 30;

/// An administrator who is signed in. As an argument of a page: who is not is sent to [`SIGN_IN`].
#[derive(Clone, Debug)]
pub(crate) struct Administrator {
    pub(crate) signed_in: SignedIn,
    /// The public's; see [`Administrator::cx_in`].
    pub(crate) cx: Cx,
}

impl Administrator {
    /// The request on the administrator's behalf in an organisation where they have an office;
    /// `not-found` anywhere else.
    pub(crate) fn cx_in(&self, organisation: OrganisationId) -> Result<Cx, Problem> {
        let mut offices = self.signed_in.organisations.iter();
        let office = offices
            .find(|office| office.organisation == organisation)
            .ok_or_else(|| Problem::new(Kind::NotFound))?;
        let principal = Principal::Administrator(self.signed_in.administrator);
        Ok(self
            .cx
            .on_behalf_of(principal, Some((organisation, office.role))))
    }
}

impl FromRequest for Administrator {
    type Error = NoSession;
    type Future = LocalBoxFuture<'static, Result<Self, NoSession>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let asked = edge(request).and_then(|edge| {
            let incoming = Incoming::of(request)?;
            Ok((
                web::Data::clone(edge),
                session_token(request, &edge.options),
                incoming.cx,
            ))
        });
        Box::pin(async move {
            let (edge, token, cx) = asked?;
            let token = token.ok_or(NoSession::SignedOut(SIGN_IN))?;
            match edge.bus.call(&AuthenticateSession { token }, &cx).await {
                Ok(signed_in) => Ok(Self { signed_in, cx }),
                Err(problem) if problem.kind == Kind::Unauthenticated => {
                    Err(NoSession::SignedOut(SIGN_IN))
                }
                Err(problem) => Err(problem.into()),
            }
        })
    }
}

/// By what somebody may do what they began, while they go on.
#[derive(Clone, Debug)]
pub(crate) enum Permit {
    /// An API token.
    Token(Secret),
    /// The session of an administrator.
    Session(Secret),
}

impl Permit {
    /// Whether it still lets its holder into an organisation. Where nobody can say, it does.
    pub(crate) async fn holds(&self, edge: &Edge, cx: &Cx, organisation: OrganisationId) -> bool {
        let answer = match self.clone() {
            Self::Token(token) => {
                let grant = edge.bus.call(&AuthenticateToken { token }, cx).await;
                grant.map(|grant| grant.organisation.is_none_or(|own| own == organisation))
            }
            Self::Session(token) => {
                let signed_in = edge.bus.call(&AuthenticateSession { token }, cx).await;
                signed_in.map(|signed_in| {
                    let mut offices = signed_in.organisations.iter();
                    offices.any(|office| office.organisation == organisation)
                })
            }
        };
        answer.unwrap_or_else(|problem| problem.kind != Kind::Unauthenticated)
    }

    /// Refuses whose it is unless it still makes its holder a manager of an organisation, at least.
    pub(crate) async fn may_manage(
        &self,
        edge: &Edge,
        cx: &Cx,
        organisation: OrganisationId,
    ) -> Result<(), Problem> {
        let role = match self.clone() {
            Self::Token(token) => {
                let grant = edge.bus.call(&AuthenticateToken { token }, cx).await?;
                match grant.organisation {
                    // The operator's stands above every role.
                    None => Some(Role::Owner),
                    Some(own) => (own == organisation).then_some(grant.role),
                }
            }
            Self::Session(token) => {
                let signed_in = edge.bus.call(&AuthenticateSession { token }, cx).await?;
                let mut offices = signed_in.organisations.iter();
                let office = offices.find(|office| office.organisation == organisation);
                office.map(|office| office.role)
            }
        };
        match role {
            None => Err(Problem::new(Kind::NotFound)),
            Some(role) if role < Role::Manager => Err(Problem::new(Kind::Forbidden)),
            Some(_) => Ok(()),
        }
    }
}

/// What the session cookie is called: a browser takes `__Host-` only by https and from this very
/// host, so that no neighbour under the same domain can plant one.
fn session_name(options: &EdgeOptions) -> &'static str {
    if options.is_https() {
        "__Host-usher_admin"
    } else {
        "usher_admin"
    }
}

/// Where the browser sends it: `__Host-` is a cookie of the whole host.
fn session_path(options: &EdgeOptions) -> &'static str {
    if options.is_https() { "/" } else { "/admin" }
}

fn registrant_name(options: &EdgeOptions) -> &'static str {
    if options.is_https() {
        "__Host-usher_registrant"
    } else {
        "usher_registrant"
    }
}

/// A secret that the browser sent in a cookie, by the name that the browser compared: a parser that
/// decodes names, or trims more than the one space, finds `__Host-` where the browser did not.
pub(crate) fn secret_of(request: &HttpRequest, name: &str) -> Option<Secret> {
    let lines = request.headers().get_all(header::COOKIE);
    let mut pairs = lines.flat_map(|line| line.as_bytes().split(|byte| *byte == b';'));
    let value = pairs.find_map(|pair| {
        let pair = pair.strip_prefix(b" ").unwrap_or(pair);
        pair.strip_prefix(name.as_bytes())?.strip_prefix(b"=")
    })?;
    let value = std::str::from_utf8(value).ok()?;
    (1..=256).contains(&value.len()).then(|| Secret::new(value))
}

/// A cookie that lasts this many microseconds; none are left of one that ends.
pub(crate) fn lasting_cookie(
    options: &EdgeOptions,
    name: &'static str,
    value: String,
    path: &'static str,
    micros: i64,
) -> Cookie<'static> {
    cookie(
        options,
        name,
        value,
        path,
        Duration::microseconds(micros.max(0)),
    )
}

fn cookie(
    options: &EdgeOptions,
    name: &'static str,
    value: String,
    path: &'static str,
    age: Duration,
) -> Cookie<'static> {
    Cookie::build(name, value)
        .path(path)
        .http_only(true)
        .same_site(SameSite::Lax)
        .secure(options.is_https())
        .max_age(age)
        .finish()
}

/// The token of the administrator's session, if the browser sent one.
pub(crate) fn session_token(request: &HttpRequest, options: &EdgeOptions) -> Option<Secret> {
    secret_of(request, session_name(options))
}

/// Opens a session in the browser.
pub(crate) fn session_cookie(edge: &Edge, session: &SessionOpened) -> Cookie<'static> {
    let left = session
        .expires_at
        .micros()
        .saturating_sub(edge.bus.clock().now().micros());
    let age = Duration::microseconds(left.max(0));
    let value = session.token.expose().to_owned();
    cookie(
        &edge.options,
        session_name(&edge.options),
        value,
        session_path(&edge.options),
        age,
    )
}

/// Ends the session in the browser.
pub(crate) fn end_session_cookie(options: &EdgeOptions) -> Cookie<'static> {
    cookie(
        options,
        session_name(options),
        String::new(),
        session_path(options),
        Duration::ZERO,
    )
}

/// The token of the browser that registers, if it has one.
pub(crate) fn registrant(request: &HttpRequest, options: &EdgeOptions) -> Option<Secret> {
    secret_of(request, registrant_name(options))
}

/// Gives the browser that registers its token: whoever later proves the address from there keeps
/// the password that was set there.
pub(crate) fn registrant_cookie(options: &EdgeOptions, token: &Secret) -> Cookie<'static> {
    let age = Duration::days(REGISTRANT_DAYS);
    cookie(
        options,
        registrant_name(options),
        token.expose().to_owned(),
        "/",
        age,
    )
}

/// The token of the browser, a fresh one for [`registrant_cookie`] if it has none.
pub(crate) fn registrant_or_new(
    request: &HttpRequest,
    options: &EdgeOptions,
) -> Result<Secret, Problem> {
    if let Some(token) = registrant(request, options) {
        return Ok(token);
    }
    let mut bytes = [0_u8; 32];
    getrandom::fill(&mut bytes).map_err(|_| Problem::new(Kind::Internal))?;
    Ok(Secret::new(data_encoding::BASE64URL_NOPAD.encode(&bytes)))
}
