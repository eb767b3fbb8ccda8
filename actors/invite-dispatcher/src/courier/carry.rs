//! The connections of a courier. Each belongs to one task of its own, which takes mail after mail and
//! is never cancelled in the middle of one; they are never more than this courier's share.

use std::{
    cell::{Cell, RefCell},
    collections::VecDeque,
    fmt,
    pin::pin,
    rc::Rc,
    time::Duration,
};

use futures_util::{StreamExt as _, future::LocalBoxFuture, stream::FuturesUnordered};
use tokio::{sync::Notify, time::timeout};

use super::{
    metrics::CourierMetrics,
    parcel::{Desk, Leased},
    verdict::Verdict,
};
use crate::{
    options::Way,
    transport::{Session, keep},
};

/// A connection that is not needed for so long is closed.
const IDLE: Duration = Duration::from_secs(30);
/// How long closing all may take.
const GOODBYE: Duration = Duration::from_secs(3);

/// A mail and what became of it.
#[derive(Debug)]
pub(super) struct Landed {
    pub(super) mail: Leased,
    pub(super) verdict: Verdict,
}

/// Mails on their way.
pub(super) struct Carry {
    tasks: Tasks,
    hall: Rc<Hall>,
}

/// One for each connection.
pub(super) type Tasks = FuturesUnordered<LocalBoxFuture<'static, ()>>;

/// What connections share.
struct Hall {
    desk: Desk,
    metrics: CourierMetrics,
    waiting: RefCell<VecDeque<Leased>>,
    landed: RefCell<Vec<Landed>>,
    /// Mails that are with a connection.
    carried: RefCell<Vec<Leased>>,
    /// Rung for mail that waits, and for connections that are to end.
    door: Notify,
    /// Rung for mail that landed.
    bell: Notify,
    open: Cell<usize>,
    idle: Cell<usize>,
    allowed: Cell<usize>,
}

impl fmt::Debug for Carry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Carry")
            .field("open", &self.hall.open.get())
            .finish_non_exhaustive()
    }
}

impl Carry {
    pub(super) fn new(desk: Desk, metrics: CourierMetrics) -> Self {
        let hall = Hall {
            desk,
            metrics,
            waiting: RefCell::default(),
            landed: RefCell::default(),
            carried: RefCell::default(),
            door: Notify::new(),
            bell: Notify::new(),
            open: Cell::new(0),
            idle: Cell::new(0),
            allowed: Cell::new(0),
        };
        Self {
            tasks: FuturesUnordered::new(),
            hall: Rc::new(hall),
        }
    }

    /// So many connections may be open; those beyond end after the mail they have.
    pub(super) fn allow(&mut self, connections: u64) {
        let allowed = usize::try_from(connections).unwrap_or(usize::MAX);
        if self.hall.allowed.replace(allowed) > allowed {
            self.hall.door.notify_waiters();
        }
    }

    /// How many connections are open.
    pub(super) fn open(&self) -> usize {
        self.hall.open.get()
    }

    /// How many mails are with a connection, wait for one, or have landed since.
    pub(super) fn count(&self) -> usize {
        let begun = self.hall.waiting.borrow().len() + self.hall.carried.borrow().len();
        begun + self.hall.landed.borrow().len()
    }

    /// Those mails.
    pub(super) fn mails(&self) -> Vec<Leased> {
        let carried = self.hall.carried.borrow();
        carried
            .iter()
            .chain(self.hall.waiting.borrow().iter())
            .cloned()
            .collect()
    }

    /// Sends a mail on its way.
    pub(super) fn begin(&mut self, mail: Leased) {
        self.hall.waiting.borrow_mut().push_back(mail);
        let (open, idle) = (self.hall.open.get(), self.hall.idle.get());
        if idle < self.hall.waiting.borrow().len() && open < self.hall.allowed.get() {
            self.hall.open.set(open + 1);
            self.tasks.push(Box::pin(connection(Rc::clone(&self.hall))));
        }
        self.hall.door.notify_one();
    }

    /// Takes back what no connection has yet.
    pub(super) fn recall(&mut self) -> Vec<Leased> {
        self.hall.waiting.borrow_mut().drain(..).collect()
    }

    /// Lends the connections to [`beside`].
    pub(super) fn lend(&mut self) -> Tasks {
        std::mem::take(&mut self.tasks)
    }

    /// Takes them back.
    pub(super) fn take_back(&mut self, tasks: Tasks) {
        self.tasks = tasks;
    }

    /// Closes every connection that has no mail.
    pub(super) async fn close(&mut self) {
        self.allow(0);
        let ended = async { while self.tasks.next().await.is_some() {} };
        let _ = timeout(GOODBYE, ended).await;
    }

    /// What landed so far.
    pub(super) fn landed(&mut self) -> Vec<Landed> {
        self.hall.landed.take()
    }

    /// Goes on until something landed, or a connection ended.
    pub(super) async fn go_on(&mut self) {
        if !self.hall.landed.borrow().is_empty() {
            return;
        }
        // A mail may have been left behind by a connection that ended.
        while self.hall.waiting.borrow().len() > self.hall.idle.get()
            && self.hall.open.get() < self.hall.allowed.get()
        {
            self.hall.open.set(self.hall.open.get() + 1);
            self.tasks.push(Box::pin(connection(Rc::clone(&self.hall))));
        }
        let bell = self.hall.bell.notified();
        if self.tasks.is_empty() {
            bell.await;
            return;
        }
        tokio::select! {
            () = bell => {}
            _ = self.tasks.next() => {}
        }
    }
}

/// Lets connections go on while something else is done.
pub(super) async fn beside<T>(mut tasks: Tasks, work: impl Future<Output = T>) -> (Tasks, T) {
    let mut work = pin!(work);
    loop {
        tokio::select! {
            done = &mut work => return (tasks, done),
            _ = tasks.next(), if !tasks.is_empty() => {}
        }
    }
}

impl Hall {
    /// The next mail; `None` where the connection is to end.
    async fn next(&self) -> Option<Leased> {
        loop {
            if self.open.get() > self.allowed.get() {
                return None;
            }
            let called = self.door.notified();
            if let Some(mail) = self.waiting.borrow_mut().pop_front() {
                self.carried.borrow_mut().push(mail.clone());
                return Some(mail);
            }
            self.idle.set(self.idle.get() + 1);
            let waited = timeout(IDLE, called).await;
            self.idle.set(self.idle.get() - 1);
            if waited.is_err() && self.waiting.borrow().is_empty() {
                return None;
            }
        }
    }

    fn land(&self, mail: Leased, verdict: Verdict) {
        self.carried
            .borrow_mut()
            .retain(|carried| !is_same(carried, &mail));
        self.metrics.count(&verdict);
        self.landed.borrow_mut().push(Landed { mail, verdict });
        self.bell.notify_one();
    }

    /// Another connection takes it.
    fn leave(&self, mail: Leased) {
        self.carried
            .borrow_mut()
            .retain(|carried| !is_same(carried, &mail));
        self.waiting.borrow_mut().push_front(mail);
        self.door.notify_one();
    }
}

fn is_same(one: &Leased, other: &Leased) -> bool {
    match (one, other) {
        (Leased::Letter(one), Leased::Letter(other)) => one.id == other.id,
        (Leased::Invite(one), Leased::Invite(other)) => one.id == other.id,
        _ => false,
    }
}

async fn connection(hall: Rc<Hall>) {
    hall.metrics.connections.inc();
    carry(&hall).await;
    hall.open.set(hall.open.get().saturating_sub(1));
    hall.metrics.connections.dec();
}

async fn carry(hall: &Hall) {
    let most = hall.desk.options.rates.messages_per_connection.max(1);
    let mut session: Option<Session> = None;
    let mut carried = 0;
    while carried < most {
        let Some(mail) = hall.next().await else { break };
        let parcel = match hall.desk.compose(&mail) {
            Ok(parcel) => parcel,
            Err(verdict) => {
                hall.land(mail, verdict);
                continue;
            }
        };
        let relay = match &hall.desk.options.way {
            Way::File(directory) => {
                hall.land(mail, keep(directory, &parcel));
                continue;
            }
            Way::Smtp(relay) => relay,
        };
        let is_fresh = session.is_none();
        let opened = match session.take() {
            Some(session) => Ok(session),
            None => Session::open(relay).await,
        };
        let mut opened = match opened {
            Ok(opened) => opened,
            Err(verdict) => {
                hall.land(mail, verdict);
                return;
            }
        };
        if is_fresh {
            hall.metrics.opened.inc();
        }
        let verdict = opened.send(&parcel).await;
        carried += 1;
        match verdict {
            // A connection that was idle may be closed by the other side at any time.
            Verdict::Closed(_) if !is_fresh => {
                hall.leave(mail);
                return;
            }
            verdict => hall.land(mail, verdict),
        }
        if !opened.is_usable() {
            return;
        }
        session = Some(opened);
    }
    if let Some(session) = session {
        session.quit().await;
    }
}
