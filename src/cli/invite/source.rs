//! The file, as it is read.

use std::{
    fs::File,
    io::{self, Read},
    path::Path,
};

use anyhow::Context as _;
use futures_util::stream::{self, Stream};

/// How much is read at once, in bytes.
const PIECE: usize = 64 << 10;

/// A file, or the standard input.
pub(super) struct Source {
    reader: Box<dyn Read + Send>,
    /// How long it is, where that is known.
    pub(super) length: Option<u64>,
}

impl Source {
    /// Opens it; `-` is the standard input.
    pub(super) fn open(path: &Path) -> anyhow::Result<Self> {
        if path == Path::new("-") {
            let reader = Box::new(io::stdin());
            return Ok(Self {
                reader,
                length: None,
            });
        }
        let file = File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
        let length = file.metadata().ok().filter(std::fs::Metadata::is_file);
        Ok(Self {
            length: length.map(|about| about.len()),
            reader: Box::new(file),
        })
    }

    /// Its pieces; each is read where it holds up nothing else.
    pub(super) fn pieces(self) -> impl Stream<Item = io::Result<Vec<u8>>> + Send {
        stream::try_unfold(self.reader, async |mut reader| {
            let read = tokio::task::spawn_blocking(move || {
                let mut piece = vec![0; PIECE];
                let length = reader.read(&mut piece)?;
                piece.truncate(length);
                io::Result::Ok((piece, reader))
            });
            let (piece, reader) = read.await.map_err(io::Error::other)??;
            Ok((!piece.is_empty()).then_some((piece, reader)))
        })
    }
}
