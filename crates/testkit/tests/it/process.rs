use std::os::unix::process::ExitStatusExt as _;

use testkit::{Ready, UsherProcess};

use crate::SOON;

const NOTHING: [(&str, &str); 0] = [];

/// Something that behaves as the node does on its two outputs and on SIGTERM.
const NODE: &str = r#"
trap 'echo drained >&2; exit 7' TERM
echo starting >&2
echo "ready http=http://127.0.0.1:1 ops=http://127.0.0.1:2 $USHER_MAIL__FROM"
while :; do sleep 0.05; done
"#;

#[test]
fn a_process_is_ready_stops_when_asked_and_its_words_are_kept() {
    let env = [("USHER_MAIL__FROM", "usher@example.org")];
    let mut node = UsherProcess::start("/bin/sh", ["-c", NODE], env);
    let ready = node.wait_ready(SOON);
    let expected = Ready {
        http: "http://127.0.0.1:1".into(),
        ops: "http://127.0.0.1:2".into(),
    };
    assert_eq!(ready, expected);
    assert!(node.stdout_text().ends_with("usher@example.org"));

    node.sigterm();
    assert_eq!(node.wait_exit(SOON).code(), Some(7));
    assert_eq!(node.stderr_text(), "starting\ndrained");
}

#[test]
fn a_killed_process_has_no_last_word() {
    let mut node = UsherProcess::start("/bin/sh", ["-c", NODE], NOTHING);
    node.wait_ready(SOON);
    node.sigkill();
    assert_eq!(node.wait_exit(SOON).signal(), Some(9));
    assert_eq!(node.stderr_text(), "starting");
}

#[test]
fn a_line_that_never_comes_fails_as_soon_as_the_process_has_ended() {
    let node = UsherProcess::start("/bin/sh", ["-c", "echo no database >&2"], NOTHING);
    let waited = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        node.wait_ready(SOON * 100);
    }));
    let message = waited.unwrap_err().downcast::<String>().unwrap();
    assert!(message.contains("no database"), "{message}");
}
