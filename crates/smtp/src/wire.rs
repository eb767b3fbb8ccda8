//! Bytes with timers.

use std::{fmt, io};

use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    time::timeout,
};

use crate::{
    Reply, Stage, Timeouts, Trouble,
    decoder::{Decoder, Lines},
};

/// Both directions, encrypted or not.
pub(crate) trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Duplex for T {}

/// How much is read at once.
const CHUNK: usize = 4096;

/// A connection to the relay.
pub(crate) struct Wire {
    stream: Box<dyn Duplex>,
    decoder: Decoder,
    timeouts: Timeouts,
}

impl Wire {
    pub(crate) fn new(stream: Box<dyn Duplex>, timeouts: Timeouts) -> Self {
        Self {
            stream,
            decoder: Decoder::default(),
            timeouts,
        }
    }

    /// Gives the stream up. What came over it and was not read is forgotten: after STARTTLS it might
    /// be from somebody in between.
    pub(crate) fn into_stream(self) -> Box<dyn Duplex> {
        self.stream
    }

    pub(crate) const fn timeouts(&self) -> &Timeouts {
        &self.timeouts
    }

    /// Something came that nobody asked for.
    pub(crate) const fn has_unread(&self) -> bool {
        !self.decoder.is_empty()
    }

    /// Writes all of it; tells after each step how much is out of our hands.
    pub(crate) async fn write(
        &mut self,
        bytes: &[u8],
        mut left: impl FnMut(usize),
    ) -> Result<(), Trouble> {
        let patience = self.timeouts.write;
        let mut written = 0;
        while let Some(rest) = bytes.get(written..).filter(|rest| !rest.is_empty()) {
            match timeout(patience, self.stream.write(rest)).await {
                Ok(Ok(0)) => return Err(Trouble::Closed),
                Ok(Ok(count)) => {
                    written += count;
                    left(written);
                }
                Ok(Err(error)) => return Err(failed(&error)),
                Err(_) => return Err(Trouble::Late(Stage::Write)),
            }
        }
        match timeout(patience, self.stream.flush()).await {
            Ok(flushed) => flushed.map_err(|error| failed(&error)),
            Err(_) => Err(Trouble::Late(Stage::Write)),
        }
    }

    /// Says a command and reads its reply.
    pub(crate) async fn ask(&mut self, stage: Stage, command: &[u8]) -> Result<Lines, Trouble> {
        if self.has_unread() {
            return Err(unasked());
        }
        self.write(command, |_| {}).await?;
        self.hear(stage).await
    }

    /// Reads the next reply.
    pub(crate) async fn hear(&mut self, stage: Stage) -> Result<Lines, Trouble> {
        let patience = self.timeouts.of(stage);
        match timeout(patience, self.read()).await {
            Ok(heard) => heard,
            Err(_) => Err(Trouble::Late(stage)),
        }
    }

    /// Reads the next reply, however long that takes. It may be dropped while it waits.
    pub(crate) async fn read(&mut self) -> Result<Lines, Trouble> {
        loop {
            let found = self.decoder.next_lines();
            if let Some(lines) = found.map_err(|why| Trouble::Strange(why.to_string()))? {
                return Ok(lines);
            }
            self.decoder.bytes.reserve(CHUNK);
            match self.stream.read_buf(&mut self.decoder.bytes).await {
                Ok(0) => return Err(Trouble::Closed),
                Ok(_) => {}
                Err(error) => return Err(failed(&error)),
            }
        }
    }

    /// Says goodbye; how that ends changes nothing.
    pub(crate) async fn quit(mut self) {
        let patience = self.timeouts.quit;
        let goodbye = async {
            if self.write(b"QUIT\r\n", |_| {}).await.is_ok() {
                let _ = self.read().await;
            }
            let _ = self.stream.shutdown().await;
        };
        let _ = timeout(patience, goodbye).await;
    }
}

impl fmt::Debug for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wire").finish_non_exhaustive()
    }
}

/// A reply came before its command.
pub(crate) fn unasked() -> Trouble {
    Trouble::Strange("a reply to nothing".to_owned())
}

/// A reply that is none to what was said.
pub(crate) fn unexpected(stage: Stage, reply: Reply) -> Trouble {
    if reply.code == 421 {
        return Trouble::Ended(stage, reply);
    }
    Trouble::Strange(format!("{reply} to {stage}"))
}

pub(crate) fn failed(error: &io::Error) -> Trouble {
    match error.kind() {
        io::ErrorKind::UnexpectedEof
        | io::ErrorKind::ConnectionReset
        | io::ErrorKind::BrokenPipe => Trouble::Closed,
        _ => Trouble::Failed(error.to_string()),
    }
}
