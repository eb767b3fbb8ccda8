//! What an actor is to its author: a struct, the messages it serves, and nothing else.

use std::{fmt, future::Future, time::Duration};

use contract::{Call, Problem, Service};

use crate::{cx::Cx, ingress::Route};

/// An actor: state and the messages it serves.
///
/// State is only ever a cache: a panic loses the instance, and other instances run elsewhere.
pub trait Behaviour: Sized + 'static {
    /// Who it is, in discovery, logs and metrics, and as the name of its queue group.
    const SERVICE: Service;

    /// Its table of contents: one line a message.
    fn routes(routes: &mut Routes<Self>);
}

/// Serves one message at a time.
pub trait Serve<M: Call>: Behaviour {
    /// One turn. A refusal is an `Err` like any other; the caller gets it as it is.
    fn serve(&mut self, message: M, cx: &Cx) -> impl Future<Output = Result<M::Reply, Problem>>;
}

/// A message of a batch, and what travelled beside it.
#[derive(Debug)]
pub struct Asked<M> {
    /// The message.
    pub message: M,
    /// Its caller, deadline and request.
    pub cx: Cx,
}

/// Serves whatever arrived while the last batch was being served: one commit for all.
pub trait ServeMany<M: Call>: Behaviour {
    /// One turn for a batch that is never empty. Answers one result for each message, in order.
    ///
    /// An `Err` of the whole batch says that nothing of it is known to have happened; the kernel
    /// then serves its messages one by one, so that one cannot fail its neighbours. A message must
    /// therefore be safe to serve again: the implementation looks whether it happened.
    fn serve_many(
        &mut self,
        batch: &[Asked<M>],
    ) -> impl Future<Output = Result<Vec<Result<M::Reply, Problem>>, Problem>>;
}

/// Works without being asked: sweeps what is due, relays, sends.
///
/// A worker has a host of its own, so its waiting never holds up a message.
pub trait Work: Behaviour {
    /// One piece of work, bounded in time and size.
    fn work(&mut self) -> impl Future<Output = Result<Pace, Problem>>;

    /// The last turn, when the node stops: what is half done is finished, or given back. Bounded in
    /// time.
    fn finish(&mut self) -> impl Future<Output = ()> {
        async {}
    }
}

/// When to work next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// There is more to do.
    Again,
    /// Nothing is left; look again after this time, or when nudged.
    Rest(Duration),
}

/// The messages an actor serves.
pub struct Routes<B: Behaviour> {
    pub(crate) routes: Vec<Route<B>>,
}

impl<B: Behaviour> Routes<B> {
    pub(crate) fn of() -> Self {
        let mut routes = Self { routes: Vec::new() };
        B::routes(&mut routes);
        routes
    }

    /// Serves `M` one at a time.
    pub fn one<M: Call>(&mut self) -> &mut Self
    where
        B: Serve<M>,
    {
        self.routes.push(Route::one::<M>());
        self
    }

    /// Serves `M` in batches of at most `most`.
    pub fn many<M: Call>(&mut self, most: usize) -> &mut Self
    where
        B: ServeMany<M>,
    {
        self.routes.push(Route::many::<M>(most));
        self
    }

    /// The subjects served, in order.
    pub fn subjects(&self) -> impl Iterator<Item = &'static str> {
        self.routes.iter().map(|route| route.subject)
    }
}

impl<B: Behaviour> fmt::Debug for Routes<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.subjects()).finish()
    }
}

/// The subjects that an actor serves: for the test that holds them against the contract.
pub fn subjects_of<B: Behaviour>() -> Vec<&'static str> {
    Routes::<B>::of().subjects().collect()
}
