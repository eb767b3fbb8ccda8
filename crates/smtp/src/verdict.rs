//! What became of a mail, and of a connection.

use std::fmt;

use crate::Reply;

/// Where in the dialogue something happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stage {
    /// Finding the host and connecting.
    Connect,
    /// The greeting.
    Greeting,
    /// EHLO.
    Hello,
    /// STARTTLS and its handshake.
    StartTls,
    /// AUTH.
    Auth,
    /// RSET.
    Reset,
    /// From whom.
    Mail,
    /// To whom.
    Rcpt,
    /// DATA.
    Data,
    /// Writing.
    Write,
    /// The end of the message.
    Dot,
    /// QUIT.
    Quit,
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Connect => "connecting",
            Self::Greeting => "greeting",
            Self::Hello => "EHLO",
            Self::StartTls => "STARTTLS",
            Self::Auth => "AUTH",
            Self::Reset => "RSET",
            Self::Mail => "MAIL",
            Self::Rcpt => "RCPT",
            Self::Data => "DATA",
            Self::Write => "writing",
            Self::Dot => "the message",
            Self::Quit => "QUIT",
        })
    }
}

/// What went wrong with a connection. It is gone then.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Trouble {
    /// It ended without a word.
    #[error("the relay closed the connection")]
    Closed,
    /// It was ended with a word, 421, where another reply was due.
    #[error("the relay ends the connection: {1}")]
    Ended(Stage, Reply),
    /// The network failed.
    #[error("the connection failed: {0}")]
    Failed(String),
    /// A timer elapsed.
    #[error("{0}: not in time")]
    Late(Stage),
    /// What came is no SMTP, or no reply to what was said.
    #[error("the relay does not speak as it should: {0}")]
    Strange(String),
    /// Nobody waited for it any more.
    #[error("stopped")]
    Cancelled,
}

/// Why a relay was not asked to take a mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// It is larger than the relay says that it takes.
    #[error("the mail is larger than the relay takes")]
    Size,
    /// It has bytes beyond ASCII, and the relay does not say that it takes those.
    #[error("the relay takes no mail with bytes beyond ASCII")]
    Bytes,
}

/// What became of a mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The relay has it: 250 to the final dot.
    Accepted {
        /// What it said.
        reply: Reply,
    },
    /// The relay does not want it, now (4xx) or ever (5xx).
    Refused {
        /// To what it said so.
        stage: Stage,
        /// What it said.
        reply: Reply,
    },
    /// It is not what the relay says that it takes, so that it was not asked.
    Unfit {
        /// What it is instead.
        why: Unfit,
    },
    /// The connection failed before the final dot: nothing went over, nobody is to blame.
    NotSent {
        /// What happened.
        why: Trouble,
    },
    /// The final dot may have gone over, and no reply came.
    Unknown {
        /// What happened.
        why: Trouble,
    },
}

/// Why a connection ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// There is no more mail.
    Drained,
    /// There was none for so long.
    Idle,
    /// It has carried its share.
    Full,
    /// The relay closed it between two mails, with a word or without.
    Closed(Option<Reply>),
    /// It was dropped in the middle of something.
    Broken(Trouble),
}
