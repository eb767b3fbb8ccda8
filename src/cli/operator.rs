//! What the operator does from the command line goes the way of everything: a message to its actor,
//! on a bus that is only this process.

use contract::{Call, Caller, Problem, Service};
use kernel::{Cx, Stage};
use prometheus::Registry;

use super::Sources;
use crate::{
    failure::Failure,
    ground::Ground,
    roles::Roles,
    settings::{Settings, bus::LOCAL},
    stages::admin_directory,
    telemetry,
};

/// Sends a message to admin-directory as the operator.
pub(super) fn send<M: Call>(
    sources: &Sources,
    message: M,
) -> Result<(M::Reply, Settings), Failure> {
    let settings = sources.load(&Roles::all())?.settings;
    telemetry::start_quiet()?;
    let mut alone = settings.clone();
    alone.bus.url = LOCAL.into();
    let reply = actix_rt::System::new().block_on(exchange(alone, message))?;
    Ok((reply, settings))
}

async fn exchange<M: Call>(settings: Settings, message: M) -> anyhow::Result<M::Reply> {
    let ground = Ground::lay(settings, Registry::new(), &Roles::all()).await?;
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
    let clock = bus.clock();
    let caller = Caller::operator(Service::Node, clock.now());
    let cx = Cx::begin(caller, format!("cli-{}", clock.ulid()), &**clock);
    let reply = bus.call(&message, &cx).await.map_err(plain);
    stage.stop().await;
    reply
}

/// A problem as a plain sentence.
fn plain(problem: Problem) -> anyhow::Error {
    let mut sentence = problem.detail.unwrap_or(problem.title);
    for error in problem.errors {
        sentence = format!("{sentence} {}: {}", error.field, error.detail);
    }
    anyhow::Error::msg(sentence)
}
