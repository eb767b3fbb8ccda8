//! A file of addresses, read, classified and stored through the whole node, against the database alone
//! with the same rows: `COPY` on `PostgreSQL`, inserts of many rows on `SQLite`.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use contract::{EmailAddress, ids::BatchId};
use serde::Serialize;
use testkit::{PostgresServer, SqliteFile};
use tokio::runtime::Runtime;

use crate::{
    house::House,
    mail::{mebibytes, runtime},
    node::{Ground, file},
    rounds::{Pace, median, verdict},
    usage,
};

/// At most so many times as long as the bare rows.
const AIM: f64 = 8.0;
/// At most so many mebibytes more than idle.
const MEMORY: f64 = 64.0;
const PIECE: usize = 5_000;

store::statements! {
    OPEN = "
        insert into batches (id, organisation_id, link_id, source, language, most, created_by, created_at)
        values ($1, $2, $3, 'file', 'en', 1000000, 'load', 0)";
    PUT = "
        insert into invites (id, organisation_id, batch_id, link_id, position, line, email, email_key,
            domain, name, state, created_at)
        select rows.value ->> 'id', $2, $3, $4, cast(rows.value ->> 'position' as bigint),
            cast(rows.value ->> 'position' as bigint), rows.value ->> 'email', rows.value ->> 'email',
            rows.value ->> 'domain', 'Ann Lee', 'draft', 0
        from rows($1)";
}

pub(crate) fn run(pace: Pace, count: usize) -> Result<()> {
    let runtime = runtime()?;
    let ground = Ground::large()?;
    let postgres = ground.postgres.as_ref().context("no PostgreSQL")?;
    let copy = || copy(postgres, &ground.database, count);
    on(
        &ground,
        pace,
        count,
        &runtime,
        copy,
        "COPY into a table with the same indexes",
    )?;
    let ground = Ground::small()?;
    let insert = || runtime.block_on(insert(count));
    on(
        &ground,
        pace,
        count,
        &runtime,
        insert,
        "inserts of many rows",
    )
}

fn on(
    ground: &Ground,
    pace: Pace,
    count: usize,
    runtime: &Runtime,
    baseline: impl Fn() -> Result<Duration>,
    what: &str,
) -> Result<()> {
    println!("{count} rows of a file, {}, against {what}", ground.name());
    let node = ground.start(&[])?;
    let institution = runtime.block_on(ground.found(&node, "Hill University"))?;
    runtime.block_on(institution.import(file(1_000), true))?;
    let (mut ratios, mut memories) = (Vec::new(), Vec::new());
    for number in 1..=pace.rounds {
        let pid = node.pid();
        let file = file(count);
        usage::forget_peak(pid)?;
        let (before, (idle, _)) = (usage::processor(pid)?, usage::memory(pid)?);
        let since = Instant::now();
        runtime.block_on(institution.import(file, true))?;
        let ours = since.elapsed();
        let (used, (_, most)) = (
            usage::processor(pid)?.saturating_sub(before),
            usage::memory(pid)?,
        );
        // The first leaves the rows that are copied; a file of one's own is never copied before.
        let bare = baseline()?;
        let (ratio, more) = (
            ours.as_secs_f64() / bare.as_secs_f64(),
            mebibytes(most.saturating_sub(idle)),
        );
        println!(
            "  round {number}   ours {:.2} s ({:.2} s of the node's processor time)   bare {:.2} s   \
             ratio {ratio:.1}   {more:.0} MiB more memory",
            ours.as_secs_f64(),
            used.as_secs_f64(),
            bare.as_secs_f64(),
        );
        ratios.push(ratio);
        memories.push(more);
    }
    let (ratio, memory) = (median(ratios), memories.into_iter().fold(0.0, f64::max));
    println!(
        "  median    ratio {ratio:.1}, aim <= {AIM}: {}",
        verdict(ratio <= AIM)
    );
    println!(
        "  most      {memory:.0} MiB, aim <= {MEMORY}: {}\n",
        verdict(memory <= MEMORY)
    );
    Ok(())
}

/// The rows that are there, into a table of the same columns and indexes that nobody looks at.
fn copy(postgres: &PostgresServer, database: &str, count: usize) -> Result<Duration> {
    let query = |sql: &str| postgres.query(database, sql);
    let place = query("select setting from pg_settings where name = 'data_directory'");
    let path = format!("{place}/rows");
    query(&format!(
        "copy (select * from invites order by id desc limit {count}) to '{path}'"
    ));
    query("drop table if exists bare");
    query("create table bare (like invites including all)");
    let since = Instant::now();
    query(&format!("copy bare from '{path}'"));
    let took = since.elapsed();
    let copied = query("select count(*) from bare");
    ensure!(
        copied == count.to_string(),
        "{copied} of {count} rows were copied"
    );
    query("drop table bare");
    Ok(took)
}

#[derive(Serialize)]
struct Row {
    id: String,
    position: usize,
    email: String,
    domain: &'static str,
}

/// The same rows into the same table of a file of its own, as fast as the store takes them.
async fn insert(count: usize) -> Result<Duration> {
    let file = SqliteFile::fresh();
    let house = House::build(&file.url(), 1).await?;
    let batch = BatchId::new(house.clock.ulid());
    let mut tx = house.begin().await?;
    let open = OPEN.bind(batch).bind(house.organisation).bind(house.link);
    open.execute(&mut tx).await?;
    tx.commit().await?;
    let rows: Vec<_> = (0..count)
        .map(|position| {
            let email = EmailAddress::parse(&format!("student.0.{position}@students.hill.edu"))?;
            Ok(Row {
                id: contract::ids::InviteId::new(house.clock.ulid()).to_string(),
                position,
                email: email.key(),
                domain: "students.hill.edu",
            })
        })
        .collect::<Result<_>>()?;
    let since = Instant::now();
    for piece in rows.chunks(PIECE) {
        let mut tx = house.begin().await?;
        let put = PUT.bind_rows(piece).bind(house.organisation);
        put.bind(batch).bind(house.link).execute(&mut tx).await?;
        tx.commit().await?;
    }
    Ok(since.elapsed())
}
