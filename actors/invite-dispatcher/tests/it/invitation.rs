//! Invitations: what they say, and what of it goes over the wire.

use contract::{
    EmailAddress, Secret,
    ids::{BatchId, InviteId, OrganisationId, Ulid},
    text::{InviteMessage, Language, Name, PersonName},
};
use invite_dispatcher::{
    Invitation, Mailing, Occasion, Sender, Templates, Words, compose_invitation,
};
use rstest::rstest;

use crate::{mime::Read, scene::NOON};

/// The headers of every invitation; none other, and each once.
pub(crate) const HEADERS: [&str; 14] = [
    "Auto-Submitted",
    "Content-Type",
    "Date",
    "Feedback-ID",
    "From",
    "List-Id",
    "List-Unsubscribe",
    "List-Unsubscribe-Post",
    "MIME-Version",
    "Message-ID",
    "Reply-To",
    "Subject",
    "To",
    "X-Auto-Response-Suppress",
];

const REPLY_TO: &str = "help@uni.edu";
const BY_MAIL: &str = "mailto:b+kjhg@mail.example?subject=unsubscribe";

/// The links of the mail, and no other.
pub(crate) const LINKS: [&str; 4] = [
    "https://usher.example/invite",
    "https://usher.example/invite/kI7xTheTokenOfTheInvite",
    "https://usher.example/invite/kI7xTheTokenOfTheInvite/decline",
    "https://usher.example/unsubscribe/kI7xTheOtherToken",
];

pub(crate) fn invitation() -> Invitation {
    let plan = Name::parse("Law 2026").unwrap();
    let nth = |n| Ulid::from_parts(1_795_521_600_000, n);
    let message = "Welcome!\n\nWe read the first chapter on Monday.\nPlease join before that.";
    Invitation {
        id: InviteId::new(nth(1)),
        batch: BatchId::new(nth(2)),
        organisation_id: OrganisationId::new(nth(3)),
        organisation: Name::parse("Green University").unwrap(),
        product: Invitation::product_of(&"https://www.read.example/a".parse().unwrap(), &plan),
        plan,
        inviter: Some(Name::parse("Prof. Lee").unwrap()),
        message: Some(InviteMessage::parse(message).unwrap()),
        to: EmailAddress::parse("Ann@uni.edu").unwrap(),
        name: Some(PersonName::parse("Ann").unwrap()),
        accept_url: Secret::new(LINKS[1]),
        code: Secret::new("7KQ2MXPA"),
        code_url: LINKS[0].to_owned(),
        decline_url: Secret::new(LINKS[2]),
        unsubscribe_url: Secret::new(LINKS[3]),
        expires_at: NOON.plus_days(7),
        occasion: Occasion::First,
        language: Language::default(),
    }
}

pub(crate) fn sender() -> Sender {
    Sender {
        from: "Usher <usher@mail.example>".parse().unwrap(),
        reply_to: Some(REPLY_TO.parse().unwrap()),
    }
}

pub(crate) fn templates() -> Templates {
    Templates::load(None, Some(REPLY_TO)).unwrap()
}

pub(crate) fn in_words(invitation: &Invitation) -> Words {
    templates().invitation(invitation).unwrap()
}

/// An invitation as it goes over the wire.
pub(crate) fn on_the_wire(invitation: &Invitation) -> Vec<u8> {
    let words = in_words(invitation);
    let message = compose_invitation(invitation, &words, &sender(), Some(BY_MAIL), NOON);
    message.unwrap().formatted()
}

/// So many mails came before it.
const fn nth(earlier: i64) -> Mailing {
    Mailing {
        earlier,
        generation: 1,
    }
}

fn language(tag: &str) -> Language {
    Language::parse(tag).unwrap()
}

fn bare() -> Invitation {
    Invitation {
        inviter: None,
        message: None,
        name: None,
        ..invitation()
    }
}

fn reminder() -> Invitation {
    Invitation {
        occasion: Occasion::Reminder(nth(1)),
        ..invitation()
    }
}

fn resent_in_german() -> Invitation {
    Invitation {
        occasion: Occasion::Resend(nth(2)),
        organisation: Name::parse("Universität Grünau").unwrap(),
        language: language("de-at"),
        ..invitation()
    }
}

#[rstest]
#[case::first("first", invitation())]
#[case::bare("bare", bare())]
#[case::reminder("reminder", reminder())]
#[case::german("german", resent_in_german())]
fn an_invitation_reads_as_it_should(#[case] name: &str, #[case] invitation: Invitation) {
    let words = in_words(&invitation);
    let plain = format!("Subject: {}\n\n{}", words.subject, words.text);
    insta::assert_snapshot!(format!("{name}_text"), plain);
    insta::assert_snapshot!(format!("{name}_html"), words.html);
}

#[rstest]
#[case("https://www.read.example/a", "read.example")]
#[case("https://read.example./", "read.example")]
#[case("http://127.0.0.1:8080/demo/product", "Law 2026")]
#[case("http://[::1]:8080/", "Law 2026")]
#[case("http://localhost:8080/", "Law 2026")]
#[case("http://localhost./", "Law 2026")]
#[case("https://www.library/", "Law 2026")]
fn a_product_is_called_by_its_host_or_where_nobody_knows_that_by_the_plan(
    #[case] url: &str,
    #[case] name: &str,
) {
    let plan = Name::parse("Law 2026").unwrap();
    assert_eq!(Invitation::product_of(&url.parse().unwrap(), &plan), name);
}

#[test]
fn an_invitation_goes_over_the_wire_as_it_should() {
    let wire = String::from_utf8(on_the_wire(&resent_in_german())).unwrap();
    let boundary = wire.split("boundary=\"").nth(1).unwrap();
    let boundary = boundary.split('"').next().unwrap();
    let wire = wire.replace(boundary, "BOUNDARY").replace("\r\n", "\n");
    insta::assert_snapshot!(wire);
}

#[test]
fn an_invitation_has_each_header_of_the_list_once_and_none_other() {
    let wire = String::from_utf8(on_the_wire(&invitation())).unwrap();
    let read = Read::of(&wire);
    assert_eq!(read.names(), HEADERS);
    let id = invitation().id;
    let (batch, organisation) = (invitation().batch, invitation().organisation_id);
    for (name, value) in [
        ("Auto-Submitted", "auto-generated"),
        ("Date", "Tue, 24 Nov 2026 12:00:00 +0000"),
        (
            "Feedback-ID",
            &format!("{batch}:{organisation}:invite:usher"),
        ),
        (
            "From",
            "\"Green University via read.example\" <usher@mail.example>",
        ),
        ("List-Id", &format!("<{organisation}.invites.mail.example>")),
        ("List-Unsubscribe", &format!("<{}>, <{BY_MAIL}>", LINKS[3])),
        ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
        ("Message-ID", &format!("<{id}@mail.example>")),
        ("Reply-To", REPLY_TO),
        ("Subject", "Green University invited you to read.example"),
        ("To", "Ann@uni.edu"),
        ("X-Auto-Response-Suppress", "All"),
    ] {
        assert_eq!(read.header(name), value, "{name}");
    }
}

#[test]
fn no_mail_program_is_told_to_unsubscribe_without_tls() {
    let invitation = Invitation {
        unsubscribe_url: Secret::new("http://usher.example/unsubscribe/x"),
        ..invitation()
    };
    let wire = String::from_utf8(on_the_wire(&invitation)).unwrap();
    let read = Read::of(&wire);
    assert!(!read.names().contains(&"List-Unsubscribe-Post"));
    assert!(read.header("List-Unsubscribe").starts_with("<http://"));
}

#[test]
fn a_repetition_has_the_same_message_id_and_another_purpose_another() {
    let of = |occasion| {
        let invitation = Invitation {
            occasion,
            ..invitation()
        };
        let wire = String::from_utf8(on_the_wire(&invitation)).unwrap();
        Read::of(&wire).header("Message-ID").to_owned()
    };
    let to_the_second = Mailing {
        generation: 2,
        ..nth(1)
    };
    let occasions = [
        Occasion::First,
        Occasion::Resend(nth(1)),
        Occasion::Resend(nth(2)),
        Occasion::Reminder(nth(1)),
        Occasion::Corrected(to_the_second),
        Occasion::Reminder(to_the_second),
    ];
    let once = occasions.map(of);
    assert_eq!(once, occasions.map(of));
    let distinct: std::collections::BTreeSet<_> = once.iter().collect();
    assert_eq!(distinct.len(), once.len());
}

#[rstest]
#[case::english("en")]
#[case::german("de")]
fn both_parts_say_all_of_it(#[case] tag: &str) {
    let invitation = Invitation {
        language: language(tag),
        ..invitation()
    };
    let wire = String::from_utf8(on_the_wire(&invitation)).unwrap();
    assert!(wire.is_ascii(), "a relay without 8BITMIME takes it");
    assert!(wire.split("\r\n").all(|line| line.len() <= 998));
    let read = Read::of(&wire);
    for (_, part) in &read.parts {
        for told in [
            "Green University",
            "read.example",
            "Law 2026",
            "Prof. Lee",
            "We read the first chapter on Monday.",
            "Ann,",
            "Ann@uni.edu",
            "7KQ2MXPA",
            "2026, 12:00",
            "UTC",
            REPLY_TO,
        ]
        .into_iter()
        .chain(LINKS)
        {
            assert!(part.contains(told), "{told}: {part}");
        }
    }
    let (_, plain) = &read.parts[0];
    for link in LINKS {
        let lines = plain.lines().filter(|line| line.trim_end() == link);
        assert_eq!(lines.count(), 1, "{link} stands on a line of its own");
    }
}

#[test]
fn a_language_without_words_is_written_in_english() {
    let of = |tag| {
        let invitation = Invitation {
            language: language(tag),
            ..invitation()
        };
        in_words(&invitation)
    };
    assert_eq!(of("fr"), of("en"));
    assert_eq!(of("de-at").subject, of("de").subject);
    assert_ne!(of("de").subject, of("en").subject);
}

#[rstest]
fn a_subject_begins_with_the_organisation_and_is_short_however_long_the_names_are(
    #[values("en", "de")] tag: &str,
    #[values("Green University", "ö")] organisation: &str,
    #[values("read.example", "read")] product: &str,
    #[values(1, 7)] times: usize,
    #[values(Occasion::First, Occasion::Reminder(nth(1)))] occasion: Occasion,
) {
    let invitation = Invitation {
        organisation: Name::parse(&organisation.repeat(times)).unwrap(),
        product: product.repeat(times),
        language: language(tag),
        occasion,
        ..invitation()
    };
    let subject = in_words(&invitation).subject;
    assert!(subject.chars().count() <= 60, "{subject}");
    let first = |name: &str| name.chars().take(12).collect::<String>();
    assert!(subject.starts_with(&first(organisation)), "{subject}");
    assert!(subject.contains(&first(product)), "{subject}");
}
