//! `usher demo`: everything in one process, with something in it to look at.
//!
//! # Map
//! - `place`: its folder, its ports, its settings.
//! - `seed`: what is in it, made through the bus like everything else.
//! - `keepsake`: what must be remembered of the seeding, to be told again.
//! - `welcome`: what is printed.

mod keepsake;
mod place;
mod seed;
mod welcome;

use std::{net::SocketAddr, path::PathBuf, process::ExitCode};

use anyhow::Context as _;

use crate::{failure::Failure, ground::Purpose, node::Node, roles::Roles, telemetry};

use self::{keepsake::Keepsake, place::Place};

/// Runs the demo until it is told to stop.
pub fn run(
    listen: Option<SocketAddr>,
    data_dir: Option<PathBuf>,
    environment: impl Iterator<Item = (String, String)>,
) -> Result<ExitCode, Failure> {
    let place = Place::find(listen, data_dir, environment)?;
    let settings = place.settings()?;
    telemetry::start(&settings.log)?;
    Node::run(settings, &Roles::all(), Purpose::Show, None, async |node| {
        let seeds = if let Some(keepsake) = Keepsake::read(place.folder())? {
            keepsake
        } else {
            let seeds = seed::seed(node)
                .await
                .context("the demo cannot be seeded")?;
            seeds.write(place.folder())?;
            seeds
        };
        print!("{}", welcome::text(node, &place, &seeds));
        Ok(())
    })
}
