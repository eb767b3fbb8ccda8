//! Turns that nobody asks for, hosted and supervised like all others.

use std::{sync::Arc, time::Duration};

use actix::Addr;
use futures_util::FutureExt as _;
use tokio::sync::{Notify, oneshot, watch};

use crate::{
    behaviour::{Pace, Work},
    host::{Host, Turn, TurnError},
};

/// How long a worker rests after its work failed, first and at most; it doubles in between.
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// Works until told to stop; the turn under way is finished, and a last one follows.
pub(crate) async fn run<B: Work>(
    host: Addr<Host<B>>,
    nudge: Arc<Notify>,
    mut stopping: watch::Receiver<bool>,
) {
    let mut pause = FIRST_PAUSE;
    while !*stopping.borrow_and_update() {
        let (put, get) = oneshot::channel();
        let turn = Turn(Box::new(move |mut behaviour: B| {
            async move {
                let _ = put.send(behaviour.work().await);
                behaviour
            }
            .boxed_local()
        }));
        let rest = match host.send(turn).await {
            Ok(Ok(())) => match get.await {
                Ok(Ok(Pace::Again)) => {
                    pause = FIRST_PAUSE;
                    continue;
                }
                Ok(Ok(Pace::Rest(rest))) => {
                    pause = FIRST_PAUSE;
                    rest
                }
                Ok(Err(problem)) => {
                    tracing::warn!(worker = B::SERVICE.name(), %problem, ?pause, "work failed");
                    let rest = pause;
                    pause = pause.saturating_mul(2).min(LONGEST_PAUSE);
                    // A nudge says that there is work, not that the fault is gone.
                    tokio::select! {
                        () = tokio::time::sleep(rest) => {}
                        _ = stopping.changed() => {}
                    }
                    continue;
                }
                Err(_) => return,
            },
            // The host pauses by itself before the fresh instance works.
            Ok(Err(TurnError::Panicked)) => continue,
            Ok(Err(TurnError::Down)) | Err(_) => return,
        };
        tokio::select! {
            () = tokio::time::sleep(rest) => {}
            () = nudge.notified() => {}
            _ = stopping.changed() => {}
        }
    }
    let last = Turn(Box::new(move |mut behaviour: B| {
        async move {
            behaviour.finish().await;
            behaviour
        }
        .boxed_local()
    }));
    // A worker that panics now has ended all the same.
    let _ = host.send(last).await;
}
