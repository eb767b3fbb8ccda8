//! A file of addresses becomes a batch while it streams in.
//!
//! What was read lies in a batch that nobody sees, piece by piece; once the whole file was read the
//! batch is sealed, in one step. A file that is refused, or that breaks off, leaves nothing.

use std::time::Duration;

use actix_web::web::Bytes;
use contract::{
    Kind, Problem,
    batches::{AddToBatch, BATCH_PIECE, Batch, DiscardBatch, GivenRow, SealBatch, Source},
    ids::{BatchId, OrganisationId},
};
use futures_util::{Stream, StreamExt as _};
use intake::{CsvReader, Given, Rules};
use kernel::Cx;

use crate::{
    edge::Edge,
    invites::{NO_LINK, NewBatch, open},
    request::renewed,
};

/// How long a sender may be silent.
const SILENCE: Duration = Duration::from_secs(30);
/// About how many bytes the rows of one message have.
const PIECE_BYTES: usize = 256 << 10;
/// How often a piece is sent: the same one again adds nothing.
const ATTEMPTS: usize = 3;
/// The field of problems of the file.
const FILE: &str = "file";

/// On whose behalf, and where.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Importer<'e> {
    pub(crate) edge: &'e Edge,
    pub(crate) cx: &'e Cx,
    pub(crate) organisation: OrganisationId,
}

/// A file that was read whole, in a batch that nobody sees yet.
#[derive(Debug)]
#[must_use = "is sealed or discarded"]
pub(crate) struct Staged<'e> {
    by: Importer<'e>,
    batch_id: BatchId,
    given: u64,
}

/// Reads a file, and stages what it holds. `column` names the one with the addresses, where it
/// cannot be found.
pub(crate) async fn stage(
    by: Importer<'_>,
    new: NewBatch,
    column: Option<String>,
    file: impl Stream<Item = Result<Bytes, Problem>> + Unpin,
) -> Result<Staged<'_>, Problem> {
    let most = by.edge.options.import_limit;
    let opened = open(
        by.edge,
        by.cx,
        by.organisation,
        new,
        Source::File,
        most as u64,
    );
    let batch_id = opened.await.map_err(|problem| match problem.kind {
        Kind::NotFound => problem.field("link_id", "unknown", NO_LINK),
        _ => problem,
    })?;
    let mut import = Import {
        staged: Staged {
            by,
            batch_id,
            given: 0,
        },
        rows: Vec::new(),
        weight: 0,
    };
    match import.read(Rules { most, column }, file).await {
        Ok(()) => Ok(import.staged),
        Err(problem) => {
            import.staged.discard().await;
            Err(problem)
        }
    }
}

impl Staged<'_> {
    /// Makes a draft of it.
    pub(crate) async fn seal(self) -> Result<Batch, Problem> {
        let Importer {
            edge,
            cx,
            organisation,
        } = self.by;
        let seal = SealBatch {
            organisation,
            batch_id: self.batch_id,
            given: self.given,
        };
        match edge.bus.call(&seal, &renewed(edge, cx)).await {
            Ok(batch) => Ok(batch),
            Err(problem) => {
                self.discard().await;
                Err(problem)
            }
        }
    }

    /// Forgets it.
    pub(crate) async fn discard(self) {
        let Importer {
            edge,
            cx,
            organisation,
        } = self.by;
        let discard = DiscardBatch {
            organisation,
            batch_id: self.batch_id,
        };
        // What is left then is seen by nobody, and forgotten after a day.
        if let Err(problem) = edge.bus.call(&discard, &renewed(edge, cx)).await {
            tracing::warn!(batch = %self.batch_id, %problem, "an import was not discarded");
        }
    }
}

/// A file under way.
struct Import<'e> {
    staged: Staged<'e>,
    /// Read, and not yet sent.
    rows: Vec<GivenRow>,
    /// About how many bytes they have.
    weight: usize,
}

impl Import<'_> {
    async fn read(
        &mut self,
        rules: Rules,
        mut file: impl Stream<Item = Result<Bytes, Problem>> + Unpin,
    ) -> Result<(), Problem> {
        let most = self.staged.by.edge.options.import_bytes;
        let mut reader = CsvReader::new(rules);
        let (mut size, mut line) = (0, 0);
        loop {
            let next = tokio::time::timeout(SILENCE, file.next()).await;
            let next = next.unwrap_or_else(|_| Some(Err(silent())));
            let Some(chunk) = next else { break };
            let chunk = chunk.map_err(|problem| broken_off(problem, size, line))?;
            size += chunk.len();
            if size > most {
                return Err(too_large(most));
            }
            let given = reader.push(&chunk).map_err(|problem| refused(&problem))?;
            line = given.last().map_or(line, |given| given.line);
            self.add(given).await?;
        }
        let finished = reader.finish().map_err(|problem| refused(&problem))?;
        if let Some(line) = finished.summary.damaged {
            let detail = format!(
                "Line {line} holds characters that cannot be read. Save the file as CSV UTF-8, and \
                 hand that in."
            );
            return Err(Problem::invalid(FILE, "encoding", detail));
        }
        self.add(finished.given).await?;
        self.send().await
    }

    async fn add(&mut self, given: Vec<Given>) -> Result<(), Problem> {
        for row in given.into_iter().map(GivenRow::from) {
            let weight = weight(&row);
            if self.rows.len() == BATCH_PIECE || self.weight + weight > PIECE_BYTES {
                self.send().await?;
            }
            self.weight += weight;
            self.rows.push(row);
        }
        Ok(())
    }

    /// Sends what was read.
    async fn send(&mut self) -> Result<(), Problem> {
        if self.rows.is_empty() {
            return Ok(());
        }
        let Importer {
            edge,
            cx,
            organisation,
        } = self.staged.by;
        let add = AddToBatch {
            organisation,
            batch_id: self.staged.batch_id,
            first_row: self.staged.given,
            rows: std::mem::take(&mut self.rows),
        };
        self.weight = 0;
        let mut left = ATTEMPTS;
        loop {
            left -= 1;
            match edge.bus.call(&add, &renewed(edge, cx)).await {
                Ok(added) => {
                    self.staged.given = added.given;
                    return Ok(());
                }
                Err(problem) if left > 0 && is_passing(&problem) => {
                    let wait = problem.retry_after.unwrap_or(1);
                    tokio::time::sleep(Duration::from_secs(wait.into())).await;
                }
                Err(problem) => return Err(problem),
            }
        }
    }
}

/// Whether the same message may be taken in a moment.
fn is_passing(problem: &Problem) -> bool {
    let kinds = [Kind::Overloaded, Kind::Unavailable, Kind::DeadlinePassed];
    kinds.contains(&problem.kind)
}

/// About how many bytes a row has on the bus, at the most.
fn weight(row: &GivenRow) -> usize {
    let suggestion = row.suggestion.as_ref().map_or(0, String::len);
    let name = row.name.as_ref().map_or(0, |name| name.as_str().len());
    2 * (row.input.len() + suggestion + name) + 400
}

fn refused(problem: &intake::FileProblem) -> Problem {
    Problem::invalid(FILE, problem.code(), problem.to_string())
}

fn silent() -> Problem {
    Problem::new(Kind::Malformed).detail(format!("Nothing came for {} s.", SILENCE.as_secs()))
}

fn broken_off(problem: Problem, size: usize, line: u32) -> Problem {
    let why = problem.detail.clone().map(|why| format!(" {why}"));
    let why = why.unwrap_or_default();
    problem.detail(format!(
        "The file broke off after {size} bytes, behind line {line}.{why} Nothing of it was taken."
    ))
}

/// The problem of a file of more than `most` bytes.
pub(crate) fn too_large(most: usize) -> Problem {
    let detail = format!("A file has at most {} MiB. Split it.", most >> 20);
    Problem::new(Kind::TooLarge).detail(detail)
}
