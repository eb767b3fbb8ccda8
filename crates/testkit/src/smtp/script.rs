//! What a mail server was told to be and to do.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// Where in the dialogue the server is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SmtpAt {
    Greeting,
    Hello,
    StartTls,
    Auth,
    Reset,
    Mail,
    Rcpt,
    Data,
    /// The message is about to be read.
    Body,
    Dot,
    Quit,
}

/// A moment at which the server may do something else than it would.
#[derive(Debug, Clone, Copy)]
pub struct SmtpMoment<'a> {
    pub at: SmtpAt,
    /// Counted from 1.
    pub connection: usize,
    /// The transaction on this connection, counted from 1.
    pub message: usize,
    /// The recipient this is about, empty before there is one.
    pub recipient: &'a str,
}

/// What the server does instead.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SmtpAct {
    pub(super) wait: Duration,
    pub(super) reply: Option<String>,
    pub(super) closes: bool,
    pub(super) body_most: Option<usize>,
}

impl SmtpAct {
    /// Another reply; `\r\n` in it makes several lines.
    pub fn reply(text: impl Into<String>) -> Self {
        Self {
            reply: Some(text.into()),
            ..Self::default()
        }
    }

    /// What it would reply, after a while.
    pub fn later(wait: Duration) -> Self {
        Self {
            wait,
            ..Self::default()
        }
    }

    /// No reply: the connection is closed. A message whose dot came is kept.
    pub fn close() -> Self {
        Self {
            closes: true,
            ..Self::default()
        }
    }

    /// At [`SmtpAt::Body`]: closes when so many bytes of the message have come.
    pub fn cut_body(most: usize) -> Self {
        Self {
            body_most: Some(most),
            ..Self::default()
        }
    }

    /// The same, after a while.
    #[must_use]
    pub fn after(mut self, wait: Duration) -> Self {
        self.wait = wait;
        self
    }

    /// The same, and the connection is closed.
    #[must_use]
    pub fn and_close(mut self) -> Self {
        self.closes = true;
        self
    }
}

/// Whether the server speaks TLS, with a certificate of an authority of its own, made for `localhost`
/// and 127.0.0.1 unless it is given another name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SmtpTls {
    Off,
    /// It offers STARTTLS.
    Offered,
    /// From the first byte.
    Implicit,
}

type Decide = dyn Fn(&SmtpMoment<'_>) -> Option<SmtpAct> + Send + Sync;

/// What a mail server is told before it starts.
#[derive(Clone)]
pub struct SmtpScript {
    pub(super) is_pipelined: bool,
    pub(super) size: usize,
    pub(super) tls: SmtpTls,
    pub(super) names: Vec<String>,
    pub(super) login: Option<(String, String)>,
    pub(super) mechanisms: String,
    pub(super) is_bytewise: bool,
    pub(super) injected: String,
    pub(super) decide: Arc<Decide>,
}

impl Default for SmtpScript {
    fn default() -> Self {
        Self {
            is_pipelined: true,
            size: 10_485_760,
            tls: SmtpTls::Off,
            names: vec!["localhost".to_owned(), "127.0.0.1".to_owned()],
            login: None,
            mechanisms: "PLAIN LOGIN".to_owned(),
            is_bytewise: false,
            injected: String::new(),
            decide: Arc::new(|_| None),
        }
    }
}

impl SmtpScript {
    /// One that accepts everything.
    pub fn new() -> Self {
        Self::default()
    }

    /// Does not offer PIPELINING.
    #[must_use]
    pub fn sequential(mut self) -> Self {
        self.is_pipelined = false;
        self
    }

    /// Announces that messages may have so many bytes; zero announces no SIZE.
    #[must_use]
    pub fn size(mut self, most: usize) -> Self {
        self.size = most;
        self
    }

    /// Speaks TLS.
    #[must_use]
    pub fn tls(mut self, tls: SmtpTls) -> Self {
        self.tls = tls;
        self
    }

    /// Has a certificate for this name alone.
    #[must_use]
    pub fn named(mut self, name: &str) -> Self {
        self.names = vec![name.to_owned()];
        self
    }

    /// Takes mail only from who knows this password, by these mechanisms (`PLAIN LOGIN`).
    #[must_use]
    pub fn login(mut self, user: &str, password: &str, mechanisms: &str) -> Self {
        self.login = Some((user.to_owned(), password.to_owned()));
        mechanisms.clone_into(&mut self.mechanisms);
        self
    }

    /// Writes one byte at a time.
    #[must_use]
    pub fn bytewise(mut self) -> Self {
        self.is_bytewise = true;
        self
    }

    /// Says this together with its reply to STARTTLS, as somebody in between would.
    #[must_use]
    pub fn inject(mut self, text: &str) -> Self {
        text.clone_into(&mut self.injected);
        self
    }

    /// Does at each moment what this says, and what it would if this says nothing.
    #[must_use]
    pub fn on(
        mut self,
        decide: impl Fn(&SmtpMoment<'_>) -> Option<SmtpAct> + Send + Sync + 'static,
    ) -> Self {
        self.decide = Arc::new(decide);
        self
    }
}

impl fmt::Debug for SmtpScript {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SmtpScript")
            .field("is_pipelined", &self.is_pipelined)
            .field("tls", &self.tls)
            .finish_non_exhaustive()
    }
}
