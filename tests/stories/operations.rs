//! What an operator relies on: health, numbers, a clean stop, plain refusals.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    path::PathBuf,
    process::{Command, Stdio},
};

use rstest::rstest;
use testkit::{BusKind, Engine, PostgresServer, TcpProxy, eventually};

use crate::{
    institution::Institution,
    node::{Ground, Node, PATIENCE},
    person::Person,
};

#[rstest]
#[tokio::test]
async fn a_node_says_that_it_is_alive_and_ready(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
    #[values(BusKind::Local, BusKind::Nats)] bus: BusKind,
) {
    let ground = Ground::bare(engine, bus);
    let node = ground.start();
    assert_eq!(node.ops("/livez").await, (200, "alive\n".to_owned()));
    assert_eq!(node.ops("/readyz").await, (200, "ready\n".to_owned()));

    let ops = node.ops.strip_prefix("http://").unwrap().to_owned();
    let settings = [("USHER_OPS__LISTEN", ops.as_str())];
    let healthy = ground.try_usher(&["healthcheck"], &settings);
    assert!(healthy.status.success());
    drop(node);
    let gone = ground.try_usher(&["healthcheck"], &settings);
    assert_eq!(gone.status.code(), Some(1));
}

#[tokio::test]
async fn a_node_is_not_ready_while_nats_is_away_and_is_again_when_it_is_back() {
    let mut ground = Ground::new(Engine::Sqlite, BusKind::Nats);
    let node = ground.start();
    let institution = Institution::found(&ground, &node).await;
    ground.nats.as_mut().unwrap().kill();
    eventually(PATIENCE, "the node is not ready", async || {
        let (status, said) = node.ops("/readyz").await;
        status == 503 && said.contains("the bus is not connected for seats")
    })
    .await;
    assert_eq!(node.ops("/livez").await.0, 200);
    // who comes now is told so, and not left waiting
    assert_eq!(institution.open("").await.status, 503);

    ground.nats.as_mut().unwrap().restart();
    eventually(PATIENCE, "the node is ready again", async || {
        node.ops("/readyz").await.0 == 200
    })
    .await;
    eventually(PATIENCE, "pages are served again", async || {
        institution.open("").await.status == 200
    })
    .await;
}

#[tokio::test]
async fn a_node_is_not_ready_while_the_database_is_away_and_is_again_when_it_is_back() {
    let ground = Ground::new(Engine::Postgres, BusKind::Local);
    let server = PostgresServer::shared().address();
    let wire = TcpProxy::start(server.clone());
    let url = ground.database.url();
    let url = url.replace(&server, &wire.address().to_string());
    let node = ground.start_with(&[], &[("USHER_DATABASE__URL", &url)]);
    let (institution, link) = Institution::with_link(&ground, &node, 3, &[]).await;
    wire.cut();
    eventually(PATIENCE, "the node is not ready", async || {
        node.ops("/readyz").await == (503, "not ready\nthe database does not answer\n".to_owned())
    })
    .await;
    assert_eq!(node.ops("/livez").await.0, 200);
    let page = node.browser().open(&link.url).await;
    assert_eq!(page.status, 503, "{}", page.text());

    wire.restore();
    eventually(PATIENCE, "the node is ready again", async || {
        node.ops("/readyz").await.0 == 200
    })
    .await;
    let page = Person::numbered(1).join(&node.browser(), &link.url).await;
    assert_eq!(page.status, 200, "{}", page.text());
    assert_eq!(institution.seats("Law").await.assigned, 1);
}

#[rstest]
#[tokio::test]
async fn the_numbers_are_what_prometheus_expects(
    #[values(BusKind::Local, BusKind::Nats)] bus: BusKind,
) {
    let ground = Ground::new(Engine::Sqlite, bus);
    let node = ground.start();
    let (_, link) = Institution::with_link(&ground, &node, 3, &[]).await;
    Person::numbered(1).join(&node.browser(), &link.url).await;
    let (_, metrics) = node.ops("/metrics").await;

    let has = |start: &str| metrics.lines().any(|line| line.starts_with(start));
    for series in [
        "usher_http_requests_total{code=\"200\",method=\"POST\",route=\"/join/{token}\"} 1",
        "usher_http_request_seconds_count{method=\"POST\",route=\"/join/{token}\"} 1",
        "usher_http_requests_in_flight 0",
        "usher_actor_messages_total{actor=\"seat-pool\",message=\"seats.admit\",outcome=\"ok\"} 1",
        "usher_actor_message_seconds_count{actor=\"seat-pool\",message=\"seats.admit\"} 1",
        "usher_actor_mailbox_messages{actor=\"seat-pool\",message=\"seats.admit\"} 0",
        "usher_actor_restarts_total{actor=\"seat-pool\"} 0",
        "usher_bus_requests_total{outcome=\"ok\",subject=\"usher.v1.seats.admit\"} 1",
        "usher_seat_admissions_total{door=\"link\",outcome=\"assigned\"} 1",
        "usher_build_info{",
        "process_resident_memory_bytes ",
    ] {
        assert!(has(series), "no {series} in\n{metrics}");
    }
    if bus == BusKind::Nats {
        assert!(has("usher_bus_connected{role=\"seats\"} 1"), "{metrics}");
    }
    check_by_promtool(&metrics);
}

fn check_by_promtool(metrics: &str) {
    let promtool = std::env::var_os("PROMTOOL").unwrap_or_else(|| "promtool".into());
    let mut check = Command::new(promtool)
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("promtool is not installed: `apt-get install prometheus`, or name it by PROMTOOL");
    let mut stdin = check.stdin.take().unwrap();
    stdin.write_all(metrics.as_bytes()).unwrap();
    drop(stdin);
    let output = check.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.is_empty(), "{said}");
}

#[tokio::test]
async fn the_seats_of_each_plan_are_among_the_numbers() {
    let ground = Ground::new(Engine::Sqlite, BusKind::Local);
    let node = ground.start();
    let (_, link) = Institution::with_link(&ground, &node, 3, &[]).await;
    Person::numbered(1).join(&node.browser(), &link.url).await;
    drop(node);
    // the numbers are taken at the start and every few seconds
    let node = ground.start();
    eventually(PATIENCE, "the seats are counted", async || {
        let (_, metrics) = node.ops("/metrics").await;
        let seats = |state: &str, count: u64| {
            let end = format!("state=\"{state}\"}} {count}");
            let mut lines = metrics.lines();
            lines.any(|line| line.starts_with("usher_seats{plan=\"pln_") && line.ends_with(&end))
        };
        seats("purchased", 3) && seats("free", 2) && seats("assigned", 1) && seats("held", 0)
    })
    .await;
}

/// A registration of which the node has only the head.
fn begin_to_join(node: &Node, path: &str, body: &str) -> TcpStream {
    let host = node.http.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(host).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    write!(
        stream,
        "POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Length: {}\r\n\
         Content-Type: application/x-www-form-urlencoded\r\n\r\n",
        body.len()
    )
    .unwrap();
    stream
}

#[test]
fn a_sqlite_file_has_no_log_beside_it_when_nobody_uses_it_any_more() {
    let ground = Ground::bare(Engine::Sqlite, BusKind::Local);
    let file = ground.database.url().strip_prefix("sqlite:").unwrap();
    let log = PathBuf::from(format!("{file}-wal"));
    let organisation = [
        "organisation",
        "create",
        "--name",
        "Hill Valley",
        "--product-url",
        "https://read.example/",
    ];
    for command in [&["migrate"], &organisation[..], &["verify"]] {
        ground.usher(command);
        assert!(!log.exists(), "after {command:?}");
    }
    let mut node = ground.start();
    assert!(log.exists());
    node.process.sigterm();
    let ended = node.process.wait_exit(PATIENCE);
    assert!(ended.success(), "{}", node.process.stderr_text());
    assert!(!log.exists(), "after a node");
}

#[rstest]
#[tokio::test]
async fn a_node_that_is_told_to_stop_finishes_what_it_took(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
    #[values(BusKind::Local, BusKind::Nats)] bus: BusKind,
) {
    let ground = Ground::new(engine, bus);
    let mut node = ground.start();
    let (_, link) = Institution::with_link(&ground, &node, 3, &[]).await;
    let body = "first_name=Ann&last_name=Lee&email=ann%40students.example\
                &password=nobody+guesses+this+one&accept_terms=yes";
    let mut stream = begin_to_join(&node, &format!("/join/{}", link.token()), body);
    eventually(PATIENCE, "the node has taken the request", async || {
        let (_, metrics) = node.ops("/metrics").await;
        metrics.contains("\nusher_http_requests_arriving 1\n")
    })
    .await;

    node.process.sigterm();
    let host = node.http.strip_prefix("http://").unwrap();
    eventually(PATIENCE, "the node takes nothing more", async || {
        TcpStream::connect(host).is_err()
    })
    .await;
    stream.write_all(body.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    assert!(answer.contains("Welcome, Ann"), "{answer}");
    let ended = node.process.wait_exit(PATIENCE);
    assert!(ended.success(), "{}", node.process.stderr_text());
    assert_eq!(
        ground.usher(&["verify"]),
        "every number is what its rows say"
    );
    let node = ground.start();
    let page = Person::at("ann@students.example")
        .join(&node.browser(), &link.at(&node))
        .await;
    assert!(page.text().contains("Welcome, Ann"));
}

#[test]
fn a_node_that_cannot_run_says_why_and_does_not_exit_with_0() {
    let ground = Ground::new(Engine::Sqlite, BusKind::Local);
    let node = ground.start();
    let taken = node.http.strip_prefix("http://").unwrap();
    for (settings, code, reason) in [
        (("USHER_HTTP__LISTEN", taken), 1, "http.listen"),
        (
            ("USHER_BUS__URL", "nats://127.0.0.1:1"),
            1,
            "cannot be started",
        ),
        (
            ("USHER_DATABASE__URL", "postgres://127.0.0.1:1/none"),
            1,
            "database.url",
        ),
        (("USHER_BUS__KEY", "short"), 2, "bus.key"),
        (("USHER_HTTP__COLOUR", "blue"), 2, "http.colour"),
    ] {
        let mut process = ground.launch(&[], &[settings]);
        let ended = process.wait_exit(PATIENCE);
        let said = process.stderr_text();
        assert_eq!(ended.code(), Some(code), "{settings:?}: {said}");
        let last = said.lines().last().unwrap_or_default();
        assert!(
            last.starts_with("usher: ") && said.contains(reason),
            "{said}"
        );
        assert_eq!(process.stdout_text(), "", "{settings:?}");
    }
}

#[tokio::test]
async fn a_number_that_is_not_what_its_rows_say_is_told_with_its_plan() {
    let ground = Ground::new(Engine::Postgres, BusKind::Local);
    let node = ground.start();
    let (_, link) = Institution::with_link(&ground, &node, 3, &[]).await;
    Person::numbered(1).join(&node.browser(), &link.url).await;
    let database = PostgresServer::shared();
    database.query(
        ground.database.url(),
        "update plans set assigned = assigned + 1",
    );
    let plan = database.query(ground.database.url(), "select id from plans");
    let output = ground.try_usher(&["verify"], &[]);
    let said = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains(plan.trim()), "{said}");
}
