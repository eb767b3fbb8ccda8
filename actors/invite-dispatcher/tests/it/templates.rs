//! Templates of an operator's.

use std::{fs, path::Path};

use contract::{Secret, text::Language};
use invite_dispatcher::{
    DkimOptions, Invitation, MailOptions, MailOptionsError, MailWritten, Templates, TemplatesError,
};
use rstest::rstest;

use crate::{invitation::invitation, scene::proof};

/// The built-in invitation in English.
const TEXT: &str = include_str!("../../templates/invite.txt");

fn with(files: &[(&str, &str)]) -> Result<Templates, TemplatesError> {
    let directory = tempfile::tempdir().unwrap();
    for (name, source) in files {
        fs::write(directory.path().join(name), source).unwrap();
    }
    Templates::load(Some(directory.path()), None)
}

#[test]
fn a_file_replaces_the_template_of_its_name_alone() {
    let built_in = with(&[]).unwrap();
    let own = with(&[("invite.subject", "{{ organisation }}: {{ plan }}\n")]).unwrap();
    let words = own.invitation(&invitation()).unwrap();
    assert_eq!(words.subject, "Green University: Law 2026");
    let before = built_in.invitation(&invitation()).unwrap();
    assert_eq!(words.text, before.text);
    let letter = proof("Ann");
    assert_eq!(
        own.letter(&letter).unwrap(),
        built_in.letter(&letter).unwrap()
    );
}

#[test]
fn a_layout_is_replaced_for_every_mail() {
    let layout = "<body>OURS {% block words %}{% endblock %}</body>";
    let own = with(&[("letter.html", layout)]).unwrap();
    assert!(own.invitation(&invitation()).unwrap().html.contains("OURS"));
    assert!(own.letter(&proof("Ann")).unwrap().html.contains("OURS"));
}

#[test]
fn a_translation_is_added_and_includes_what_the_operator_keeps_beside() {
    let body = "{% include \"_foot.txt\" %} {{ organisation }} {{ address }} {{ accept_url }} {{ unsubscribe_url }}";
    let own = with(&[
        ("_foot.txt", "دانشگاه"),
        ("invite.fa.subject", "{{ organisation }}"),
        ("invite.fa.txt", body),
        (
            "invite.fa.html",
            &format!("<html dir=\"{{{{ direction }}}}\">{body}"),
        ),
    ])
    .unwrap();
    let invitation = Invitation {
        language: Language::parse("fa-ir").unwrap(),
        ..invitation()
    };
    let words = own.invitation(&invitation).unwrap();
    assert!(words.text.starts_with("دانشگاه"));
    assert!(words.html.starts_with("<html dir=\"rtl\">دانشگاه"));
}

#[rstest]
#[case::syntax("invite.txt", "one\n{% if name %}two", 2, "end of input")]
#[case::unknown_name("invite.txt", "one\ntwo\n{{ nmae }}", 3, "undefined")]
#[case::unknown_name_of_a_reminder(
    "invite.subject",
    "{% if occasion == \"reminder\" %}\n{{ nmae }}{% endif %}",
    2,
    "undefined"
)]
#[case::unknown_filter("request.txt", "{{ url|shout }}", 1, "shout")]
#[case::unknown_include("notice.html", "\n{% include \"_foot.html\" %}", 2, "_foot.html")]
fn a_broken_file_is_refused_with_its_line_before_any_mail(
    #[case] name: &str,
    #[case] source: &str,
    #[case] at: usize,
    #[case] says: &str,
) {
    match with(&[(name, source)]).unwrap_err() {
        TemplatesError::Broken { file, line, why } => {
            assert!(file.is_absolute() && file.ends_with(name), "{file:?}");
            assert_eq!(line, at, "{why}");
            assert!(why.contains(says), "{why}");
        }
        other => panic!("{other}"),
    }
}

#[rstest]
#[case("invite.txt", "accept_url", "{{ accept_url }}")]
#[case("invite.txt", "unsubscribe_url", "{{ unsubscribe_url }}")]
fn a_mail_without_its_link_is_refused(
    #[case] name: &str,
    #[case] what: &str,
    #[case] left_out: &str,
) {
    let refused = with(&[(name, &TEXT.replace(left_out, ""))]).unwrap_err();
    let TemplatesError::Lacks {
        file,
        what: missing,
    } = refused
    else {
        panic!("{refused}");
    };
    assert!(file.ends_with(name), "{file:?}");
    assert_eq!(missing, what);
}

#[test]
fn a_file_that_nothing_uses_is_refused() {
    for name in [
        "invte.txt",
        "invite.txt.bak",
        "invite.deutsch.txt",
        "invite.DE.txt",
        "letter.fr.html",
    ] {
        let refused = with(&[(name, "x")]).unwrap_err();
        assert!(matches!(refused, TemplatesError::Unused(_)), "{refused}");
    }
    assert!(with(&[(".invite.txt.swp", "x")]).is_ok(), "an editor's");
}

#[test]
fn half_a_translation_is_refused_by_what_is_missing() {
    let refused = with(&[("invite.fr.html", "x"), ("invite.fr.txt", "x")]).unwrap_err();
    let TemplatesError::Missing(file) = refused else {
        panic!("{refused}");
    };
    assert!(file.ends_with("invite.fr.subject"), "{file:?}");
    let refused = with(&[("invite.fr.txt", "x")]).unwrap_err();
    assert!(matches!(refused, TemplatesError::Missing(_)), "{refused}");
}

#[test]
fn a_directory_that_is_not_there_is_refused() {
    let refused = Templates::load(Some(Path::new("/nowhere/at/all")), None).unwrap_err();
    assert!(
        matches!(refused, TemplatesError::Unreadable { .. }),
        "{refused}"
    );
}

#[test]
fn the_settings_are_read_or_refused_by_their_key() {
    let read = |from, reply_to, templates, selector| {
        MailOptions::read(MailWritten {
            url: &Secret::new("file:mail"),
            from,
            reply_to,
            return_path: "",
            templates,
            dkim: DkimOptions {
                selector,
                domain: "",
                key: &Secret::new(""),
            },
        })
    };
    let from = "usher@mail.example";
    let options = read(from, "Help <help@uni.edu>", "", "").unwrap();
    assert!(options.signer.is_none());
    let words = options.templates.invitation(&invitation()).unwrap();
    assert!(words.text.contains("help@uni.edu"), "{}", words.text);
    let refused = read(from, "nobody", "", "").unwrap_err();
    assert_eq!(refused, [MailOptionsError::ReplyTo]);
    let all = read("xx", "nobody", "/nowhere/at/all", "usher").unwrap_err();
    let mut keys: Vec<_> = all.iter().map(MailOptionsError::key).collect();
    keys.sort_unstable();
    let expected = [
        "mail.dkim_domain",
        "mail.from",
        "mail.reply_to",
        "mail.templates",
    ];
    assert_eq!(keys, expected, "{all:?}");
}
