//! What was wrong with a form, field by field.

use contract::{Fields, Problem, Timestamp};

/// The refused fields of a form.
#[derive(Clone, Debug, Default)]
pub(super) struct Errors(Option<Problem>);

impl Errors {
    /// The fields of a problem, if it is one that belongs beside fields; any other is passed on.
    pub(super) fn beside_fields(problem: Problem) -> Result<Self, Problem> {
        if problem.errors.is_empty() {
            Err(problem)
        } else {
            Ok(Self(Some(problem)))
        }
    }

    /// Whether anything was refused.
    pub(super) fn any(&self) -> bool {
        self.0.is_some()
    }

    /// Whether a field was refused.
    pub(super) fn has(&self, field: &str) -> bool {
        !self.of(field).is_empty()
    }

    /// Why a field was refused; empty when it was not.
    pub(super) fn of(&self, field: &str) -> &str {
        let errors = self.0.iter().flat_map(|problem| &problem.errors);
        // Lists are named with their place: `tags[2]` belongs beside `tags`.
        let mut here = errors.filter(|error| {
            error.field.strip_prefix(field).is_some_and(|rest| {
                rest.is_empty() || rest.starts_with('[') || rest.starts_with('.')
            })
        });
        here.next().map_or("", |error| error.detail.as_str())
    }
}

/// An instant as `<input type="datetime-local">` sends it, in UTC; `Some(None)` when it is empty.
#[expect(
    clippy::option_option,
    reason = "the outer one: understood; the inner one: set"
)]
pub(super) fn local_instant(
    fields: &mut Fields,
    field: &str,
    text: &str,
) -> Option<Option<Timestamp>> {
    let text = text.trim();
    if text.is_empty() {
        return Some(None);
    }
    // Browsers send `2026-11-24T14:05`, or with seconds.
    let seconds = if text.len() == 16 { ":00Z" } else { "Z" };
    let at = Timestamp::parse(&format!("{text}{seconds}"));
    if at.is_none() {
        fields.refuse(field, "not-an-instant", "is not a date and time");
    }
    at.map(Some)
}
