//! API tokens: of an organisation, or of the operator.

mod authenticate;
mod create;
mod list;
mod revoke;
mod watch;

pub use self::watch::TokenWatch;
