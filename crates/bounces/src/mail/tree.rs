//! A mail, opened.

use contract::{EmailAddress, Timestamp};
use mailparse::{MailHeaderMap as _, ParsedMail};
use time::{OffsetDateTime, format_description::well_known::Rfc2822};

use super::fields::Fields;

/// A mail and its parts. A message inside is a part like any other: what it holds is never taken
/// for a report of its own.
pub(super) struct Mail<'a>(ParsedMail<'a>);

/// The most encoded words of a mail: the time that they take grows with the square of their number.
const MOST_ENCODED_WORDS: usize = 1_000;

impl<'a> Mail<'a> {
    /// Opens a mail; also one that a mailbox put a `From ` line in front of.
    pub(super) fn parse(bytes: &'a [u8]) -> Option<Self> {
        let bytes = match bytes.strip_prefix(b"From ") {
            Some(rest) => {
                let end = rest.iter().position(|b| *b == b'\n')?;
                rest.get(end + 1..)?
            }
            None => bytes,
        };
        let encoded = bytes.windows(2).filter(|pair| pair == b"=?").count();
        if encoded > MOST_ENCODED_WORDS {
            return None;
        }
        let parsed = mailparse::parse_mail(bytes).ok()?;
        (!parsed.headers.is_empty()).then_some(Self(parsed))
    }

    /// The first header of a name, decoded.
    pub(super) fn header(&self, name: &str) -> Option<String> {
        self.0.headers.get_first_value(name)
    }

    /// All headers of a name, decoded.
    pub(super) fn headers(&self, name: &str) -> Vec<String> {
        self.0.headers.get_all_values(name)
    }

    /// Whether it has a part of one of these types.
    pub(super) fn has(&self, types: &[&str]) -> bool {
        self.find(types).is_some()
    }

    /// The decoded text of the first part of one of these types.
    pub(super) fn part(&self, types: &[&str]) -> Option<String> {
        self.find(types).map(decoded)
    }

    fn find<'s>(&'s self, types: &[&str]) -> Option<&'s ParsedMail<'s>> {
        let is = |part: &&ParsedMail<'_>| {
            let kind = part.ctype.mimetype.trim();
            types.iter().any(|known| kind.eq_ignore_ascii_case(known))
        };
        self.0.parts().find(is)
    }

    /// The headers of our mail, if they came along.
    pub(super) fn original(&self) -> Option<Fields> {
        self.part(&[
            "message/rfc822",
            "message/global",
            "text/rfc822-headers",
            "message/rfc822-headers",
            "message/global-headers",
        ])
        .map(|text| Fields::first(&text))
    }

    /// What a person is meant to read.
    pub(super) fn text(&self) -> String {
        match self.part(&["text/plain"]) {
            Some(text) if !text.trim().is_empty() => text,
            _ => self
                .part(&["text/html"])
                .map(|html| without_tags(&html))
                .unwrap_or_default(),
        }
    }

    /// When it was written, as it says.
    pub(super) fn date(&self) -> Option<Timestamp> {
        date(&self.header("date")?)
    }

    /// Who it is from, if that is an address and nothing hidden.
    pub(super) fn sender(&self) -> Option<EmailAddress> {
        address(&self.header("from")?)
    }
}

fn decoded(part: &ParsedMail<'_>) -> String {
    // without a charset the crate reads Windows-1252; reports mean UTF-8 when they mean more than ASCII
    if part.ctype.params.contains_key("charset")
        && let Ok(text) = part.get_body()
    {
        return text;
    }
    let bytes = part.get_body_raw().unwrap_or_default();
    String::from_utf8_lossy(&bytes).into_owned()
}

fn without_tags(html: &str) -> String {
    let mut text = String::new();
    let mut rest = html;
    while let Some((before, tag)) = rest.split_once('<') {
        text.push_str(before);
        let (name, after) = tag.split_once('>').unwrap_or((tag, ""));
        let breaks = ["br", "p", "/p", "div", "/div", "tr", "li", "h1", "h2"];
        let name = name.split([' ', '\n']).next().unwrap_or_default();
        if breaks.iter().any(|tag| name.eq_ignore_ascii_case(tag)) {
            text.push('\n');
        }
        rest = after;
    }
    text.push_str(rest);
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&nbsp;", " ")
        .replace("&amp;", "&")
}

/// An instant as mails write it; a comment behind it is left out. (The one of the MIME crate counts
/// the years one by one up to any that a mail names.)
pub(super) fn date(text: &str) -> Option<Timestamp> {
    let bare = text.split('(').next().unwrap_or_default().trim();
    let at = OffsetDateTime::parse(bare, &Rfc2822).ok()?;
    let micros = i64::try_from(at.unix_timestamp_nanos() / 1_000).ok()?;
    Some(Timestamp::from_micros(micros))
}

/// The address in `Bob <bob@x.edu>`, `<bob@x.edu>`, `bob@x.edu`; not one that was made unreadable.
pub(crate) fn address(text: &str) -> Option<EmailAddress> {
    let text = text.trim();
    let bare = match text.rsplit_once('<') {
        Some((_, behind)) => behind.split('>').next().unwrap_or_default(),
        None => text,
    };
    let address = EmailAddress::parse(bare).ok()?;
    let hidden = ["redacted", "xxxx", "[redacted"];
    let key = address.key();
    (!hidden.iter().any(|prefix| key.starts_with(prefix))).then_some(address)
}
