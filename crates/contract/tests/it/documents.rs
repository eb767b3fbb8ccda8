//! `docs/subjects.md` and `docs/problems.md` are made from the code and compared with it.

use std::{fmt::Write as _, path::Path};

use contract::{Kind, Need, subjects};

const MADE: &str = "<!-- Made from the code; to make it again: \
                    UPDATE_DOCS=1 cargo test -p contract --test it documents -->";

/// The document is what the code says; with `UPDATE_DOCS=1` it is made so.
fn hold(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../docs")
        .join(name);
    #[expect(clippy::disallowed_methods, reason = "no setting of a node")]
    let update = std::env::var("UPDATE_DOCS").is_ok_and(|value| value == "1");
    if update {
        std::fs::write(&path, text).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        kept == text,
        "docs/{name} is not what the code says; make it again with \
         UPDATE_DOCS=1 cargo test -p contract --test it documents"
    );
}

fn needs(need: Need) -> String {
    match need {
        Need::Anyone => "anyone".to_owned(),
        Need::Administrator(role) => format!("{} of the organisation", role.name()),
        Need::Operator => "operator".to_owned(),
        Need::Person => "a person who signed in".to_owned(),
    }
}

#[test]
fn the_table_of_subjects_is_what_the_code_says() {
    let mut text = format!(
        "{MADE}\n\n# Subjects\n\nEvery message on the bus: the actor that serves it, the parts of the \
         system that may send it,\nand what the principal must hold on whose behalf it is sent. A role \
         may do what the roles before\nit may (viewer, manager, owner), and the operator may do what an \
         owner may.\n\n| Subject | Served by | Sent by | On behalf of |\n|---|---|---|---|\n"
    );
    for subject in subjects::ALL {
        let from: Vec<_> = subject.from.iter().map(|service| service.name()).collect();
        let (name, owner) = (subject.subject, subject.owner.name());
        let (from, needs) = (from.join(", "), needs(subject.needs));
        writeln!(text, "| `{name}` | {owner} | {from} | {needs} |").unwrap();
    }
    hold("subjects.md", &text);
}

#[test]
fn the_table_of_problems_is_what_the_code_says() {
    let mut text = format!(
        "{MADE}\n\n# Problems\n\nEvery refusal is a problem (RFC 9457), the same on the bus and over \
         HTTP. Its type is stable for\nprograms; title and status belong to the type. What is \
         particular is in `detail`, the fields that\nwere refused are in `errors`, each with `field`, \
         `code` and `detail`.\n\n| Type | Status | Title |\n|---|---|---|\n"
    );
    for kind in Kind::ALL {
        let (slug, status, title) = kind.row();
        writeln!(text, "| `{slug}` | {status} | {title} |").unwrap();
    }
    hold("problems.md", &text);
}
