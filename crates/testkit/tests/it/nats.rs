use testkit::NatsServer;

use crate::wire::Wire;

/// Asks the `JetStream` API, over the protocol's own lines.
fn jetstream(server: &NatsServer, subject: &str, body: &str) -> String {
    let url = server.url();
    let mut wire = Wire::to(url.strip_prefix("nats://").unwrap());
    assert!(wire.hear().starts_with("INFO "));
    wire.say("CONNECT {\"verbose\":false}");
    wire.say("SUB inbox 1");
    wire.say(&format!(
        "PUB $JS.API.{subject} inbox {}\r\n{body}",
        body.len()
    ));
    assert!(wire.hear().starts_with("MSG inbox 1 "));
    wire.hear()
}

#[test]
fn the_shared_server_answers() {
    let mut wire = Wire::to(NatsServer::shared().url().strip_prefix("nats://").unwrap());
    assert!(wire.hear().starts_with("INFO "));
    wire.say("CONNECT {\"verbose\":false}");
    assert_eq!(wire.ask("PING"), "PONG");
    assert_eq!(NatsServer::shared().url(), NatsServer::shared().url());
}

#[test]
fn a_stream_outlives_a_killed_server() {
    let mut server = NatsServer::start();
    let url = server.url();
    let stream = r#"{"name":"S","subjects":["s"],"storage":"file"}"#;
    let made = jetstream(&server, "STREAM.CREATE.S", stream);
    assert!(
        made.contains("stream_create_response") && !made.contains("error"),
        "{made}"
    );

    server.kill();
    assert!(std::net::TcpStream::connect(url.strip_prefix("nats://").unwrap()).is_err());

    server.restart();
    assert_eq!(server.url(), url);
    let found = jetstream(&server, "STREAM.INFO.S", "");
    assert!(
        found.contains(r#""subjects":["s"]"#) && !found.contains("error"),
        "{found}"
    );
}
