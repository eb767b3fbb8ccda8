//! What the other side said of many mails of a batch.

use serde::{Deserialize, Serialize};

use crate::invites::InviteState;

/// The most characters of [`Said::text`].
pub const SAID_MOST: usize = 200;

/// The same, said of several mails of a batch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said {
    /// Of how many mails.
    pub count: u64,
    /// Where they stand because of it: `bounced`, `complained` or `failed`.
    pub state: InviteState,
    /// The enhanced code (RFC 3463), `5.1.1`, where there is one.
    pub code: Option<String>,
    /// What was said of one of them, in one line of at most [`SAID_MOST`] characters, without
    /// addresses of people and pages; may be empty.
    pub text: String,
}
