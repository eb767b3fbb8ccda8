//! Nothing but CRLF, dot, CRLF ends a mail: no second mail can hide in the first.

use bounces::listener::Limits;

use crate::wire::Post;

const SECOND: &str =
    "MAIL FROM:<evil@evil.test>\r\nRCPT TO:<b+other@bounce.usher.test>\r\nDATA\r\nhidden\r\n";

#[tokio::test]
async fn a_dot_between_other_line_ends_does_not_end_the_mail() {
    for end in [
        "\n.\n",
        "\n.\r\n",
        "\r\n.\n",
        "\r.\r",
        "\r.\r\n",
        "\r\n.\r",
        "\n\n.\r\n",
        "\r\n.\r\r\n",
        "\r\n\0.\r\n",
        "\r\n.\0\r\n",
        "\r\n..\r\n",
    ] {
        let post = Post::open(Limits::default()).await;
        let mut sender = post.sender_with_data().await;
        sender.write(format!("first{end}{SECOND}").as_bytes()).await;
        sender.write(b".\r\n").await;
        assert_eq!(sender.hear().await, "250 2.0.0 Kept", "{end:?}");
        assert_eq!(
            sender.say("NOOP").await,
            "250 2.0.0 OK",
            "one answer, {end:?}"
        );
        let taken = post.taken();
        assert_eq!(taken.len(), 1, "{end:?}");
        assert_eq!(taken[0].to, "b+tok@bounce.usher.test");
        let bytes = String::from_utf8(taken[0].bytes.clone()).unwrap();
        assert!(bytes.contains("hidden"), "{end:?}: {bytes:?}");
    }
}

#[tokio::test]
async fn the_real_end_ends_it_and_what_follows_is_the_next() {
    let post = Post::open(Limits::default()).await;
    let mut sender = post.sender_with_data().await;
    sender
        .write(format!("first\r\n..dotted\r\n.\r\n{SECOND}.\r\nQUIT\r\n").as_bytes())
        .await;
    let rest = sender.rest().await;
    let codes: Vec<_> = rest.lines().filter_map(|line| line.get(..3)).collect();
    assert_eq!(codes, ["250", "250", "250", "354", "250", "221"]);
    let taken = post.taken();
    assert_eq!(taken[0].bytes, b"first\r\n.dotted\r\n");
    assert_eq!(taken[1].bytes, b"hidden\r\n");
    assert_eq!(taken[1].from, "evil@evil.test");
}

#[tokio::test]
async fn a_bare_line_end_separates_no_commands() {
    let post = Post::open(Limits::default()).await;
    let mut sender = post.sender().await;
    sender.ask("EHLO mx.example.edu\nMAIL FROM:<>", "500").await;
    sender.ask("NOOP\rRSET", "500").await;
    sender.ask("MAIL FROM:<>", "503").await;
}
