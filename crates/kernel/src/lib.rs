//! What makes a plain struct an actor: hosting, supervision, the bus.
//!
//! An actor is a struct that implements [`Behaviour`] and, for each message, [`Serve`] or
//! [`ServeMany`]. It knows nothing of actix, NATS, threads or panics.
//!
//! # Map
//! - [`behaviour`]: the three traits and [`Routes`], an actor's table of contents.
//! - `host`: the actix actor around a behaviour; one turn at a time, panic guard, fresh instance.
//! - [`supervise`]: back-off, intensity, giving up. Pure.
//! - `ingress`: subject to turn: inbox, deadline, caller, decode, authorise, turn, reply; batches.
//! - `worker`: turns that nobody asks for: sweeps, the relay, the courier.
//! - [`bus`]: [`Bus::call`], the seam of bytes and headers, its two transports.
//! - [`cx`]: what travels beside a message; [`signature`]: why it may be believed.
//! - [`stage`]: starts actors on the runtime of a role and stops them without losing what was taken.
//! - [`health`]: whether this process should get traffic, or should end.
//! - [`discovery`]: the NATS service API; [`metrics`]: the numbers of all of it.
//!
//! # Promises
//! `docs/semantics-kernel.md` lists them, each with the test that holds it. The heart: a turn is one
//! message (or one batch of one kind) at a time; a panic answers its caller, loses the instance on
//! purpose and nothing else; what does not fit in the inbox is refused at once; what is taken is
//! answered, also while stopping.
//!
//! # To add an actor
//! 1. A crate under `actors/` with one verb file a message and `impl Behaviour` in its `lib.rs`.
//! 2. Its name in [`contract::Service`].
//! 3. Its line in `src/stages.rs` of the node; a role in `src/roles.rs` if it runs on its own.

pub mod behaviour;
pub mod bus;
pub mod cx;
pub mod discovery;
pub mod health;
mod host;
mod inbox;
mod ingress;
pub mod metrics;
pub mod signature;
pub mod stage;
pub mod supervise;
mod worker;

pub use behaviour::{Asked, Behaviour, Pace, Routes, Serve, ServeMany, Work};
pub use bus::{Bus, BusOptions, Transport};
pub use cx::Cx;
pub use health::Health;
pub use metrics::KernelMetrics;
pub use signature::BusKey;
pub use stage::{Stage, StageOptions};
