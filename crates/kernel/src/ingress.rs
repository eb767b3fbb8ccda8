//! From a delivery to a turn and back: deadline, caller, decode, authorise, turn, answer.

use std::{
    rc::Rc,
    sync::Arc,
    time::{Duration, Instant},
};

use actix::Addr;
use contract::{Call, Kind, Problem, Timestamp};
use futures_util::{FutureExt as _, future::LocalBoxFuture};
use tokio::sync::oneshot;
use tracing::Instrument as _;

use crate::{
    behaviour::{Asked, Behaviour, Serve, ServeMany},
    bus::{Answer, BusOptions, Delivery, Reply},
    cx::Cx,
    host::{Host, Turn, TurnError},
    inbox::Mailbox,
    metrics::RouteMetrics,
};

/// What a route's loop works with.
pub(crate) struct Entrance<B: Behaviour> {
    pub(crate) host: Addr<Host<B>>,
    pub(crate) mailbox: Mailbox,
    pub(crate) options: Rc<BusOptions>,
    pub(crate) metrics: RouteMetrics,
}

type Loop<B> = Rc<dyn Fn(Entrance<B>) -> LocalBoxFuture<'static, ()>>;

/// One line of an actor's table of contents.
pub(crate) struct Route<B: Behaviour> {
    pub(crate) subject: &'static str,
    pub(crate) run: Loop<B>,
}

impl<B: Behaviour> Route<B> {
    pub(crate) fn one<M: Call>() -> Self
    where
        B: Serve<M>,
    {
        Self {
            subject: M::SUBJECT,
            run: Rc::new(|entrance| serve_each(entrance).boxed_local()),
        }
    }

    pub(crate) fn many<M: Call>(most: usize) -> Self
    where
        B: ServeMany<M>,
    {
        let run: Loop<B> = Rc::new(move |entrance| serve_batches(entrance, most).boxed_local());
        Self {
            subject: M::SUBJECT,
            run,
        }
    }
}

fn problem_of(error: TurnError) -> Problem {
    match error {
        TurnError::Panicked => Problem::new(Kind::Panicked),
        TurnError::Down => Problem::new(Kind::Unavailable),
    }
}

/// The span of a turn: whatever is logged within bears the request id.
fn span<B: Behaviour, M: Call>(cx: &Cx) -> tracing::Span {
    let actor = B::SERVICE.name();
    tracing::info_span!("turn", actor, subject = M::SUBJECT, request_id = %cx.request_id)
}

impl<B: Behaviour> Entrance<B> {
    /// Checks everything that can be checked before a turn, in one place for every actor.
    fn check<M: Call>(&self, delivery: &Delivery) -> Result<Asked<M>, Problem> {
        let now = self.options.clock.now();
        let headers = &delivery.headers;
        let deadline = headers.deadline.map_or_else(
            || now.plus_seconds(i64::try_from(Cx::PATIENCE.as_secs()).unwrap_or(10)),
            Timestamp::from_micros,
        );
        if deadline <= now {
            return Err(Problem::new(Kind::DeadlinePassed));
        }
        let caller = headers.caller.as_deref();
        let caller = self
            .options
            .key
            .verify(M::SUBJECT, caller, &delivery.body, now)?;
        let message: M = serde_json::from_slice(&delivery.body).map_err(|error| {
            // The place only: the text of the error may quote a password.
            let place = format!("line {}, column {}", error.line(), error.column());
            Problem::new(Kind::Malformed).detail(format!("not a {} ({place})", M::SUBJECT))
        })?;
        caller.may(M::FROM, M::NEEDS, message.organisation())?;
        let request_id = headers.request_id.clone().unwrap_or_default();
        // Here and not in the span of a turn: a batch is one turn of many requests.
        tracing::debug!(actor = B::SERVICE.name(), subject = M::SUBJECT, %request_id, "taken");
        Ok(Asked {
            message,
            cx: Cx {
                caller,
                deadline,
                request_id,
            },
        })
    }

    /// Takes a turn for `work`, whose result comes back unless it panics.
    async fn turn<T, W>(&self, work: W) -> Result<T, TurnError>
    where
        T: Send + 'static,
        W: FnOnce(B) -> LocalBoxFuture<'static, (B, T)> + Send + 'static,
    {
        let (put, get) = oneshot::channel();
        let turn = Turn(Box::new(move |behaviour| {
            async move {
                let (behaviour, result) = work(behaviour).await;
                let _ = put.send(result);
                behaviour
            }
            .boxed_local()
        }));
        match self.host.send(turn).await {
            Ok(Ok(())) => get.await.map_err(|_| TurnError::Down),
            Ok(Err(error)) => Err(error),
            Err(_) => Err(TurnError::Down),
        }
    }
}

async fn answer<R: serde::Serialize>(
    reply: Reply,
    metrics: &RouteMetrics,
    took: Duration,
    result: Result<R, Problem>,
) {
    let packed = result.and_then(|value| {
        let body = serde_json::to_vec(&value).map_err(|_| Problem::new(Kind::Internal))?;
        if body.len() > crate::bus::PAYLOAD_MOST {
            tracing::error!(
                bytes = body.len(),
                "an answer is larger than the bus carries"
            );
            return Err(Problem::new(Kind::Internal));
        }
        Ok(body)
    });
    metrics.record(packed.as_ref().err(), took);
    let answer = match packed {
        Ok(body) => Answer {
            error: None,
            body: body.into(),
        },
        Err(problem) => Answer::problem(&problem),
    };
    reply.send(answer).await;
}

async fn serve_each<B: Serve<M>, M: Call>(entrance: Entrance<B>) {
    while let Some(delivery) = entrance.mailbox.next().await {
        let started = Instant::now();
        let result = match entrance.check::<M>(&delivery) {
            Err(problem) => Err(problem),
            Ok(Asked { message, cx }) => entrance
                .turn({
                    let clock = Arc::clone(&entrance.options.clock);
                    move |mut behaviour: B| {
                        let span = span::<B, M>(&cx);
                        async move {
                            // The instance may have been busy with another kind of message until now.
                            let result = match cx.remaining(clock.now()) {
                                Some(_) => behaviour.serve(message, &cx).await,
                                None => Err(Problem::new(Kind::DeadlinePassed)),
                            };
                            (behaviour, result)
                        }
                        .instrument(span)
                        .boxed_local()
                    }
                })
                .await
                .unwrap_or_else(|error| Err(problem_of(error))),
        };
        answer(delivery.reply, &entrance.metrics, started.elapsed(), result).await;
    }
}

async fn serve_batches<B: ServeMany<M>, M: Call>(entrance: Entrance<B>, most: usize) {
    loop {
        let chunk = entrance.mailbox.chunk(most).await;
        if chunk.is_empty() {
            return;
        }
        let started = Instant::now();
        let (mut batch, mut replies) = (Vec::new(), Vec::new());
        for delivery in chunk {
            match entrance.check::<M>(&delivery) {
                Ok(asked) => {
                    batch.push(asked);
                    replies.push(delivery.reply);
                }
                Err(problem) => {
                    let refused = Err::<(), _>(problem);
                    answer(
                        delivery.reply,
                        &entrance.metrics,
                        started.elapsed(),
                        refused,
                    )
                    .await;
                }
            }
        }
        if batch.is_empty() {
            continue;
        }
        #[expect(clippy::cast_precision_loss, reason = "a batch is small")]
        entrance.metrics.batch.observe(batch.len() as f64);
        let results = serve_batch(&entrance, Arc::new(batch)).await;
        for (reply, result) in replies.into_iter().zip(results) {
            answer(reply, &entrance.metrics, started.elapsed(), result).await;
        }
    }
}

/// Serves a batch in one turn; if the turn panics or fails, its messages one by one.
async fn serve_batch<B: ServeMany<M>, M: Call>(
    entrance: &Entrance<B>,
    batch: Arc<Vec<Asked<M>>>,
) -> Vec<Result<M::Reply, Problem>> {
    let whole = turn_of(entrance, Arc::clone(&batch), 0..batch.len()).await;
    let is_in_doubt = whole
        .as_ref()
        .is_err_and(|problem| problem.kind.is_in_doubt());
    match whole {
        Ok(results) if results.len() == batch.len() => return results,
        Ok(results) => tracing::error!(
            asked = batch.len(),
            answered = results.len(),
            subject = M::SUBJECT,
            "a batch was answered with another number of results",
        ),
        Err(problem) if batch.len() == 1 => return vec![Err(problem)],
        Err(problem) => {
            tracing::warn!(subject = M::SUBJECT, messages = batch.len(), %problem, "batch replayed one by one");
        }
    }
    let mut results = Vec::with_capacity(batch.len());
    let mut unavailable = None;
    for (index, asked) in batch.iter().enumerate() {
        if asked.cx.remaining(entrance.options.clock.now()).is_none() {
            results.push(Err(Problem::new(Kind::DeadlinePassed)));
            continue;
        }
        // Unavailable is a state of the database, not of a message: the rest need not wait for it.
        if let Some(problem) = &unavailable {
            results.push(Err(Problem::clone(problem)));
            continue;
        }
        let single = turn_of(entrance, Arc::clone(&batch), index..index + 1).await;
        let result = single.and_then(|mut one| {
            one.pop()
                .unwrap_or_else(|| Err(Problem::new(Kind::Internal)))
        });
        let result = result.map_err(|problem| {
            if problem.kind != Kind::Unavailable {
                return problem;
            }
            // Together they may have been done, and nobody was there to tell.
            let problem = if is_in_doubt {
                Problem::new(Kind::InDoubt)
            } else {
                problem
            };
            unavailable.insert(problem).clone()
        });
        results.push(result);
    }
    results
}

type Results<M> = Result<Vec<Result<<M as Call>::Reply, Problem>>, Problem>;

async fn turn_of<B: ServeMany<M>, M: Call>(
    entrance: &Entrance<B>,
    batch: Arc<Vec<Asked<M>>>,
    part: std::ops::Range<usize>,
) -> Results<M> {
    let work = move |mut behaviour: B| {
        let span = batch
            .get(part.start)
            .map_or_else(tracing::Span::none, |asked| {
                let span = span::<B, M>(&asked.cx);
                span.in_scope(|| tracing::debug!(messages = part.len(), "batch"));
                span
            });
        async move {
            let part = batch.get(part).unwrap_or_default();
            let results = behaviour.serve_many(part).await;
            (behaviour, results)
        }
        .instrument(span)
        .boxed_local()
    };
    entrance
        .turn(work)
        .await
        .unwrap_or_else(|error| Err(problem_of(error)))
}
