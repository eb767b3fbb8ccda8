use std::net::TcpStream;

use testkit::{PostgresServer, SmtpSink, TcpProxy, UsherProcess, eventually};

use crate::SOON;
use crate::wire::Wire;

#[test]
fn a_cut_wire_drops_and_refuses_until_it_is_restored() {
    let sink = SmtpSink::start();
    let proxy = TcpProxy::start(sink.address().to_string());
    let mut wire = Wire::to(proxy.address());
    assert!(wire.hear().starts_with("220 "));
    assert!(wire.ask("NOOP").starts_with("250 "));

    proxy.cut();
    assert_eq!(wire.hear(), "");
    assert!(TcpStream::connect(proxy.address()).is_err());

    proxy.restore();
    assert!(Wire::to(proxy.address()).hear().starts_with("220 "));
}

#[test]
fn a_forgotten_connection_stays_open_and_is_silent_and_a_new_one_is_not() {
    let sink = SmtpSink::start();
    let proxy = TcpProxy::start(sink.address().to_string());
    let mut wire = Wire::to(proxy.address());
    assert!(wire.hear().starts_with("220 "));
    proxy.forget();
    wire.say("NOOP");
    assert!(Wire::to(proxy.address()).hear().starts_with("220 "));
    assert!(wire.is_silent());
}

#[tokio::test]
async fn a_commit_can_happen_and_not_be_known() {
    let server = PostgresServer::shared();
    let url = server.fresh_database();
    server.query(&url, "create table seats (id text)");
    let proxy = TcpProxy::start(server.address());
    let through = url.replace(&server.address(), &proxy.address().to_string());
    proxy.hold_replies_after("commit");

    let sql = ["begin", "insert into seats values ('s_1')", "commit"];
    let args = sql
        .iter()
        .flat_map(|sql| ["-c", sql])
        .chain(["-d", &through]);
    let mut client = UsherProcess::start("psql", args, [("PGCONNECT_TIMEOUT", "20")]);
    proxy.wait_held(SOON).await;
    eventually(SOON, "the row is committed", async || {
        server.query(&url, "select count(*) from seats") == "1"
    })
    .await;

    proxy.cut();
    assert!(!client.wait_exit(SOON).success());
    assert!(
        client.stderr_text().contains("closed the connection"),
        "{}",
        client.stderr_text()
    );
}
