//! `tag=value; tag=value`, as DKIM and DMARC write records.

/// The tags of a record, in their order.
#[derive(Clone, Debug)]
pub(super) struct Tags(Vec<(String, String)>);

impl Tags {
    pub(super) fn read(record: &str) -> Self {
        let tags = record.split(';').filter_map(|tag| {
            let (name, value) = tag.split_once('=')?;
            Some((name.trim().to_owned(), value.trim().to_owned()))
        });
        Self(tags.collect())
    }

    /// Whether the first is this one.
    pub(super) fn begins_with(&self, name: &str, value: &str) -> bool {
        self.0
            .first()
            .is_some_and(|tag| tag.0 == name && tag.1 == value)
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|tag| tag.0 == name)?;
        Some(&found.1)
    }
}
