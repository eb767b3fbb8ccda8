//! The command line, as it is typed.

use std::process::{Command, Output};

pub(crate) fn usher(args: &[&str]) -> Output {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_usher"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("USHER_") {
            command.env_remove(name);
        }
    }
    command
        .args(args)
        .current_dir(folder.path())
        .output()
        .unwrap()
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn help_lists_every_command() {
    let help = usher(&["--help"]);
    assert!(help.status.success());
    insta::assert_snapshot!(text(&help.stdout));
}

#[test]
fn help_of_serve_names_every_role() {
    let help = usher(&["serve", "--help"]);
    insta::assert_snapshot!(text(&help.stdout));
}

#[test]
fn a_wrong_command_line_and_wrong_settings_exit_with_2() {
    for args in [
        &["serve", "--role", "nobody"][..],
        &["invite"],
        &[],
        &["config", "check", "--config", "/nowhere/usher.toml"],
        &["serve", "--role", "seats"],
    ] {
        let output = usher(args);
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        assert!(output.stdout.is_empty(), "{args:?}");
        assert!(!output.stderr.is_empty(), "{args:?}");
    }
}

#[test]
fn verify_makes_no_database_where_there_is_none() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("usher.db");
    let settings = folder.path().join("usher.toml");
    let url = format!("[database]\nurl = \"sqlite:{}\"\n", file.display());
    std::fs::write(&settings, url).unwrap();
    let verify = usher(&["verify", "--config", settings.to_str().unwrap()]);
    assert_eq!(verify.status.code(), Some(1));
    assert!(text(&verify.stderr).contains("database.url"), "{verify:?}");
    assert!(!file.exists());
}

#[test]
fn config_check_says_ok_and_config_show_shows_toml() {
    let check = usher(&["config", "check"]);
    assert_eq!(
        (text(&check.stdout).as_str(), check.status.code()),
        ("ok\n", Some(0))
    );
    let show = usher(&["config", "show"]);
    assert!(text(&show.stdout).parse::<toml::Table>().is_ok());
}

#[test]
fn a_node_that_is_not_there_is_not_healthy() {
    let output = usher(&["healthcheck", "--config", "/dev/null"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).starts_with("usher: nothing answers at "));
}
