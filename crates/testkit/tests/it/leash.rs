use std::fs;
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

use testkit::{PostgresServer, UsherProcess, eventually};

use crate::SOON;

/// How many files and directories the servers have made there.
fn count(dir: &Path) -> usize {
    fs::read_dir(dir).unwrap().count()
}

#[tokio::test]
async fn nothing_is_left_of_a_process_that_was_killed() {
    let dir = tempfile::tempdir().unwrap();
    // when this is root, its PostgreSQL runs as nobody, who has to come through here
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_servers"));
    command.env("TMPDIR", dir.path());
    command.stdin(Stdio::piped());
    let mut owner = UsherProcess::run(command);
    owner.wait_line("ready", SOON * 3);
    let nats = owner
        .wait_line("nats nats://", SOON)
        .replace("nats nats://", "");
    let postgres = owner.wait_line("postgres postgres://postgres@", SOON);
    let postgres = postgres
        .replace("postgres postgres://postgres@", "")
        .replace("/t1", "");
    assert_eq!(count(dir.path()), 2);
    for address in [&nats, &postgres] {
        TcpStream::connect(address).expect("the server is up");
    }

    owner.sigkill();

    eventually(SOON, "both servers are gone", async || {
        [&nats, &postgres]
            .iter()
            .all(|address| TcpStream::connect(address).is_err())
    })
    .await;
    eventually(SOON, "their directories are gone", async || {
        count(dir.path()) == 0
    })
    .await;
}

#[tokio::test]
async fn a_dropped_server_is_gone_with_its_files() {
    let server = PostgresServer::start();
    let url = server.fresh_database();
    let data = server.query(&url, "show data_directory");
    let address = server.address();
    drop(server);
    assert!(TcpStream::connect(address).is_err());
    assert!(!Path::new(&data).parent().unwrap().exists());
}
