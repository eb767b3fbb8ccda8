//! A mail server that keeps what it is sent, or does to it what it was told to.

mod certificate;
mod login;
mod script;
mod session;
mod wire;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::timeout;

use self::certificate::Certificate;
use self::session::Shared;
use crate::background::Background;
use crate::or_fail;

pub use self::script::{SmtpAct, SmtpAt, SmtpMoment, SmtpScript, SmtpTls};

/// A small SMTP server on the loopback. It accepts everything unless told otherwise, per recipient.
#[derive(Debug)]
pub struct SmtpSink {
    address: SocketAddr,
    state: watch::Sender<State>,
    authority: Vec<u8>,
    _background: Background,
}

/// A message the sink has taken.
#[derive(Debug, Clone)]
pub struct Mail {
    /// The connection it came by, counted from 1.
    pub connection: usize,
    /// The envelope's sender, which bounces would go to.
    pub from: String,
    /// The envelope's recipients, those refused left out.
    pub recipients: Vec<String>,
    /// Header and body as sent, with CRLF and without the dots of the transport.
    pub raw: Vec<u8>,
    /// It was said to be kept; without that its sender cannot know.
    pub is_confirmed: bool,
    /// When its final dot came.
    pub at: Instant,
}

impl Mail {
    /// Header and body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.raw).into_owned()
    }
}

/// What the sink has been told and has taken.
#[derive(Debug, Default)]
struct State {
    script: HashMap<String, Answer>,
    mails: Vec<Mail>,
    connections: usize,
    open: usize,
    most_open: usize,
    commands: HashMap<String, usize>,
    turns: usize,
    mails_per_connection: Option<usize>,
    goes_on_regardless: bool,
}

/// What is done with a recipient that is not simply accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Answer {
    /// The reply to RCPT.
    Recipient(String),
    /// The reply to the final dot.
    Message(String),
    /// No reply to the final dot: the message is kept and the connection closed.
    Vanish,
}

impl SmtpSink {
    /// Starts one at a free port.
    pub fn start() -> Self {
        Self::start_with(SmtpScript::new())
    }

    /// Starts one that does as it was told.
    pub fn start_with(script: SmtpScript) -> Self {
        or_fail(Self::try_start(script))
    }

    fn try_start(script: SmtpScript) -> Result<Self> {
        let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).context("no port for SMTP")?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let state = watch::Sender::new(State::default());
        let certificate = match script.tls {
            SmtpTls::Off => None,
            SmtpTls::Offered | SmtpTls::Implicit => Some(Certificate::make(&script.names)?),
        };
        let authority = certificate
            .as_ref()
            .map(|certificate| certificate.authority.clone());
        let shared = Shared {
            state: state.clone(),
            script,
            certificate,
        };
        let background = Background::run(serve(listener, shared))?;
        Ok(Self {
            address,
            state,
            authority: authority.unwrap_or_default(),
            _background: background,
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What `mail.url` is set to, `smtp://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("smtp://{}", self.address)
    }

    /// Answers RCPT for this address with `reply`: `550 5.1.1 no such user`, or `451 4.2.0 later`.
    pub fn reject(&self, recipient: &str, reply: &str) {
        self.script(recipient, Answer::Recipient(reply.to_owned()));
    }

    /// Answers the final dot of a message to this address with `reply`, and does not keep it.
    pub fn reject_message(&self, recipient: &str, reply: &str) {
        self.script(recipient, Answer::Message(reply.to_owned()));
    }

    /// Keeps a message to this address, and closes the connection where the reply would be.
    pub fn vanish_after_dot(&self, recipient: &str) {
        self.script(recipient, Answer::Vanish);
    }

    /// Accepts this address again.
    pub fn accept(&self, recipient: &str) {
        self.state.send_modify(|state| {
            state.script.remove(&recipient.to_lowercase());
        });
    }

    /// Answers 421 and closes when a connection begins its message after the `count`th.
    pub fn limit_per_connection(&self, count: usize) {
        self.state
            .send_modify(|state| state.mails_per_connection = Some(count));
    }

    /// Answers DATA with 354 also where every recipient was refused (RFC 2920, section 3.1).
    pub fn go_on_regardless(&self) {
        self.state
            .send_modify(|state| state.goes_on_regardless = true);
    }

    /// How often a transaction was given up with RSET.
    pub fn resets(&self) -> usize {
        self.commands("RSET")
    }

    /// How often a command was said, in capitals.
    pub fn commands(&self, verb: &str) -> usize {
        let state = self.state.borrow();
        state.commands.get(verb).copied().unwrap_or_default()
    }

    /// How often somebody had to hear replies before going on: round trips, without TLS.
    pub fn round_trips(&self) -> usize {
        self.state.borrow().turns
    }

    /// How many connections there are now.
    pub fn open(&self) -> usize {
        self.state.borrow().open
    }

    /// How many connections there were at once.
    pub fn most_open(&self) -> usize {
        self.state.borrow().most_open
    }

    /// The certificate (DER) of the authority that vouches for it; empty without TLS.
    pub fn authority(&self) -> Vec<u8> {
        self.authority.clone()
    }

    /// The same in PEM.
    pub fn authority_pem(&self) -> String {
        certificate::pem(&self.authority)
    }

    /// How many connections there have been.
    pub fn connections(&self) -> usize {
        self.state.borrow().connections
    }

    /// What it has taken so far, in order.
    pub fn messages(&self) -> Vec<Mail> {
        self.state.borrow().mails.clone()
    }

    /// Waits until there are `count` messages or more; fails the test if there are not in time.
    pub async fn wait_for(&self, count: usize, deadline: Duration) -> Vec<Mail> {
        let mut changes = self.state.subscribe();
        let enough = changes.wait_for(|state| state.mails.len() >= count);
        match timeout(deadline, enough).await {
            Ok(Ok(state)) => state.mails.clone(),
            _ => panic!(
                "{} of {count} messages within {deadline:?}",
                self.messages().len()
            ),
        }
    }

    fn script(&self, recipient: &str, answer: Answer) {
        self.state.send_modify(|state| {
            state.script.insert(recipient.to_lowercase(), answer);
        });
    }
}

async fn serve(listener: std::net::TcpListener, shared: Shared) {
    let Ok(listener) = TcpListener::from_std(listener) else {
        return;
    };
    let mut sessions = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let mut connection = 0;
        shared.state.send_modify(|state| {
            state.connections += 1;
            state.open += 1;
            state.most_open = state.most_open.max(state.open);
            connection = state.connections;
        });
        let shared = shared.clone();
        sessions.spawn(async move {
            let state = shared.state.clone();
            let ended = session::run(stream, connection, shared).await;
            state.send_modify(|state| state.open -= 1);
            ended
        });
    }
}
