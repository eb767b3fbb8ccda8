//! The list of every key: `config/default.toml` itself, which is the defaults and the manual.

/// Every key with its default, compiled in.
pub(super) const DEFAULT: &str = include_str!("../../config/default.toml");

/// The keys whose values are never shown, and may be read from a file.
const SECRETS: [&str; 7] = [
    "bus.key",
    "bus.url",
    "database.url",
    "mail.dkim_key",
    "mail.url",
    "mail.webhook_standard",
    "sealing.key",
];

/// A key as the manual describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    /// `section.key`.
    pub(super) key: String,
    /// The comment above it, a line each.
    pub(super) comment: Vec<&'static str>,
}

impl Entry {
    /// The part before the dot.
    pub(super) fn section(&self) -> &str {
        self.key.split_once('.').map_or("", |(section, _)| section)
    }

    /// The part after the dot.
    pub(super) fn name(&self) -> &str {
        self.key.split_once('.').map_or(&self.key, |(_, name)| name)
    }
}

/// Every key, in the order of the manual.
pub(super) fn entries() -> Vec<Entry> {
    let mut entries = Vec::new();
    let mut section = "";
    let mut comment = Vec::new();
    for line in DEFAULT.lines() {
        if let Some(words) = line.strip_prefix('#') {
            comment.push(words.trim());
        } else if let Some(name) = line
            .strip_prefix('[')
            .and_then(|line| line.strip_suffix(']'))
        {
            section = name;
            comment.clear();
        } else if let Some((name, _)) = line.split_once(" = ") {
            let key = format!("{section}.{name}");
            entries.push(Entry {
                key,
                comment: std::mem::take(&mut comment),
            });
        } else {
            comment.clear();
        }
    }
    entries
}

/// Whether there is such a key.
pub(super) fn knows(key: &str) -> bool {
    entries().iter().any(|entry| entry.key == key)
}

/// Whether there is such a section.
pub(super) fn has_section(section: &str) -> bool {
    entries().iter().any(|entry| entry.section() == section)
}

/// Whether the value of a key is never shown.
pub(super) fn is_secret(key: &str) -> bool {
    SECRETS.contains(&key)
}

/// What to say about a key that there is not.
pub(super) fn advice(key: &str) -> String {
    let section = key.split_once('.').map_or(key, |(section, _)| section);
    let entries = entries();
    let names: Vec<&str> = entries
        .iter()
        .filter(|entry| entry.section() == section)
        .map(Entry::name)
        .collect();
    if names.is_empty() {
        let mut sections: Vec<&str> = entries.iter().map(Entry::section).collect();
        sections.dedup();
        return format!(
            "there is no such section; there are {}",
            sections.join(", ")
        );
    }
    format!("there is no such key; [{section}] has {}", names.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_of_the_manual_is_explained() {
        let entries = entries();
        for entry in &entries {
            assert!(
                !entry.comment.is_empty(),
                "{} has no comment above it",
                entry.key
            );
        }
        let sections: toml::Table = DEFAULT.parse().unwrap();
        let written: usize = sections
            .values()
            .map(|keys| keys.as_table().unwrap().len())
            .sum();
        assert_eq!(
            entries.len(),
            written,
            "every key stands on a line of its own"
        );
    }

    #[test]
    fn every_secret_is_a_key_and_its_comment_says_so() {
        for secret in SECRETS {
            let entry = entries()
                .into_iter()
                .find(|entry| entry.key == secret)
                .unwrap();
            assert!(entry.comment.join(" ").contains("A secret."), "{secret}");
        }
        for entry in entries().into_iter().filter(|entry| !is_secret(&entry.key)) {
            assert!(
                !entry.comment.join(" ").contains("A secret."),
                "{}",
                entry.key
            );
        }
    }
}
