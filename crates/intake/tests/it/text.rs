//! Pasted texts beyond the seventy-two.

use intake::{Reason, read_text};

use crate::{refused, taken};

#[track_caller]
fn reads(text: &str, addresses: &[&str], reasons: &[Reason]) {
    let given = read_text(text).given;
    assert_eq!(taken(&given), addresses, "{given:?}");
    assert_eq!(refused(&given), reasons, "{given:?}");
}

#[test]
fn a_word_that_is_mistyped_is_not_passed_over() {
    reads("bob a@x.co", &["a@x.co"], &[Reason::NotAnAddress]);
    reads("bob.x.co, a@x.co", &["a@x.co"], &[Reason::NotAnAddress]);
    reads(
        "bobx.co, Ann <a@x.co>",
        &["a@x.co"],
        &[Reason::NotAnAddress],
    );
    reads(
        "john.email.com a@x.co",
        &["a@x.co"],
        &[Reason::NotAnAddress],
    );
    reads("see you there", &[], &[Reason::NotAnAddress]);
}

#[test]
fn what_is_written_beside_addresses_is_no_piece() {
    reads(
        "1. a@x.co\n2) b@x.co\n• c@x.co\n- d@x.co",
        &["a@x.co", "b@x.co", "c@x.co", "d@x.co"],
        &[],
    );
    reads(
        "To: Ann Lee <a@x.co>, Bob <b@x.co>",
        &["a@x.co", "b@x.co"],
        &[],
    );
    reads("Ann Lee a@x.co", &["a@x.co"], &[]);
    reads("SMTP:a@x.co", &["a@x.co"], &[]);
}

#[test]
fn many_on_one_line_are_each_read() {
    reads(
        "Ann <a@x.co> Bob <b@x.co> and Carl <c@x.co>",
        &["a@x.co", "b@x.co", "c@x.co"],
        &[],
    );
    reads("\"a@x.co\",\"b@x.co\"", &["a@x.co", "b@x.co"], &[]);
    reads("\"a@x.co, b@x.co\"", &["a@x.co", "b@x.co"], &[]);
    reads(
        "'Lee, Ann' <a@x.co>, 'Ray, Bob' <b@x.co>",
        &["a@x.co", "b@x.co"],
        &[],
    );
    reads(
        "o'brien@x.co, o'hara@x.co",
        &["o'brien@x.co", "o'hara@x.co"],
        &[],
    );
}

#[test]
fn markup_is_read_as_what_it_shows() {
    let html = "<table><tr><td>Ann</td><td>a@x.co</td></tr>\n<tr><td>Bob</td><td><a href='mailto:b@x.co'>b@x.co</a></td></tr></table>";
    reads(html, &["a@x.co", "b@x.co"], &[]);
    reads(
        "Ann &lt;a@x.co&gt;<br>b@x.co<br/>",
        &["a@x.co", "b@x.co"],
        &[],
    );
    reads("[a@x.co](mailto:a@x.co)", &["a@x.co"], &[]);
    reads("[a@x.co](mailto:b@x.co)", &["a@x.co", "b@x.co"], &[]);
}

#[test]
fn lines_are_numbered_as_they_were_pasted() {
    let given = read_text("email\r\na@x.co\r\n\r\nbad\rb@x.co").given;
    let lines: Vec<_> = given.iter().map(|given| given.line).collect();
    assert_eq!(lines, [2, 4, 5]);
}

#[test]
fn every_reason_has_its_own_slug_and_sentence() {
    for reason in Reason::ALL {
        assert_eq!(Reason::parse(reason.slug()), Some(reason));
        assert!(reason.sentence().ends_with('.'));
    }
}
