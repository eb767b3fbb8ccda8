//! A connection of our own to the relay (RFC 5321), for one mail after the other.
//!
//! lettre's pool is not used: it reports a rejected message as sent when a send is cancelled and its
//! connection reused, and it never sets `TCP_NODELAY`, which costs 43 ms a message.

use std::{error::Error as _, time::Duration};

use lettre::transport::smtp::{
    Error,
    authentication::{Credentials, DEFAULT_MECHANISMS},
    client::{AsyncSmtpConnection, TlsParameters},
    extension::ClientId,
    response::Response,
};
use tokio::{net::TcpStream, time::timeout};

use super::classify::{Stage, refused};
use crate::{
    courier::{Parcel, Refusal, Verdict},
    options::Relay,
};

/// How long connecting, and each of greeting, STARTTLS and AUTH, may take.
const STEP: Duration = Duration::from_secs(15);
/// How long each of sender, recipient and DATA may take.
const ENVELOPE: Duration = Duration::from_mins(1);
/// How long the message may take, the reply to the final dot included.
const BODY: Duration = Duration::from_mins(5);
/// How long saying goodbye may take.
const GOODBYE: Duration = Duration::from_secs(2);
/// How much of a reply is kept.
const REPLY_MOST: usize = 500;

/// A connection that takes mail. Dropped in the middle of one it is gone, never reused.
pub(crate) struct Session {
    connection: AsyncSmtpConnection,
    /// Every reply so far was read, and the connection is there.
    is_usable: bool,
    /// A transaction was begun and not ended.
    is_begun: bool,
    /// Mails so far.
    count: u64,
}

/// What a command led to.
enum Said {
    Taken(String),
    Refused(u16, String),
    /// No reply, and there will be none.
    Nothing(String),
}

impl Session {
    /// Connects, greets, encrypts, signs in.
    pub(crate) async fn open(relay: &Relay) -> Result<Self, Verdict> {
        // Refused credentials may be mended by the operator.
        let connection = connect(relay).await.map_err(Verdict::Away)?;
        Ok(Self {
            connection,
            is_usable: true,
            is_begun: false,
            count: 0,
        })
    }

    /// Whether it can take another mail.
    pub(crate) const fn is_usable(&self) -> bool {
        self.is_usable
    }

    /// Hands a mail over. Before the final dot nothing has gone over; after it only a reply tells.
    pub(crate) async fn send(&mut self, parcel: &Parcel) -> Verdict {
        self.count += 1;
        let Some(body) = body(&parcel.wire) else {
            let why = "the message is not in ASCII".to_owned();
            return Verdict::Refused(why, Refusal::Other);
        };
        if self.is_begun {
            match self.say("RSET\r\n", ENVELOPE).await {
                Said::Taken(_) => self.is_begun = false,
                Said::Refused(_, why) | Said::Nothing(why) => return self.lose(why),
            }
        }
        let commands = [
            (Stage::Sender, format!("MAIL FROM:<{}>\r\n", parcel.from)),
            (Stage::Recipient, format!("RCPT TO:<{}>\r\n", parcel.to)),
            (Stage::Message, "DATA\r\n".to_owned()),
        ];
        for (stage, command) in commands {
            match self.say(&command, ENVELOPE).await {
                Said::Taken(_) => self.is_begun = true,
                Said::Refused(421, why) if self.count > 1 && stage == Stage::Sender => {
                    return self.lose(why);
                }
                Said::Refused(code, why) => {
                    self.is_usable = code != 421;
                    return refused(stage, code, why);
                }
                Said::Nothing(why) => return self.lose(why),
            }
        }
        match self.say(&body, BODY).await {
            Said::Taken(reply) if reply.starts_with('2') => {
                self.is_begun = false;
                Verdict::Accepted(reply)
            }
            Said::Refused(code, why) => {
                self.is_begun = false;
                self.is_usable = code != 421;
                refused(Stage::Message, code, why)
            }
            Said::Taken(why) | Said::Nothing(why) => {
                self.is_usable = false;
                Verdict::Unknown(bounded(&format!("the reply was lost: {why}")))
            }
        }
    }

    /// Ends the connection as it should be.
    pub(crate) async fn quit(mut self) {
        // How the connection ends changes nothing.
        let _ = timeout(GOODBYE, self.connection.quit()).await;
    }

    /// The connection is gone before the mail went over.
    fn lose(&mut self, why: String) -> Verdict {
        self.is_usable = false;
        if self.count > 1 {
            Verdict::Closed(why)
        } else {
            Verdict::Away(why)
        }
    }

    /// Says something in one write, and reads the reply.
    async fn say(&mut self, text: &str, patience: Duration) -> Said {
        match timeout(patience, self.connection.command(text)).await {
            Ok(Ok(response)) => Said::Taken(reply(&response)),
            Ok(Err(error)) => match error.status() {
                Some(code) => Said::Refused(code.into(), why(&error)),
                None => Said::Nothing(why(&error)),
            },
            Err(_) => Said::Nothing("no reply in time".to_owned()),
        }
    }
}

/// A message as it goes over the wire, the final dot included: dots that begin a line are doubled.
fn body(message: &[u8]) -> Option<String> {
    let message = std::str::from_utf8(message).ok()?;
    let mut body = String::with_capacity(message.len() + 64);
    for line in message.split_inclusive("\r\n") {
        if line.starts_with('.') {
            body.push('.');
        }
        body.push_str(line);
    }
    if !body.ends_with("\r\n") {
        body.push_str("\r\n");
    }
    body.push_str(".\r\n");
    Some(body)
}

async fn connect(relay: &Relay) -> Result<AsyncSmtpConnection, String> {
    let tls =
        || TlsParameters::new(relay.host.clone()).map_err(|error| bounded(&error.to_string()));
    let address = (relay.host.as_str(), relay.port);
    let hello = ClientId::default();
    if relay.is_implicit_tls {
        let connecting =
            AsyncSmtpConnection::connect_tokio1(address, Some(STEP), &hello, Some(tls()?), None);
        let mut connection = step("connect", connecting).await?;
        authenticate(relay, &mut connection).await?;
        return Ok(connection);
    }
    let stream = timeout(STEP, TcpStream::connect(address)).await;
    let stream = stream.map_err(|_| "cannot connect in time".to_owned())?;
    let stream = stream.map_err(|error| bounded(&format!("cannot connect: {error}")))?;
    stream
        .set_nodelay(true)
        .map_err(|error| bounded(&error.to_string()))?;
    let greeting = AsyncSmtpConnection::connect_with_transport(Box::new(stream), &hello);
    let mut connection = step("greeting", greeting).await?;
    if connection.can_starttls() {
        step("starttls", connection.starttls(tls()?, &hello)).await?;
    }
    authenticate(relay, &mut connection).await?;
    Ok(connection)
}

async fn authenticate(relay: &Relay, connection: &mut AsyncSmtpConnection) -> Result<(), String> {
    let Some((user, password)) = &relay.login else {
        return Ok(());
    };
    let is_loopback = matches!(relay.host.as_str(), "localhost" | "127.0.0.1" | "::1");
    if !connection.is_encrypted() && !is_loopback {
        return Err("the relay offers no TLS, and a password is not sent without".to_owned());
    }
    let login = Credentials::new(user.clone(), password.expose().to_owned());
    step(
        "the relay refuses the password",
        connection.auth(DEFAULT_MECHANISMS, &login),
    )
    .await
    .map(drop)
}

async fn step<T>(name: &str, work: impl Future<Output = Result<T, Error>>) -> Result<T, String> {
    match timeout(STEP, work).await {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(error)) => Err(bounded(&format!("{name}: {}", why(&error)))),
        Err(_) => Err(format!("{name}: no reply in time")),
    }
}

fn reply(response: &Response) -> String {
    let words = response.message().collect::<Vec<_>>().join(" ");
    bounded(&format!("{} {words}", response.code()))
}

/// A refusal as the other side put it, or what went wrong.
fn why(error: &Error) -> String {
    let text = match (error.status(), error.source()) {
        (Some(code), Some(words)) => format!("{code} {words}"),
        (Some(code), None) => code.to_string(),
        (None, _) => error.to_string(),
    };
    bounded(&text)
}

/// What is kept of what the other side says: one line, bounded.
fn bounded(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(REPLY_MOST)
        .collect()
}
