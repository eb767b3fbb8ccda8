//! The way out. A verdict is what the other side said of this very message.

mod file;
mod smtp;

use contract::ids::MailId;
use lettre::Message;

use crate::{
    options::{MailOptions, Way},
    templates::Words,
};

/// What became of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The other side has taken responsibility.
    Accepted(String),
    /// Not now: to be tried again.
    Deferred(String),
    /// The message went over, the reply did not come: the other side may have it.
    Unknown(String),
    /// Never.
    Rejected(String),
}

/// Signs a message, where that is set, and hands it over.
pub(crate) async fn hand_over(
    options: &MailOptions,
    id: MailId,
    message: &Message,
    words: &Words,
    sent_at: contract::Timestamp,
) -> Verdict {
    let mut wire = message.formatted();
    if let Some(signer) = &options.signer {
        match signer.sign(&wire) {
            Ok(signed) => wire = signed,
            Err(error) => return Verdict::Deferred(error.to_string()),
        }
    }
    match &options.way {
        Way::File(directory) => file::hand_over(directory, id, message, &wire, words, sent_at),
        Way::Smtp(relay) => smtp::hand_over(relay, message, &wire).await,
    }
}
