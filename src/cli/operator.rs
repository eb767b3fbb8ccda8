//! What the operator does from the command line goes the way of everything: a message to its actor,
//! on a bus that is only this process.

use contract::{Call, Caller, Cursor, Kind, Page, Problem, Service};
use kernel::{Bus, Cx, Stage};

use super::Sources;
use crate::{
    failure::Failure,
    ground::Ground,
    settings::{Settings, bus::LOCAL},
    stages::admin_directory,
    telemetry,
};

/// Sends a message to admin-directory as the operator.
pub(super) fn send<M: Call>(
    sources: &Sources,
    message: M,
) -> Result<(M::Reply, Settings), Failure> {
    talk(sources, async |bus: &Bus| {
        ask(bus, &message).await.map_err(plain)
    })
}

/// The same about something; `absent` is said where it is not there.
pub(super) fn send_about<M: Call>(
    sources: &Sources,
    message: M,
    absent: &str,
) -> Result<(M::Reply, Settings), Failure> {
    talk(sources, async |bus: &Bus| {
        let reply = ask(bus, &message).await;
        reply.map_err(|problem| match problem.kind {
            Kind::NotFound => anyhow::Error::msg(absent.to_owned()),
            _ => plain(problem),
        })
    })
}

/// Asks admin-directory for every page of a list, one after the other.
pub(super) fn list<T, M: Call<Reply = Page<T>>>(
    sources: &Sources,
    page: impl Fn(Option<Cursor>) -> M,
) -> Result<Vec<T>, Failure> {
    let everything = async |bus: &Bus| {
        let (mut items, mut cursor) = (Vec::new(), None);
        loop {
            let next = ask(bus, &page(cursor)).await.map_err(plain)?;
            items.extend(next.items);
            cursor = next.next_cursor;
            if cursor.is_none() {
                return Ok(items);
            }
        }
    };
    let (items, _) = talk(sources, everything)?;
    Ok(items)
}

fn talk<T>(
    sources: &Sources,
    say: impl AsyncFnOnce(&Bus) -> anyhow::Result<T>,
) -> Result<(T, Settings), Failure> {
    let settings = sources.load_without_mail()?.settings;
    telemetry::start_quiet()?;
    let mut alone = settings.clone();
    alone.bus.url = LOCAL.into();
    let reply = actix_rt::System::new().block_on(alongside(alone, say))?;
    Ok((reply, settings))
}

/// Something is said while there is an admin-directory.
async fn alongside<T>(
    settings: Settings,
    say: impl AsyncFnOnce(&Bus) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let ground = Ground::lay_on_what_is_there(settings).await?;
    let bus = ground
        .connect("admin", Service::Node)
        .await
        .map_err(plain)?
        .bus;
    let mut stage = Stage::new(
        bus.clone(),
        ground.health.clone(),
        ground.settings.actors.stage(),
    );
    let directory = admin_directory(&ground, ground.open("admin").await?);
    stage.actor(1, directory).await?;
    let said = say(&bus).await;
    stage.stop().await;
    ground.leave().await;
    said
}

async fn ask<M: Call>(bus: &Bus, message: &M) -> Result<M::Reply, Problem> {
    let clock = bus.clock();
    let caller = Caller::operator(Service::Node, clock.now());
    let cx = Cx::begin(caller, format!("cli-{}", clock.ulid()), &**clock);
    bus.call(message, &cx).await
}

/// A problem as a plain sentence.
fn plain(problem: Problem) -> anyhow::Error {
    let mut sentence = problem.detail.unwrap_or(problem.title);
    for error in problem.errors {
        sentence = format!("{sentence} {}: {}", error.field, error.detail);
    }
    anyhow::Error::msg(sentence)
}
