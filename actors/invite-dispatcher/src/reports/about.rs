//! Which mail a report says it is about, and how it shows that.

use std::collections::BTreeMap;

use contract::{
    EmailAddress,
    ids::InviteId,
    suppressions::{About, MailReport},
};

use crate::{
    invitation::Occasion,
    message_name::MessageName,
    tokens::{Claim, Tokens},
};

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
    /// A Message-ID. Whoever sees an invite can make one: to be believed of those alone who sign what
    /// they say.
    Message(Occasion),
}

impl Mark {
    /// Reads it; `None` is about a mail of somebody else.
    pub(super) fn of(report: &MailReport) -> Option<Self> {
        match &report.about {
            About::ReturnPath(token) => {
                let claim = Tokens::read_return_path(token)?;
                Some(Self {
                    invite: claim.invite,
                    evidence: Evidence::Token(claim),
                })
            }
            About::MessageId(id) => {
                let MessageName { invite, occasion } = MessageName::parse(id)?;
                Some(Self {
                    invite,
                    evidence: Evidence::Message(occasion),
                })
            }
        }
    }

    /// Which generation it is about, of those that the invite has had: the last is `last`, and
    /// `addresses` are those that are known. `None` where it does not show.
    pub(super) fn generation(
        &self,
        tokens: &Tokens,
        last: i64,
        addresses: &BTreeMap<i64, EmailAddress>,
        recipient: Option<&EmailAddress>,
    ) -> Option<i64> {
        match self.evidence {
            Evidence::Token(claim) => (1..=last)
                .rev()
                .find(|generation| tokens.is_return_path(claim, *generation)),
            // A mail to a corrected address was once named like one to the first: to whom it went
            // tells, and otherwise nothing does.
            Evidence::Message(occasion) if occasion.generation() == 1 && last > 1 => {
                let key = recipient?.key();
                let mut went = addresses.iter().filter(|(_, address)| address.key() == key);
                went.next().map(|(generation, _)| *generation)
            }
            Evidence::Message(occasion) => {
                Some(occasion.generation()).filter(|generation| *generation <= last)
            }
        }
    }

    /// Whether it is certainly about the mail with this number.
    pub(super) fn is_of(&self, mailing: i64) -> bool {
        match self.evidence {
            Evidence::Message(occasion) => occasion.number() == mailing,
            Evidence::Token(_) => mailing == 1,
        }
    }
}
