//! Every mail of `tests/corpus`, and what is read from it.

use std::{collections::BTreeSet, fs, path::Path};

use bounces::{About, Envelope, Reading, Report, ReturnPath, mail::read, report::MOST_DETAIL};

/// A line is `about kind code recipient`, with `-` for what is not said; several recipients are
/// several lines.
const EXPECTED: &[(&str, &[&str])] = &[
    ("action-translated", &["token hard 5.1.1 bob@example.edu"]),
    ("arf-auth-failure", &["ignored other-report"]),
    ("arf-feedback-id-only", &["- complaint - -"]),
    ("arf-fraud-no-type-case", &["token complaint - -"]),
    ("arf-not-spam", &["ignored other-report"]),
    ("arf-opt-out", &["token unsubscribed - bob@example.edu"]),
    ("arf-original-mail-from", &["token complaint - -"]),
    ("arf-plain", &["token complaint - bob@example.edu"]),
    ("arf-redacted-message-id", &["message complaint - -"]),
    ("arf-redacted-return-path", &["token complaint - -"]),
    ("bounce-forwarded-by-a-person", &["ignored no-report"]),
    ("challenge-boxtrapper", &["ignored challenge"]),
    ("challenge-confirm", &["ignored challenge"]),
    (
        "exchange-access-denied",
        &["token hard 5.4.1 bob@example.edu"],
    ),
    (
        "exchange-base64-status",
        &["token hard 5.1.1 bob@example.edu"],
    ),
    ("exchange-quota", &["token soft 5.2.2 bob@example.edu"]),
    (
        "exchange-recipient-not-found",
        &["token hard 5.1.10 bob@example.edu"],
    ),
    (
        "exchange-transport-rule",
        &["token soft 5.7.1 bob@example.edu"],
    ),
    ("exim-mime", &["token hard 5.1.1 bob@example.edu"]),
    ("exim-prose", &["token hard 5.1.1 bob@example.edu"]),
    ("exim-unrouteable", &["token hard - bob@example.edu"]),
    ("exim-warning", &["token delayed 4.7.1 bob@example.edu"]),
    ("forged-daemon-name", &["ignored no-report"]),
    ("gmail-disabled", &["token hard 5.2.1 bob@example.edu"]),
    (
        "gmail-no-such-user",
        &["message hard 5.1.1 bob@example.edu"],
    ),
    (
        "gmail-references-only",
        &["message delayed 4.2.1 bob@example.edu"],
    ),
    ("hostile-detail", &["token soft 5.7.1 bob@example.edu"]),
    ("japanese-dsn-utf8", &["token hard 5.0.0 bob@example.ac.jp"]),
    ("japanese-no-address", &["token soft 5.2.2 -"]),
    (
        "japanese-prose-iso-2022-jp",
        &["token hard - bob@example.ac.jp"],
    ),
    ("mbox-from-line", &["token hard 5.1.1 bob@example.edu"]),
    ("postfix-delayed", &["token delayed 4.2.0 bob@example.edu"]),
    (
        "postfix-delivered",
        &["token delivered 2.0.0 bob@example.edu"],
    ),
    ("postfix-dmarc", &["token soft 5.7.26 bob@example.edu"]),
    (
        "postfix-expanded",
        &["token delivered 2.0.0 bob@example.edu"],
    ),
    ("postfix-expired", &["token soft 4.4.1 bob@example.edu"]),
    ("postfix-forwarded", &["token hard 5.1.1 bob@example.edu"]),
    (
        "postfix-host-not-found",
        &["token hard 5.4.4 bob@exmaple.edu"],
    ),
    (
        "postfix-mailbox-full",
        &["token soft 5.2.2 bob@example.edu"],
    ),
    ("postfix-no-original", &["token hard 5.1.1 bob@example.edu"]),
    ("postfix-null-mx", &["token hard 5.1.10 bob@example.edu"]),
    (
        "postfix-relayed",
        &["token delivered 2.0.0 bob@example.edu"],
    ),
    (
        "postfix-sender-unknown",
        &["token soft 5.1.8 bob@example.edu"],
    ),
    ("postfix-spam-policy", &["token soft 5.7.1 bob@example.edu"]),
    ("postfix-too-large", &["token soft 5.3.4 bob@example.edu"]),
    (
        "postfix-two-recipients",
        &[
            "token hard 5.1.1 bob@example.edu",
            "token delayed 4.2.2 ann@example.edu",
        ],
    ),
    (
        "postfix-user-unknown",
        &["token hard 5.1.1 bob@example.edu"],
    ),
    ("qmail-no-mailbox", &["token hard 5.1.1 bob@example.edu"]),
    ("qmail-over-quota", &["token soft 5.2.2 bob@example.edu"]),
    ("qmail-vpopmail-no-code", &["token hard - bob@example.edu"]),
    ("read-receipt", &["ignored receipt"]),
    ("reply-of-a-person", &["ignored no-report"]),
    ("sendmail-mime", &["token hard 5.1.1 bob@example.edu"]),
    ("sendmail-old-prose", &["token hard - bob@example.edu"]),
    ("sendmail-warning", &["token delayed - bob@example.edu"]),
    (
        "smtputf8-global",
        &["token hard 5.1.6 bob@xn--bcher-kva.example"],
    ),
    ("spam", &["ignored no-report"]),
    ("status-in-one-group", &["token hard 5.1.1 bob@example.edu"]),
    ("unsubscribe", &["token unsubscribed - bob@example.edu"]),
    ("unsubscribe-without-token", &["ignored no-report"]),
    ("vacation", &["ignored auto-reply"]),
    ("vacation-exchange", &["ignored auto-reply"]),
    ("vacation-from-nobody", &["ignored auto-reply"]),
    ("vacation-quoting-codes", &["ignored auto-reply"]),
    (
        "wrapped-by-a-gateway",
        &["token hard 5.1.2 bob@example.edu"],
    ),
];

fn path() -> ReturnPath {
    ReturnPath::parse("b@bounce.usher.test").unwrap()
}

fn stored(name: &str) -> Vec<u8> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/corpus/{name}.eml"));
    fs::read(file).unwrap()
}

fn reports(name: &str) -> Vec<Report> {
    match read(&stored(name), Envelope::default(), &path()) {
        Reading::Reports(reports) => reports,
        Reading::Ignored(why) => panic!("{name}: {why:?}"),
    }
}

fn line(report: &Report) -> String {
    let about = match &report.about {
        Some(About::Token(token)) => {
            assert_eq!(token, "ph7k2q9x4m");
            "token"
        }
        Some(About::Message(id)) => {
            assert_eq!(id, "inv_01JDK3V5Q8Z9M2N4P6R7S8T9VW@usher.test");
            "message"
        }
        None => "-",
    };
    let kind = format!("{:?}", report.kind).to_lowercase();
    let code = report.enhanced.map(|code| code.to_string());
    let recipient = report.recipient.as_ref().map(ToString::to_string);
    let or_none = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
    format!("{about} {kind} {} {}", or_none(code), or_none(recipient))
}

fn lines(bytes: &[u8]) -> Vec<String> {
    match read(bytes, Envelope::default(), &path()) {
        Reading::Reports(reports) => reports.iter().map(line).collect(),
        Reading::Ignored(why) => vec![format!("ignored {}", why.name())],
    }
}

/// The same mail with the line ends of the wire.
fn with_crlf(bytes: &[u8]) -> Vec<u8> {
    let ended = |line: &[u8]| [line, b"\r\n"].concat();
    bytes.split(|b| *b == b'\n').flat_map(ended).collect()
}

#[test]
fn every_mail_of_the_corpus_says_what_it_should() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus");
    let names: BTreeSet<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .map(|name| name.trim_end_matches(".eml").to_owned())
        .collect();
    let listed: BTreeSet<String> = EXPECTED
        .iter()
        .map(|(name, _)| (*name).to_owned())
        .collect();
    assert!(listed.len() >= 60);
    let mut wrong = Vec::new();
    for name in &names {
        let expected = EXPECTED.iter().find(|(listed, _)| listed == name);
        let found = lines(&stored(name));
        if expected.is_none_or(|(_, lines)| *lines != found) {
            wrong.push(format!("(\"{name}\", &{found:?}),"));
        }
        assert_eq!(found, lines(&with_crlf(&stored(name))), "{name} with CRLF");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(names, listed);
}

#[test]
fn a_report_that_comes_twice_bears_one_id_and_another_bears_another() {
    let first = reports("postfix-two-recipients");
    let again = reports("postfix-two-recipients");
    assert_eq!(first, again);
    assert_ne!(first[0].event_id, first[1].event_id);
    // Sent again by the server between, it has one more header and the same name.
    let received = b"Received: from backup.example.edu by mx.usher.test\n";
    let resent = [received.as_slice(), &stored("postfix-two-recipients")].concat();
    let Reading::Reports(resent) = read(&resent, Envelope::default(), &path()) else {
        panic!("no report");
    };
    assert_eq!(resent, first);
    let nameless = reports("qmail-no-mailbox");
    assert_ne!(
        nameless[0].event_id,
        reports("qmail-over-quota")[0].event_id
    );
    assert_eq!(nameless, reports("qmail-no-mailbox"));
}

#[test]
fn what_the_other_side_said_is_one_line_that_can_be_shown() {
    for (name, detail) in [
        (
            "postfix-user-unknown",
            "550 5.1.1 <bob@example.edu>: Recipient address rejected: User unknown",
        ),
        (
            "exchange-quota",
            "554 5.2.2 mailbox full; STOREDRV.Deliver.Exception:QuotaExceededException.MapiExceptionShutoffQuotaExceeded",
        ),
        ("exim-unrouteable", "Unrouteable address"),
        (
            "qmail-no-mailbox",
            "Sorry, no mailbox here by that name. (#5.1.1)",
        ),
        (
            "japanese-dsn-utf8",
            "550 宛先のメールアドレスは存在しません",
        ),
        (
            "japanese-prose-iso-2022-jp",
            "宛先のメールアドレスは存在しません",
        ),
        ("arf-plain", "reported by isp.example.test ExampleFBL/0.1"),
    ] {
        assert_eq!(reports(name)[0].detail, detail, "{name}");
    }
    let hostile = &reports("hostile-detail")[0].detail;
    assert!(
        hostile.starts_with("550 5.7.1 [31mred evil <script>"),
        "{hostile}"
    );
    assert_eq!(hostile.chars().count(), MOST_DETAIL);
}

#[test]
fn the_instant_is_the_one_that_the_report_names() {
    for (name, at) in [
        ("postfix-user-unknown", "2026-11-25T10:00:04Z"),
        ("gmail-no-such-user", "2026-11-25T10:00:03Z"),
        ("postfix-mailbox-full", "2026-11-25T10:00:05Z"),
        ("arf-plain", "2026-11-25T10:00:01Z"),
    ] {
        assert_eq!(reports(name)[0].at.unwrap().to_string(), at, "{name}");
    }
}

#[test]
fn the_envelope_says_more_than_the_headers() {
    let bytes = stored("postfix-expired");
    let to = |to| Envelope {
        to: Some(to),
        ..Envelope::default()
    };
    let about = |envelope| match read(&bytes, envelope, &path()) {
        Reading::Reports(reports) => reports[0].about.clone(),
        Reading::Ignored(why) => panic!("{why:?}"),
    };
    assert_eq!(
        about(to("b+other@bounce.usher.test")),
        Some(About::Token("other".to_owned()))
    );
    assert_eq!(
        about(to("b@bounce.usher.test")),
        Some(About::Token("ph7k2q9x4m".to_owned()))
    );
    let elsewhere = ReturnPath::parse("b@bounce.elsewhere.test").unwrap();
    let Reading::Reports(reports) = read(&bytes, Envelope::default(), &elsewhere) else {
        panic!("no report");
    };
    assert!(matches!(&reports[0].about, Some(About::Message(_))));
}
