//! A file of addresses, read, classified and stored through the whole node, against the database alone
//! with the same rows: `COPY` into a table that has what makes a row one on `PostgreSQL`, inserts of many
//! rows on `SQLite`.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use contract::{EmailAddress, ids::BatchId};
use serde::Serialize;
use testkit::{PostgresServer, SqliteFile};
use tokio::runtime::Runtime;

use crate::{
    house::House,
    mail::{mebibytes, runtime},
    node::{Ground, Node, file},
    rounds::{Pace, median, verdict},
    usage,
};

/// At most so many times as long as the bare rows: `COPY` into a table of the same columns with its
/// primary key and its unique index, inserts on `SQLite`.
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
    let copies = || copies(postgres, &ground.database, count);
    let rows = [
        Rows {
            name: "COPY with the keys",
            aim: Some(AIM),
        },
        Rows {
            name: "COPY with every index",
            aim: None,
        },
        Rows {
            name: "COPY with no index",
            aim: None,
        },
    ];
    on(&ground, pace, count, &runtime, &rows, copies)?;
    let ground = Ground::small()?;
    let inserts = || Ok([runtime.block_on(insert(count))?]);
    let rows = [Rows {
        name: "inserts of many rows",
        aim: Some(AIM),
    }];
    on(&ground, pace, count, &runtime, &rows, inserts)
}

/// A way of the database alone to take the rows.
struct Rows {
    name: &'static str,
    /// At most so many times as long as this.
    aim: Option<f64>,
}

fn on<const N: usize>(
    ground: &Ground,
    pace: Pace,
    count: usize,
    runtime: &Runtime,
    rows: &[Rows; N],
    bare: impl Fn() -> Result<[Duration; N]>,
) -> Result<()> {
    println!("{count} rows of a file, {}", ground.name());
    let node = ground.start(&[])?;
    let institution = runtime.block_on(ground.found(&node, "Hill University"))?;
    runtime.block_on(institution.import(file(1_000), true))?;
    let (mut rounds, mut memories) = (Vec::new(), Vec::new());
    for number in 1..=pace.rounds {
        // The first import leaves the rows that are copied, so ours begins.
        let before = (number % 2 == 0).then(&bare).transpose()?;
        let (ours, more) = one(&node, || {
            let file = file(count);
            let since = Instant::now();
            runtime.block_on(institution.import(file, true))?;
            Ok(since.elapsed())
        })?;
        let bare = before.map_or_else(&bare, Ok)?;
        println!(
            "  round {number}   ours {:.2} s   {more:.0} MiB more memory",
            ours.as_secs_f64()
        );
        let ratios = bare.map(|bare| ours.as_secs_f64() / bare.as_secs_f64());
        for ((rows, bare), ratio) in rows.iter().zip(bare).zip(ratios) {
            let (name, bare) = (rows.name, bare.as_secs_f64());
            println!("            {name} {bare:.2} s   ratio {ratio:.1}");
        }
        rounds.push(ratios);
        memories.push(more);
    }
    for (at, rows) in rows.iter().enumerate() {
        let of_round = rounds.iter().filter_map(|ratios| ratios.get(at).copied());
        let ratio = median(of_round.collect());
        let aim = rows.aim.map_or_else(String::new, |aim| {
            format!(", aim <= {aim}: {}", verdict(ratio <= aim))
        });
        println!("  median    {ratio:.1} times as long as {}{aim}", rows.name);
    }
    let memory = memories.into_iter().fold(0.0, f64::max);
    println!(
        "  most      {memory:.0} MiB, aim <= {MEMORY}: {}\n",
        verdict(memory <= MEMORY)
    );
    Ok(())
}

/// One file: how long it took, and how many mebibytes more the node had at most.
fn one(node: &Node, import: impl FnOnce() -> Result<Duration>) -> Result<(Duration, f64)> {
    let pid = node.pid();
    usage::forget_peak(pid)?;
    let (before, (idle, _)) = (usage::processor(pid)?, usage::memory(pid)?);
    let took = import()?;
    let (used, (_, most)) = (
        usage::processor(pid)?.saturating_sub(before),
        usage::memory(pid)?,
    );
    println!(
        "            {:.2} s of the node's processor time",
        used.as_secs_f64()
    );
    Ok((took, mebibytes(most.saturating_sub(idle))))
}

/// The rows that are there, into tables of the same columns that nobody looks at: with the primary key
/// and an address once in a batch, with every index, with none.
fn copies(postgres: &PostgresServer, database: &str, count: usize) -> Result<[Duration; 3]> {
    let query = |sql: &str| postgres.query(database, sql);
    let place = query("select setting from pg_settings where name = 'data_directory'");
    let path = format!("{place}/rows");
    query(&format!(
        "copy (select * from invites order by id desc limit {count}) to '{path}'"
    ));
    let into = |table: &str, keys: &str| {
        query("drop table if exists bare");
        query(&format!("create table bare (like invites {table})"));
        query(keys);
        let since = Instant::now();
        query(&format!("copy bare from '{path}'"));
        let took = since.elapsed();
        let copied = query("select count(*) from bare");
        query("drop table bare");
        ensure!(
            copied == count.to_string(),
            "{copied} of {count} rows were copied"
        );
        Ok(took)
    };
    let keys = "alter table bare add primary key (id), \
                add unique (email_key, organisation_id, batch_id)";
    Ok([
        into("including defaults", keys)?,
        into("including all", "")?,
        into("including defaults", "")?,
    ])
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
