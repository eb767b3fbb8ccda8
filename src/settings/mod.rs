//! What a node is told: `config/default.toml` < `--config` < the environment.
//!
//! # Map
//! - one file a section: [`http`], [`ops`], [`database`], [`bus`], [`sealing`], [`mail`], [`invites`],
//!   [`domains`], [`events`], [`auth`], [`throttle`], [`actors`], [`log`].
//! - `manual`: the list of keys, which is the default file itself.
//! - `sources`: a file and an environment as layers of values that know their place.
//! - `load`: puts them together; every problem at once.
//! - `rules`: what one key asks of another and of the node's roles.
//! - `reread`: which keys may change while the node runs.
//! - `show`: the effective settings, secrets masked.
//!
//! # To add a key
//! 1. A field in the file of its section.
//! 2. The key with its meaning, unit and default in `config/default.toml`; the tests ask for both.
//! 3. If it may change while the node runs: a line in `reread::LIVE`.
//! 4. If its value is a secret: `SecretString`, and a line in `manual::SECRETS`.

pub mod actors;
pub mod auth;
pub mod bus;
pub mod database;
pub mod domains;
pub mod events;
mod field;
pub mod http;
pub mod invites;
mod load;
pub mod log;
pub mod mail;
mod manual;
pub mod ops;
mod problem;
mod reread;
mod rules;
pub mod sealing;
mod show;
mod sources;
pub mod throttle;

use serde::Deserialize;

pub use self::{
    load::{Loaded, load, load_without_mail},
    problem::{Problem, Problems},
    reread::Changes,
};

/// Everything a node is told.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Where people reach the node.
    pub http: http::Http,
    /// The operations port.
    pub ops: ops::Ops,
    /// Where everything is kept.
    pub database: database::Database,
    /// How the parts speak.
    pub bus: bus::Bus,
    /// What keeps tokens that can be shown again.
    pub sealing: sealing::Sealing,
    /// Where letters go.
    pub mail: mail::Mail,
    /// The feed of what happened.
    pub events: events::Events,
    /// What is asked about domains.
    pub domains: domains::Domains,
    /// E-mail invites.
    pub invites: invites::Invites,
    /// What a password costs.
    pub auth: auth::Auth,
    /// How often is often enough.
    pub throttle: throttle::Throttle,
    /// How actors are hosted.
    pub actors: actors::Actors,
    /// What is told while running.
    pub log: log::Log,
}
