//! How long to wait, where a reply says so.

use std::time::Duration;

/// Nobody means more than this.
const MOST: u64 = 24 * 60 * 60;

/// What names a span that is not a wait: `10 messages per 60 seconds`, `in the last 24 hours`.
const NO_WAIT: [&str; 7] = ["per", "last", "every", "past", "within", "each", "previous"];

/// `in 300 seconds`, `5 minutes`, `60s`, `00:04:32`.
pub(super) fn hint(text: &str) -> Option<Duration> {
    let apart = |c: char| !c.is_alphanumeric() && c != ':';
    let words: Vec<_> = text
        .split(apart)
        .map(|word| word.trim_matches(':'))
        .filter(|word| !word.is_empty())
        .collect();
    let seconds = words.iter().enumerate().find_map(|(at, word)| {
        let before = at.checked_sub(1).and_then(|at| words.get(at));
        if before.is_some_and(|before| NO_WAIT.contains(before)) {
            return None;
        }
        let is_date = before.is_some_and(|before| is_of_a_date(before));
        let next = words.get(at + 1).copied().unwrap_or_default();
        span(word, next).or_else(|| clock(word).filter(|_| !is_date))
    })?;
    Some(Duration::from_secs(seconds.min(MOST)))
}

/// What a time of the day follows: `2026 12:30:00`, `until 12:30:00`.
fn is_of_a_date(word: &str) -> bool {
    let is_year = word.len() == 4 && word.chars().all(|c| c.is_ascii_digit());
    is_year || matches!(word, "until" | "at" | "before" | "after")
}

/// `300 seconds`, or `60s` in one word.
fn span(word: &str, next: &str) -> Option<u64> {
    let digits = word.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let number: u64 = digits.parse().ok()?;
    let glued = word.get(digits.len()..).unwrap_or_default();
    let unit = if glued.is_empty() { next } else { glued };
    let seconds = match unit {
        "s" | "sec" | "secs" | "second" | "seconds" => 1,
        "m" | "min" | "mins" | "minute" | "minutes" => 60,
        "h" | "hr" | "hrs" | "hour" | "hours" => 3_600,
        _ => return None,
    };
    Some(number.saturating_mul(seconds))
}

/// `00:04:32`.
fn clock(word: &str) -> Option<u64> {
    let mut parts = word.split(':');
    let (hours, minutes, seconds) = (parts.next()?, parts.next()?, parts.next()?);
    let two = |part: &str| {
        (part.len() == 2)
            .then(|| part.parse::<u64>().ok())
            .flatten()
    };
    let is_whole = parts.next().is_none();
    let sum = two(hours)? * 3_600 + two(minutes)? * 60 + two(seconds)?;
    is_whole.then_some(sum)
}
