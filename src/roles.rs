//! What a node can be: its roles. `stages` says which actors each of them starts.

use std::collections::BTreeSet;

/// A part of the system that a node can run, on a thread of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// HTTP in, messages out.
    Edge,
    /// Access links.
    Links,
    /// Takes letters and invites in, and moves batches on.
    Invites,
    /// Sends letters and invites.
    Courier,
    /// Accounts and proofs.
    People,
    /// Lists of people.
    Roster,
    /// Organisations, administrators, tokens, audit.
    Admin,
    /// Plans, seats and who sits on them.
    Seats,
    /// The feed of events, and their way onto NATS.
    Relay,
}

impl Role {
    /// Every role, in the order in which they stop.
    pub const ALL: [Self; 9] = [
        Self::Edge,
        Self::Links,
        Self::Invites,
        Self::Courier,
        Self::People,
        Self::Roster,
        Self::Admin,
        Self::Seats,
        Self::Relay,
    ];

    /// The name on the command line, in logs and metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Edge => "edge",
            Self::Links => "links",
            Self::Seats => "seats",
            Self::Invites => "invites",
            Self::Courier => "courier",
            Self::People => "people",
            Self::Roster => "roster",
            Self::Admin => "admin",
            Self::Relay => "relay",
        }
    }

    /// What it does, in a few words.
    pub const fn purpose(self) -> &'static str {
        match self {
            Self::Edge => "pages and API over HTTP",
            Self::Links => "access links",
            Self::Seats => "plans, seats, and who sits on them",
            Self::Invites => "takes letters and invites in, and moves batches on",
            Self::Courier => "sends letters and invites",
            Self::People => "accounts and proofs",
            Self::Roster => "lists of people",
            Self::Admin => "organisations, administrators, tokens, audit",
            Self::Relay => "the feed of events, and their way onto NATS",
        }
    }

    /// When it stops: lower ones first, so that who calls ends before who is called.
    pub const fn rank(self) -> u8 {
        match self {
            Self::Edge => 0,
            Self::Links | Self::Invites | Self::Courier | Self::Roster | Self::Admin => 1,
            Self::People | Self::Seats => 2,
            Self::Relay => 3,
        }
    }
}

/// The roles of a node; never none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Roles(BTreeSet<Role>);

impl Roles {
    /// Names all of them at once.
    pub const ALL_NAME: &'static str = "all";

    /// Every role.
    pub fn all() -> Self {
        Self(BTreeSet::from(Role::ALL))
    }

    /// Those with these names; every role when none is named, or `all`.
    pub fn named<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        let names: BTreeSet<&str> = names.into_iter().collect();
        if names.is_empty() || names.contains(Self::ALL_NAME) {
            return Self::all();
        }
        Self(
            Role::ALL
                .into_iter()
                .filter(|role| names.contains(role.name()))
                .collect(),
        )
    }

    /// In the order in which they start.
    pub fn iter(&self) -> impl Iterator<Item = Role> {
        self.0.iter().rev().copied()
    }

    /// Whether nothing is left for another node.
    pub fn are_all(&self) -> bool {
        self.0.len() == Role::ALL.len()
    }

    /// Whether people reach this node.
    pub fn runs_edge(&self) -> bool {
        self.0.contains(&Role::Edge)
    }

    /// Whether this node knows how mails look.
    pub fn make_mail(&self) -> bool {
        self.0.contains(&Role::Invites) || self.send_mail()
    }

    /// Whether mail leaves from this node.
    pub fn send_mail(&self) -> bool {
        self.0.contains(&Role::Courier)
    }

    /// Whether any of them needs the database.
    pub fn use_database(&self) -> bool {
        self.0.iter().any(|role| *role != Role::Edge)
    }
}
