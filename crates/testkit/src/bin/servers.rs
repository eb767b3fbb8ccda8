//! Starts one of each server, prints where they are, and keeps them until its stdin closes.
//!
//! For trying something by hand; the kit's own tests kill it to see that nothing is left.

use std::io::{Write as _, copy, sink, stdin, stdout};

use testkit::{NatsServer, PostgresServer};

fn main() -> anyhow::Result<()> {
    let nats = NatsServer::shared();
    let postgres = PostgresServer::shared();
    let mut out = stdout();
    writeln!(out, "nats {}", nats.url())?;
    writeln!(out, "postgres {}", postgres.fresh_database())?;
    writeln!(out, "ready")?;
    out.flush()?;
    copy(&mut stdin(), &mut sink())?;
    Ok(())
}
