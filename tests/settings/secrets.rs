//! Secrets are read from files and never shown.

use rstest::rstest;
use secrecy::ExposeSecret as _;

use crate::{loaded, problems};

const KEY: &str = "0123456789abcdef0123456789abcdef";

fn file_with(text: &str) -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), text).unwrap();
    file
}

#[test]
fn a_secret_is_read_from_a_file_without_its_last_line_break() {
    let file = file_with(&format!("{KEY}\n"));
    let path = file.path().to_str().unwrap();
    let loaded = loaded("", &[("USHER_BUS__KEY_FILE", path)]).unwrap();
    assert_eq!(
        loaded.settings.bus.key.as_ref().unwrap().expose_secret(),
        KEY
    );
    let shown = loaded.show();
    assert!(
        shown.contains("key = \"***\" # USHER_BUS__KEY_FILE\n"),
        "{shown}"
    );
}

#[test]
fn a_secret_that_is_set_twice_is_refused() {
    let file = file_with(KEY);
    let path = file.path().to_str().unwrap();
    let said = problems(
        "",
        &[("USHER_BUS__KEY", KEY), ("USHER_BUS__KEY_FILE", path)],
    );
    assert_eq!(
        said,
        ["bus.key (USHER_BUS__KEY_FILE): USHER_BUS__KEY sets it too"]
    );
}

#[test]
fn a_file_that_cannot_be_read_is_refused_with_its_name() {
    let said = problems("", &[("USHER_BUS__KEY_FILE", "/nowhere/key")]);
    assert_eq!(said.len(), 1, "{said:?}");
    let start = "bus.key (USHER_BUS__KEY_FILE): /nowhere/key cannot be read: ";
    assert!(said[0].starts_with(start), "{said:?}");
}

#[test]
fn only_a_secret_is_read_from_a_file() {
    let said = problems(
        "",
        &[
            ("USHER_HTTP__LISTEN_FILE", "/tmp/x"),
            ("USHER_X__Y_FILE", "/y"),
        ],
    );
    assert_eq!(
        said[0],
        "http.listen (USHER_HTTP__LISTEN_FILE): only a secret can be read from a file"
    );
    assert!(
        said[1].starts_with("x.y_file (USHER_X__Y_FILE): there is no such section"),
        "{said:?}"
    );
}

#[rstest]
#[case(
    "DATABASE__URL",
    "postgres://usher:hunter2@db/usher",
    "postgres://usher:***@db/usher"
)]
#[case(
    "DATABASE__URL",
    "postgres://db/usher?password=hunter2",
    "postgres://db/usher?***"
)]
#[case(
    "BUS__URL",
    "tls://hunter2@nats.example.org",
    "tls://***@nats.example.org"
)]
#[case(
    "MAIL__URL",
    "smtps://me:hunter2@mail.example.org",
    "smtps://me:***@mail.example.org"
)]
#[case("MAIL__URL", "file:mail", "file:mail")]
#[case(
    "MAIL__WEBHOOK_STANDARD",
    "whsec_aHVudGVyMmh1bnRlcjJodW50ZXIyaHVudGVyMg==",
    "***"
)]
#[case("SEALING__KEY", "hunter2hunter2hunter2hunter2hunter2", "***")]
fn what_is_shown_has_no_secret_in_it(#[case] key: &str, #[case] value: &str, #[case] seen: &str) {
    let variable = format!("USHER_{key}");
    let loaded = loaded("", &[(&variable, value)]).unwrap();
    let shown = loaded.show();
    assert!(!shown.contains("hunter2"), "{shown}");
    assert!(
        shown.contains(&format!(" = \"{seen}\" # {variable}\n")),
        "{shown}"
    );
    assert!(!format!("{:?}", loaded.settings).contains("hunter2"));
}

#[test]
fn a_refusal_does_not_repeat_the_secret() {
    let said = problems(
        "",
        &[("USHER_DATABASE__URL", "mysql://me:hunter2@db/usher")],
    );
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(!said[0].contains("hunter2"), "{said:?}");
}
