//! An instant as templates take it apart; how it is written out is theirs.

use contract::Timestamp;
use minijinja::{Value, context};

/// `year`, `month` and `day` as numbers, `time` as `12:00`, all in UTC.
pub(crate) fn moment(at: Timestamp) -> Value {
    let written = at.to_string();
    let (date, time) = written.split_once('T').unwrap_or((written.as_str(), ""));
    let mut numbers = date.split('-').map(|part| part.parse::<u32>().unwrap_or(0));
    let mut number = || numbers.next().unwrap_or(0);
    context! {
        year => number(),
        month => number(),
        day => number(),
        time => time.chars().take(5).collect::<String>(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_is_taken_apart() {
        let moment = moment(Timestamp::from_micros(1_796_169_900_000_000));
        let part = |name: &str| moment.get_attr(name).unwrap().to_string();
        assert_eq!(
            [part("year"), part("month"), part("day"), part("time")],
            ["2026", "12", "2", "00:05"]
        );
    }
}
