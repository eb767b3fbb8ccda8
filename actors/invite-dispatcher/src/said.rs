//! What was said most often of the mails of a batch. Pure.

use bounces::Enhanced;
use contract::{
    batches::{SAID_MOST, Said},
    invites::InviteState,
};

use crate::templates::shortened;

/// How many of them are told.
const MOST: usize = 3;
/// How much of what was said without a code tells it from others, in characters.
const ALIKE: usize = 40;

/// Mails of which about the same was said.
#[derive(Clone, Debug)]
pub(crate) struct Heard {
    pub(crate) state: InviteState,
    /// The batch rests for such.
    pub(crate) is_cause: bool,
    pub(crate) count: u64,
    /// What was said of one of them.
    pub(crate) reply: String,
}

/// What was said most often, what the batch rests for first. The words of one code differ by whom and
/// when it was said; the code does not.
pub(crate) fn most_said(heard: impl IntoIterator<Item = Heard>) -> Vec<Said> {
    let mut groups: Vec<(bool, String, Said)> = Vec::new();
    for one in heard {
        let text = without_addresses(&one.reply);
        let code = Enhanced::find(&one.reply).map(|code| code.to_string());
        let mark = code
            .clone()
            .unwrap_or_else(|| text.chars().take(ALIKE).collect());
        let same = groups.iter_mut().find(|(is_cause, other, said)| {
            (*is_cause, other.as_str(), said.state) == (one.is_cause, &*mark, one.state)
        });
        if let Some((_, _, said)) = same {
            said.count += one.count;
            continue;
        }
        let said = Said {
            count: one.count,
            state: one.state,
            code,
            text: shortened(&text, SAID_MOST),
        };
        groups.push((one.is_cause, mark, said));
    }
    groups.sort_by_key(|(is_cause, _, said)| std::cmp::Reverse((*is_cause, said.count)));
    let said = groups.into_iter().map(|(_, _, said)| said);
    said.take(MOST).collect()
}

/// One line in which no word is an address of somebody, or of a page that somebody else may have
/// chosen.
fn without_addresses(text: &str) -> String {
    without(text, |word| {
        let word = word.to_ascii_lowercase();
        word.contains('@') || word.contains("://") || word.contains("www.")
    })
}

/// One line in which no word is an address of somebody: for operators, whom pages of a provider help.
pub(crate) fn without_people(text: &str) -> String {
    without(text, |word| word.contains('@') || word.contains("%40"))
}

fn without(text: &str, is_address: impl Fn(&str) -> bool) -> String {
    let words = text.split(|c: char| c.is_whitespace() || c.is_control());
    let words = words.filter(|word| !word.is_empty());
    let words = words.map(|word| if is_address(word) { "…" } else { word });
    words.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(state: InviteState, is_cause: bool, count: u64, reply: &str) -> Heard {
        Heard {
            state,
            is_cause,
            count,
            reply: reply.to_owned(),
        }
    }

    fn bounced(count: u64, reply: &str) -> Heard {
        heard(InviteState::Bounced, true, count, reply)
    }

    fn lines(said: &[Said]) -> Vec<String> {
        let line = |said: &Said| format!("{} {}: {}", said.count, said.state.name(), said.text);
        said.iter().map(line).collect()
    }

    #[test]
    fn the_same_code_is_one_reason_whomever_it_names() {
        let said = most_said([
            bounced(
                1,
                "550 5.1.1 <ann@hill.edu> unknown, see https://x.example/?u=1",
            ),
            bounced(4, "550 5.1.2 no such domain"),
            bounced(
                2,
                "550 5.1.1 <bob@hill.edu> unknown, see https://x.example/?u=2",
            ),
            bounced(3, "550 5.1.1 no mailbox here"),
        ]);
        let expected = [
            "6 bounced: 550 5.1.1 … unknown, see …",
            "4 bounced: 550 5.1.2 no such domain",
        ];
        assert_eq!(lines(&said), expected);
        assert_eq!(said[0].code.as_deref(), Some("5.1.1"));
    }

    #[test]
    fn what_it_rests_for_is_told_before_what_is_more_frequent_and_no_more_than_three() {
        let said = most_said([
            heard(InviteState::Bounced, false, 40, "550 5.1.1 unknown"),
            heard(InviteState::Failed, false, 30, "550 no"),
            heard(InviteState::Complained, true, 2, ""),
            heard(InviteState::Failed, false, 20, "550 5.7.1 blocked"),
        ]);
        let expected = [
            "2 complained: ",
            "40 bounced: 550 5.1.1 unknown",
            "30 failed: 550 no",
        ];
        assert_eq!(lines(&said), expected);
    }

    #[test]
    fn without_a_code_the_words_tell_and_they_are_bounded() {
        let long = format!("554 {}", "x ".repeat(400));
        let said = most_said([
            bounced(1, "550 No such user here"),
            bounced(1, "550 No such user here"),
            bounced(1, "554 go away"),
            bounced(5, &long),
        ]);
        let counts: Vec<_> = said.iter().map(|said| said.count).collect();
        assert_eq!(counts, [5, 2, 1]);
        assert!(said[0].text.chars().count() <= SAID_MOST && said[0].text.ends_with('…'));
    }
}
