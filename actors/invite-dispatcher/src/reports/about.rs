//! Which invite a report says it is about, and how it shows that.

use contract::{ids::InviteId, suppressions::About};

use crate::tokens::{Claim, Tokens};

/// An invite, and what a report has of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    pub(super) invite: InviteId,
    evidence: Evidence,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Evidence {
    /// A token of one generation; which, is in the token.
    Token(Claim),
    /// A Message-ID: the number of the resend or reminder, none of the first mail.
    Message(Option<i64>),
}

impl Mark {
    /// Reads it; `None` is about a mail of somebody else.
    pub(super) fn of(about: &About) -> Option<Self> {
        match about {
            About::ReturnPath(token) => {
                let claim = Tokens::read_return_path(token)?;
                Some(Self {
                    invite: claim.invite,
                    evidence: Evidence::Token(claim),
                })
            }
            About::MessageId(id) => message(id),
        }
    }

    /// Which generation it is about, of those that the invite has had; a Message-ID tells none, and
    /// is taken for one of the present.
    pub(super) fn generation(&self, tokens: &Tokens, last: i64) -> Option<i64> {
        match self.evidence {
            Evidence::Message(_) => Some(last),
            Evidence::Token(claim) => (1..=last)
                .rev()
                .find(|generation| tokens.is_return_path(claim, *generation)),
        }
    }

    /// Whether it is certainly about the mail with this number.
    pub(super) fn is_of(&self, mailing: i64) -> bool {
        match self.evidence {
            Evidence::Message(Some(number)) => (mailing - 1..=mailing).contains(&number),
            Evidence::Message(None) | Evidence::Token(_) => mailing == 1,
        }
    }
}

/// `inv_01J…@mail.example`, `inv_01J…-resend-2@mail.example`, with angle brackets or without.
fn message(id: &str) -> Option<Mark> {
    let id = id.trim().trim_start_matches('<');
    let (local, _) = id.split_once('@')?;
    let mut parts = local.splitn(3, '-');
    let (prefix, digits) = parts.next()?.split_once('_')?;
    let ours = prefix.eq_ignore_ascii_case(InviteId::PREFIX);
    let invite = ours.then(|| format!("{}_{}", InviteId::PREFIX, digits.to_ascii_uppercase()))?;
    let number = match (parts.next(), parts.next()) {
        (None, _) => None,
        (Some(_), Some(number)) => Some(number.parse().ok()?),
        (Some(_), None) => return None,
    };
    Some(Mark {
        invite: invite.parse().ok()?,
        evidence: Evidence::Message(number),
    })
}

#[cfg(test)]
mod tests {
    use contract::ids::Ulid;

    use super::*;

    #[test]
    fn a_message_id_is_read_back_in_every_spelling() {
        let invite = InviteId::new(Ulid::from_parts(7, 9));
        for (local, number) in [
            (invite.to_string(), None),
            (format!("{invite}-resend-2"), Some(2)),
            (format!("{invite}-reminder-1").to_lowercase(), Some(1)),
        ] {
            for id in [
                format!("{local}@mail.example"),
                format!("<{local}@mail.example>"),
            ] {
                let mark = Mark::of(&About::MessageId(id.clone())).expect(&id);
                assert_eq!(mark.invite, invite, "{id}");
                assert_eq!(mark.evidence, Evidence::Message(number), "{id}");
            }
        }
    }

    #[test]
    fn the_message_id_of_somebody_else_is_nobodys() {
        let invite = InviteId::new(Ulid::nil());
        for id in [
            String::new(),
            "x@y".to_owned(),
            invite.to_string(),
            format!("mail_{}@y", Ulid::nil()),
            format!("{invite}-resend@y"),
            format!("{invite}-resend-x@y"),
        ] {
            assert_eq!(Mark::of(&About::MessageId(id.clone())), None, "{id}");
        }
    }
}
