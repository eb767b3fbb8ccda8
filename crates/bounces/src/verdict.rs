//! Whether a refusal is about the address or about something else.

use crate::report::{Enhanced, Kind};

/// [`Kind::Hard`] or [`Kind::Soft`], of a mail that was refused for good.
///
/// The code decides where it says something; only where it does not, the words do. A wrong
/// suppression shuts a person out, a wrong retry costs one mail: in doubt it is soft.
pub fn verdict(enhanced: Option<Enhanced>, text: &str) -> Kind {
    match enhanced {
        Some(Enhanced(5, 2, 1)) if smtp::names_a_busy_mailbox(text) => Kind::Soft,
        // 5.1.7 and 5.1.8 are about the sender's address
        Some(Enhanced(5, 1, 1 | 2 | 3 | 6 | 10) | Enhanced(5, 2, 1)) => Kind::Hard,
        Some(Enhanced(5, 1, 7 | 8) | Enhanced(5, 2 | 3 | 6 | 7, _)) => Kind::Soft,
        Some(Enhanced(5, ..)) => by_words(text),
        Some(_) => Kind::Soft,
        None if reply_code(text).is_some_and(|code| code < 500) => Kind::Soft,
        None => by_words(text),
    }
}

/// The words are those of replies: reports quote them.
fn by_words(text: &str) -> Kind {
    if smtp::names_nobody(text) {
        Kind::Hard
    } else {
        Kind::Soft
    }
}

/// The first SMTP reply code of a refusal in a text.
pub(crate) fn reply_code(text: &str) -> Option<u16> {
    let apart = |c: char| !c.is_ascii_alphanumeric() && c != '.';
    let mut words = text.split(apart).filter(|word| word.len() == 3);
    words.find_map(|word| word.parse().ok().filter(|code| (400..600).contains(code)))
}

/// The code that says most: that of the field, unless it is vague and the words hold another.
pub(crate) fn sharper(status: Option<Enhanced>, text: &str) -> Option<Enhanced> {
    match status {
        Some(code) if !code.is_vague() => Some(code),
        vague => {
            let same_class = |code: &Enhanced| vague.is_none_or(|vague| vague.0 == code.0);
            Enhanced::find(text).filter(same_class).or(vague)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_hard_only_if_nobody_has_the_address() {
        for (reply, kind) in [
            ("550 5.1.1 whatever", Kind::Hard),
            ("550 5.1.2 bad domain", Kind::Hard),
            ("556 5.1.10 null MX", Kind::Hard),
            ("550 5.2.1 disabled", Kind::Hard),
            (
                "550 5.2.1 the recipient is receiving mail too fast",
                Kind::Soft,
            ),
            ("550 No such user here", Kind::Hard),
            ("550 5.5.0 mailbox unavailable", Kind::Hard),
            ("550 5.0.0 User unknown", Kind::Hard),
            ("550", Kind::Soft),
            ("550 rejected", Kind::Soft),
            ("450 4.1.1 user unknown", Kind::Soft),
            ("450 user unknown", Kind::Soft),
            ("552 5.2.2 mailbox full", Kind::Soft),
            ("550 5.7.1 user unknown", Kind::Soft),
            ("550 5.7.515 access denied", Kind::Soft),
            ("550 5.6.1 content", Kind::Soft),
            ("552 5.3.4 too big", Kind::Soft),
            ("553 5.1.8 sender domain does not exist", Kind::Soft),
            ("550 Sender verify failed: no such user", Kind::Soft),
            ("554 spam, mailbox unavailable", Kind::Soft),
            ("", Kind::Soft),
        ] {
            assert_eq!(verdict(Enhanced::find(reply), reply), kind, "{reply}");
        }
    }
}
