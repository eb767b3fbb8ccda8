//! Reads the mail that comes back to the return path.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use bounces::{
    Envelope, Reading, ReturnPath,
    listener::{Incoming, Limits, Listener, NotKept},
    mail, maildir,
};
use contract::{
    Clock, Kind, Problem, Service,
    suppressions::{About, MailReport},
};
use kernel::{Behaviour, Cx, Pace, Routes, Work};
use store::{Db, vault::Vault};
use tokio::task::JoinSet;

use super::{metrics::MailboxMetrics, take};
use crate::tokens::Tokens;

/// The name of this way among the providers of reports.
const PROVIDER: &str = "mail";
/// How long nothing is looked for when nothing was there.
const REST: Duration = Duration::from_secs(5);
/// Mails of one turn.
const PIECE: usize = 100;

/// Where the mail of the return path lies, or arrives.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Source {
    Maildir(PathBuf),
    Smtp(SocketAddr),
}

/// Where reports come by mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailboxOptions {
    path: ReturnPath,
    source: Source,
}

/// What is wrong with the settings of a mailbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MailboxOptionsError {
    /// `mail.bounces` is neither of the two ways.
    #[error("is neither maildir:DIR nor smtp://IP:PORT")]
    Bounces,
    /// `mail.bounces` without a `mail.return_path`.
    #[error("needs an address in mail.return_path")]
    ReturnPath,
}

impl MailboxOptions {
    /// Reads `mail.return_path` and `mail.bounces`; `None` when no mail comes back here.
    pub fn parse(return_path: &str, bounces: &str) -> Result<Option<Self>, MailboxOptionsError> {
        if bounces.is_empty() {
            return Ok(None);
        }
        let source = if let Some(directory) = bounces.strip_prefix("maildir:") {
            if directory.is_empty() {
                return Err(MailboxOptionsError::Bounces);
            }
            Source::Maildir(PathBuf::from(directory))
        } else {
            let address = bounces.strip_prefix("smtp://");
            let address = address.and_then(|address| address.trim_end_matches('/').parse().ok());
            Source::Smtp(address.ok_or(MailboxOptionsError::Bounces)?)
        };
        let path = ReturnPath::parse(return_path).map_err(|_| MailboxOptionsError::ReturnPath)?;
        Ok(Some(Self { path, source }))
    }
}

/// Reads what comes back. One of them at a time listens on an address; any number may read a
/// maildir.
#[derive(Debug)]
pub struct Mailbox {
    reader: Reader,
    source: Source,
    /// The listener; ends with the worker, and whoever was not answered comes again.
    listening: JoinSet<()>,
}

/// Understands a mail and keeps what it says.
#[derive(Clone, Debug)]
struct Reader {
    db: Db,
    clock: Arc<dyn Clock>,
    tokens: Tokens,
    path: ReturnPath,
    metrics: MailboxMetrics,
}

impl Mailbox {
    /// A worker for these settings.
    pub fn new(
        db: Db,
        clock: Arc<dyn Clock>,
        vault: Vault,
        options: MailboxOptions,
        metrics: MailboxMetrics,
    ) -> Self {
        let MailboxOptions { path, source } = options;
        let reader = Reader {
            db,
            clock,
            tokens: Tokens::new(vault),
            path,
            metrics,
        };
        Self {
            reader,
            source,
            listening: JoinSet::new(),
        }
    }

    /// Takes the mails of a maildir, a piece at a time.
    async fn empty(&self, directory: &Path) -> Result<Pace, Problem> {
        for _ in 0..PIECE {
            let found = maildir::next(directory).await.map_err(|error| {
                let detail = format!("{} cannot be read: {error}", directory.display());
                Problem::new(Kind::Unavailable).detail(detail)
            })?;
            let Some(found) = found else {
                return Ok(Pace::Rest(REST));
            };
            self.reader.keep(&found.bytes, Envelope::default()).await?;
            maildir::done(&found.path).await.map_err(|error| {
                let detail = format!("{} cannot be moved: {error}", found.path.display());
                Problem::new(Kind::Unavailable).detail(detail)
            })?;
        }
        Ok(Pace::Again)
    }

    /// Sees to it that the listener listens.
    async fn listen(&mut self, address: SocketAddr) -> Result<Pace, Problem> {
        while let Some(ended) = self.listening.try_join_next() {
            tracing::warn!(?ended, "the listener of the return path has ended");
        }
        if self.listening.is_empty() {
            let path = self.reader.path.clone();
            let bound = Listener::bind(address, path, Limits::default()).await;
            let listener = bound.map_err(|error| {
                let detail = format!("{address} cannot be listened on: {error}");
                Problem::new(Kind::Unavailable).detail(detail)
            })?;
            let reader = self.reader.clone();
            let handle = move |incoming: Incoming| {
                let reader = reader.clone();
                async move { reader.receive(incoming).await }
            };
            self.listening
                .spawn(listener.run(handle, std::future::pending()));
        }
        Ok(Pace::Rest(REST))
    }
}

impl Reader {
    async fn receive(&self, incoming: Incoming) -> Result<(), NotKept> {
        let envelope = Envelope {
            from: Some(&incoming.from),
            to: Some(&incoming.to),
        };
        let kept = self.keep(&incoming.bytes, envelope).await;
        kept.map_err(|problem| {
            tracing::warn!(%problem, "a report was not kept");
            NotKept
        })
    }

    async fn keep(&self, bytes: &[u8], envelope: Envelope<'_>) -> Result<(), Problem> {
        let reports = match mail::read(bytes, envelope, &self.path) {
            Reading::Ignored(why) => {
                tracing::debug!(why = why.name(), "a mail that came back says nothing");
                return Ok(());
            }
            Reading::Reports(reports) => reports,
        };
        let came = reports.len();
        let told = reports.into_iter().filter_map(bounces::Report::told);
        let reports: Vec<_> = told.filter(is_proved).collect();
        if reports.len() < came {
            let unproved = came - reports.len();
            tracing::debug!(unproved, "a report has no token of the mail it is about");
            self.metrics.unproved.inc_by(unproved as u64);
        }
        let stamp = Cx::system(Service::InviteDispatcher, &*self.clock).stamp(&*self.clock);
        let changed = take(&self.db, &stamp, &self.tokens, PROVIDER, &reports).await?;
        tracing::debug!(reports = reports.len(), changed, "took reports");
        Ok(())
    }
}

/// Whether a mail shows that its sender had the mail that it is about: anybody writes such mails, and
/// the ids of invites are no secret.
const fn is_proved(report: &MailReport) -> bool {
    matches!(report.about, About::ReturnPath(_))
}

impl Behaviour for Mailbox {
    const SERVICE: Service = Service::InviteDispatcher;

    fn routes(_: &mut Routes<Self>) {}
}

impl Work for Mailbox {
    async fn work(&mut self) -> Result<Pace, Problem> {
        match self.source.clone() {
            Source::Maildir(directory) => self.empty(&directory).await,
            Source::Smtp(address) => self.listen(address).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(bounces: &str) -> Result<Option<MailboxOptions>, MailboxOptionsError> {
        MailboxOptions::parse("b@bounce.example.edu", bounces)
    }

    #[test]
    fn the_two_ways_are_understood_and_none() {
        assert_eq!(parse(""), Ok(None));
        assert_eq!(MailboxOptions::parse("", ""), Ok(None));
        let source = |bounces| parse(bounces).unwrap().unwrap().source;
        assert_eq!(
            source("maildir:back"),
            Source::Maildir(PathBuf::from("back"))
        );
        let address = "127.0.0.1:2525".parse().unwrap();
        assert_eq!(source("smtp://127.0.0.1:2525"), Source::Smtp(address));
    }

    #[test]
    fn anything_else_is_refused_by_its_key() {
        for text in [
            "maildir:",
            "smtp://",
            "smtp://localhost",
            "imap://x",
            "back",
        ] {
            assert_eq!(parse(text), Err(MailboxOptionsError::Bounces), "{text}");
        }
        let nowhere = MailboxOptions::parse("", "maildir:back");
        assert_eq!(nowhere, Err(MailboxOptionsError::ReturnPath));
    }
}
