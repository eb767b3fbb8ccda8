//! Invitations as the dispatcher composes them: its templates, its headers, its tokens' lengths.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use anyhow::{Result, anyhow};
use contract::{
    Clock, EmailAddress, Secret, SystemClock,
    ids::{BatchId, InviteId, OrganisationId},
    text::{InviteMessage, Language, Name, PersonName},
};
use invite_dispatcher::{Invitation, Occasion, Sender, Templates, compose_invitation};
use smtp::{Mail, Path, Source};

const FROM: &str = "Usher <usher@mail.hill.edu>";
const SITE: &str = "https://usher.hill.edu";
const WORD: &str = "Welcome!\n\nWe read the first chapter on Monday.\nPlease join before that.";

/// As long as the ones that the dispatcher makes, which it keeps to itself: made once here, so that
/// what making them costs is not measured.
const TOKEN: &str = "Xk3vQm9wZr7uYt2pLs8nBd4cFg6hJk1aXk3vQm9wZr7uYt2pLs8nBd4";

/// Composes one invitation after the other.
#[derive(Clone)]
pub(crate) struct Composer {
    clock: Arc<dyn Clock>,
    templates: Templates,
    sender: Sender,
    /// What all have in common, read once for a batch as the courier does.
    first: Invitation,
}

impl Composer {
    pub(crate) fn new() -> Result<Self> {
        let clock = SystemClock::shared();
        let sender = Sender {
            from: FROM.parse().map_err(|error| anyhow!("{error}"))?,
            reply_to: None,
        };
        Ok(Self {
            templates: Templates::load(None, None)?,
            sender,
            first: first(&*clock)?,
            clock,
        })
    }

    fn invitation(&self, number: usize) -> Result<Invitation> {
        let accept_url = format!("{SITE}/invite/{TOKEN}");
        Ok(Invitation {
            id: InviteId::new(self.clock.ulid()),
            to: EmailAddress::parse(&format!("student.{number}@students.hill.edu"))?,
            decline_url: Secret::new(format!("{accept_url}#decline")),
            accept_url: Secret::new(accept_url),
            unsubscribe_url: Secret::new(format!("{SITE}/unsubscribe/{TOKEN}")),
            ..self.first.clone()
        })
    }

    /// The whole message, as it is handed over.
    pub(crate) fn message(&self, number: usize) -> Result<Vec<u8>> {
        let invitation = self.invitation(number)?;
        let words = self.templates.invitation(&invitation)?;
        let now = self.clock.now();
        let message = compose_invitation(&invitation, &words, &self.sender, None, now)?;
        Ok(message.formatted())
    }

    fn mail(&self, number: usize) -> Result<Mail<usize>> {
        Ok(Mail {
            key: number,
            from: Path::parse(self.sender.from.email.as_ref())?,
            to: Path::parse(&format!("student.{number}@students.hill.edu"))?,
            message: self.message(number)?,
            is_eight_bit: false,
        })
    }

    /// How long one takes, on one thread.
    pub(crate) fn pace(&self, count: usize) -> Result<Duration> {
        let since = std::time::Instant::now();
        let mut bytes = 0;
        for number in 0..count {
            bytes += self.message(number)?.len();
        }
        anyhow::ensure!(bytes > 0, "nothing was composed");
        Ok(since.elapsed() / u32::try_from(count.max(1))?)
    }
}

fn first(clock: &dyn Clock) -> Result<Invitation> {
    let nothing = || Secret::new("");
    Ok(Invitation {
        id: InviteId::new(clock.ulid()),
        batch: BatchId::new(clock.ulid()),
        organisation_id: OrganisationId::new(clock.ulid()),
        organisation: Name::parse("Hill University")?,
        product: "read.hill.edu".to_owned(),
        plan: Name::parse("Law 2026")?,
        inviter: Some(Name::parse("Prof. Lee")?),
        message: Some(InviteMessage::parse(WORD)?),
        to: EmailAddress::parse("student@students.hill.edu")?,
        name: Some(PersonName::parse("Ann")?),
        accept_url: nothing(),
        code: Secret::new("7KQ2MXPA"),
        code_url: format!("{SITE}/invite"),
        decline_url: nothing(),
        unsubscribe_url: nothing(),
        expires_at: clock.now().plus_days(30),
        occasion: Occasion::First,
        language: Language::default(),
    })
}

/// So many invitations, composed while the relay is at work or when a connection asks for the next, as
/// in a courier.
pub(crate) struct Invitations {
    pub(crate) composer: Composer,
    /// How many are left, for all connections.
    pub(crate) left: Arc<AtomicUsize>,
    /// Composed while the relay was at work.
    pub(crate) ready: Option<Mail<usize>>,
}

impl Invitations {
    fn compose(&mut self) -> Option<Mail<usize>> {
        let take = |left: usize| left.checked_sub(1);
        let taken = self
            .left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, take);
        // One that cannot be composed is missed when verdicts are counted.
        taken
            .ok()
            .and_then(|number| self.composer.mail(number).ok())
    }
}

impl Source for Invitations {
    type Key = usize;

    fn next(&mut self) -> impl Future<Output = Option<Mail<usize>>> {
        std::future::ready(self.at_hand())
    }

    fn at_hand(&mut self) -> Option<Mail<usize>> {
        self.ready.take().or_else(|| self.compose())
    }

    fn prepare(&mut self) {
        if self.ready.is_none() {
            self.ready = self.compose();
        }
    }
}
