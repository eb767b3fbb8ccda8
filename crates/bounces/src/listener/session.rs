//! The dialogue with one sender.

use std::{io, sync::Arc};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    sync::watch,
    time::{Instant, timeout, timeout_at},
};

use super::{
    Incoming, Limits, NotKept,
    command::Command,
    line::{Body, Line, Taken, Wire},
};
use crate::return_path::ReturnPath;

/// What ends the patience with a sender: so many commands that led to nothing.
const MOST_FAULTS: u32 = 10;

/// How far a mail has been announced.
#[derive(Debug, Default)]
struct Announced {
    from: Option<String>,
    to: Option<String>,
}

/// Whether the dialogue goes on.
#[derive(Debug, PartialEq, Eq)]
enum Next {
    Listen,
    HangUp,
}

/// One connection.
#[derive(Debug)]
pub(super) struct Session {
    stream: TcpStream,
    wire: Wire,
    path: Arc<ReturnPath>,
    limits: Limits,
    stopping: watch::Receiver<bool>,
    ends: Instant,
    greeted: bool,
    announced: Announced,
    faults: u32,
}

impl Session {
    /// A connection that was just made.
    pub(super) fn new(
        stream: TcpStream,
        path: Arc<ReturnPath>,
        limits: Limits,
        stopping: watch::Receiver<bool>,
    ) -> Self {
        Self {
            stream,
            wire: Wire::default(),
            path,
            limits,
            stopping,
            ends: Instant::now() + limits.session,
            greeted: false,
            announced: Announced::default(),
            faults: 0,
        }
    }

    /// Talks until one of the two has enough.
    pub(super) async fn run<H, F>(mut self, handle: Arc<H>)
    where
        H: Fn(Incoming) -> F + Send + Sync + 'static,
        F: Future<Output = Result<(), NotKept>> + Send + 'static,
    {
        // A sender that is gone has not been answered, and will come again.
        let _ = self.talk(&*handle).await;
        let _ = timeout(self.limits.silence, self.stream.shutdown()).await;
    }

    async fn talk<H, F>(&mut self, handle: &H) -> io::Result<()>
    where
        H: Fn(Incoming) -> F,
        F: Future<Output = Result<(), NotKept>>,
    {
        let domain = self.path.domain.clone();
        self.say(&format!("220 {domain} ESMTP")).await?;
        loop {
            let line = match self.wire.line() {
                Line::Whole(line) => line,
                Line::TooLong => return self.say("500 5.5.6 Line too long").await,
                Line::Open => match self.hear().await? {
                    Next::Listen => continue,
                    Next::HangUp => return Ok(()),
                },
            };
            if self.answer(&line, handle).await? == Next::HangUp {
                return Ok(());
            }
            if self.faults >= MOST_FAULTS {
                return self.say("421 4.7.0 Too many errors").await;
            }
        }
    }

    /// Waits for more of a command.
    async fn hear(&mut self) -> io::Result<Next> {
        let mut chunk = [0; 4_096];
        let until = self.ends.min(Instant::now() + self.limits.silence);
        let heard = tokio::select! {
            biased;
            _ = self.stopping.wait_for(|stopping| *stopping) => Err("421 4.3.2 Shutting down"),
            heard = timeout_at(until, self.stream.read(&mut chunk)) => {
                heard.map_err(|_| "421 4.4.2 Timeout")
            }
        };
        let read = match heard {
            Ok(read) => read?,
            Err(why) => {
                self.say(why).await?;
                return Ok(Next::HangUp);
            }
        };
        match chunk.get(..read).unwrap_or_default() {
            [] => Ok(Next::HangUp),
            bytes => {
                self.wire.feed(bytes);
                Ok(Next::Listen)
            }
        }
    }

    async fn answer<H, F>(&mut self, line: &[u8], handle: &H) -> io::Result<Next>
    where
        H: Fn(Incoming) -> F,
        F: Future<Output = Result<(), NotKept>>,
    {
        let reply = match Command::parse(line) {
            Command::Quit => {
                self.say("221 2.0.0 Bye").await?;
                return Ok(Next::HangUp);
            }
            Command::Data if self.announced.to.is_some() => return self.data(handle).await,
            command => self.reply(command),
        };
        if reply.starts_with('5') {
            self.faults += 1;
        }
        self.say(&reply).await?;
        Ok(Next::Listen)
    }

    fn reply(&mut self, command: Command) -> String {
        let limit = self.limits.bytes;
        let fixed = match command {
            Command::Ehlo => {
                self.greeted = true;
                self.announced = Announced::default();
                let domain = &self.path.domain;
                return format!(
                    "250-{domain}\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-ENHANCEDSTATUSCODES\r\n250 SIZE {limit}"
                );
            }
            Command::Helo => {
                self.greeted = true;
                self.announced = Announced::default();
                return format!("250 {}", self.path.domain);
            }
            Command::Mail { .. } if !self.greeted => "503 5.5.1 Say EHLO first",
            Command::Mail { .. } if self.announced.from.is_some() => "503 5.5.1 One at a time",
            Command::Mail { size, .. } if size > limit => "552 5.3.4 Message too big",
            Command::Mail { from, .. } => {
                self.announced.from = Some(from);
                "250 2.1.0 OK"
            }
            Command::Rcpt { .. } if self.announced.from.is_none() => "503 5.5.1 MAIL first",
            Command::Rcpt { to } if !self.path.takes(&to) => "550 5.7.1 Relaying denied",
            // The answer behind the dot is for one mail and one recipient.
            Command::Rcpt { .. } if self.announced.to.is_some() => {
                "452 4.5.3 One recipient at a time"
            }
            Command::Rcpt { to } => {
                self.announced.to = Some(to);
                "250 2.1.5 OK"
            }
            Command::Data => "503 5.5.1 RCPT first",
            Command::Rset => {
                self.announced = Announced::default();
                "250 2.0.0 OK"
            }
            Command::Noop => "250 2.0.0 OK",
            Command::Quit => "221 2.0.0 Bye",
            Command::NotOffered => "502 5.5.1 Not offered here",
            Command::Arguments => "501 5.5.4 Syntax error in arguments",
            Command::Parameter => "555 5.5.4 Parameter not offered here",
            Command::Unknown => "500 5.5.2 Not understood",
        };
        fixed.to_owned()
    }

    /// Takes the mail and answers for it.
    async fn data<H, F>(&mut self, handle: &H) -> io::Result<Next>
    where
        H: Fn(Incoming) -> F,
        F: Future<Output = Result<(), NotKept>>,
    {
        let Announced { from, to } = std::mem::take(&mut self.announced);
        self.say("354 End with a dot on a line by itself").await?;
        let mut body = Body::new(self.limits.bytes);
        let mut come = self.wire.take();
        loop {
            if let Some(end) = body.feed(&come) {
                self.wire.feed(come.get(end..).unwrap_or_default());
                break;
            }
            if body.is_endless() {
                self.say("552 5.3.4 Message too big").await?;
                return Ok(Next::HangUp);
            }
            come.resize(16_384, 0);
            let until = self.ends.min(Instant::now() + self.limits.silence);
            let Ok(read) = timeout_at(until, self.stream.read(&mut come)).await else {
                self.say("421 4.4.2 Timeout").await?;
                return Ok(Next::HangUp);
            };
            match read? {
                0 => return Ok(Next::HangUp),
                read => come.truncate(read),
            }
        }
        let reply = match body.finish() {
            Taken::TooLarge => "552 5.3.4 Message too big",
            Taken::LineTooLong => "554 5.6.0 Line too long",
            Taken::Whole(bytes) => {
                let incoming = Incoming {
                    from: from.unwrap_or_default(),
                    to: to.unwrap_or_default(),
                    bytes,
                };
                match timeout(self.limits.handling, handle(incoming)).await {
                    Ok(Ok(())) => "250 2.0.0 Kept",
                    Ok(Err(NotKept)) | Err(_) => "451 4.3.0 Not kept, try again later",
                }
            }
        };
        self.say(reply).await?;
        Ok(Next::Listen)
    }

    async fn say(&mut self, reply: &str) -> io::Result<()> {
        let line = format!("{reply}\r\n");
        let until = self.ends.min(Instant::now() + self.limits.silence);
        // Past its end a session still says why it ends, if that can be said at once.
        let until = until.max(Instant::now() + std::time::Duration::from_secs(1));
        timeout_at(until, self.stream.write_all(line.as_bytes()))
            .await
            .map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?
    }
}
