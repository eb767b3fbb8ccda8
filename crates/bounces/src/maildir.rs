//! Mail that something else put into a folder: `new/` is what is to be read, `cur/` what was.
//!
//! A worker takes the next, handles it and says that it is done. A crash in between leaves it in
//! `new/`, and it is handled again: reports bear the same ids then.

use std::{
    fs, io,
    io::Read as _,
    path::{Path, PathBuf},
};

use tokio::task::spawn_blocking;

use crate::mail::MOST_BYTES;

/// A mail that waits in the folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Where it lies.
    pub path: PathBuf,
    /// The mail, or as much of it as is ever read.
    pub bytes: Vec<u8>,
}

/// The oldest mail that waits in the maildir and can be read; a mail that is still being written
/// (`tmp/`) does not.
pub async fn next(maildir: &Path) -> io::Result<Option<Found>> {
    let new = maildir.join("new");
    blocking(move || {
        let mut names = Vec::new();
        for entry in fs::read_dir(&new)? {
            let entry = entry?;
            // What a link leads to is not ours to read.
            let is_file = entry.file_type().is_ok_and(|kind| kind.is_file());
            if is_file && !entry.file_name().as_encoded_bytes().starts_with(b".") {
                names.push(entry.file_name());
            }
        }
        // A name begins with the seconds of its delivery.
        names.sort_unstable();
        // One that cannot be opened must not keep the others waiting.
        Ok(names.into_iter().find_map(|name| {
            let path = new.join(name);
            let mut bytes = Vec::new();
            let most = u64::try_from(MOST_BYTES).unwrap_or(u64::MAX);
            let file = fs::File::open(&path).ok()?;
            file.take(most).read_to_end(&mut bytes).ok()?;
            Some(Found { path, bytes })
        }))
    })
    .await
}

/// Notes that a mail was handled: it moves from `new/` to `cur/`, seen.
pub async fn done(path: &Path) -> io::Result<()> {
    let path = path.to_owned();
    blocking(move || {
        let nowhere = || io::Error::from(io::ErrorKind::NotFound);
        let new = path.parent().ok_or_else(nowhere)?;
        let maildir = new.parent().ok_or_else(nowhere)?;
        let mut seen = path.file_name().ok_or_else(nowhere)?.to_owned();
        seen.push(":2,S");
        // The folder is made once by whoever delivers; some make `new/` alone.
        fs::create_dir_all(maildir.join("cur"))?;
        fs::rename(&path, maildir.join("cur").join(seen))?;
        // Without this a power cut may bring it back; that would only be read once more.
        fs::File::open(new)?.sync_all()
    })
    .await
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    spawn_blocking(work).await.map_err(io::Error::other)?
}
