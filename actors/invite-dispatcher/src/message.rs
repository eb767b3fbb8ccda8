//! A mail as a message (RFC 5322), composed by lettre. Each header is there once; which, the tests
//! of this crate list.

use contract::{EmailAddress, Timestamp, ids::MailId};
use lettre::{
    Address, Message,
    address::Envelope,
    message::{
        Mailbox, MessageBuilder, MultiPart,
        header::{HeaderName, HeaderValue},
    },
};

use crate::{
    invitation::Invitation,
    quoted::body,
    templates::{Words, shortened},
};

/// Characters of an organisation and of a product in the name of the sender.
const ORGANISATION_MOST: usize = 50;
const PRODUCT_MOST: usize = 30;

/// Why a message could not be composed; none of it is a caller's to mend.
#[derive(Debug, thiserror::Error)]
#[error("cannot compose the message: {0}")]
pub struct ComposeError(String);

/// Who mail is from.
#[derive(Clone, Debug)]
pub struct Sender {
    /// From: its domain is the one of the Message-IDs as well.
    pub from: Mailbox,
    /// Where answers go, where it is not there.
    pub reply_to: Option<Mailbox>,
}

/// Composes a letter. Its Message-ID is made of the letter's id, so that it is the same whenever the
/// letter is sent again.
pub fn compose(
    id: MailId,
    sender: &Sender,
    to: &EmailAddress,
    words: &Words,
    now: Timestamp,
) -> Result<Message, ComposeError> {
    let from = sender.from.clone();
    let builder = begin(&id.to_string(), from, sender, to, words, now)?;
    finish(builder, words)
}

/// Composes an invitation. Its Message-ID is made of its id and occasion. `unsubscribe_by_mail` is a
/// `mailto:` URL where mail comes back to us.
pub fn compose_invitation(
    invitation: &Invitation,
    words: &Words,
    sender: &Sender,
    unsubscribe_by_mail: Option<&str>,
    now: Timestamp,
) -> Result<Message, ComposeError> {
    let Invitation {
        organisation_id,
        batch,
        ..
    } = invitation;
    let organisation = shortened(invitation.organisation.as_str(), ORGANISATION_MOST);
    let product = shortened(&invitation.product, PRODUCT_MOST);
    let name = undecoded(&format!("{organisation} via {product}"));
    let from = Mailbox::new(Some(name), sender.from.email.clone());
    let domain = sender.from.email.domain();
    let mut unsubscribe = format!("<{}>", invitation.unsubscribe_url.expose());
    if let Some(url) = unsubscribe_by_mail {
        unsubscribe = format!("{unsubscribe}, <{url}>");
    }
    let is_one_click = unsubscribe.starts_with("<https:");
    let id = invitation.message_id();
    let mut builder = begin(&id, from, sender, &invitation.to, words, now)?
        .raw_header(raw("List-Unsubscribe", unsubscribe));
    // RFC 8058: the mail program's own button, and never without TLS.
    if is_one_click {
        let post = "List-Unsubscribe=One-Click".to_owned();
        builder = builder.raw_header(raw("List-Unsubscribe-Post", post));
    }
    let builder = builder
        .raw_header(raw(
            "List-Id",
            format!("<{organisation_id}.invites.{domain}>"),
        ))
        // By which Google tells senders of complaints: nothing of the receiver.
        .raw_header(raw(
            "Feedback-ID",
            format!("{batch}:{organisation_id}:invite:usher"),
        ));
    finish(builder, words)
}

fn begin(
    id: &str,
    from: Mailbox,
    sender: &Sender,
    to: &EmailAddress,
    words: &Words,
    now: Timestamp,
) -> Result<MessageBuilder, ComposeError> {
    let to: Address = to.as_str().parse().map_err(|error| failed(&error))?;
    // lettre would read the headers again that it has just written.
    let envelope = Envelope::new(Some(sender.from.email.clone()), vec![to.clone()]);
    let micros = u64::try_from(now.micros()).unwrap_or(0);
    let date = std::time::UNIX_EPOCH + std::time::Duration::from_micros(micros);
    let builder = Message::builder()
        .envelope(envelope.map_err(|error| failed(&error))?)
        .message_id(Some(format!("<{id}@{}>", sender.from.email.domain())))
        .date(date)
        .from(from)
        .to(Mailbox::new(None, to))
        .subject(undecoded(&words.subject))
        // RFC 3834, and Exchange's own: no out-of-office reply comes back to this.
        .raw_header(raw("Auto-Submitted", "auto-generated".to_owned()))
        .raw_header(raw("X-Auto-Response-Suppress", "All".to_owned()));
    Ok(match &sender.reply_to {
        Some(reply_to) => builder.reply_to(reply_to.clone()),
        None => builder,
    })
}

fn finish(builder: MessageBuilder, words: &Words) -> Result<Message, ComposeError> {
    builder
        .multipart(MultiPart::alternative_plain_html(
            body(&words.text),
            body(&words.html),
        ))
        .map_err(|error| failed(&error))
}

fn raw(name: &'static str, value: String) -> HeaderValue {
    HeaderValue::new(HeaderName::new_from_ascii_str(name), value)
}

fn failed(error: &dyn std::fmt::Display) -> ComposeError {
    ComposeError(error.to_string())
}

/// A text that a mail program does not take for an encoded word (RFC 2047) which we never wrote.
fn undecoded(text: &str) -> String {
    text.replace("=?", "= ?")
}
