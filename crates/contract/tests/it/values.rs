//! The small types that carry the rules: what they take they keep, and take again.

use std::{fmt::Debug, str::FromStr};

use contract::{
    Cursor, DomainName, EmailAddress, Page, PageRequest, Timestamp,
    ids::{
        AccountId, AdministratorId, AuditId, BulkId, LinkId, MailId, MembershipId, OrganisationId,
        PlanId, ProofId, TokenId, Ulid,
    },
    text::{Name, PersonName, Tag},
};
use proptest::{prelude::*, test_runner::TestCaseResult};
use serde::{Serialize, de::DeserializeOwned};

/// Written as JSON and read back, it is the same.
fn survives_the_wire<T>(value: &T) -> TestCaseResult
where
    T: Serialize + DeserializeOwned + PartialEq + Debug,
{
    let json = serde_json::to_vec(value).unwrap();
    prop_assert_eq!(&serde_json::from_slice::<T>(&json).unwrap(), value);
    Ok(())
}

/// Whatever an id of one kind is, an id of another kind is not it.
fn is_an_id<T>(new: fn(Ulid) -> T, prefix: &str, (a, b): (u128, u128)) -> TestCaseResult
where
    T: FromStr + ToString + Serialize + DeserializeOwned + PartialEq + Ord + Debug,
{
    let (id, other) = (new(Ulid::from(a)), new(Ulid::from(b)));
    let text = id.to_string();
    let start = format!("{prefix}_");
    prop_assert!(text.starts_with(&start));
    prop_assert_eq!(text.parse::<T>().ok(), Some(new(Ulid::from(a))));
    prop_assert_eq!(id.cmp(&other), text.cmp(&other.to_string()));
    prop_assert!(text.replace(prefix, "xyz").parse::<T>().is_err());
    prop_assert!(text.replace('_', "").parse::<T>().is_err());
    let digits = text.split_once('_').unwrap().1.to_ascii_lowercase();
    if digits.bytes().any(|b| b.is_ascii_alphabetic()) {
        prop_assert!((start + &digits).parse::<T>().is_err());
    }
    survives_the_wire(&id)
}

const PREFIXES: [&str; 11] = [
    OrganisationId::PREFIX,
    AdministratorId::PREFIX,
    TokenId::PREFIX,
    PlanId::PREFIX,
    LinkId::PREFIX,
    AccountId::PREFIX,
    MembershipId::PREFIX,
    BulkId::PREFIX,
    ProofId::PREFIX,
    MailId::PREFIX,
    AuditId::PREFIX,
];

#[test]
fn no_two_kinds_of_id_begin_alike() {
    for (index, prefix) in PREFIXES.iter().enumerate() {
        let text = format!("{prefix}_{}", Ulid::nil());
        let taken = [
            text.parse::<OrganisationId>().is_ok(),
            text.parse::<AdministratorId>().is_ok(),
            text.parse::<TokenId>().is_ok(),
            text.parse::<PlanId>().is_ok(),
            text.parse::<LinkId>().is_ok(),
            text.parse::<AccountId>().is_ok(),
            text.parse::<MembershipId>().is_ok(),
            text.parse::<BulkId>().is_ok(),
            text.parse::<ProofId>().is_ok(),
            text.parse::<MailId>().is_ok(),
            text.parse::<AuditId>().is_ok(),
        ];
        let expected: [bool; 11] = std::array::from_fn(|kind| kind == index);
        assert_eq!(taken, expected, "{text}");
    }
}

macro_rules! bounded {
    ($text:expr, $($type:ident),*) => {$(
        if let Ok(value) = $type::parse($text) {
            let kept = value.as_str();
            prop_assert_eq!(kept.trim(), kept);
            prop_assert!((1..=$type::MOST).contains(&kept.chars().count()));
            prop_assert!(!kept.chars().any(char::is_control));
            prop_assert_eq!($type::parse(kept), Ok(value.clone()));
            prop_assert_eq!($type::parse(&format!(" {kept}\n")), Ok(value.clone()));
            survives_the_wire(&value)?;
        }
    )*};
}

/// Texts as they come: mostly letters, some of everything.
fn any_text() -> impl Strategy<Value = String> {
    prop_oneof!["[a-zà-ÿ ]{0,130}", "\\PC{0,130}", any::<String>()]
}

proptest! {
    #[test]
    fn a_name_that_is_taken_is_trimmed_bounded_and_taken_again(text in any_text()) {
        bounded!(&text, Name, PersonName, Tag);
    }

    #[test]
    fn two_spellings_of_a_letter_are_one_name(before in "[a-z]{0,5}", after in "[a-z]{0,5}") {
        let composed = Name::parse(&format!("{before}\u{e9}{after}"));
        prop_assert_eq!(composed, Name::parse(&format!("{before}e\u{301}{after}")));
    }

    #[test]
    fn ids_read_back_sort_like_their_text_and_know_their_kind(pair in any::<(u128, u128)>()) {
        is_an_id(OrganisationId::new, "org", pair)?;
        is_an_id(AdministratorId::new, "adm", pair)?;
        is_an_id(TokenId::new, "tok", pair)?;
        is_an_id(PlanId::new, "pln", pair)?;
        is_an_id(LinkId::new, "lnk", pair)?;
        is_an_id(AccountId::new, "acc", pair)?;
        is_an_id(MembershipId::new, "mbr", pair)?;
        is_an_id(BulkId::new, "blk", pair)?;
        is_an_id(ProofId::new, "prf", pair)?;
        is_an_id(MailId::new, "mail", pair)?;
        is_an_id(AuditId::new, "aud", pair)?;
    }

    #[test]
    fn nothing_but_an_id_is_an_id(text in "(org_)?[0-9A-Za-z_]{0,30}") {
        if let Ok(id) = text.parse::<OrganisationId>() {
            prop_assert_eq!(id.to_string(), text);
        }
    }

    #[test]
    fn a_domain_is_kept_in_one_spelling(text in prop_oneof!["\\PC{0,60}", "[a-zA-Zà-ÿ0-9.-]{1,60}"]) {
        if let Ok(domain) = DomainName::parse(&text) {
            let kept = domain.as_str();
            prop_assert_eq!(kept.to_ascii_lowercase(), kept);
            prop_assert!(kept.is_ascii() && kept.len() <= 253 && kept.contains('.'));
            prop_assert_eq!(DomainName::parse(kept), Ok(domain.clone()));
            prop_assert_eq!(DomainName::parse(&format!("{kept}.")), Ok(domain.clone()));
            prop_assert_eq!(DomainName::parse(&kept.to_ascii_uppercase()), Ok(domain.clone()));
            survives_the_wire(&domain)?;
        }
    }

    #[test]
    fn the_key_of_an_address_forgets_its_case_and_nothing_else(
        one in "[a-zA-Z+]{1,3}@[a-zA-Z]{1,2}\\.edu",
        two in "[a-zA-Z+]{1,3}@[a-zA-Z]{1,2}\\.edu",
    ) {
        let (a, b) = (EmailAddress::parse(&one).unwrap(), EmailAddress::parse(&two).unwrap());
        prop_assert_eq!(a.key() == b.key(), one.eq_ignore_ascii_case(&two));
        let shouted = EmailAddress::parse(&one.to_ascii_uppercase()).unwrap();
        prop_assert_eq!(a.key(), shouted.key());
        prop_assert_eq!(EmailAddress::parse(&a.key()).unwrap().key(), a.key());
        survives_the_wire(&a)?;
    }

    #[test]
    fn an_instant_reads_back_and_keeps_its_order(a in any::<i64>(), b in any::<i64>()) {
        let (one, two) = (Timestamp::from_micros(a), Timestamp::from_micros(b));
        prop_assert_eq!(Timestamp::parse(&one.to_string()), Some(one));
        prop_assert_eq!(Timestamp::from_micros(one.micros()), one);
        prop_assert!(a > b || one <= two);
        survives_the_wire(&one)?;
    }

    #[test]
    fn an_instant_moves_there_and_back(
        micros in -1_000_000_000_000_000_i64..4_000_000_000_000_000,
        seconds in -1_000_000_000_i64..1_000_000_000,
    ) {
        let at = Timestamp::from_micros(micros);
        prop_assert_eq!(at.plus_seconds(seconds).plus_seconds(-seconds), at);
        prop_assert_eq!(at.plus_seconds(seconds).micros() - micros, seconds * 1_000_000);
        prop_assert_eq!(at.plus_days(1), at.plus_seconds(86_400));
    }

    #[test]
    fn an_instant_never_leaves_the_calendar(micros in any::<i64>(), seconds in any::<i64>()) {
        let at = Timestamp::from_micros(micros).plus_seconds(seconds).plus_days(seconds);
        prop_assert_eq!(Timestamp::parse(&at.to_string()), Some(at));
    }

    #[test]
    fn an_offset_is_another_spelling_of_an_instant(minutes in -1_439_i64..1_440) {
        let noon = Timestamp::from_micros(1_795_521_600_000_000);
        let there = noon.plus_seconds(minutes * 60).to_string();
        let sign = if minutes < 0 { '-' } else { '+' };
        let (hours, rest) = (minutes.abs() / 60, minutes.abs() % 60);
        let text = there.replace('Z', &format!("{sign}{hours:02}:{rest:02}"));
        prop_assert_eq!(Timestamp::parse(&text), Some(noon));
    }

    #[test]
    fn page_after_page_is_the_whole_list(length in 0_u32..300, limit in proptest::option::of(0_u32..250)) {
        let mut seen = Vec::new();
        let mut page = PageRequest { cursor: None, limit };
        loop {
            survives_the_wire(&page)?;
            let after = page.after::<u32>().unwrap().map_or(0, |last| last + 1);
            let rows = (after..length).take(page.rows() + 1).collect();
            let answer = Page::cut(rows, page.rows(), |row| Cursor(row.to_string()));
            prop_assert!(answer.items.len() <= page.rows());
            prop_assert!(answer.next_cursor.is_none() || !answer.items.is_empty());
            seen.extend(answer.items);
            match answer.next_cursor {
                Some(cursor) => page.cursor = Some(cursor),
                None => break,
            }
        }
        prop_assert_eq!(seen, (0..length).collect::<Vec<_>>());
    }

    #[test]
    fn a_page_is_never_empty_and_never_over_the_most(limit in proptest::option::of(any::<u32>())) {
        let rows = PageRequest { cursor: None, limit }.rows();
        prop_assert!((1..=200).contains(&rows));
    }
}
