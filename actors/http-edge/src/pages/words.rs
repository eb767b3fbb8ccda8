//! How states and instants are said.

use super::deeds::deed;
use contract::{
    DomainName, Kind, Problem, Role, Timestamp, audit::AuditEntry, seats::Status, users::UserSort,
};

/// A status, as Manage Users says it.
#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "templates pass what they have by reference"
)]
pub(crate) const fn status(status: &Status) -> &'static str {
    match status {
        Status::Assigned => "Assigned",
        Status::Held => "Address to be confirmed",
        Status::Waiting => "Waiting",
        Status::Revoked => "Revoked",
    }
}

/// The colour of its badge.
#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "templates pass what they have by reference"
)]
pub(crate) const fn status_colour(status: &Status) -> &'static str {
    match status {
        Status::Assigned => "good",
        Status::Held | Status::Waiting => "warn",
        Status::Revoked => "bad",
    }
}

/// What an administrator or a token may do, as a table says it.
#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "templates pass what they have by reference"
)]
pub(crate) const fn role(role: &Role) -> &'static str {
    match role {
        Role::Viewer => "Viewer",
        Role::Manager => "Manager",
        Role::Owner => "Owner",
    }
}

/// An order, as Manage Users offers it.
pub(crate) const fn order(sort: UserSort) -> &'static str {
    match sort {
        UserSort::Newest => "Joined last",
        UserSort::Oldest => "Joined first",
        UserSort::Name => "Name",
        UserSort::Email => "Address",
        UserSort::Redeemed => "Redeemed last",
        UserSort::LastActive => "Active last",
    }
}

/// A change of a number: `+1`, `-1`; empty when there is none.
#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "templates pass what they have by reference"
)]
pub(crate) fn signed(by: &i64) -> String {
    match *by {
        0 => String::new(),
        by => format!("{by:+}"),
    }
}

/// Why something did not happen, as a page says it.
pub(crate) fn refusal(problem: &Problem) -> String {
    let why = match problem.kind {
        Kind::NoSeats => "No seat is free. Nothing was changed.",
        Kind::Conflict => "There are others by now. Nothing was changed; please begin again.",
        Kind::Forbidden => "Your role does not suffice for this.",
        _ => {
            return problem
                .detail
                .clone()
                .unwrap_or_else(|| problem.title.clone());
        }
    };
    why.to_owned()
}

/// What changed the numbers of a plan, as its ledger says it.
pub(crate) fn booked(change: &str) -> &str {
    match change {
        "purchase" => "Number of seats changed",
        "assign" => "Got a seat",
        "hold" => "Seat held",
        "wait" => "Began to wait",
        "settle" => "Address confirmed",
        "return" => "Seat returned",
        "promote" => "Got a seat after waiting",
        "revoke" => "Seat revoked",
        "reassign" => "Given a seat again",
        "erase" => "Erased",
        other => other,
    }
}

/// A number as it is read easily: `100,000`.
#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "templates pass what they have by reference"
)]
pub(crate) fn count(number: &usize) -> String {
    let digits = number.to_string();
    let mut words = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            words.push(',');
        }
        words.push(digit);
    }
    words
}

/// What happened to somebody's seat, in a sentence.
pub(crate) fn happened(entry: &AuditEntry) -> String {
    let status = entry.change.get("status");
    let status = status
        .and_then(|status| status.as_str())
        .and_then(Status::parse);
    let words = match entry.action.as_str() {
        "seat.admit" => match status {
            Some(Status::Assigned) => "Joined and got a seat",
            Some(Status::Held) => "Joined; a seat is held until the address is confirmed",
            Some(Status::Waiting) => "Joined the waiting list",
            _ => "Joined",
        },
        "seat.return" => "The seat returned: the address was not confirmed in time",
        "user.erase" => "Erased",
        "user.retag" => return format!("Tags changed{}", tags(entry)),
        other => deed(other),
    };
    words.to_owned()
}

/// Whether it is about an account, by whoever has shown that it is theirs.
pub(crate) fn is_by_owner(entry: &AuditEntry) -> bool {
    entry.action.starts_with("account.") && entry.actor.starts_with("person:")
}

fn tags(entry: &AuditEntry) -> String {
    let list = |name: &str| {
        let tags = entry.change.get(name).and_then(|tags| tags.as_array());
        let tags = tags.into_iter().flatten().filter_map(|tag| tag.as_str());
        tags.collect::<Vec<_>>().join(", ")
    };
    let mut words = String::new();
    for (before, tags) in [("added", list("add")), ("taken away", list("remove"))] {
        if !tags.is_empty() {
            words.push_str(if words.is_empty() { ": " } else { "; " });
            words.push_str(before);
            words.push(' ');
            words.push_str(&tags);
        }
    }
    words
}

const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

/// `24 Nov 2026`; empty when it never was.
#[expect(
    clippy::ref_option,
    reason = "templates pass what they have by reference"
)]
pub(crate) fn day(at: &Option<Timestamp>) -> String {
    at.as_ref().map(day_of).unwrap_or_default()
}

/// `hill.edu, uni.edu or law.uni.edu`.
pub(crate) fn one_of(domains: &[DomainName]) -> String {
    match domains {
        [] => String::new(),
        [one] => one.to_string(),
        [others @ .., last] => {
            let others: Vec<_> = others.iter().map(DomainName::as_str).collect();
            format!("{} or {last}", others.join(", "))
        }
    }
}

/// `24 Nov 2026`.
#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "templates pass what they have by reference"
)]
pub(crate) fn day_of(at: &Timestamp) -> String {
    let date = at.date();
    let mut parts = date.split('-');
    let (year, month, day) = (parts.next(), parts.next(), parts.next());
    let name = month.and_then(|month| MONTHS.get(month.parse::<usize>().ok()?.checked_sub(1)?));
    match (year, name, day) {
        (Some(year), Some(name), Some(day)) => {
            format!("{} {name} {year}", day.trim_start_matches('0'))
        }
        _ => date,
    }
}

/// `24 Nov 2026, 14:05 UTC`; a dash when it never was.
#[expect(
    clippy::ref_option,
    reason = "templates pass what they have by reference"
)]
pub(crate) fn instant(at: &Option<Timestamp>) -> String {
    at.as_ref().map_or_else(|| "–".to_owned(), instant_of)
}

/// `24 Nov 2026, 14:05 UTC`.
#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "templates pass what they have by reference"
)]
pub(crate) fn instant_of(at: &Timestamp) -> String {
    let text = at.to_string();
    let time = text
        .split('T')
        .nth(1)
        .and_then(|time| time.get(..5))
        .unwrap_or_default();
    format!("{}, {time} UTC", day_of(at))
}

/// An instant as `<input type="datetime-local">` wants it, in UTC.
pub(crate) fn local_input(at: Option<Timestamp>) -> String {
    let text = at.map(|at| at.to_string()).unwrap_or_default();
    text.get(..16).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_said_as_people_say_them() {
        let at = Timestamp::parse("2026-11-04T14:05:06.7Z").unwrap();
        assert_eq!(day_of(&at), "4 Nov 2026");
        assert_eq!(instant_of(&at), "4 Nov 2026, 14:05 UTC");
        assert_eq!(local_input(Some(at)), "2026-11-04T14:05");
        assert_eq!((day(&None).as_str(), instant(&None).as_str()), ("", "–"));
    }

    #[test]
    fn long_numbers_are_said_in_groups() {
        let said = [0, 500, 1_000, 100_000, 1_234_567].map(|number| count(&number));
        assert_eq!(said, ["0", "500", "1,000", "100,000", "1,234,567"]);
    }
}
