//! Settings that are read again while a node runs.

use usher::settings::{Changes, Loaded};

use crate::loaded;

const DEFAULT: &str = include_str!("../../config/default.toml");

fn told(file: &str) -> Loaded {
    loaded(file, &[]).unwrap()
}

/// What is different in a file, seen from a node without one.
fn changes(file: &str) -> (Changes, bool) {
    let (mut held, newer) = (told(""), told(file));
    let limits =
        |settings: &usher::settings::Settings| (settings.mail.limits(), settings.throttle.limits());
    let limits = limits(&held.settings) != limits(&newer.settings);
    (held.take_over(&newer), limits)
}

#[test]
fn what_changes_a_limit_of_mail_or_a_throttle_is_taken_over_and_nothing_else_is() {
    let whole: toml::Table = DEFAULT.parse().unwrap();
    let mut taken = 0;
    for (section, keys) in &whole {
        for (name, value) in keys.as_table().unwrap() {
            let other = match value {
                toml::Value::Integer(number) => toml::Value::Integer(number + 1),
                toml::Value::Boolean(yes) => toml::Value::Boolean(!yes),
                // Texts and lists are no limits.
                _ => continue,
            };
            let (changes, is_limit) = changes(&format!("[{section}]\n{name} = {other}\n"));
            let key = format!("{section}.{name}");
            if is_limit {
                let said = format!("{key} from {value} to {other}");
                assert_eq!((changes.taken, changes.waiting), (vec![said], vec![]));
                taken += 1;
            } else {
                assert_eq!((changes.taken, changes.waiting), (vec![], vec![key]));
            }
        }
    }
    assert!(taken >= 16, "{taken}");
}

#[test]
fn what_needs_a_restart_is_named_each_time_and_no_secret_is_told() {
    let mut held = told("");
    let newer = told(
        "[mail]\nurl = \"smtp://usher:hunter2@relay.hill.edu\"\nper_second = 3\n\
         [log]\nfilter = \"warn\"\n",
    );
    let waiting = ["mail.url", "log.filter"].map(str::to_owned).to_vec();
    let first = held.take_over(&newer);
    assert_eq!(first.taken, ["mail.per_second from 10 to 3"]);
    assert_eq!(first.waiting, waiting);
    let again = held.take_over(&newer);
    assert_eq!((again.taken, again.waiting), (vec![], waiting));
}

#[test]
fn the_same_value_from_elsewhere_is_no_change() {
    let mut held = told("[mail]\nper_second = 7\n");
    let proxies = "[http]\ntrusted_proxies = []\n[mail]\nurl = \"file:mail\"\n";
    let rate = ("USHER_MAIL__PER_SECOND", "7");
    let newer = loaded(proxies, &[rate]).unwrap();
    assert_eq!(held.take_over(&newer), Changes::default());
}
