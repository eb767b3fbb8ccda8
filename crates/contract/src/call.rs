//! The one trait of every message, and the data that says who may send it.

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{caller::Role, ids::OrganisationId};

/// A request and the one kind of answer it has.
pub trait Call: Serialize + DeserializeOwned + Send + Sync + 'static {
    /// The NATS subject, `usher.v1.<noun>.<verb>`. The subject is the address: a restarted or moved
    /// actor is invisible to its callers.
    const SUBJECT: &'static str;
    /// The actor that serves it.
    const OWNER: Service;
    /// The actors that may send it; the edges of the call graph, which has no cycle.
    const FROM: &'static [Service];
    /// What the principal on whose behalf it is sent must hold.
    const NEEDS: Need;
    /// The answer.
    type Reply: Serialize + DeserializeOwned + Send + 'static;

    /// The organisation whose rows it touches. A caller of another organisation is answered as if
    /// it did not exist.
    fn organisation(&self) -> Option<&OrganisationId> {
        None
    }
}

/// A part of the system that sends or serves messages; also its name in service discovery.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Service {
    /// HTTP in, messages out.
    HttpEdge,
    /// Access links.
    LinkRegistry,
    /// Plans, memberships, seats.
    SeatPool,
    /// Accounts and proofs.
    People,
    /// Reads for administrators.
    Roster,
    /// Organisations, administrators, tokens, audit.
    AdminDirectory,
    /// All mail.
    InviteDispatcher,
    /// Committed events onto the bus.
    OutboxRelay,
    /// The command line of the node, which acts for the operator.
    Node,
    /// Programs that measure or test the kernel; no role of a node.
    Probe,
}

impl Service {
    /// The name in service discovery, logs and metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::HttpEdge => "http-edge",
            Self::LinkRegistry => "link-registry",
            Self::SeatPool => "seat-pool",
            Self::People => "people",
            Self::Roster => "roster",
            Self::AdminDirectory => "admin-directory",
            Self::InviteDispatcher => "invite-dispatcher",
            Self::OutboxRelay => "outbox-relay",
            Self::Node => "node",
            Self::Probe => "probe",
        }
    }
}

/// What the principal behind a request must hold; checked by the kernel before the turn starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// Nothing: a door that is open to the public. What it may learn is the message's business.
    Anyone,
    /// An administrator or API token of the message's organisation with at least this role, or the
    /// operator.
    Administrator(Role),
    /// The operator of the platform.
    Operator,
    /// A person who signed in. The message is about their own account, which is the caller's.
    Person,
}
