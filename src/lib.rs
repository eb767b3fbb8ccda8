//! The node: one binary whose roles are chosen on the command line.
//!
//! # Map
//! - [`cli`]: the commands, one file each; [`failure`]: how a command ends badly.
//! - [`settings`]: what the node is told; `config/default.toml` is the manual.
//! - [`roles`]: what a node can be; [`stages`]: the actors that each role starts.
//! - [`node`]: starts roles, waits, stops them in order; [`role_thread`]: one role on one thread;
//!   [`reread`]: other settings while it runs.
//! - [`ground`]: what every role stands on (time, keys, database, bus, numbers).
//! - [`http`]: what the edge is told; [`edge`]: supervises it, as it is no actor;
//!   [`renewed_metrics`]: its numbers across restarts.
//! - [`ops`]: the operations port; [`readiness`]: what it says; [`telemetry`]: logs and panics.
//! - [`demo`]: everything in one process, with something in it to look at.
//!
//! # Promises
//! - Wrong settings are refused before anything starts, all at once, each with its place.
//! - A role that cannot start, or ends by itself, ends the node with exit code 1: what is around it
//!   (systemd, Kubernetes) is the next supervisor.
//! - SIGTERM and SIGINT finish what was taken: callers stop before those they call. A second
//!   signal ends at once, with 130. SIGHUP takes over other limits; settings that cannot be used
//!   change nothing.
//!
//! # To add an actor
//! Its line in `stages.rs`; if it runs on its own, a role in `roles.rs`.

pub mod cli;
pub mod demo;
pub mod edge;
pub mod failure;
pub mod ground;
pub mod http;
pub mod node;
pub mod ops;
pub mod readiness;
pub mod renewed_metrics;
pub mod reread;
pub mod role_thread;
pub mod roles;
pub mod settings;
pub mod stages;
pub mod telemetry;
