//! Where the demo lives: a folder, two ports, and the settings that follow from them.

use std::{
    collections::BTreeMap,
    fs,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::{Path, PathBuf},
};

use anyhow::{Context as _, ensure};
use tempfile::TempDir;

use crate::{
    failure::Failure,
    roles::Roles,
    settings::{self, Settings},
};

const HTTP_PORT: u16 = 8080;
const OPS_PORT: u16 = 9464;

const HTTP: &str = "USHER_HTTP__LISTEN";
const OPS: &str = "USHER_OPS__LISTEN";
/// What the environment may say of a demo. Not where data is and where mails go: whoever tries Usher
/// where variables of a real node are set must not write into its database.
const HEEDED: [&str; 4] = [HTTP, OPS, "USHER_LOG__FILTER", "USHER_LOG__FORMAT"];

/// Where the demo lives.
#[derive(Debug)]
pub(super) struct Place {
    folder: PathBuf,
    /// Removes the folder with the demo, unless it was given.
    fleeting: Option<TempDir>,
    /// What was asked for, and where it listens.
    asked: BTreeMap<String, String>,
    /// Whether the usual port was taken.
    pub(super) moved: bool,
}

impl Place {
    /// Takes what is asked for; where nothing is, the usual ports if they are free.
    pub(super) fn find(
        listen: Option<SocketAddr>,
        data_dir: Option<PathBuf>,
        environment: impl Iterator<Item = (String, String)>,
    ) -> anyhow::Result<Self> {
        let (folder, fleeting) = if let Some(folder) = data_dir {
            fs::create_dir_all(&folder)
                .with_context(|| format!("no folder {}", folder.display()))?;
            (folder, None)
        } else {
            let fleeting = tempfile::Builder::new().prefix("usher-demo-").tempdir()?;
            (fleeting.path().to_owned(), Some(fleeting))
        };
        // It goes into URLs.
        ensure!(
            !folder.to_string_lossy().contains('?'),
            "the name of the folder has a ? in it"
        );
        let mut asked: BTreeMap<_, _> = environment
            .filter(|(name, _)| HEEDED.contains(&name.as_str()))
            .collect();
        let mut moved = false;
        if let Some(listen) = listen {
            asked.insert(HTTP.to_owned(), found(listen)?.to_string());
        } else if !asked.contains_key(HTTP) {
            let (http, is_another) = usual(HTTP_PORT);
            moved = is_another;
            asked.insert(HTTP.to_owned(), found(http)?.to_string());
        }
        // Whoever asks for a free port gets two.
        let ops = || match listen {
            Some(listen) if listen.port() == 0 => listen,
            _ => usual(OPS_PORT).0,
        };
        asked
            .entry(OPS.to_owned())
            .or_insert_with(|| ops().to_string());
        Ok(Self {
            folder,
            fleeting,
            asked,
            moved,
        })
    }

    /// Where its files are.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Whether its files go with it.
    pub(super) const fn is_fleeting(&self) -> bool {
        self.fleeting.is_some()
    }

    /// What makes a node the demo.
    pub(super) fn settings(&self) -> Result<Settings, Failure> {
        let folder = self.folder.display();
        let told = [
            ("USHER_HTTP__WORKERS", "2".to_owned()),
            ("USHER_DATABASE__URL", format!("sqlite:{folder}/usher.db")),
            ("USHER_MAIL__URL", format!("file:{folder}/mail")),
            // Passwords of a demo need no protection, and it should start at once.
            ("USHER_AUTH__ARGON2_MEMORY_KIB", "1024".to_owned()),
            ("USHER_AUTH__ARGON2_PASSES", "1".to_owned()),
            (
                "USHER_LOG__FILTER",
                "warn,actix_http::h1::dispatcher=off".to_owned(),
            ),
        ];
        let told = told.map(|(name, value)| (name.to_owned(), value));
        // What comes later holds.
        let told = told.into_iter().chain(self.asked.clone());
        Ok(settings::load(None, told, &Roles::all())?.settings)
    }
}

/// With a port that is free where any will do: mails name it before anything listens there.
fn found(address: SocketAddr) -> anyhow::Result<SocketAddr> {
    if address.port() != 0 {
        return Ok(address);
    }
    let listener = TcpListener::bind(address);
    let listener = listener.with_context(|| format!("nothing can listen at {address}"))?;
    Ok(listener.local_addr()?)
}

/// The usual port of this machine, or a free one when it is taken.
fn usual(port: u16) -> (SocketAddr, bool) {
    let usual = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let moved = TcpListener::bind(usual).is_err();
    (
        if moved {
            SocketAddr::from((Ipv4Addr::LOCALHOST, 0))
        } else {
            usual
        },
        moved,
    )
}
