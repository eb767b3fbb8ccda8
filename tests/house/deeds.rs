//! Whatever the audit trail notes has words on its page.

use std::{collections::BTreeSet, fs};

use crate::workspace::{ROOT, members, sources};

/// The nouns of the audit trail.
const NOUNS: [&str; 12] = [
    "account",
    "administrator",
    "batch",
    "bulk",
    "invite",
    "link",
    "organisation",
    "plan",
    "seat",
    "suppression",
    "token",
    "user",
];

fn is_action(text: &str) -> bool {
    let verb = text
        .split_once('.')
        .filter(|(noun, _)| NOUNS.contains(noun));
    let is_verb = |verb: &str| verb.bytes().all(|b| b.is_ascii_lowercase() || b == b'-');
    verb.is_some_and(|(_, verb)| !verb.is_empty() && is_verb(verb))
}

/// What stands between quotes in a file and names an action.
fn actions_in(text: &str) -> BTreeSet<String> {
    let quoted = text.split('"').skip(1).filter(|quoted| is_action(quoted));
    // Templates of letters are named alike.
    let is_file = |name: &&str| {
        [".html", ".txt", ".subject"]
            .iter()
            .any(|end| name.ends_with(end))
    };
    quoted
        .filter(|name| !is_file(name))
        .map(str::to_owned)
        .collect()
}

#[test]
fn whatever_the_trail_notes_is_said_in_words() {
    let words = format!("{ROOT}/actors/http-edge/src/pages/deeds.rs");
    let words = actions_in(&fs::read_to_string(words).unwrap());
    let actors = members()
        .into_iter()
        .filter(|member| member.storey == "actors" && member.name() != "http-edge");
    let noted: BTreeSet<_> = actors
        .flat_map(|member| sources(&member.directory.join("src")))
        .flat_map(|file| actions_in(&fs::read_to_string(file).unwrap()))
        .collect();
    assert!(noted.len() > 40, "the actions are found: {noted:?}");
    let unsaid: Vec<_> = noted.difference(&words).collect();
    assert!(unsaid.is_empty(), "no words in deeds.rs for {unsaid:?}");
}
