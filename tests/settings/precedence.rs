//! `config/default.toml` < `--config` < the environment.

use usher::roles::Roles;

use crate::{loaded, loaded_for, problems};

const FILE: &str = "[http]\nworkers = 2\ntrusted_proxies = [\"10.0.0.0/8\"]\n";

#[test]
fn a_file_wins_over_the_defaults_and_leaves_the_rest() {
    let settings = loaded(FILE, &[]).unwrap().settings;
    assert_eq!(settings.http.workers, 2);
    assert_eq!(settings.http.listen.port(), 8080);
}

#[test]
fn the_environment_wins_over_the_file() {
    let settings = loaded(FILE, &[("USHER_HTTP__WORKERS", "7")])
        .unwrap()
        .settings;
    assert_eq!(settings.http.workers, 7);
    assert_eq!(settings.http.trusted_proxies, ["10.0.0.0/8"]);
}

#[test]
fn a_list_replaces_a_list_and_is_written_with_commas() {
    let proxies = ("USHER_HTTP__TRUSTED_PROXIES", "192.0.2.1, 2001:db8::/32");
    let settings = loaded(FILE, &[proxies]).unwrap().settings;
    assert_eq!(
        settings.http.trusted_proxies,
        ["192.0.2.1", "2001:db8::/32"]
    );
    let none = loaded(FILE, &[("USHER_HTTP__TRUSTED_PROXIES", "")])
        .unwrap()
        .settings;
    assert!(none.http.trusted_proxies.is_empty());
}

#[test]
fn a_text_of_digits_stays_a_text() {
    // Of a role that makes no mail: nobody is called that.
    let told = [
        ("USHER_MAIL__FROM", "007"),
        ("USHER_BUS__URL", "nats://127.0.0.1:4222"),
    ];
    let loaded = loaded_for(&Roles::named(["links"]), "", &told);
    assert_eq!(loaded.unwrap().settings.mail.from, "007");
}

#[test]
fn variables_without_two_underscores_are_none_of_ours() {
    let others = [
        ("USHER_LOG", "debug"),
        ("USHER_PORT_8080_TCP", "tcp://x"),
        ("HTTP__X", "y"),
    ];
    assert_eq!(problems("", &others), Vec::<String>::new());
}
