//! How far it is, on a terminal.

use std::io::{IsTerminal as _, Write as _, stderr};

/// How wide the bar is, in characters.
const WIDTH: u64 = 30;

/// A line that is written over itself; nothing where nobody looks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bar {
    is_seen: bool,
}

impl Bar {
    /// On the standard error, if that is a terminal.
    pub(super) fn on_stderr() -> Self {
        Self {
            is_seen: stderr().is_terminal(),
        }
    }

    /// Shows how many of how many, and a word about it.
    pub(super) fn show(self, done: u64, of: u64, says: &str) {
        self.write(&format!("\r\x1b[K{}", line(done, of, says)));
    }

    /// Takes the line away.
    pub(super) fn clear(self) {
        self.write("\r\x1b[K");
    }

    fn write(self, text: &str) {
        if self.is_seen {
            let mut err = stderr().lock();
            // Where it cannot be shown it need not be.
            let _ = err.write_all(text.as_bytes()).and_then(|()| err.flush());
        }
    }
}

fn line(done: u64, of: u64, says: &str) -> String {
    let full = done.saturating_mul(WIDTH).checked_div(of).unwrap_or(0);
    let full = usize::try_from(full.min(WIDTH)).unwrap_or_default();
    let rest = usize::try_from(WIDTH).unwrap_or_default() - full;
    format!(
        "[{}{}] {done}/{of} {says}",
        "#".repeat(full),
        ".".repeat(rest)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_is_as_full_as_it_is_far() {
        assert_eq!(line(0, 2, "x"), format!("[{}] 0/2 x", ".".repeat(30)));
        let half = format!("[{}{}] 1/2 ", "#".repeat(15), ".".repeat(15));
        assert_eq!(line(1, 2, ""), half);
        assert_eq!(line(9, 2, ""), format!("[{}] 9/2 ", "#".repeat(30)));
        assert_eq!(line(0, 0, ""), format!("[{}] 0/0 ", ".".repeat(30)));
    }
}
