//! What must be remembered of the seeding, so that a demo whose data was kept tells the same again.

use std::{fs, io::ErrorKind, path::Path};

use anyhow::Context as _;
use contract::{
    EmailAddress, Secret,
    ids::{LinkId, OrganisationId},
};
use serde::{Deserialize, Serialize};

const FILE: &str = "demo.json";

/// What was seeded.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Keepsake {
    /// The organisation.
    pub(super) organisation: OrganisationId,
    /// The access link.
    pub(super) link: LinkId,
    /// What its URL ends with.
    pub(super) link_token: Secret,
    /// Who signs in to the Subscription Manager.
    pub(super) administrator: EmailAddress,
    /// With what.
    pub(super) password: Secret,
    /// The operator's API token.
    pub(super) operator_token: Secret,
}

impl Keepsake {
    /// What an earlier run left.
    pub(super) fn read(folder: &Path) -> anyhow::Result<Option<Self>> {
        let path = folder.join(FILE);
        let text = match fs::read(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            text => text.with_context(|| path.display().to_string())?,
        };
        let keepsake = serde_json::from_slice(&text);
        keepsake
            .map(Some)
            .with_context(|| format!("{} is not what it was", path.display()))
    }

    /// Leaves it to later runs.
    pub(super) fn write(&self, folder: &Path) -> anyhow::Result<()> {
        let path = folder.join(FILE);
        let text = serde_json::to_vec_pretty(self)?;
        fs::write(&path, text).with_context(|| path.display().to_string())
    }
}
