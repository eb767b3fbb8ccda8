//! One connection, to the relay or to a directory, and the mails that it takes.

use std::{rc::Rc, time::Duration};

use smtp::{Limits, Mail, Relay, Session, Source};
use tokio::time::timeout;

use super::{
    hall::{Hall, Packed, Terms},
    judge::{judge, unreached},
    opening::Ticket,
    parcel::Leased,
};
use crate::{keep::keep, options::Way};

/// A directory that nothing is kept in for so long is left.
const IDLE: Duration = Duration::from_secs(30);

/// One of the connections of a hall. Dropped, its mails have their verdicts or wait again.
pub(super) struct Connection {
    hall: Rc<Hall>,
    terms: Terms,
    /// What it was opened for, until it has come about.
    first: Option<Ticket>,
    is_ending: bool,
}

impl Drop for Connection {
    fn drop(&mut self) {
        if let Some((mail, _)) = self.first() {
            self.hall.leave(mail);
        }
        self.hall.go(self.is_ending);
    }
}

impl Connection {
    /// Opens one for a mail that waits.
    pub(super) fn open(hall: &Rc<Hall>) -> Option<Self> {
        let first = hall.reserve()?;
        hall.come();
        Some(Self {
            hall: Rc::clone(hall),
            terms: hall.terms(),
            first: Some(first),
            is_ending: false,
        })
    }

    /// Takes mail after mail until it is to end.
    pub(super) async fn run(mut self) {
        let hall = Rc::clone(&self.hall);
        match &hall.desk.options.way {
            Way::File(directory) => {
                while let Ok(Some((mail, parcel))) = timeout(IDLE, self.wait()).await {
                    hall.land(mail, keep(directory, &parcel));
                }
            }
            Way::Smtp(relay) => self.carry(relay).await,
        }
    }

    async fn carry(&mut self, relay: &Relay) {
        let hall = Rc::clone(&self.hall);
        let Terms { messages, patience } = self.terms;
        let session = match Session::connect(relay, &patience.timeouts).await {
            Ok(session) => session,
            Err(error) => {
                if !hall.goes_on_without()
                    && let Some((mail, _)) = self.first()
                {
                    hall.land(mail, unreached(&error));
                }
                tracing::debug!(%error, "a connection to the relay has not come about");
                return;
            }
        };
        hall.metrics.opened.inc();
        let limits = Limits {
            messages: usize::try_from(messages).unwrap_or(usize::MAX),
            idle: patience.idle,
            age: patience.age,
        };
        let mut is_proven = false;
        let verdicts = |mail, said| {
            let is_asked = !matches!(said, smtp::Verdict::Unfit { .. });
            match judge(said, is_proven) {
                Some(verdict) if is_asked => hall.land(mail, verdict),
                Some(verdict) => hall.refuse(mail, verdict),
                None => hall.leave(mail),
            }
            is_proven |= is_asked;
        };
        let end = session.carry(self, verdicts, &limits).await;
        tracing::debug!(?end, "a connection to the relay has ended");
    }

    fn first(&mut self) -> Option<Packed> {
        let first = self.first.take()?;
        self.hall.claim(first)
    }

    /// The next; `None` where the connection is to end.
    async fn wait(&mut self) -> Option<Packed> {
        let first = self.first.take();
        if let Some(first) = first.and_then(|first| self.hall.begin(first)) {
            return Some(first);
        }
        let next = self.hall.next(self.terms).await;
        self.is_ending = next.is_none();
        next
    }
}

impl Source for Connection {
    type Key = Leased;

    async fn next(&mut self) -> Option<Mail<Leased>> {
        self.wait().await.map(mail_of)
    }

    fn at_hand(&mut self) -> Option<Mail<Leased>> {
        self.hall.at_hand(self.terms).map(mail_of)
    }

    fn prepare(&mut self) {
        self.hall.prepare();
    }
}

fn mail_of((mail, parcel): Packed) -> Mail<Leased> {
    Mail {
        key: mail,
        from: parcel.from,
        to: parcel.to,
        is_eight_bit: !parcel.wire.is_ascii(),
        message: parcel.wire,
    }
}
