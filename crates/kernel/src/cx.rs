//! What travels beside a message: on whose behalf, until when, in which request.

use std::time::Duration;

use contract::{
    Caller, Clock, Role, Service, Stamp, Timestamp, caller::Principal, ids::OrganisationId,
};

/// What travels beside a message, in both directions of a hop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cx {
    /// On whose behalf, through which part of the system.
    pub caller: Caller,
    /// After this instant nobody waits for the answer, and nobody works on it.
    pub deadline: Timestamp,
    /// Names the request in every log line, audit entry and answer.
    pub request_id: String,
}

impl Cx {
    /// How long a request may take when nobody says otherwise.
    pub const PATIENCE: Duration = Duration::from_secs(10);

    /// A request that begins here, on behalf of `caller`.
    pub fn begin(caller: Caller, request_id: impl Into<String>, clock: &dyn Clock) -> Self {
        let patience = i64::try_from(Self::PATIENCE.as_micros()).unwrap_or(i64::MAX);
        let deadline = Timestamp::from_micros(clock.now().micros().saturating_add(patience));
        Self {
            caller,
            deadline,
            request_id: request_id.into(),
        }
    }

    /// The same request on behalf of somebody else: the edge, once it knows who asks.
    #[must_use]
    pub fn on_behalf_of(
        &self,
        principal: Principal,
        scope: Option<(OrganisationId, Role)>,
    ) -> Self {
        let (organisation, role) = scope.unzip();
        let caller = Caller {
            principal,
            organisation,
            role,
            ..self.caller.clone()
        };
        Self {
            caller,
            ..self.clone()
        }
    }

    /// Work that `service` begins by itself.
    pub fn system(service: Service, clock: &dyn Clock) -> Self {
        let caller = Caller::system(service, clock.now());
        Self::begin(
            caller,
            format!("{}-{}", service.name(), clock.ulid()),
            clock,
        )
    }

    /// What the transaction of this request notes beside every change.
    pub fn stamp(&self, clock: &dyn Clock) -> Stamp {
        Stamp {
            now: clock.now(),
            actor: self.caller.actor(),
            request_id: self.request_id.clone(),
        }
    }

    /// How long is left; `None` when the deadline has passed.
    pub fn remaining(&self, now: Timestamp) -> Option<Duration> {
        let left = self.deadline.micros().saturating_sub(now.micros());
        u64::try_from(left)
            .ok()
            .filter(|left| *left > 0)
            .map(Duration::from_micros)
    }
}
