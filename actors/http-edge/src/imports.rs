//! A file of addresses becomes a batch while it streams in.
//!
//! What was read lies in a batch that nobody sees, piece by piece; once the whole file was read the
//! batch is sealed, in one step. A file that is refused, or that breaks off, leaves nothing. The next
//! piece is read while the last one is stored, and none after it.

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
use tokio::{sync::mpsc, time::Instant};

use crate::{
    edge::Edge,
    invites::{NO_LINK, NewBatch, open},
    request::renewed,
    session::Permit,
};

/// How long a sender may be silent.
const SILENCE: Duration = Duration::from_secs(30);
/// How long a whole file may take.
const WHOLE: Duration = Duration::from_mins(30);
/// How often is looked, while a file comes, whether whoever hands it in still may.
const LOOKS: Duration = Duration::from_secs(5);
/// About how many bytes the rows of one message have: half of what the bus carries.
const PIECE_BYTES: usize = 512 << 10;
/// How often a piece is sent: the same one again adds nothing.
const ATTEMPTS: usize = 3;
/// The field of problems of the file.
const FILE: &str = "file";

/// On whose behalf, by what they may, and where.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Importer<'e> {
    pub(crate) edge: &'e Edge,
    pub(crate) cx: &'e Cx,
    pub(crate) permit: &'e Permit,
    pub(crate) organisation: OrganisationId,
}

impl Importer<'_> {
    /// Refuses whoever may not import any more.
    pub(crate) async fn still_may(&self) -> Result<(), Problem> {
        let cx = renewed(self.edge, self.cx);
        let permit = self.permit;
        permit.may_manage(self.edge, &cx, self.organisation).await
    }
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
/// cannot be found. Whoever may not import any more when the whole file was read is refused.
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
    let mut staged = Staged {
        by,
        batch_id,
        given: 0,
    };
    match staged.fill(Rules { most, column }, file).await {
        Ok(()) => Ok(staged),
        Err(problem) => {
            staged.discard().await;
            Err(problem)
        }
    }
}

impl Staged<'_> {
    /// Reads a file, and stores what it holds as it comes.
    async fn fill(
        &mut self,
        rules: Rules,
        file: impl Stream<Item = Result<Bytes, Problem>> + Unpin,
    ) -> Result<(), Problem> {
        let by = self.by;
        let (pieces, read) = mpsc::channel(1);
        let now = Instant::now();
        let reading = Reading {
            by,
            pieces,
            rows: Vec::new(),
            weight: 0,
            until: now + WHOLE,
            looked: now,
        };
        tokio::try_join!(reading.read(rules, file), self.store(read))?;
        by.still_may().await
    }

    /// Stores pieces until there are no more.
    async fn store(&mut self, mut read: mpsc::Receiver<Vec<GivenRow>>) -> Result<(), Problem> {
        while let Some(rows) = read.recv().await {
            self.add(rows).await?;
        }
        Ok(())
    }

    /// Stores the next piece.
    async fn add(&mut self, rows: Vec<GivenRow>) -> Result<(), Problem> {
        let Importer {
            edge,
            cx,
            organisation,
            ..
        } = self.by;
        let add = AddToBatch {
            organisation,
            batch_id: self.batch_id,
            first_row: self.given,
            rows,
        };
        let mut left = ATTEMPTS;
        loop {
            left -= 1;
            match edge.bus.call(&add, &renewed(edge, cx)).await {
                Ok(added) => {
                    self.given = added.given;
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

    /// Makes a draft of it.
    pub(crate) async fn seal(self) -> Result<Batch, Problem> {
        let Importer {
            edge,
            cx,
            organisation,
            ..
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
            ..
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
struct Reading<'e> {
    by: Importer<'e>,
    /// Takes what was read.
    pieces: mpsc::Sender<Vec<GivenRow>>,
    /// Read, and not yet handed on.
    rows: Vec<GivenRow>,
    /// About how many bytes they have.
    weight: usize,
    /// When the whole file has to be there.
    until: Instant,
    /// When was looked whether whoever hands it in still may.
    looked: Instant,
}

impl Reading<'_> {
    async fn read(
        mut self,
        rules: Rules,
        mut file: impl Stream<Item = Result<Bytes, Problem>> + Unpin,
    ) -> Result<(), Problem> {
        let most = self.by.edge.options.import_bytes;
        let mut reader = CsvReader::new(rules);
        let (mut size, mut line) = (0, 0);
        loop {
            let Some(chunk) = next(&mut file, self.until).await else {
                break;
            };
            let chunk = chunk.map_err(|problem| broken_off(problem, size, line))?;
            self.look().await?;
            size += chunk.len();
            if size > most {
                return Err(too_large(most));
            }
            let given = reader.push(&chunk).map_err(|problem| refused(&problem))?;
            line = given.last().map_or(line, |given| given.line);
            self.add(given).await;
        }
        let finished = reader.finish().map_err(|problem| refused(&problem))?;
        if let Some(line) = finished.summary.damaged {
            let detail = format!(
                "Line {line} holds characters that cannot be read. Save the file as CSV UTF-8, and \
                 hand that in."
            );
            return Err(Problem::invalid(FILE, "encoding", detail));
        }
        self.add(finished.given).await;
        self.hand_on().await;
        Ok(())
    }

    /// Looks now and then whether whoever hands it in still may. Where nobody can say, it goes on:
    /// before anything comes of it, somebody has to.
    async fn look(&mut self) -> Result<(), Problem> {
        if self.looked.elapsed() < LOOKS {
            return Ok(());
        }
        self.looked = Instant::now();
        match self.by.still_may().await {
            Err(problem) if is_passing(&problem) => Ok(()),
            answer => answer,
        }
    }

    async fn add(&mut self, given: Vec<Given>) {
        for row in given.into_iter().map(GivenRow::from) {
            let weight = weight(&row);
            if self.rows.len() == BATCH_PIECE || self.weight + weight > PIECE_BYTES {
                self.hand_on().await;
            }
            self.weight += weight;
            self.rows.push(row);
        }
    }

    /// Hands on what was read, once the piece before it is being stored.
    async fn hand_on(&mut self) {
        self.weight = 0;
        let rows = std::mem::take(&mut self.rows);
        if !rows.is_empty() {
            // Nobody takes it any more where storing failed, and that is what the import fails with.
            let _ = self.pieces.send(rows).await;
        }
    }
}

/// What comes next, where it comes in time.
async fn next(
    file: &mut (impl Stream<Item = Result<Bytes, Problem>> + Unpin),
    until: Instant,
) -> Option<Result<Bytes, Problem>> {
    let left = until.saturating_duration_since(Instant::now());
    if left.is_zero() {
        return Some(Err(slow()));
    }
    let late = if left < SILENCE { slow } else { silent };
    let next = tokio::time::timeout(left.min(SILENCE), file.next()).await;
    next.unwrap_or_else(|_| Some(Err(late())))
}

/// Whether the same message may be taken in a moment.
fn is_passing(problem: &Problem) -> bool {
    matches!(problem.kind, Kind::Overloaded | Kind::Unavailable) || problem.kind.is_in_doubt()
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

fn slow() -> Problem {
    let minutes = WHOLE.as_secs() / 60;
    Problem::new(Kind::Malformed).detail(format!("A file may take {minutes} minutes."))
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

#[cfg(test)]
mod tests {
    use futures_util::stream;

    use super::*;

    #[tokio::test]
    async fn a_file_that_takes_too_long_is_refused_although_it_never_falls_silent() {
        let mut file = stream::repeat_with(|| Ok(Bytes::from_static(b"ann@hill.edu\n")));
        let now = Instant::now();
        assert!(next(&mut file, now + WHOLE).await.unwrap().is_ok());
        let late = next(&mut file, now).await.unwrap().unwrap_err();
        assert_eq!(late.detail.as_deref(), Some("A file may take 30 minutes."));
        let soon = Instant::now() + Duration::from_millis(1);
        let late = next(&mut stream::pending(), soon).await.unwrap();
        assert_eq!(late.unwrap_err().kind, Kind::Malformed);
    }
}
