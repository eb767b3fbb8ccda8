//! Lines in, replies out, and how often one waited for the other.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

pub(super) trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Duplex for T {}

/// Replies wait until everything that came was read, as in a server that pipelines.
pub(super) struct Wire {
    stream: Box<dyn Duplex>,
    input: Vec<u8>,
    output: Vec<u8>,
    is_bytewise: bool,
    has_spoken: bool,
    /// How often the other side had to hear us before it went on.
    pub(super) turns: usize,
}

impl Wire {
    pub(super) fn new(stream: Box<dyn Duplex>, is_bytewise: bool) -> Self {
        Self {
            stream,
            input: Vec::new(),
            output: Vec::new(),
            is_bytewise,
            has_spoken: false,
            turns: 0,
        }
    }

    pub(super) fn into_stream(self) -> Box<dyn Duplex> {
        self.stream
    }

    /// The next line with its end; nothing if there is none any more.
    pub(super) async fn line(&mut self) -> io::Result<Option<Vec<u8>>> {
        let mut looked_at = 0;
        loop {
            let rest = self.input.get(looked_at..).unwrap_or_default();
            if let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
                let rest = self.input.split_off(looked_at + end + 1);
                return Ok(Some(std::mem::replace(&mut self.input, rest)));
            }
            looked_at = self.input.len();
            self.flush().await?;
            // All of what was written at once is seen at once.
            self.input.reserve(64 * 1024);
            if self.stream.read_buf(&mut self.input).await? == 0 {
                return Ok(None);
            }
            self.turns += usize::from(std::mem::take(&mut self.has_spoken));
        }
    }

    pub(super) fn say(&mut self, text: &str) {
        self.output.extend_from_slice(text.as_bytes());
        self.output.extend_from_slice(b"\r\n");
    }

    pub(super) async fn flush(&mut self) -> io::Result<()> {
        self.has_spoken |= !self.output.is_empty();
        if self.is_bytewise {
            for byte in &self.output {
                self.stream.write_all(&[*byte]).await?;
                self.stream.flush().await?;
            }
        } else {
            self.stream.write_all(&self.output).await?;
            self.stream.flush().await?;
        }
        self.output.clear();
        Ok(())
    }

    pub(super) async fn close(&mut self) -> io::Result<()> {
        self.flush().await?;
        self.stream.shutdown().await
    }
}
