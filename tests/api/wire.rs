//! What is not quite HTTP: refused at the door, and nothing of it reaches a handler.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    time::Duration,
};

use reqwest::Method;
use serde_json::json;

use crate::{
    batches::of,
    server::{Api, Institution},
};

/// A connection by which these bytes were sent.
fn sent(request: &[u8]) -> TcpStream {
    let site = Api::public().request(Method::GET, "!/").build().unwrap();
    let at = site.url().socket_addrs(|| None).unwrap();
    let mut stream = TcpStream::connect(&*at).unwrap();
    let patience = Duration::from_secs(30);
    stream.set_read_timeout(Some(patience)).unwrap();
    // the server may have heard enough before everything is said
    let _ = stream.write_all(request);
    stream
}

/// The status of the answer to these bytes; 0 when the connection ends without one.
fn status(request: &[u8]) -> u16 {
    let mut stream = sent(request);
    let mut answer = [0; 12];
    match stream.read_exact(&mut answer) {
        Ok(()) => std::str::from_utf8(&answer[9..]).unwrap().parse().unwrap(),
        Err(_) => 0,
    }
}

/// A request with these lines of its head.
fn head(lines: &[&str]) -> Vec<u8> {
    format!("{}\r\n\r\n", lines.join("\r\n")).into_bytes()
}

#[tokio::test]
async fn a_request_that_two_servers_could_read_in_two_ways_is_refused() {
    for lines in [
        &["GET / HTTP/1.1"][..],
        &["GET / HTTP/1.1", "Host: a", "Host: b"],
        &["POST /sign-in HTTP/1.1", "Host: a", "Content-Length: -5"],
        &[
            "POST /sign-in HTTP/1.1",
            "Host: a",
            "Content-Length: 5",
            "Content-Length: 6",
        ],
        &[
            "POST /sign-in HTTP/1.1",
            "Host: a",
            "Content-Length: 5",
            "Transfer-Encoding: chunked",
        ],
        &[
            "POST /sign-in HTTP/1.1",
            "Host: a",
            "Transfer-Encoding: xchunked",
        ],
        &[
            "POST /sign-in HTTP/1.1",
            "Host: a",
            "Content-Length: 5",
            "Content-Length: 5",
        ],
        &["POST /sign-in HTTP/1.1", "Host: a", "Content-Length: 5, 5"],
        &["POST /sign-in HTTP/1.1", "Host: a", "Content-Length: +5"],
        &["POST /sign-in HTTP/1.1", "Host: a", "Content-Length : 5"],
        &[
            "POST /sign-in HTTP/1.1",
            "Host: a",
            "Transfer-Encoding: chunked",
            "Transfer-Encoding: chunked",
        ],
        &[
            "POST /sign-in HTTP/1.1",
            "Host: a",
            "Transfer-Encoding: identity",
        ],
        &["POST /sign-in HTTP/1.0", "Transfer-Encoding: chunked"],
        &["GET / HTTP/1.1", "Host: a", " folded: b"],
        &["GET /join/\u{ff} HTTP/1.1", "Host: a"],
        &["PRI * HTTP/2.0"],
    ] {
        assert_eq!(status(&head(lines)), 400, "{lines:?}");
    }
}

#[tokio::test]
async fn a_head_is_bounded_in_length_and_number() {
    let long = format!("A: {}", "x".repeat(1 << 20));
    let path = format!("GET /{} HTTP/1.1", "x".repeat(1 << 20));
    let many: Vec<_> = (0..5_000)
        .map(|number| format!("A{number}: x\r\n"))
        .collect();
    let many = many.concat();
    for lines in [
        &["GET / HTTP/1.1", "Host: a", &long][..],
        &[&path, "Host: a"],
        &["GET / HTTP/1.1", "Host: a", many.trim_end()],
    ] {
        let refused = status(&head(lines));
        // a client that still speaks may find the connection gone before it hears why
        assert!([0, 400, 431].contains(&refused), "{refused}");
    }
    // and everybody else is served
    Api::public().get("/openapi.json").await.body(200);
}

/// What an organisation asks below its own path, in HTTP of this version, with its token.
fn asked(institution: &Institution, path: &str, version: &str) -> TcpStream {
    let request = institution
        .api
        .request(Method::GET, &institution.path(path));
    let request = request.build().unwrap();
    let token = request.headers()["authorization"].to_str().unwrap();
    sent(&head(&[
        &format!("GET {} HTTP/{version}", request.url().path()),
        "Host: a",
        // what is asked for, and cannot be had where nothing else says where the answer ends
        "Connection: keep-alive",
        &format!("Authorization: {token}"),
    ]))
}

/// Head and body of an answer as they came, as soon as `is_enough` says so of the body.
fn heard(mut stream: TcpStream, is_enough: impl Fn(&str) -> bool) -> (String, String) {
    let mut answer = String::new();
    loop {
        let mut piece = [0; 4_096];
        let read = stream.read(&mut piece).unwrap();
        answer.push_str(std::str::from_utf8(&piece[..read]).unwrap());
        let parts = answer.split_once("\r\n\r\n");
        match parts {
            Some((head, body)) if read == 0 || is_enough(body) => {
                return (head.to_ascii_lowercase(), body.to_owned());
            }
            _ => assert!(read > 0, "{answer}"),
        }
    }
}

#[tokio::test]
async fn who_speaks_http_1_0_gets_no_chunks_and_the_end_of_the_connection() {
    let institution = Institution::found().await;
    let link = institution.link(3, json!({})).await;
    let (head, body) = heard(asked(&institution, "/users.csv", "1.0"), |_| false);
    assert!(head.starts_with("http/1.0 200 "), "{head}");
    assert!(!head.contains("transfer-encoding"), "{head}");
    assert!(!head.contains("keep-alive"), "{head}");
    assert!(body.starts_with("id,first_name,"), "{body}");
    assert!(body.ends_with(",link\r\n"), "{body}");

    let draft = json!({ "link_id": link["id"], "addresses": "ann@hill.edu", "dry_run": true });
    let draft = institution.post("/invites", draft).await.body(202);
    let events = asked(&institution, &of(&draft, "/events"), "1.0");
    let (head, body) = heard(events, |body| body.contains("event: batch\n"));
    assert!(!head.contains("transfer-encoding"), "{head}");
    assert!(body.starts_with("retry: "), "{body}");

    // with chunks, where they are known
    let (head, _) = heard(asked(&institution, "/users.csv", "1.1"), |body| {
        body.ends_with("0\r\n\r\n")
    });
    assert!(head.contains("transfer-encoding: chunked"), "{head}");
    // whose length is known keeps its connection, as was asked
    let (head, _) = heard(asked(&institution, "/plans", "1.0"), |_| true);
    assert!(head.contains("connection: keep-alive"), "{head}");
    assert!(head.contains("content-length: "), "{head}");
}

#[tokio::test]
async fn whoever_wants_to_speak_something_else_is_answered_at_once() {
    for (lines, says) in [
        (
            &["CONNECT a:443 HTTP/1.1", "Host: a:443"][..],
            "not a proxy",
        ),
        (
            &["GET / HTTP/1.1", "Host: a", "Upgrade: websocket"],
            "HTTP alone is spoken here.",
        ),
    ] {
        let (head, body) = heard(sent(&head(lines)), |_| false);
        assert!(head.starts_with("http/1.1 400 "), "{head}");
        assert!(head.contains("connection: close"), "{head}");
        assert!(body.contains(says), "{body}");
    }
}
