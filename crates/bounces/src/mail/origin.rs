//! Which mail of ours a report is about.

use super::{Envelope, fields::Fields, tree::Mail};
use crate::{
    report::{About, message_id},
    return_path::ReturnPath,
};

/// Where servers note the address that they delivered to.
const DELIVERED: [&str; 6] = [
    "delivered-to",
    "x-original-to",
    "envelope-to",
    "x-envelope-to",
    "x-delivered-to",
    "to",
];

/// What a report came with.
pub(super) struct Origin<'a> {
    pub(super) mail: &'a Mail<'a>,
    pub(super) envelope: Envelope<'a>,
    pub(super) path: &'a ReturnPath,
}

impl Origin<'_> {
    /// The token of the address that the report was sent to.
    pub(super) fn token(&self) -> Option<String> {
        let token_of = |address: &str| self.path.token_of(address);
        self.envelope.to.and_then(token_of).or_else(|| {
            let noted = DELIVERED
                .iter()
                .flat_map(|header| self.mail.headers(header));
            noted.into_iter().find_map(|value| {
                let mut addresses = value
                    .split(',')
                    .map(|one| one.rsplit('<').next().unwrap_or(one));
                addresses.find_map(token_of)
            })
        })
    }

    /// The mail, by what the report says of it (`facts`) and by the headers that came along.
    pub(super) fn about(&self, facts: &Fields, original: Option<&Fields>) -> Option<About> {
        let of_original = |name: &str| original.and_then(|fields| fields.get(name));
        let token = self.token().or_else(|| {
            let paths = [facts.get("original-mail-from"), of_original("return-path")];
            let mut paths = paths.into_iter().flatten();
            let found = paths.find_map(|path| self.path.token_of(path));
            found.or_else(|| self.unsubscribing(of_original("list-unsubscribe")?))
        });
        if let Some(token) = token {
            return Some(About::Token(token));
        }
        let ids = [
            of_original("message-id"),
            facts.get("x-original-message-id"),
            facts.get("original-message-id"),
        ];
        let mut ids = ids.into_iter().flatten();
        if let Some(found) = ids.find_map(message_id) {
            return Some(About::Message(found));
        }
        self.answered().map(About::Message)
    }

    /// The token in the address that our mail offered for unsubscribing. Complaints leave out who the
    /// mail was for, and mostly leave this in.
    fn unsubscribing(&self, offered: &str) -> Option<String> {
        let mut offers = offered.split(',').filter_map(|url| {
            let url = url.trim().strip_prefix('<').unwrap_or(url);
            let (scheme, rest) = url.split_once(':')?;
            let address = rest.split(['?', '>']).next();
            address.filter(|_| scheme.eq_ignore_ascii_case("mailto"))
        });
        offers.find_map(|address| self.path.token_of(address))
    }

    /// The mail that the report is an answer to.
    pub(super) fn answered(&self) -> Option<String> {
        let headers = ["in-reply-to", "references", "x-original-message-id"];
        let values = headers.iter().filter_map(|name| self.mail.header(name));
        values
            .into_iter()
            .find_map(|value| value.split_whitespace().next_back().and_then(message_id))
    }
}
