//! What the connections of a courier share: mails that wait for one, that are with one, that landed.

use std::{
    cell::{Cell, RefCell},
    collections::VecDeque,
    time::Duration,
};

use tokio::{sync::Notify, time::Instant};

use super::{
    metrics::CourierMetrics,
    opening::{Opening, Ticket},
    parcel::{Desk, Leased, LeasedInvite, Parcel, Taking},
    verdict::Verdict,
};
use crate::{options::MailOptions, rates::Patience};

/// How long no more connections are tried where the relay refused one beside others.
const CROWDED: Duration = Duration::from_secs(30);

/// A mail and what became of it.
#[derive(Debug)]
pub(super) struct Landed {
    pub(super) mail: Leased,
    pub(super) verdict: Verdict,
    /// Whether somebody was asked to take it; otherwise the verdict is ours.
    pub(super) was_tried: bool,
}

/// What a connection is opened under.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Terms {
    /// The most mails.
    pub(super) messages: u32,
    pub(super) patience: Patience,
}

impl Terms {
    pub(super) fn of(options: &MailOptions) -> Self {
        Self {
            messages: options.rates.messages_per_connection.max(1),
            patience: options.patience,
        }
    }
}

/// A mail, ready to go.
pub(super) type Packed = (Leased, Parcel);

/// A mail that waits for a connection.
struct Waiting {
    mail: Leased,
    /// Made while the relay was at work, if there was time.
    composed: Option<Result<Parcel, Verdict>>,
}

impl From<Leased> for Waiting {
    fn from(mail: Leased) -> Self {
        Self {
            mail,
            composed: None,
        }
    }
}

/// What connections share. All of it belongs to one thread.
pub(super) struct Hall {
    pub(super) desk: Desk,
    pub(super) metrics: CourierMetrics,
    waiting: RefCell<VecDeque<Waiting>>,
    landed: RefCell<Vec<Landed>>,
    /// Mails that are with a connection, or that one is opened for.
    carried: RefCell<Vec<Leased>>,
    /// Of those that are carried, these can be taken back.
    opening: RefCell<Opening>,
    /// Rung for mail that waits, and for connections that are to end.
    door: Notify,
    /// Rung for mail that landed.
    bell: Notify,
    open: Cell<usize>,
    idle: Cell<usize>,
    /// Of those that are open, these take no more mail.
    ending: Cell<usize>,
    allowed: Cell<usize>,
    terms: Cell<Terms>,
    crowded_at: Cell<Option<Instant>>,
    /// The relay asked for fewer mails, which nobody has heeded yet.
    is_asked: Cell<bool>,
    /// From then on nothing begins, unless the database has answered.
    closes_at: Cell<Option<Instant>>,
}

/// Counts for as long as it lives, however that ends.
struct Counted<'a>(&'a Cell<usize>);

impl<'a> Counted<'a> {
    fn one(count: &'a Cell<usize>) -> Self {
        count.set(count.get() + 1);
        Self(count)
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.set(self.0.get().saturating_sub(1));
    }
}

impl Hall {
    pub(super) fn new(desk: Desk, metrics: CourierMetrics) -> Self {
        Self {
            terms: Cell::new(Terms::of(&desk.options)),
            desk,
            metrics,
            waiting: RefCell::default(),
            landed: RefCell::default(),
            carried: RefCell::default(),
            opening: RefCell::default(),
            door: Notify::new(),
            bell: Notify::new(),
            open: Cell::new(0),
            idle: Cell::new(0),
            ending: Cell::new(0),
            allowed: Cell::new(0),
            crowded_at: Cell::new(None),
            is_asked: Cell::new(false),
            closes_at: Cell::new(None),
        }
    }

    /// The database is asked: should it not answer, nothing begins after so long.
    pub(super) fn ask(&self, unanswered: Duration) {
        if self.closes_at.get().is_none() {
            self.closes_at.set(Some(Instant::now() + unanswered));
        }
    }

    /// The database takes nothing: nothing begins.
    pub(super) fn close(&self) {
        self.closes_at.set(Some(Instant::now()));
    }

    /// The database has answered: mails may begin.
    pub(super) fn open_again(&self) {
        if self.closes_at.take().is_some_and(|at| at <= Instant::now()) {
            self.door.notify_waiters();
        }
    }

    fn is_closed(&self) -> bool {
        let closes_at = self.closes_at.get();
        self.is_asked.get() || closes_at.is_some_and(|at| at <= Instant::now())
    }

    /// So many connections may be open; those beyond end after the mail they have.
    pub(super) fn allow(&self, connections: usize) {
        if self.allowed.replace(connections) > connections {
            self.door.notify_waiters();
        }
    }

    /// Connections are opened under other terms; those of the former ones end after the mail they have.
    pub(super) fn change(&self, terms: Terms) {
        if self.terms.replace(terms) != terms {
            self.door.notify_waiters();
        }
    }

    /// What connections are opened under.
    pub(super) fn terms(&self) -> Terms {
        self.terms.get()
    }

    /// How many connections are open.
    pub(super) fn open(&self) -> usize {
        self.open.get()
    }

    /// One more connection is.
    pub(super) fn come(&self) {
        self.open.set(self.open.get() + 1);
        self.metrics.connections.inc();
    }

    /// One is no more; whether it was told to end.
    pub(super) fn go(&self, was_ending: bool) {
        self.open.set(self.open.get().saturating_sub(1));
        let ending = self.ending.get();
        self.ending.set(ending.saturating_sub(was_ending.into()));
        self.metrics.connections.dec();
    }

    /// Whether one more connection would have something to do, and may be.
    pub(super) fn wants_more(&self) -> bool {
        self.is_short_of_hands() && self.open.get() < self.allowed.get() && self.is_promising()
    }

    /// The first waits until it is known what the last verdicts mean: it may be that nothing goes.
    fn is_promising(&self) -> bool {
        if self.open.get() == 0 {
            self.landed.borrow().is_empty()
        } else {
            !self.is_crowded()
        }
    }

    fn is_crowded(&self) -> bool {
        let since = self.crowded_at.get().map(|at| at.elapsed());
        since.is_some_and(|since| since < CROWDED)
    }

    /// A connection does not come about. Whether others are there, which may come to take its mail:
    /// relays count connections, and the refusal of one more says nothing about theirs.
    pub(super) fn goes_on_without(&self) -> bool {
        let has_others = self.open.get() > 1;
        if has_others {
            self.crowded_at.set(Some(Instant::now()));
        }
        has_others
    }

    /// More mails wait than connections.
    fn is_short_of_hands(&self) -> bool {
        self.waiting.borrow().len() > self.idle.get()
    }

    /// How many mails are with a connection, wait for one, or have landed since.
    pub(super) fn count(&self) -> usize {
        let begun = self.waiting.borrow().len() + self.carried.borrow().len();
        begun + self.landed.borrow().len()
    }

    /// Those that have not landed.
    pub(super) fn mails(&self) -> Vec<Leased> {
        let carried = self.carried.borrow();
        let waiting = self.waiting.borrow();
        let waiting = waiting.iter().map(|waiting| &waiting.mail);
        carried.iter().chain(waiting).cloned().collect()
    }

    /// All that are here, also what landed.
    pub(super) fn all(&self) -> Vec<Leased> {
        let mut all = self.mails();
        let landed = self.landed.borrow();
        all.extend(landed.iter().map(|landed| landed.mail.clone()));
        all
    }

    /// A mail waits for a connection: letters, for which somebody waits, in front of invites.
    pub(super) fn bring(&self, mail: Leased) {
        let mut waiting = self.waiting.borrow_mut();
        let is_letter = |mail: &Leased| matches!(mail, Leased::Letter(_));
        let place = if is_letter(&mail) {
            let letters = waiting
                .iter()
                .take_while(|waiting| is_letter(&waiting.mail));
            letters.count()
        } else {
            waiting.len()
        };
        waiting.insert(place, mail.into());
        self.door.notify_one();
    }

    /// Invites that have not begun, so long after they were taken.
    pub(super) fn unbegun(&self, after: Duration) -> Vec<Taking> {
        let (waiting, opening) = (self.waiting.borrow(), self.opening.borrow());
        let waiting = waiting.iter().map(|waiting| &waiting.mail);
        let unbegun = waiting
            .chain(opening.mails())
            .filter_map(|mail| match mail {
                Leased::Invite(invite) => Some(invite),
                Leased::Letter(_) => None,
            });
        let unbegun = unbegun.filter(|invite| invite.taken_at.elapsed() >= after);
        unbegun.map(LeasedInvite::taking).collect()
    }

    /// Takes back what has not begun, but for what goes on: also what a connection is opened for.
    pub(super) fn withdraw(&self, goes_on: impl Fn(&Leased) -> bool) -> Vec<Leased> {
        let mut back = self.opening.borrow_mut().recall(&goes_on);
        for mail in &back {
            self.let_go(mail);
        }
        back.extend(self.recall(goes_on));
        back
    }

    /// Takes back what no connection has yet, but for what goes on.
    pub(super) fn recall(&self, goes_on: impl Fn(&Leased) -> bool) -> Vec<Leased> {
        let mut waiting = self.waiting.borrow_mut();
        let mut back = Vec::new();
        for one in std::mem::take(&mut *waiting) {
            if goes_on(&one.mail) {
                waiting.push_back(one);
            } else {
                back.push(one.mail);
            }
        }
        back
    }

    /// Composes one of those that go next. Nobody has it by that: it can still be recalled.
    pub(super) fn prepare(&self) {
        let mut waiting = self.waiting.borrow_mut();
        let mut next = waiting.iter_mut().take(self.open.get());
        if let Some(next) = next.find(|waiting| waiting.composed.is_none()) {
            next.composed = Some(self.desk.compose(&next.mail));
        }
    }

    /// What landed so far, to be heeded.
    pub(super) fn landed(&self) -> Vec<Landed> {
        if self.is_asked.take() {
            self.door.notify_waiters();
        }
        self.landed.take()
    }

    /// Waits until something has landed.
    pub(super) async fn has_landed(&self) {
        if self.landed.borrow().is_empty() {
            self.bell.notified().await;
        }
    }

    /// The next mail; `None` where the connection is to end: it counts as ending then. May be dropped while it waits.
    pub(super) async fn next(&self, terms: Terms) -> Option<Packed> {
        while self.goes_on(terms) {
            let called = self.door.notified();
            if let Some(mail) = self.take() {
                return Some(mail);
            }
            let _idle = Counted::one(&self.idle);
            called.await;
        }
        self.ending.set(self.ending.get() + 1);
        // Whatever it was called for, another may do.
        self.door.notify_one();
        None
    }

    /// Whether a connection takes another mail.
    fn goes_on(&self, terms: Terms) -> bool {
        !self.is_beyond() && self.terms.get() == terms
    }

    /// More go on than may be open.
    fn is_beyond(&self) -> bool {
        self.open.get().saturating_sub(self.ending.get()) > self.allowed.get()
    }

    /// A mail for which a connection is opened.
    pub(super) fn reserve(&self) -> Option<Ticket> {
        let mail = self.take()?;
        Some(self.opening.borrow_mut().place(mail))
    }

    /// What a connection that has come about was opened for, unless that was taken back. While the hall is closed it
    /// waits with the others.
    pub(super) fn begin(&self, ticket: Ticket) -> Option<Packed> {
        let (mail, parcel) = self.claim(ticket)?;
        if !self.is_closed() {
            return Some((mail, parcel));
        }
        self.let_go(&mail);
        let composed = Some(Ok(parcel));
        let mut waiting = self.waiting.borrow_mut();
        waiting.push_front(Waiting { mail, composed });
        None
    }

    /// What a connection was opened for, unless it was taken back.
    pub(super) fn claim(&self, ticket: Ticket) -> Option<Packed> {
        self.opening.borrow_mut().claim(ticket)
    }

    /// Gives connections that are being opened other mail for what was taken back, unless one that is
    /// idle will take it.
    pub(super) fn replace(&self) {
        while self.is_short_of_hands() && self.opening.borrow_mut().fill(|| self.take()) {}
    }

    /// A mail for a connection that is busy already, unless one that is idle will take it.
    pub(super) fn at_hand(&self, terms: Terms) -> Option<Packed> {
        self.pick(|| self.goes_on(terms) && self.is_short_of_hands())
    }

    /// The next mail, if one waits.
    pub(super) fn take(&self) -> Option<Packed> {
        self.pick(|| true)
    }

    /// The first that can be composed; others land. None while the hall is closed.
    fn pick(&self, may: impl Fn() -> bool) -> Option<Packed> {
        while !self.is_closed() && may() {
            let Waiting { mail, composed } = self.waiting.borrow_mut().pop_front()?;
            self.carried.borrow_mut().push(mail.clone());
            match composed.unwrap_or_else(|| self.desk.compose(&mail)) {
                Ok(parcel) => return Some((mail, parcel)),
                Err(verdict) => self.give_up(mail, verdict),
            }
        }
        None
    }

    /// A connection has the verdict of a mail.
    pub(super) fn land(&self, mail: Leased, verdict: Verdict) {
        self.metrics.count(&verdict);
        if verdict.is_about_pace() {
            self.is_asked.set(true);
        }
        self.settle(mail, verdict, true);
    }

    /// A connection has the verdict of a mail of which it told the relay nothing.
    pub(super) fn refuse(&self, mail: Leased, verdict: Verdict) {
        self.metrics.count(&verdict);
        self.settle(mail, verdict, false);
    }

    /// A mail has its verdict before anybody was asked.
    fn give_up(&self, mail: Leased, verdict: Verdict) {
        self.settle(mail, verdict, false);
    }

    fn settle(&self, mail: Leased, verdict: Verdict, was_tried: bool) {
        self.let_go(&mail);
        self.landed.borrow_mut().push(Landed {
            mail,
            verdict,
            was_tried,
        });
        self.bell.notify_one();
    }

    /// The connection ended before this mail went over: another takes it.
    pub(super) fn leave(&self, mail: Leased) {
        self.let_go(&mail);
        self.metrics.count_left();
        self.waiting.borrow_mut().push_front(mail.into());
        self.door.notify_one();
    }

    fn let_go(&self, mail: &Leased) {
        let mut carried = self.carried.borrow_mut();
        carried.retain(|carried| !is_same(carried, mail));
    }
}

pub(super) fn is_same(one: &Leased, other: &Leased) -> bool {
    match (one, other) {
        (Leased::Letter(one), Leased::Letter(other)) => one.id == other.id,
        (Leased::Invite(one), Leased::Invite(other)) => one.id == other.id,
        _ => false,
    }
}
