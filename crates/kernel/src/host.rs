//! The actix actor around a behaviour: the only place that knows actix.
//!
//! actix's own `Supervisor` does not survive a panic (its future is dropped with the mailbox), so a
//! turn catches the panic itself, asks for a stop, and the supervisor's restart then builds a fresh
//! instance on the same mailbox.

use std::{panic::AssertUnwindSafe, rc::Rc, time::Instant};

use actix::{
    Actor, ActorContext as _, ActorFutureExt as _, Addr, AsyncContext as _, AtomicResponse,
    Context, Handler, Message, Supervised, Supervisor, WrapFuture as _,
};
use futures_util::{FutureExt as _, future::LocalBoxFuture};
use prometheus::IntCounter;

use crate::{
    behaviour::Behaviour,
    health::Health,
    supervise::{Intensity, Restarts, Verdict},
};

/// A turn: lends the behaviour to the work and takes it back when the work ends.
pub(crate) struct Turn<B>(pub(crate) Box<dyn FnOnce(B) -> LocalBoxFuture<'static, B> + Send>);

/// Why a turn did not end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TurnError {
    /// It panicked; a fresh instance takes over.
    Panicked,
    /// The actor was given up.
    Down,
}

impl<B: Behaviour> Message for Turn<B> {
    type Result = Result<(), TurnError>;
}

pub(crate) struct Host<B: Behaviour> {
    make: Rc<dyn Fn() -> B>,
    /// The instance, except while a turn has it, and after a panic.
    live: Option<B>,
    restarts: Restarts,
    started: Instant,
    health: Health,
    restarts_total: IntCounter,
}

impl<B: Behaviour> Host<B> {
    pub(crate) fn start(
        make: Rc<dyn Fn() -> B>,
        intensity: Intensity,
        health: Health,
        restarts_total: IntCounter,
    ) -> Addr<Self> {
        let live = instance(&make);
        if live.is_none() {
            health.give_up(B::SERVICE);
        }
        Supervisor::start(move |_| Self {
            live,
            make,
            restarts: Restarts::new(intensity),
            started: Instant::now(),
            health,
            restarts_total,
        })
    }
}

/// actix pins actors; a behaviour is never pinned by its host, only moved in and out of turns.
impl<B: Behaviour> Unpin for Host<B> {}

/// A fresh instance; `None` when even making one panics.
fn instance<B>(make: &Rc<dyn Fn() -> B>) -> Option<B> {
    std::panic::catch_unwind(AssertUnwindSafe(|| make())).ok()
}

impl<B: Behaviour> Actor for Host<B> {
    type Context = Context<Self>;
}

impl<B: Behaviour> Supervised for Host<B> {
    fn restarting(&mut self, ctx: &mut Self::Context) {
        match self.restarts.record(self.started.elapsed()) {
            Verdict::Restart(pause) => {
                self.restarts_total.inc();
                tracing::warn!(
                    actor = B::SERVICE.name(),
                    ?pause,
                    "fresh instance after a panic"
                );
                // The mailbox waits meanwhile; nothing in it is lost.
                ctx.wait(tokio::time::sleep(pause).into_actor(self));
                self.live = instance(&self.make);
            }
            Verdict::GiveUp => {
                tracing::error!(actor = B::SERVICE.name(), "too many panics, given up");
                self.live = None;
            }
        }
        if self.live.is_none() {
            self.health.give_up(B::SERVICE);
        }
    }
}

impl<B: Behaviour> Handler<Turn<B>> for Host<B> {
    type Result = AtomicResponse<Self, Result<(), TurnError>>;

    fn handle(&mut self, Turn(work): Turn<B>, _: &mut Self::Context) -> Self::Result {
        let Some(behaviour) = self.live.take() else {
            self.health.give_up(B::SERVICE);
            return AtomicResponse::new(Box::pin(async { Err(TurnError::Down) }.into_actor(self)));
        };
        // `work` itself runs inside the guard too: a panic before its first await counts.
        let guarded = AssertUnwindSafe(async move { work(behaviour).await }).catch_unwind();
        AtomicResponse::new(Box::pin(guarded.into_actor(self).map(|end, host, ctx| {
            if let Ok(behaviour) = end {
                host.live = Some(behaviour);
                return Ok(());
            }
            // State that a panic may have torn is never used again. The answer leaves before the
            // restart.
            ctx.stop();
            Err(TurnError::Panicked)
        })))
    }
}
