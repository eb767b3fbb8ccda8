//! What the operator does from the command line, on a database that is there or is not.

use std::{fs, path::PathBuf};

use crate::cli::{text, usher};

const NOBODYS: &str = "org_01J0000000000000000000000A";
const NO_TOKEN: &str = "tok_01J0000000000000000000000A";

/// A folder with settings that name a database in it.
struct Desk {
    folder: tempfile::TempDir,
    more: &'static str,
}

impl Desk {
    fn new(more: &'static str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let desk = Self { folder, more };
        let url = format!("sqlite:{}{}", desk.database().display(), desk.more);
        let settings = format!(
            "[database]\nurl = '{url}'\n[auth]\nargon2_memory_kib = 8\nargon2_passes = 1\n"
        );
        fs::write(desk.settings(), settings).unwrap();
        desk
    }

    fn database(&self) -> PathBuf {
        self.folder.path().join("usher.db")
    }

    fn settings(&self) -> PathBuf {
        self.folder.path().join("usher.toml")
    }

    /// The exit code, and both outputs.
    fn run(&self, args: &[&str]) -> (Option<i32>, String, String) {
        let settings = self.settings();
        let output = usher(&[args, &["--config", settings.to_str().unwrap()]].concat());
        let (out, err) = (text(&output.stdout), text(&output.stderr));
        (output.status.code(), out, err)
    }

    /// What a command that goes well prints.
    fn done(&self, args: &[&str]) -> String {
        let (code, out, err) = self.run(args);
        assert_eq!(code, Some(0), "{args:?} {err}");
        out.trim().to_owned()
    }

    /// What a command says that fails, and prints nothing.
    fn refused(&self, args: &[&str]) -> String {
        let (code, out, err) = self.run(args);
        assert_eq!((code, out.as_str()), (Some(1), ""), "{args:?} {err}");
        err
    }
}

#[test]
fn no_command_makes_a_database_where_there_is_none_but_those_that_are_to() {
    for more in ["", "?mode=rwc"] {
        let desk = Desk::new(more);
        let hill = ["--name", "Hill", "--product-url", "https://hill.edu"];
        let ann = ["--organisation", NOBODYS, "--email", "ann@hill.edu"];
        for command in [
            vec!["verify"],
            vec!["organisation", "list"],
            [&["organisation", "create"], &hill[..]].concat(),
            [&["admin", "create"], &ann[..]].concat(),
            vec!["token", "create", "--name", "scripts"],
            vec!["token", "list"],
            vec!["token", "revoke", NO_TOKEN],
        ] {
            let said = desk.refused(&command);
            let path = desk.database();
            let none = format!("database.url: there is no database at {}", path.display());
            assert!(said.contains(&none), "{command:?} {said}");
            assert!(said.contains("`usher migrate`"), "{command:?} {said}");
            assert!(!path.exists(), "{command:?}");
        }
        desk.done(&["migrate"]);
        assert_eq!(desk.done(&["token", "list"]), "");
    }
}

#[test]
fn what_is_not_there_is_named_with_what_to_give() {
    let desk = Desk::new("");
    desk.done(&["migrate"]);
    let new = ["--name", "Hill Valley", "--product-url", "https://hill.edu"];
    let hill = desk.done(&[&["organisation", "create"], &new[..]].concat());
    let of_hill = ["--organisation", hill.as_str()];
    let scripts = ["token", "create", "--name", "scripts"];
    desk.done(&[&scripts, &of_hill[..]].concat());
    let listed = desk.done(&[&["token", "list"], &of_hill[..]].concat());
    let (token, _) = listed.split_once('\t').unwrap();

    let said = desk.refused(&["token", "revoke", token]);
    assert!(
        said.contains(&format!("the operator has no token {token}")),
        "{said}"
    );
    assert!(said.contains("--organisation"), "{said}");
    let said = desk.refused(&[&["token", "revoke", NO_TOKEN], &of_hill[..]].concat());
    assert!(
        said.contains(&format!("{hill} has no token {NO_TOKEN}")),
        "{said}"
    );
    let ann = ["--organisation", NOBODYS, "--email", "ann@hill.edu"];
    let said = desk.refused(&[&["admin", "create"], &ann[..]].concat());
    assert!(
        said.contains(&format!("there is no organisation {NOBODYS}")),
        "{said}"
    );
    assert!(said.contains("`usher organisation list`"), "{said}");

    let organisations = desk.done(&["organisation", "list"]);
    let columns: Vec<_> = organisations.split('\t').collect();
    assert_eq!(columns[..2], [hill.as_str(), "Hill Valley"]);
    assert!(
        columns[2].ends_with('Z') && columns.len() == 3,
        "{columns:?}"
    );
    let revoked = desk.done(&[&["token", "revoke", token], &of_hill[..]].concat());
    assert!(revoked.starts_with(token), "{revoked}");
}
