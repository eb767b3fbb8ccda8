//! Blocks of `Name: value` lines: headers, and the groups of a delivery status.

/// One block, its names in lower case, its values unfolded.
#[derive(Debug, Default)]
pub(super) struct Fields(Vec<(String, String)>);

impl Fields {
    /// The most fields of a block that are kept.
    const MOST: usize = 1_000;

    /// The block that a text begins with: up to its first empty line.
    pub(super) fn first(text: &str) -> Self {
        let text = text.trim_start_matches(['\r', '\n']);
        let mut fields = Self::default();
        for line in text.lines() {
            let line = line.strip_suffix('\r').unwrap_or(line);
            if line.trim().is_empty() {
                break;
            }
            fields.take(line);
        }
        fields
    }

    /// All blocks of a text.
    pub(super) fn groups(text: &str) -> Vec<Self> {
        let mut groups = Vec::new();
        let mut group = Self::default();
        for line in text.lines() {
            if line.trim().is_empty() {
                groups.push(std::mem::take(&mut group));
            } else {
                group.take(line);
            }
        }
        groups.push(group);
        groups.retain(|group| !group.0.is_empty());
        groups
    }

    fn take(&mut self, line: &str) {
        if line.starts_with([' ', '\t']) {
            if let Some((_, value)) = self.0.last_mut() {
                value.push(' ');
                value.push_str(line.trim());
            }
        } else if let Some((name, value)) = line.split_once(':')
            && self.0.len() < Self::MOST
        {
            self.0
                .push((name.trim().to_ascii_lowercase(), value.trim().to_owned()));
        }
    }

    /// The first value of a name.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let mut found = self.0.iter().filter(|(key, _)| key == name);
        found.next().map(|(_, value)| value.as_str())
    }
}

/// What stands behind the type in `rfc822; bob@x.edu` and `smtp; 550 …`.
pub(super) fn untyped(value: &str) -> &str {
    match value.split_once(';') {
        Some((kind, rest)) if !kind.trim_end().contains([' ', '@', '<']) => rest.trim(),
        _ => value.trim(),
    }
}
