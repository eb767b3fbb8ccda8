//! What every page has around it.

use std::fmt;

use contract::{
    EmailAddress, Kind, Problem, Role, administrators::Office as Place, ids::OrganisationId,
    text::Name,
};
use kernel::Cx;

use super::assets;
use crate::{edge::Edge, problem::Refused, session::Administrator};

/// Around every page.
#[derive(Clone, Copy, Debug)]
pub(super) struct Frame {
    pub(super) is_demo: bool,
}

impl Frame {
    pub(super) fn of(edge: &Edge) -> Self {
        Self {
            is_demo: edge.options.is_demo,
        }
    }

    pub(super) const fn plain() -> Self {
        Self { is_demo: false }
    }

    #[expect(
        clippy::unused_self,
        reason = "templates call methods of what they have"
    )]
    pub(super) fn css(self) -> &'static str {
        assets::css()
    }

    #[expect(
        clippy::unused_self,
        reason = "templates call methods of what they have"
    )]
    pub(super) fn js(self) -> &'static str {
        assets::js()
    }
}

/// Around the pages of the Subscription Manager: where, who, and what they may do.
#[derive(Clone, Debug)]
pub(super) struct Office {
    pub(super) organisation: OrganisationId,
    pub(super) name: Name,
    pub(super) email: EmailAddress,
    /// Whether the administrator has an office elsewhere too.
    pub(super) has_others: bool,
    role: Role,
    part: &'static str,
    pub(super) cx: Cx,
}

impl Office {
    /// The office of an administrator in an organisation, on one part of the manager.
    pub(super) fn of(
        administrator: &Administrator,
        organisation: &str,
        part: &'static str,
    ) -> Result<Self, Refused> {
        let organisation = organisation
            .parse()
            .map_err(|_| Problem::new(Kind::NotFound))?;
        let cx = administrator.cx_in(organisation)?;
        let mut places = administrator.signed_in.organisations.iter();
        let place: &Place = places
            .find(|place| place.organisation == organisation)
            .ok_or_else(|| Problem::new(Kind::NotFound))?;
        let email = administrator.signed_in.email.clone();
        let has_others = administrator.signed_in.organisations.len() > 1;
        Ok(Self {
            organisation,
            name: place.name.clone(),
            email,
            has_others,
            role: place.role,
            part,
            cx,
        })
    }

    pub(super) fn is(&self, part: &str) -> bool {
        self.part == part
    }

    pub(super) fn may_manage(&self) -> bool {
        self.role >= Role::Manager
    }

    pub(super) fn may_own(&self) -> bool {
        self.role >= Role::Owner
    }

    /// Refuses whoever does not own the organisation.
    pub(super) fn owned(self) -> Result<Self, Refused> {
        if self.may_own() {
            return Ok(self);
        }
        Err(Refused::of(Kind::Forbidden))
    }

    /// Refuses whoever may only look.
    pub(super) fn managed(self) -> Result<Self, Refused> {
        if self.may_manage() {
            return Ok(self);
        }
        Err(Refused::of(Kind::Forbidden))
    }

    /// A page of this office.
    pub(super) fn path(&self, rest: impl fmt::Display) -> String {
        format!("/admin/{}{rest}", self.organisation)
    }
}
