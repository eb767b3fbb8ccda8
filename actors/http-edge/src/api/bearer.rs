//! Whose token it is, and what it may do where.

use std::str::FromStr;

use actix_web::{FromRequest, HttpMessage as _, HttpRequest, dev::Payload, http::header, web};
use contract::{
    Call, Kind, Principal, Problem, Secret, Timestamp,
    ids::OrganisationId,
    organisations::GetOrganisation,
    tokens::{AuthenticateToken, TokenGrant},
};
use futures_util::future::LocalBoxFuture;
use kernel::Cx;

use crate::{
    edge::Edge,
    problem::Refused,
    request::{Incoming, edge},
    session::Permit,
};

/// The longest token that is looked up.
const TOKEN_MOST: usize = 256;

/// A request with a valid token. As an argument of a handler: `unauthenticated` without one.
#[derive(Clone, Debug)]
pub(crate) struct Bearer {
    pub(crate) edge: web::Data<Edge>,
    pub(crate) grant: TokenGrant,
    /// On behalf of whom the token is.
    pub(crate) cx: Cx,
}

impl Bearer {
    async fn of(request: &HttpRequest) -> Result<Self, Refused> {
        // Asked before, for the sake of an `Idempotency-Key`.
        let known = request.extensions().get::<Self>().cloned();
        if let Some(known) = known {
            return Ok(known);
        }
        let bearer = Self::ask(request).await?;
        request.extensions_mut().insert(bearer.clone());
        Ok(bearer)
    }

    async fn ask(request: &HttpRequest) -> Result<Self, Refused> {
        let edge = web::Data::clone(edge(request)?);
        let Incoming { cx, client } = Incoming::of(request)?;
        let token = token(request).ok_or_else(|| Refused::of(Kind::Unauthenticated))?;
        let grant = match edge.bus.call(&AuthenticateToken { token }, &cx).await {
            Err(problem) if problem.kind == Kind::Unauthenticated => {
                return Err(edge.throttle.guess(client, problem).into());
            }
            grant => grant?,
        };
        if let Some(organisation) = grant.organisation {
            edge.throttle.by_organisation(organisation)?;
        }
        let cx = match grant.organisation {
            None => cx.on_behalf_of(Principal::Operator, None),
            Some(organisation) => {
                let scope = (organisation, grant.role);
                cx.on_behalf_of(Principal::Token(grant.id), Some(scope))
            }
        };
        Ok(Self { edge, grant, cx })
    }

    /// Sends a message on behalf of whom the token is.
    pub(crate) async fn call<M: Call>(&self, message: &M) -> Result<M::Reply, Problem> {
        self.edge.bus.call(message, &self.cx).await
    }

    /// Whether the token may look at an organisation at all; `not-found` where it may not, and where
    /// there is none.
    async fn enter(&self, organisation: OrganisationId) -> Result<(), Problem> {
        match self.grant.organisation {
            Some(own) if own == organisation => Ok(()),
            Some(_) => Err(Problem::new(Kind::NotFound)),
            // Lists of an organisation that never was would be empty, not refused.
            None => self.call(&GetOrganisation { organisation }).await.map(drop),
        }
    }
}

/// The token of the header, read as RFC 6750 section 2.1 and RFC 9110 section 11.1 say.
pub(super) fn token(request: &HttpRequest) -> Option<Secret> {
    let value = request.headers().get(header::AUTHORIZATION)?;
    let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
    let token = token.trim();
    let is_token = scheme.eq_ignore_ascii_case("bearer") && (1..=TOKEN_MOST).contains(&token.len());
    is_token.then(|| Secret::new(token))
}

impl FromRequest for Bearer {
    type Error = Refused;
    type Future = LocalBoxFuture<'static, Result<Self, Refused>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move { Self::of(&request).await })
    }
}

/// A request with a token that may act in the organisation of the path.
#[derive(Clone, Debug)]
pub(crate) struct Within {
    pub(crate) bearer: Bearer,
    pub(crate) organisation: OrganisationId,
    request: HttpRequest,
}

impl Within {
    async fn of(request: HttpRequest) -> Result<Self, Refused> {
        let bearer = Bearer::of(&request).await?;
        let organisation = id(&request, "organisation")?;
        bearer.enter(organisation).await?;
        Ok(Self {
            bearer,
            organisation,
            request,
        })
    }

    /// What the worker holds.
    pub(crate) fn edge(&self) -> &Edge {
        &self.bearer.edge
    }

    /// The same, to be kept.
    pub(crate) fn edge_data(&self) -> web::Data<Edge> {
        web::Data::clone(&self.bearer.edge)
    }

    /// By what they may, to be asked for again.
    pub(crate) fn permit(&self) -> Result<Permit, Refused> {
        let token = token(&self.request).ok_or_else(|| Refused::of(Kind::Unauthenticated))?;
        Ok(Permit::Token(token))
    }

    /// The instant, by the clock that owners decide by.
    pub(crate) fn now(&self) -> Timestamp {
        self.bearer.edge.bus.clock().now()
    }

    /// On whose behalf.
    pub(crate) fn cx(&self) -> &Cx {
        &self.bearer.cx
    }

    /// Sends a message on behalf of whom the token is.
    pub(crate) async fn call<M: Call>(&self, message: &M) -> Result<M::Reply, Problem> {
        self.bearer.call(message).await
    }

    /// A further id of the path.
    pub(crate) fn id<T: FromStr>(&self, name: &str) -> Result<T, Refused> {
        id(&self.request, name)
    }

    /// The path of something in this organisation.
    pub(crate) fn path(&self, rest: impl std::fmt::Display) -> String {
        format!("/api/v1/organisations/{}{rest}", self.organisation)
    }
}

/// An id of the path; what is no id names nothing.
fn id<T: FromStr>(request: &HttpRequest, name: &str) -> Result<T, Refused> {
    let text = request.match_info().get(name);
    text.and_then(|text| text.parse().ok())
        .ok_or_else(Refused::not_found)
}

impl FromRequest for Within {
    type Error = Refused;
    type Future = LocalBoxFuture<'static, Result<Self, Refused>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        Box::pin(Self::of(request.clone()))
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn read(value: &str) -> Option<String> {
        let request = TestRequest::default()
            .insert_header((header::AUTHORIZATION, value))
            .to_http_request();
        token(&request).map(|token| token.expose().to_owned())
    }

    #[test]
    fn the_scheme_is_read_whatever_its_case() {
        assert_eq!(read("Bearer abc").as_deref(), Some("abc"));
        assert_eq!(read("bearer  abc").as_deref(), Some("abc"));
    }

    #[test]
    fn anything_else_is_no_token() {
        let long = format!("Bearer {}", "a".repeat(TOKEN_MOST + 1));
        for value in ["", "Bearer", "Bearer ", "Basic abc", "abc", &long] {
            assert_eq!(read(value), None, "{value:?}");
        }
    }
}
