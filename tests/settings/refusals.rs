//! What is refused names its key and its place, all at once.

use crate::problems;

#[test]
fn an_unknown_key_is_refused_with_its_file() {
    assert_eq!(
        problems("[http]\nlistne = 'x'\n", &[]),
        [
            "http.listne (usher.toml): there is no such key; [http] has listen, public_url, \
          terms_url, trusted_proxies, workers"
        ]
    );
}

#[test]
fn an_unknown_section_is_refused_even_when_it_is_empty() {
    let said = problems("top = 1\n[htpp]\n[ops]\n", &[]);
    assert_eq!(said.len(), 2, "{said:?}");
    assert!(
        said[0].starts_with("htpp (usher.toml): there is no such section; there are http, ops")
    );
    assert!(said[1].starts_with("top (usher.toml): there is no such section"));
}

#[test]
fn an_unknown_key_is_refused_with_its_variable() {
    let said = problems(
        "",
        &[("USHER_HTTP__LISTNE", "x"), ("USHER_THROTTLE__PER_IP", "1")],
    );
    assert_eq!(said.len(), 2, "{said:?}");
    assert!(said[0].starts_with("http.listne (USHER_HTTP__LISTNE): there is no such key"));
    assert!(said[1].starts_with("throttle.per_ip (USHER_THROTTLE__PER_IP): there is no such"));
}

#[test]
fn every_problem_is_told_at_once_with_its_place() {
    let said = problems(
        "[http]\nlisten = 'nowhere'\nworkers = true\n[log]\nformat = 'xml'\n[http2]\nx = 1\n",
        &[
            ("USHER_EVENTS__KEEP_DAYS", "0"),
            ("USHER_BUS__KEY", "short"),
        ],
    );
    for (place, key) in [
        ("usher.toml", "http.listen"),
        ("usher.toml", "http.workers"),
        ("usher.toml", "log.format"),
        ("usher.toml", "http2.x"),
        ("USHER_EVENTS__KEEP_DAYS", "events.keep_days"),
        ("USHER_BUS__KEY", "bus.key"),
    ] {
        let start = format!("{key} ({place}): ");
        assert!(
            said.iter().any(|line| line.starts_with(&start)),
            "{start} not in {said:#?}"
        );
    }
    assert_eq!(said.len(), 6, "{said:#?}");
}

#[test]
fn a_value_of_another_kind_is_refused_in_words() {
    let said = problems(
        "",
        &[
            ("USHER_HTTP__WORKERS", "many"),
            ("USHER_HTTP__PUBLIC_URL", "x"),
        ],
    );
    assert_eq!(
        said,
        [
            "http.workers (USHER_HTTP__WORKERS): has to be a whole number",
            "http.public_url (USHER_HTTP__PUBLIC_URL): is not a URL such as \
             https://usher.example.org",
        ]
    );
}

#[test]
fn terms_that_no_browser_can_open_are_refused() {
    let terms = |url| problems("", &[("USHER_HTTP__TERMS_URL", url)]);
    assert_eq!(
        terms("mailto:terms@example.org"),
        ["http.terms_url (USHER_HTTP__TERMS_URL): begins with neither http:// nor https://"]
    );
    assert_eq!(
        terms("/terms"),
        [
            "http.terms_url (USHER_HTTP__TERMS_URL): is not a URL such as \
             https://usher.example.org"
        ]
    );
    assert_eq!(terms("https://example.org/terms#seats"), [""; 0]);
}

#[test]
fn a_file_that_is_no_toml_is_refused_without_quoting_it() {
    let said = problems("[bus]\nkey = 'a secret\n", &[]);
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(
        said[0].starts_with("usher.toml: ") && said[0].contains("line 2"),
        "{said:?}"
    );
    assert!(!said[0].contains("a secret"), "{said:?}");
}

#[test]
fn a_file_that_is_not_there_is_refused() {
    let missing = std::path::Path::new("/nowhere/usher.toml");
    let roles = usher::roles::Roles::all();
    let said = usher::settings::load(Some(missing), [], &roles)
        .unwrap_err()
        .to_string();
    assert!(
        said.contains("/nowhere/usher.toml: cannot be read"),
        "{said}"
    );
}
