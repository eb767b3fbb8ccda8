//! `usher serve`.

use std::process::ExitCode;

use clap::Args;

use super::{Sources, node_roles::NodeRoles, print};
use crate::{failure::Failure, ground::Purpose, node::Node, reread::Reread, telemetry};

/// Runs a node until it is told to stop.
///
/// Prints one line when it is ready: `ready http=URL ops=URL`. SIGTERM or SIGINT: takes nothing
/// more, finishes what was taken, ends. A second one ends at once. SIGHUP: reads the settings again;
/// limits and times of mail and throttles change at once, other settings with the next start.
#[derive(Debug, Args)]
pub(super) struct Serve {
    #[command(flatten)]
    sources: Sources,
    #[command(flatten)]
    roles: NodeRoles,
}

impl Serve {
    pub(super) fn run(self) -> Result<ExitCode, Failure> {
        let roles = self.roles.get();
        let loaded = self.sources.load(&roles)?;
        telemetry::start(&loaded.settings.log)?;
        for warning in &loaded.warnings {
            tracing::warn!("{warning}");
        }
        let (settings, sources) = (loaded.settings.clone(), self.sources);
        let again = roles.clone();
        let reread = Some(Reread::new(loaded, move || sources.read(&again)));
        Node::run(settings, &roles, Purpose::Work, reread, async |node| {
            print(&node.ready_line())
        })
    }
}
