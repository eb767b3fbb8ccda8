//! The connections of a courier: never more than its share. Each is a task of its own, which takes
//! mail after mail and is cancelled only when the courier ends.

use std::{fmt, pin::pin, rc::Rc, time::Duration};

use futures_util::{StreamExt as _, future::LocalBoxFuture, stream::FuturesUnordered};
use tokio::time::timeout;

use super::{
    connection::Connection,
    hall::{Hall, Landed, Terms},
    metrics::CourierMetrics,
    parcel::{Desk, Leased, Taking},
};

/// How long closing all may take.
const GOODBYE: Duration = Duration::from_secs(3);

/// Mails on their way.
pub(super) struct Carry {
    tasks: Tasks,
    hall: Rc<Hall>,
}

/// One for each connection.
pub(super) type Tasks = FuturesUnordered<LocalBoxFuture<'static, ()>>;

impl fmt::Debug for Carry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Carry")
            .field("open", &self.hall.open())
            .finish_non_exhaustive()
    }
}

impl Carry {
    pub(super) fn new(desk: Desk, metrics: CourierMetrics) -> Self {
        Self {
            tasks: FuturesUnordered::new(),
            hall: Rc::new(Hall::new(desk, metrics)),
        }
    }

    /// So many connections may be open; those beyond end after the mail they have.
    pub(super) fn allow(&mut self, connections: u64) {
        let connections = usize::try_from(connections).unwrap_or(usize::MAX);
        self.hall.allow(connections);
    }

    /// Connections are opened under other terms; those of the former ones end after the mail they have.
    pub(super) fn change(&mut self, terms: Terms) {
        self.hall.change(terms);
    }

    /// The database is asked: should it not answer, nothing begins after so long.
    pub(super) fn ask(&self, unanswered: Duration) {
        self.hall.ask(unanswered);
    }

    /// The database takes nothing: nothing begins.
    pub(super) fn hold(&self) {
        self.hall.close();
    }

    /// The database has answered: mails may begin.
    pub(super) fn release(&self) {
        self.hall.open_again();
    }

    /// How many connections are open.
    pub(super) fn open(&self) -> usize {
        self.hall.open()
    }

    /// How many mails are with a connection, wait for one, or have landed since.
    pub(super) fn count(&self) -> usize {
        self.hall.count()
    }

    /// Those that have not landed.
    pub(super) fn mails(&self) -> Vec<Leased> {
        self.hall.mails()
    }

    /// Those that have landed, too, and were not gathered.
    pub(super) fn all(&self) -> Vec<Leased> {
        self.hall.all()
    }

    /// Sends a mail on its way.
    pub(super) fn begin(&mut self, mail: Leased) {
        self.hall.bring(mail);
        self.open_more();
    }

    fn open_more(&mut self) {
        self.hall.replace();
        // Each takes one at once, so that no more are opened than mails wait.
        while self.hall.wants_more() {
            let Some(connection) = Connection::open(&self.hall) else {
                return;
            };
            self.tasks.push(Box::pin(connection.run()));
        }
    }

    /// Invites that have not begun, so long after they were taken.
    pub(super) fn unbegun(&self, after: Duration) -> Vec<Taking> {
        self.hall.unbegun(after)
    }

    /// Takes back what has not begun, but for what goes on: also what a connection is opened for.
    pub(super) fn withdraw(&mut self, goes_on: impl Fn(&Leased) -> bool) -> Vec<Leased> {
        self.hall.withdraw(goes_on)
    }

    /// Takes back what no connection has yet, but for what goes on.
    pub(super) fn recall(&mut self, goes_on: impl Fn(&Leased) -> bool) -> Vec<Leased> {
        self.hall.recall(goes_on)
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

    /// Drops every connection. What was on its way lands or waits again, by how far it came.
    pub(super) fn abandon(&mut self) {
        self.tasks.clear();
    }

    /// What landed so far.
    pub(super) fn landed(&mut self) -> Vec<Landed> {
        self.hall.landed()
    }

    /// Goes on until something landed, or a connection ended.
    pub(super) async fn go_on(&mut self) {
        // A mail may have been left behind by a connection that ended.
        self.open_more();
        let hall = Rc::clone(&self.hall);
        tokio::select! {
            () = hall.has_landed() => {}
            Some(()) = self.tasks.next() => {}
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
