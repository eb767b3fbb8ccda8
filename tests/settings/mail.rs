//! `config check` refuses what a node that makes or sends mail would stop with.

use std::fs;

use rstest::rstest;
use usher::roles::Roles;

use crate::{cli::usher, lines, loaded_for, problems};

const SELECTOR: (&str, &str) = ("USHER_MAIL__DKIM_SELECTOR", "usher");
const DOMAIN: (&str, &str) = ("USHER_MAIL__DKIM_DOMAIN", "mail.hill.edu");

#[rstest]
#[case("mail.url", "smtp://relay.hill.edu:99999", &[])]
#[case("mail.url", "smtp://relay.hill.edu?tls=never", &[])]
#[case("mail.url", "file://", &[])]
#[case("mail.from", "xx", &[])]
#[case("mail.from", "Foo <", &[])]
#[case("mail.from", "<>", &[])]
#[case("mail.from", "", &[])]
#[case("mail.reply_to", "bad", &[])]
#[case("mail.return_path", "foo", &[])]
#[case("mail.return_path", "a-long-name-of-it@hill.edu", &[])]
#[case("mail.dkim_key", "garbage", &[SELECTOR, DOMAIN])]
#[case("mail.dkim_selector", "a b", &[DOMAIN, ("USHER_MAIL__DKIM_KEY", "garbage")])]
#[case("mail.dkim_domain", "hill", &[SELECTOR, ("USHER_MAIL__DKIM_KEY", "garbage")])]
#[case("mail.templates", "/nowhere/at/all", &[])]
fn mail_that_could_not_be_made_is_refused_by_its_key(
    #[case] key: &str,
    #[case] value: &str,
    #[case] beside: &[(&str, &str)],
) {
    let variable = format!("USHER_{}", key.replace('.', "__").to_uppercase());
    let told = problems("", &[beside, &[(&variable, value)]].concat());
    assert_eq!(told.len(), 1, "{told:?}");
    let start = format!("{key} ({variable}): ");
    assert!(told[0].starts_with(&start), "{told:?}");
    // The key is said once, and no secret is.
    assert_eq!(told[0].matches(key).count(), 1, "{told:?}");
    assert!(!told[0].contains("garbage"), "{told:?}");
}

#[rstest]
#[case("invite.txt", "{% if %}", "invite.txt:1: syntax error")]
#[case("invite.txt", "{{ nobody }}", "invite.txt:1: undefined value")]
#[case("invite.txt", "Hello", "invite.txt leaves out ")]
#[case("notes.md", "to do", "notes.md: no mail is made of it")]
#[case("invite.fr.txt", "Bonjour", "invite.fr.subject is missing")]
fn templates_that_could_not_be_used_are_refused_with_their_place(
    #[case] name: &str,
    #[case] text: &str,
    #[case] fault: &str,
) {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join(name), text).unwrap();
    let path = folder.path().to_str().unwrap();
    let told = problems("", &[("USHER_MAIL__TEMPLATES", path)]);
    assert_eq!(told.len(), 1, "{told:?}");
    let start = format!("mail.templates (USHER_MAIL__TEMPLATES): {path}/{fault}");
    assert!(told[0].starts_with(&start), "{told:?}");
}

#[test]
fn everything_that_is_wrong_with_mail_is_told_at_once_with_the_rest() {
    let file = "[mail]\nurl = 'smtp://x:99999'\nfrom = 'xx'\nreply_to = 'bad'\n\
                return_path = 'foo'\ntemplates = '/nowhere'\ndkim_key = 'x'\n\
                [log]\nfilter = 'kernel=loud'\n";
    let told = problems(file, &[]);
    for key in [
        "mail.url",
        "mail.from",
        "mail.reply_to",
        "mail.return_path",
        "mail.templates",
        "mail.dkim_selector",
        "log.filter",
    ] {
        let start = format!("{key} (");
        let said = told.iter().filter(|line| line.starts_with(&start));
        assert_eq!(said.count(), 1, "{key}: {told:#?}");
    }
    assert_eq!(told.len(), 7, "{told:#?}");
}

#[test]
fn mail_is_looked_at_for_the_roles_that_make_or_send_it() {
    let wrong = [
        ("USHER_MAIL__TEMPLATES", "/nowhere"),
        ("USHER_MAIL__FROM", "xx"),
        ("USHER_BUS__URL", "nats://127.0.0.1:4222"),
    ];
    for (role, count) in [("invites", 2), ("courier", 2), ("links", 0), ("admin", 0)] {
        let told = lines(loaded_for(&Roles::named([role]), "", &wrong));
        assert_eq!(told.len(), count, "{role}: {told:?}");
    }
}

#[test]
fn a_node_does_not_start_with_mail_that_it_cannot_make_and_commands_without_mail_do_not_mind() {
    let folder = tempfile::tempdir().unwrap();
    let (file, database) = (folder.path().join("usher.toml"), folder.path().join("u.db"));
    let text = format!(
        "[mail]\nfrom = 'xx'\ntemplates = '/nowhere'\n[database]\nurl = 'sqlite:{}'\n",
        database.display()
    );
    fs::write(&file, text).unwrap();
    let place = ["--config", file.to_str().unwrap()];
    for command in [&["serve"][..], &["config", "check"], &["doctor"]] {
        let refused = usher(&[command, &place].concat());
        assert_eq!(refused.status.code(), Some(2), "{command:?} {refused:?}");
        let said = String::from_utf8_lossy(&refused.stderr);
        assert!(said.contains("mail.from ("), "{said}");
        let once = "mail.templates (";
        assert_eq!(said.matches(once).count(), 1, "{said}");
        assert_eq!(said.matches("entity not found").count(), 1, "{said}");
    }
    for command in [&["migrate"][..], &["verify"], &["token", "list"]] {
        let done = usher(&[command, &place].concat());
        assert_eq!(done.status.code(), Some(0), "{command:?} {done:?}");
    }
}
