//! One connection to the sink.

use std::io;
use std::time::Instant;

use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufStream};
use tokio::net::TcpStream;
use tokio::sync::watch;

use super::{Answer, Mail, State};

const HELLO: &str = "250-sink\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-ENHANCEDSTATUSCODES\r\n\
    250-SMTPUTF8\r\n250 SIZE 10485760";

/// Serves a connection until it ends, by whichever side.
pub(super) async fn run(
    stream: TcpStream,
    connection: usize,
    state: watch::Sender<State>,
) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let stream = BufStream::new(stream);
    let mut session = Session {
        stream,
        connection,
        state,
        begun: 0,
        from: None,
        recipients: Vec::new(),
    };
    session.reply("220 sink ESMTP").await?;
    while let Some(line) = session.line().await? {
        let line = String::from_utf8_lossy(&line);
        if session.command(line.trim_end()).await? == Next::Close {
            break;
        }
    }
    session.stream.shutdown().await
}

struct Session {
    stream: BufStream<TcpStream>,
    connection: usize,
    state: watch::Sender<State>,
    /// How many messages this connection has begun.
    begun: usize,
    from: Option<String>,
    recipients: Vec<String>,
}

#[derive(PartialEq, Eq)]
enum Next {
    Line,
    Close,
}

impl Session {
    async fn command(&mut self, line: &str) -> io::Result<Next> {
        let verb = line
            .split([' ', ':'])
            .next()
            .unwrap_or_default()
            .to_ascii_uppercase();
        match verb.as_str() {
            "EHLO" => self.reply(HELLO).await?,
            "HELO" => self.reply("250 sink").await?,
            "MAIL" => return self.mail(line).await,
            "RCPT" => self.rcpt(line).await?,
            "DATA" => return self.data().await,
            "RSET" => {
                self.reset();
                self.state.send_modify(|state| state.resets += 1);
                self.reply("250 2.0.0 forgotten").await?;
            }
            "NOOP" => self.reply("250 2.0.0 done").await?,
            "QUIT" => {
                self.reply("221 2.0.0 goodbye").await?;
                return Ok(Next::Close);
            }
            _ => self.reply("502 5.5.1 not known here").await?,
        }
        Ok(Next::Line)
    }

    async fn mail(&mut self, line: &str) -> io::Result<Next> {
        let limit = self.state.borrow().mails_per_connection;
        if limit.is_some_and(|limit| self.begun >= limit) {
            self.reply("421 4.7.0 too many messages on this connection")
                .await?;
            return Ok(Next::Close);
        }
        if self.from.is_some() {
            self.reply("503 5.5.1 one at a time").await?;
            return Ok(Next::Line);
        }
        self.begun += 1;
        self.from = Some(address(line));
        self.reply("250 2.1.0 sender taken").await?;
        Ok(Next::Line)
    }

    async fn rcpt(&mut self, line: &str) -> io::Result<()> {
        if self.from.is_none() {
            return self.reply("503 5.5.1 MAIL first").await;
        }
        let recipient = address(line);
        if let Some(Answer::Recipient(reply)) = self.answer(&recipient) {
            return self.reply(&reply).await;
        }
        self.recipients.push(recipient);
        self.reply("250 2.1.5 recipient taken").await
    }

    async fn data(&mut self) -> io::Result<Next> {
        let is_for_nobody = self.recipients.is_empty();
        if is_for_nobody && !self.state.borrow().goes_on_regardless {
            self.reply("554 5.5.1 no valid recipients").await?;
            return Ok(Next::Line);
        }
        self.reply("354 go on, end with a dot").await?;
        let Some(raw) = self.body().await? else {
            return Ok(Next::Close);
        };
        if is_for_nobody {
            self.reset();
            self.reply("554 5.5.1 no valid recipients").await?;
            return Ok(Next::Line);
        }
        let answer = self
            .recipients
            .iter()
            .find_map(|recipient| self.answer(recipient));
        if let Some(Answer::Message(reply)) = answer {
            self.reset();
            self.reply(&reply).await?;
            return Ok(Next::Line);
        }
        let mail = Mail {
            connection: self.connection,
            from: self.from.take().unwrap_or_default(),
            recipients: std::mem::take(&mut self.recipients),
            raw,
            at: Instant::now(),
        };
        let number = {
            self.state.send_modify(|state| state.mails.push(mail));
            self.state.borrow().mails.len()
        };
        if answer == Some(Answer::Vanish) {
            return Ok(Next::Close);
        }
        self.reply(&format!("250 2.0.0 kept as {number}")).await?;
        Ok(Next::Line)
    }

    /// Everything up to the dot on a line of its own; nothing if the connection ended before it.
    async fn body(&mut self) -> io::Result<Option<Vec<u8>>> {
        let mut raw = Vec::new();
        while let Some(line) = self.line().await? {
            if line == b".\r\n" {
                return Ok(Some(raw));
            }
            raw.extend_from_slice(line.strip_prefix(b".").unwrap_or(&line));
        }
        Ok(None)
    }

    fn reset(&mut self) {
        self.from = None;
        self.recipients.clear();
    }

    fn answer(&self, recipient: &str) -> Option<Answer> {
        self.state
            .borrow()
            .script
            .get(&recipient.to_lowercase())
            .cloned()
    }

    async fn line(&mut self) -> io::Result<Option<Vec<u8>>> {
        let mut line = Vec::new();
        let count = self.stream.read_until(b'\n', &mut line).await?;
        Ok((count > 0).then_some(line))
    }

    async fn reply(&mut self, text: &str) -> io::Result<()> {
        self.stream.write_all(text.as_bytes()).await?;
        self.stream.write_all(b"\r\n").await?;
        self.stream.flush().await
    }
}

/// What stands between `<` and `>`.
fn address(line: &str) -> String {
    let inner = line
        .split_once('<')
        .and_then(|(_, rest)| rest.rsplit_once('>'));
    inner
        .map(|(address, _)| address.to_owned())
        .unwrap_or_default()
}
