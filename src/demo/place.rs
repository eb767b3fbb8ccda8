//! Where the demo lives: a folder, two ports, and the settings that follow from them.

use std::{
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

/// Where the demo lives.
#[derive(Debug)]
pub(super) struct Place {
    folder: PathBuf,
    /// Removes the folder with the demo, unless it was given.
    fleeting: Option<TempDir>,
    http: SocketAddr,
    ops: SocketAddr,
    /// Whether the usual port was taken.
    pub(super) moved: bool,
}

impl Place {
    /// Takes what is asked for; where nothing is, the usual ports if they are free.
    pub(super) fn find(
        listen: Option<SocketAddr>,
        data_dir: Option<PathBuf>,
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
        let (http, moved) = match listen {
            Some(listen) => (listen, false),
            None => usual(HTTP_PORT),
        };
        // Whoever asks for a free port gets two.
        let ops = match listen {
            Some(listen) if listen.port() == 0 => listen,
            _ => usual(OPS_PORT).0,
        };
        Ok(Self {
            folder,
            fleeting,
            http,
            ops,
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
            ("USHER_HTTP__LISTEN", self.http.to_string()),
            ("USHER_HTTP__WORKERS", "2".to_owned()),
            ("USHER_OPS__LISTEN", self.ops.to_string()),
            ("USHER_DATABASE__URL", format!("sqlite:{folder}/usher.db")),
            ("USHER_MAIL__URL", format!("file:{folder}/mail")),
            // Passwords of a demo need no protection, and it should start at once.
            ("USHER_AUTH__ARGON2_MEMORY_KIB", "1024".to_owned()),
            ("USHER_AUTH__ARGON2_PASSES", "1".to_owned()),
            ("USHER_LOG__FILTER", "warn".to_owned()),
        ];
        let told = told.map(|(name, value)| (name.to_owned(), value));
        Ok(settings::load(None, told, &Roles::all())?.settings)
    }
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
