//! Requests that are sent again with their `Idempotency-Key`. Owner: admin-directory.

use serde::{Deserialize, Serialize};

use crate::{
    call::{Call, Need, Service},
    ids::AttemptId,
};

/// After how many seconds an attempt that said nothing more counts as crashed. Longer than any
/// request is worked on.
pub const LEASE_SECONDS: i64 = 75;
/// For how many hours an answer is kept.
pub const KEEP_HOURS: i64 = 24;

/// Begins an attempt at a request, unless its answer is known already.
///
/// Refuses with `conflict` while another attempt is under way, or when one crashed, and with `invalid`
/// when the key was used with another body. Every text is a hash: neither key nor body nor caller is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BeginAttempt {
    /// Of caller, route and key.
    pub key_hash: String,
    /// Of the body.
    pub body_hash: String,
}

/// How a request goes on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Attempt {
    /// It is this attempt's turn.
    Begun {
        /// Names the attempt, for the messages that end it.
        attempt: AttemptId,
    },
    /// It was answered before.
    Answered(Answer),
}

/// What a request was answered with. Secrets that are shown once (tokens, URLs that hold one,
/// set-up links) are null in here: they are not kept for a replay.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// The HTTP status, 2xx.
    pub status: u16,
    /// The JSON of the body; empty without one.
    pub body: String,
    /// The `Location`, where there was one.
    #[serde(default)]
    pub location: Option<String>,
}

impl Call for BeginAttempt {
    const SUBJECT: &'static str = "usher.v1.idempotency.begin";
    const OWNER: Service = Service::AdminDirectory;
    const FROM: &'static [Service] = &[Service::HttpEdge];
    const NEEDS: Need = Need::Anyone;
    type Reply = Attempt;
}

/// Ends an attempt. One whose place was taken by another ends nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndAttempt {
    /// Of caller, route and key.
    pub key_hash: String,
    /// Which attempt.
    pub attempt: AttemptId,
    /// What is answered from now on; `None`: nothing happened, and the key is free again.
    #[serde(default)]
    pub answer: Option<Answer>,
}

impl Call for EndAttempt {
    const SUBJECT: &'static str = "usher.v1.idempotency.end";
    const OWNER: Service = Service::AdminDirectory;
    const FROM: &'static [Service] = &[Service::HttpEdge];
    const NEEDS: Need = Need::Anyone;
    type Reply = ();
}

/// Finds what a request was answered with that anybody may send, and that is safe to repeat: it is not begun,
/// and nothing of it is written before it succeeded. `None`: nothing is kept of the key.
///
/// Refuses with `invalid` when the key was used with another body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FindAnswer {
    /// Of caller, route and key.
    pub key_hash: String,
    /// Of the whole body, by a key that is not in here: a password cannot be guessed by it.
    pub body_hash: String,
}

impl Call for FindAnswer {
    const SUBJECT: &'static str = "usher.v1.idempotency.find";
    const OWNER: Service = Service::AdminDirectory;
    const FROM: &'static [Service] = &[Service::HttpEdge];
    const NEEDS: Need = Need::Anyone;
    type Reply = Option<Answer>;
}

/// Keeps what such a request was answered with, unless something is kept of the key already.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeepAnswer {
    /// Of caller, route and key.
    pub key_hash: String,
    /// As in [`FindAnswer`].
    pub body_hash: String,
    /// What is answered from now on.
    pub answer: Answer,
}

impl Call for KeepAnswer {
    const SUBJECT: &'static str = "usher.v1.idempotency.keep";
    const OWNER: Service = Service::AdminDirectory;
    const FROM: &'static [Service] = &[Service::HttpEdge];
    const NEEDS: Need = Need::Anyone;
    type Reply = ();
}
