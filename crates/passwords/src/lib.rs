//! argon2id on a bounded pool of threads with reused memory.
//!
//! One hash costs as much processor time as hundreds of requests, so it never runs on a runtime's
//! thread: [`Passwords`] has a few threads of its own, each with its block memory (allocating it
//! anew costs up to the hash itself), and a bounded queue in front of them. A full queue refuses at
//! once; whoever waits for a hash is somebody who signs in, and a queue of minutes helps nobody. It
//! stays bounded where these threads get no processor for long, and another thread hashes instead.
//!
//! - [`background`]: what these threads leave to the others.
//! - [`phc`]: what is stored, the PHC string.
//! - [`pool`]: the threads, and one for whoever waited too long for them.
//!
//! Parameters are the installation's (`auth.argon2_memory_kib`, `auth.argon2_passes`); a stored hash
//! is checked with its own. RFC 9106; the defaults are OWASP's 19 MiB and two passes.

mod background;
mod phc;
mod pool;

pub use self::pool::{Busy, PasswordSettings, Passwords};
