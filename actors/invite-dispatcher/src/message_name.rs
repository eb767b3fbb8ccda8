//! Which mail of an invite it is, as its Message-ID says: written and read here alone.

use std::fmt;

use contract::ids::InviteId;

use crate::invitation::{Mailing, Occasion};

/// What is before the `@` of the Message-ID of an invitation: the same for each repetition of a mail,
/// and of no other mail.
///
/// - `inv_01J…`: the first mail;
/// - `inv_01J….resend-1`, `inv_01J….reminder-2`: with the number of mails before it;
/// - `inv_01J….first-1.g2`, `inv_01J….reminder-2.g2`: to the second address.
///
/// Mails to the first address are named as they always were, so that a mail which is repeated after
/// an upgrade keeps its name. Before names had a generation, mails to later addresses were named
/// like those to the first: who reads one of generation 1 must bear that in mind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct MessageName {
    pub(crate) invite: InviteId,
    pub(crate) occasion: Occasion,
}

impl MessageName {
    /// Reads a Message-ID, in any case, with angle brackets or without; `None` is a mail of somebody
    /// else.
    pub(crate) fn parse(id: &str) -> Option<Self> {
        let (local, _) = id.trim().trim_start_matches('<').split_once('@')?;
        let mut parts = local.split('.');
        let (prefix, digits) = parts.next()?.split_once('_')?;
        let ours = prefix.eq_ignore_ascii_case(InviteId::PREFIX);
        let invite =
            ours.then(|| format!("{}_{}", InviteId::PREFIX, digits.to_ascii_uppercase()))?;
        let occasion = match (parts.next(), parts.next(), parts.next()) {
            (None, ..) => Occasion::First,
            (Some(mailing), generation, None) => occasion(mailing, generation)?,
            (Some(_), _, Some(_)) => return None,
        };
        Some(Self {
            invite: invite.parse().ok()?,
            occasion,
        })
    }
}

/// `resend-2` and `g3`.
fn occasion(mailing: &str, generation: Option<&str>) -> Option<Occasion> {
    let (name, earlier) = mailing.split_once('-')?;
    let generation = match generation {
        Some(text) => number(text.strip_prefix(['g', 'G'])?).filter(|number| *number > 1)?,
        None => 1,
    };
    let mailing = Mailing {
        earlier: number(earlier)?,
        generation,
    };
    let occasions = [
        Occasion::Corrected(mailing),
        Occasion::Resend(mailing),
        Occasion::Reminder(mailing),
    ];
    let mut occasions = occasions.into_iter();
    occasions.find(|occasion| occasion.name().eq_ignore_ascii_case(name))
}

/// A number as it is written: from 1, and without anything before it.
fn number(text: &str) -> Option<i64> {
    let plain = text.starts_with(|c: char| matches!(c, '1'..='9'));
    plain.then(|| text.parse().ok()).flatten()
}

impl fmt::Display for MessageName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.invite)?;
        let Some(mailing) = self.occasion.mailing() else {
            return Ok(());
        };
        write!(f, ".{}-{}", self.occasion.name(), mailing.earlier)?;
        if mailing.generation > 1 {
            write!(f, ".g{}", mailing.generation)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use contract::ids::Ulid;
    use proptest::prelude::*;

    use super::*;

    fn mailing() -> impl Strategy<Value = Mailing> {
        let number = || prop_oneof![1..5_i64, 1..=i64::MAX];
        (number(), number()).prop_map(|(earlier, generation)| Mailing {
            earlier,
            generation,
        })
    }

    fn occasions() -> impl Strategy<Value = Occasion> {
        prop_oneof![
            Just(Occasion::First),
            mailing().prop_map(Occasion::Corrected),
            mailing().prop_map(Occasion::Resend),
            mailing().prop_map(Occasion::Reminder),
        ]
    }

    fn names() -> impl Strategy<Value = MessageName> {
        (any::<u128>(), occasions()).prop_map(|(bits, occasion)| MessageName {
            invite: InviteId::new(Ulid::from_bytes(bits.to_be_bytes())),
            occasion,
        })
    }

    proptest! {
        #[test]
        fn every_name_is_read_back_in_every_spelling(name in names()) {
            let id = format!("{name}@mail.hill.edu");
            for id in [id.clone(), format!("<{id}>"), format!(" <{id}>\r\n"), id.to_lowercase()] {
                prop_assert_eq!(MessageName::parse(&id), Some(name), "{}", id);
            }
        }

        #[test]
        fn what_is_read_is_written_the_same(
            id in "inv_[0-7][0-9A-HJKMNP-TV-Z]{25}(\\.(first|resend|reminder)-[0-9]{1,2}(\\.g[0-9]{1,2})?)?@x",
        ) {
            if let Some(name) = MessageName::parse(&id) {
                prop_assert_eq!(format!("{name}@x"), id);
            }
        }

        #[test]
        fn no_two_mails_have_one_name(occasions in proptest::collection::vec(occasions(), 20)) {
            let invite = InviteId::new(Ulid::nil());
            let distinct = |occasion: &Occasion| MessageName { invite, occasion: *occasion }.to_string();
            let names: std::collections::BTreeSet<_> = occasions.iter().map(distinct).collect();
            let mut mails = occasions;
            mails.sort_by_key(|occasion| (occasion.name(), occasion.number(), occasion.generation()));
            mails.dedup();
            prop_assert_eq!(names.len(), mails.len());
        }

        #[test]
        fn whatever_text_comes_is_read_or_not(text in "\\PC*") {
            let _ = MessageName::parse(&text);
        }
    }

    #[test]
    fn mails_to_the_first_address_are_named_as_they_always_were() {
        let invite = InviteId::new(Ulid::from_parts(7, 9));
        let mailing = Mailing {
            earlier: 2,
            generation: 1,
        };
        for (occasion, behind) in [
            (Occasion::First, ""),
            (Occasion::Resend(mailing), ".resend-2"),
            (Occasion::Reminder(mailing), ".reminder-2"),
        ] {
            let name = MessageName { invite, occasion };
            assert_eq!(name.to_string(), format!("{invite}{behind}"));
            assert_eq!(
                (occasion.generation(), occasion.number() > 1),
                (1, !behind.is_empty())
            );
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
            format!("{invite}-resend-2@y"),
            format!("{invite}.@y"),
            format!("{invite}.resend@y"),
            format!("{invite}.resend-x@y"),
            format!("{invite}.resend-0@y"),
            format!("{invite}.g2@y"),
            format!("{invite}.resend-2.g1@y"),
            format!("{invite}.resend-2.g2.g2@y"),
            format!("{invite}.again-2@y"),
        ] {
            assert_eq!(MessageName::parse(&id), None, "{id}");
        }
    }
}
