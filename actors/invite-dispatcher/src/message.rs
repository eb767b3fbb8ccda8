//! A letter as a message (RFC 5322), composed by lettre.

use contract::{EmailAddress, Timestamp, ids::MailId};
use lettre::{
    Message,
    message::{
        Mailbox, MultiPart,
        header::{HeaderName, HeaderValue},
    },
};

use crate::letter::Words;

/// Why a message could not be composed; none of it is a caller's to mend.
#[derive(Debug, thiserror::Error)]
#[error("cannot compose the message: {0}")]
pub(crate) struct ComposeError(String);

/// Composes a message. Its Message-ID is made of the letter's id, so that it is the same whenever
/// the letter is sent again.
pub(crate) fn compose(
    id: MailId,
    from: &Mailbox,
    to: &EmailAddress,
    words: &Words,
    now: Timestamp,
) -> Result<Message, ComposeError> {
    let failed = |error: &dyn std::fmt::Display| ComposeError(error.to_string());
    let to = to.as_str().parse().map_err(|error| failed(&error))?;
    let micros = u64::try_from(now.micros()).unwrap_or(0);
    let date = std::time::UNIX_EPOCH + std::time::Duration::from_micros(micros);
    Message::builder()
        .message_id(Some(format!("<{id}@{}>", from.email.domain())))
        .date(date)
        .from(from.clone())
        .to(Mailbox::new(None, to))
        .subject(words.subject.as_str())
        // RFC 3834: no out-of-office reply comes back to this.
        .raw_header(HeaderValue::new(
            HeaderName::new_from_ascii_str("Auto-Submitted"),
            "auto-generated".to_owned(),
        ))
        .multipart(MultiPart::alternative_plain_html(
            words.text.clone(),
            words.html.clone(),
        ))
        .map_err(|error| failed(&error))
}
