//! Invitations differ from one receiver to the next in a few places only. The words of a batch are
//! rendered once with holes in these places, and the holes filled for each receiver.
//!
//! A template may do anything with a value, such as count its letters: this is for the built-in
//! templates alone, which only write them.

use std::sync::{Arc, Mutex, PoisonError};

use contract::{
    Secret,
    text::{InviteMessage, Name, PersonName},
};
use minijinja::{Value, context};

use crate::{
    greeted::greeted,
    invitation::Invitation,
    templates::{Templates, Words, WordsError, escape},
};

/// Stands before the number of a hole. No word of ours has it; where somebody's has, nothing is kept.
const HOLE: char = '\u{10fffd}';
/// How many batches are kept.
const MOST: usize = 64;

/// The words of the last few batches.
#[derive(Default)]
pub(crate) struct Stencils(Mutex<Vec<Arc<Stencil>>>);

/// The words of a batch.
struct Stencil {
    /// The first invitation: others fit that differ in the holes alone.
    first: Invitation,
    subject: String,
    text: Vec<Piece>,
    html: Vec<Piece>,
}

enum Piece {
    Words(String),
    Hole(usize),
}

/// What is filled in, in the order of the holes.
fn values(invitation: &Invitation) -> [&str; 6] {
    [
        invitation.to.as_str(),
        name(invitation).unwrap_or_default(),
        invitation.accept_url.expose(),
        invitation.code.expose(),
        invitation.decline_url.expose(),
        invitation.unsubscribe_url.expose(),
    ]
}

fn name(invitation: &Invitation) -> Option<&str> {
    let name = invitation.name.as_ref().map(PersonName::as_str);
    name.filter(|name| greeted(name))
}

/// Whether somebody's words look like a hole.
fn has_hole(invitation: &Invitation) -> bool {
    let message = invitation.message.as_ref().map(InviteMessage::as_str);
    let inviter = invitation.inviter.as_ref().map(Name::as_str);
    let words = [
        invitation.organisation.as_str(),
        &invitation.product,
        invitation.plan.as_str(),
        inviter.unwrap_or_default(),
        message.unwrap_or_default(),
        &invitation.code_url,
    ];
    words.iter().any(|words| words.contains(HOLE))
}

/// Mails name the minute.
fn minute(invitation: &Invitation) -> i64 {
    invitation.expires_at.micros().div_euclid(60_000_000)
}

impl Stencils {
    /// The words of an invitation.
    pub(crate) fn words(
        &self,
        templates: &Templates,
        invitation: &Invitation,
    ) -> Result<Words, WordsError> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let found = kept
            .iter()
            .find(|stencil| stencil.fits(invitation))
            .cloned();
        drop(kept);
        if let Some(stencil) = found {
            return Ok(stencil.fill(invitation));
        }
        let Some(stencil) = Stencil::cut(templates, invitation)? else {
            return templates.words("invite", &invitation.language, invitation.context());
        };
        let words = stencil.fill(invitation);
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.insert(0, Arc::new(stencil));
        kept.truncate(MOST);
        Ok(words)
    }
}

impl Stencil {
    /// Renders with holes; nothing where somebody's words look like one.
    fn cut(templates: &Templates, invitation: &Invitation) -> Result<Option<Self>, WordsError> {
        let hole = |number: usize| format!("{HOLE}{number}");
        let context: Value = context! {
            address => hole(0),
            name => name(invitation).map(|_| hole(1)),
            accept_url => hole(2),
            code => hole(3),
            decline_url => hole(4),
            unsubscribe_url => hole(5),
            ..invitation.context()
        };
        if has_hole(invitation) {
            return Ok(None);
        }
        let words = templates.words("invite", &invitation.language, context)?;
        let nothing = || Secret::new("");
        Ok(Some(Self {
            first: Invitation {
                accept_url: nothing(),
                code: nothing(),
                decline_url: nothing(),
                unsubscribe_url: nothing(),
                ..invitation.clone()
            },
            text: pieces(&words.text),
            html: pieces(&words.html),
            subject: words.subject,
        }))
    }

    fn fits(&self, other: &Invitation) -> bool {
        let first = &self.first;
        first.batch == other.batch
            && minute(first) == minute(other)
            && first.occasion == other.occasion
            && name(first).is_some() == name(other).is_some()
            && first.language == other.language
            && first.organisation == other.organisation
            && first.product == other.product
            && first.plan == other.plan
            && first.inviter == other.inviter
            && first.message == other.message
            && first.code_url == other.code_url
    }

    fn fill(&self, invitation: &Invitation) -> Words {
        let values = values(invitation);
        let escaped = values.map(|value| {
            let mut out = String::with_capacity(value.len());
            // nothing is refused by a String
            let _ = escape(&mut out, value);
            out
        });
        let escaped = escaped.each_ref().map(String::as_str);
        Words {
            subject: self.subject.clone(),
            text: filled(&self.text, values),
            html: filled(&self.html, escaped),
        }
    }
}

/// A text apart at its holes.
fn pieces(text: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    for (nth, part) in text.split(HOLE).enumerate() {
        let digit = part.bytes().next().filter(|_| nth > 0);
        let number = digit.map(|digit| usize::from(digit.wrapping_sub(b'0')));
        pieces.extend(number.map(Piece::Hole));
        let words = part.get(usize::from(number.is_some())..);
        pieces.push(Piece::Words(words.unwrap_or_default().to_owned()));
    }
    pieces
}

fn filled(pieces: &[Piece], values: [&str; 6]) -> String {
    let parts = pieces.iter().map(|piece| match piece {
        Piece::Words(words) => words.as_str(),
        Piece::Hole(number) => values.get(*number).copied().unwrap_or_default(),
    });
    parts.collect()
}

#[cfg(test)]
mod tests {
    use contract::{EmailAddress, text::Language};

    use super::*;
    use crate::{invitation::Occasion, samples};

    fn same(templates: &Templates, invitation: &Invitation) {
        let rendered = templates.words("invite", &invitation.language, invitation.context());
        let words = templates.invitation(invitation).unwrap();
        assert_eq!(words, rendered.unwrap());
    }

    #[test]
    fn what_is_filled_in_is_what_would_have_been_rendered() {
        let templates = Templates::load(None, Some("help@hill.edu")).unwrap();
        let occasions = ["first", "resend", "reminder"].map(|name| Occasion::of(name, 1, 1));
        for (nth, occasion) in (0..).zip(occasions) {
            for (language, is_full) in [("en", true), ("en", false), ("de-at", true)] {
                let mut invitation = samples::invite(occasion, is_full).unwrap();
                invitation.language = Language::parse(language).unwrap();
                for name in [None, Some("Ann"), Some("O'Neil & <b>"), Some("evil.co/x")] {
                    invitation.name = name.map(|name| PersonName::parse(name).unwrap());
                    for number in 0..3 {
                        let address = format!("o'neil.{number}&{nth}@hill.edu");
                        invitation.to = EmailAddress::parse(&address).unwrap();
                        let url = format!("https://usher.hill.edu/i/{number}?a=1&b=\"{nth}\"");
                        invitation.accept_url = Secret::new(url.clone());
                        invitation.decline_url = Secret::new(format!("{url}#decline"));
                        invitation.unsubscribe_url = Secret::new(format!("{url}&off"));
                        invitation.code = Secret::new(format!("ABCD234{number}"));
                        same(&templates, &invitation);
                    }
                }
                invitation.expires_at = invitation.expires_at.plus_days(1);
                same(&templates, &invitation);
                invitation.product = "another.hill.edu".to_owned();
                same(&templates, &invitation);
                invitation.product = format!("odd{HOLE}1");
                same(&templates, &invitation);
                invitation.name = Some(PersonName::parse("Ann").unwrap());
                same(&templates, &invitation);
            }
        }
    }
}
