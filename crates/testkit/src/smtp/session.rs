//! One connection to the sink.

use std::io;
use std::time::Instant;

use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::sleep;

use super::certificate::Certificate;
use super::login;
use super::script::{SmtpAct, SmtpAt, SmtpMoment, SmtpScript, SmtpTls};
use super::wire::{Duplex, Wire};
use super::{Answer, Mail, State};

/// What is the same for all connections.
#[derive(Clone)]
pub(super) struct Shared {
    pub(super) state: watch::Sender<State>,
    pub(super) script: SmtpScript,
    pub(super) certificate: Option<Certificate>,
}

/// Serves a connection until it ends, by whichever side.
pub(super) async fn run(stream: TcpStream, connection: usize, shared: Shared) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut stream: Box<dyn Duplex> = Box::new(stream);
    let mut is_encrypted = false;
    if let (SmtpTls::Implicit, Some(certificate)) = (shared.script.tls, &shared.certificate) {
        stream = Box::new(certificate.acceptor.accept(stream).await?);
        is_encrypted = true;
    }
    let mut session = Session {
        wire: Wire::new(stream, shared.script.is_bytewise),
        connection,
        shared,
        is_encrypted,
        is_known: false,
        begun: 0,
        from: None,
        recipients: Vec::new(),
    };
    if session
        .answer(SmtpAt::Greeting, "", "220 sink ESMTP")
        .await?
        == Said::End
    {
        return session.wire.close().await;
    }
    while let Some(line) = session.line().await? {
        let line = String::from_utf8_lossy(&line);
        match session.command(line.trim_end()).await? {
            Next::Line => {}
            Next::Encrypt => session = session.encrypt().await?,
            Next::Close => break,
        }
    }
    session.wire.close().await
}

struct Session {
    wire: Wire,
    connection: usize,
    shared: Shared,
    is_encrypted: bool,
    is_known: bool,
    /// How many messages this connection has begun.
    begun: usize,
    from: Option<String>,
    recipients: Vec<String>,
}

#[derive(PartialEq, Eq)]
enum Next {
    Line,
    Encrypt,
    Close,
}

/// What was said, and whether the connection goes on.
#[derive(PartialEq, Eq)]
enum Said {
    Yes,
    No,
    End,
}

impl Session {
    async fn command(&mut self, line: &str) -> io::Result<Next> {
        let verb = line
            .split([' ', ':'])
            .next()
            .unwrap_or_default()
            .to_ascii_uppercase();
        self.shared.state.send_modify(|state| {
            *state.commands.entry(verb.clone()).or_default() += 1;
        });
        let needs_login = self.shared.script.login.is_some() && !self.is_known;
        let said = match verb.as_str() {
            "EHLO" => self.answer(SmtpAt::Hello, "", &self.hello()).await?,
            "HELO" => self.answer(SmtpAt::Hello, "", "250 sink").await?,
            "STARTTLS" => return self.starttls().await,
            "AUTH" => self.auth(line).await?,
            "MAIL" | "RCPT" | "DATA" if needs_login => {
                self.wire.say("530 5.7.0 authentication required");
                Said::No
            }
            "MAIL" => self.mail(line).await?,
            "RCPT" => self.rcpt(line).await?,
            "DATA" => self.data().await?,
            "RSET" => {
                self.reset();
                self.answer(SmtpAt::Reset, "", "250 2.0.0 forgotten")
                    .await?
            }
            "NOOP" => self.say("250 2.0.0 done"),
            "QUIT" => {
                self.answer(SmtpAt::Quit, "", "221 2.0.0 goodbye").await?;
                Said::End
            }
            _ => self.say("502 5.5.1 not known here"),
        };
        Ok(match said {
            Said::End => Next::Close,
            Said::Yes | Said::No => Next::Line,
        })
    }

    fn hello(&self) -> String {
        let script = &self.shared.script;
        let mut lines = vec!["sink", "8BITMIME", "ENHANCEDSTATUSCODES", "SMTPUTF8"];
        if script.is_pipelined {
            lines.push("PIPELINING");
        }
        if script.tls == SmtpTls::Offered && !self.is_encrypted {
            lines.push("STARTTLS");
        }
        let auth = format!("AUTH {}", script.mechanisms);
        if script.login.is_some() {
            lines.push(&auth);
        }
        let size = format!("SIZE {}", script.size);
        if script.size > 0 {
            lines.push(&size);
        }
        let last = lines.pop().unwrap_or("sink");
        let mut text = String::new();
        for line in lines {
            text.push_str("250-");
            text.push_str(line);
            text.push_str("\r\n");
        }
        text.push_str("250 ");
        text.push_str(last);
        text
    }

    async fn starttls(&mut self) -> io::Result<Next> {
        if self.shared.certificate.is_none() || self.is_encrypted {
            self.wire.say("502 5.5.1 not known here");
            return Ok(Next::Line);
        }
        let ready = format!("220 2.0.0 ready{}", self.shared.script.injected);
        Ok(match self.answer(SmtpAt::StartTls, "", &ready).await? {
            Said::Yes => Next::Encrypt,
            Said::No => Next::Line,
            Said::End => Next::Close,
        })
    }

    async fn encrypt(mut self) -> io::Result<Self> {
        self.wire.flush().await?;
        let stream = self.wire.into_stream();
        let Some(certificate) = &self.shared.certificate else {
            return Err(io::Error::other("no certificate"));
        };
        let stream = certificate.acceptor.accept(stream).await?;
        self.wire = Wire::new(Box::new(stream), self.shared.script.is_bytewise);
        self.is_encrypted = true;
        Ok(self)
    }

    async fn auth(&mut self, line: &str) -> io::Result<Said> {
        let shown = login::read(&mut self.wire, line).await?;
        let is_right = shown.is_some() && shown == self.shared.script.login;
        let reply = if is_right {
            "235 2.7.0 welcome"
        } else {
            "535 5.7.8 authentication failed"
        };
        let said = self.answer(SmtpAt::Auth, "", reply).await?;
        self.is_known = is_right && said == Said::Yes;
        Ok(said)
    }

    async fn mail(&mut self, line: &str) -> io::Result<Said> {
        let limit = self.shared.state.borrow().mails_per_connection;
        if limit.is_some_and(|limit| self.begun >= limit) {
            self.say("421 4.7.0 too many messages on this connection");
            return Ok(Said::End);
        }
        if self.from.is_some() {
            return Ok(self.say("503 5.5.1 one at a time"));
        }
        self.begun += 1;
        let said = self
            .answer(SmtpAt::Mail, "", "250 2.1.0 sender taken")
            .await?;
        if said == Said::Yes {
            self.from = Some(address(line));
        }
        Ok(said)
    }

    async fn rcpt(&mut self, line: &str) -> io::Result<Said> {
        if self.from.is_none() {
            return Ok(self.say("503 5.5.1 MAIL first"));
        }
        let recipient = address(line);
        let reply = match self.told(&recipient) {
            Some(Answer::Recipient(reply)) => reply,
            _ => "250 2.1.5 recipient taken".to_owned(),
        };
        let said = self.answer(SmtpAt::Rcpt, &recipient, &reply).await?;
        if said == Said::Yes {
            self.recipients.push(recipient);
        }
        Ok(said)
    }

    async fn data(&mut self) -> io::Result<Said> {
        let is_for_nobody = self.recipients.is_empty();
        if is_for_nobody && !self.shared.state.borrow().goes_on_regardless {
            return Ok(self.say("554 5.5.1 no valid recipients"));
        }
        let first = self.recipients.first().cloned().unwrap_or_default();
        let goes_on = self
            .answer(SmtpAt::Data, &first, "354 go on, end with a dot")
            .await?;
        if goes_on != Said::Yes {
            return Ok(goes_on);
        }
        let Some(raw) = self.body(&first).await? else {
            return Ok(Said::End);
        };
        if is_for_nobody {
            self.reset();
            return Ok(self.say("554 5.5.1 no valid recipients"));
        }
        let told = self.recipients.iter().find_map(|who| self.told(who));
        let reply = if let Some(Answer::Message(reply)) = &told {
            reply.clone()
        } else {
            let count = self.shared.state.borrow().mails.len();
            format!("250 2.0.0 kept as {}", count + 1)
        };
        let mut act = self.act(SmtpAt::Dot, &first).unwrap_or_default();
        act.closes |= told == Some(Answer::Vanish);
        let is_silent = act.closes && act.reply.is_none();
        let reply = act.reply.clone().unwrap_or(reply);
        let is_kept = is_silent || reply.starts_with('2');
        if is_kept {
            self.keep(raw, !is_silent);
        }
        self.reset();
        self.perform(act, &reply).await
    }

    fn keep(&mut self, raw: Vec<u8>, is_confirmed: bool) {
        let mail = Mail {
            connection: self.connection,
            from: self.from.take().unwrap_or_default(),
            recipients: std::mem::take(&mut self.recipients),
            raw,
            is_confirmed,
            at: Instant::now(),
        };
        self.shared
            .state
            .send_modify(|state| state.mails.push(mail));
    }

    /// Everything up to the dot on a line of its own; nothing if the connection ended before it.
    async fn body(&mut self, recipient: &str) -> io::Result<Option<Vec<u8>>> {
        let act = self.act(SmtpAt::Body, recipient).unwrap_or_default();
        if !act.wait.is_zero() {
            self.wire.flush().await?;
            sleep(act.wait).await;
        }
        if let Some(reply) = &act.reply {
            self.wire.say(reply);
        }
        if act.closes {
            return Ok(None);
        }
        let mut raw = Vec::new();
        while let Some(line) = self.line().await? {
            if line == b".\r\n" {
                return Ok(Some(raw));
            }
            raw.extend_from_slice(line.strip_prefix(b".").unwrap_or(&line));
            if act.body_most.is_some_and(|most| raw.len() >= most) {
                return Ok(None);
            }
        }
        Ok(None)
    }

    fn reset(&mut self) {
        self.from = None;
        self.recipients.clear();
    }

    fn told(&self, recipient: &str) -> Option<Answer> {
        let state = self.shared.state.borrow();
        state.script.get(&recipient.to_lowercase()).cloned()
    }

    async fn line(&mut self) -> io::Result<Option<Vec<u8>>> {
        let line = self.wire.line().await;
        let turns = std::mem::take(&mut self.wire.turns);
        if turns > 0 {
            self.shared.state.send_modify(|state| state.turns += turns);
        }
        line
    }

    fn act(&self, at: SmtpAt, recipient: &str) -> Option<SmtpAct> {
        (self.shared.script.decide)(&SmtpMoment {
            at,
            connection: self.connection,
            message: self.begun,
            recipient,
        })
    }

    async fn answer(&mut self, at: SmtpAt, recipient: &str, reply: &str) -> io::Result<Said> {
        let act = self.act(at, recipient).unwrap_or_default();
        self.perform(act, reply).await
    }

    async fn perform(&mut self, act: SmtpAct, reply: &str) -> io::Result<Said> {
        if !act.wait.is_zero() {
            self.wire.flush().await?;
            sleep(act.wait).await;
        }
        let said = match (&act.reply, act.closes) {
            (Some(reply), _) => self.say(reply),
            (None, true) => Said::End,
            (None, false) => self.say(reply),
        };
        Ok(if act.closes { Said::End } else { said })
    }

    fn say(&mut self, text: &str) -> Said {
        self.wire.say(text);
        if text.starts_with(['2', '3']) {
            Said::Yes
        } else {
            Said::No
        }
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
