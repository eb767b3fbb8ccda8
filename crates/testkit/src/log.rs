//! What is logged, for tests that look at it.

use std::{
    fmt::{Debug, Write as _},
    sync::{Arc, Mutex, PoisonError},
};

use tracing::{
    Event, Metadata, Subscriber,
    field::{Field, Visit},
    span,
    subscriber::DefaultGuard,
};

/// Keeps what is logged, of every level, as text. Clones keep it together.
#[derive(Clone, Debug, Default)]
pub struct Log {
    lines: Arc<Mutex<String>>,
    of: &'static str,
}

impl Log {
    /// Only what a crate logs, by its name.
    pub fn of(name: &'static str) -> Self {
        let of = name;
        Self {
            of,
            ..Self::default()
        }
    }

    /// Hears this thread until the guard is dropped.
    pub fn listen(&self) -> DefaultGuard {
        tracing::subscriber::set_default(self.clone())
    }

    /// What it heard: a line for each event, its values behind their names.
    pub fn text(&self) -> String {
        self.lines
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

/// One line as it is written.
struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let comma = if self.0.is_empty() { "" } else { ", " };
        // To write to a string never fails.
        let _ = write!(self.0, "{comma}{field}: {value:?}");
    }
}

impl Subscriber for Log {
    fn enabled(&self, line: &Metadata<'_>) -> bool {
        line.target().starts_with(self.of)
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut line = Line(String::new());
        event.record(&mut line);
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        lines.push_str(&line.0);
        lines.push('\n');
    }

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

#[cfg(test)]
mod tests {
    use super::Log;

    #[test]
    fn what_is_logged_is_kept_while_somebody_listens_and_of_whom_it_is_asked_for() {
        let (all, theirs) = (Log::default(), Log::of("testkit"));
        let listening = all.listen();
        tracing::debug!(target: "elsewhere", count = 2, "a line");
        tracing::info!("another");
        drop(listening);
        tracing::info!("nobody listens");
        assert_eq!(all.text(), "message: a line, count: 2\nmessage: another\n");
        let _listening = theirs.listen();
        tracing::debug!(target: "elsewhere", "a line");
        tracing::info!(of = ?"us", "another");
        assert_eq!(theirs.text(), "message: another, of: \"us\"\n");
    }
}
