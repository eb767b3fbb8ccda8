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
use tokio::{
    net::TcpStream,
    time::{error::Elapsed, timeout},
};

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
    /// Commands may go together (RFC 2920).
    is_pipelined: bool,
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
        let (connection, is_pipelined) = connect(relay).await.map_err(Verdict::Away)?;
        Ok(Self {
            connection,
            is_pipelined,
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
        let begun = if self.is_pipelined {
            self.begin_at_once(parcel).await
        } else {
            self.begin(parcel).await
        };
        if let Err(verdict) = begun {
            return verdict;
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

    /// Says from whom and to whom, one command after the other.
    async fn begin(&mut self, parcel: &Parcel) -> Result<(), Verdict> {
        if self.is_begun {
            match self.say("RSET\r\n", ENVELOPE).await {
                Said::Taken(_) => self.is_begun = false,
                Said::Refused(_, why) | Said::Nothing(why) => return Err(self.lose(why)),
            }
        }
        for (stage, command) in envelope(parcel) {
            let said = self.say(&command, ENVELOPE).await;
            self.judge(stage, said)?;
        }
        Ok(())
    }

    /// Says all of it in one write, and reads the replies in their order: one round trip instead of
    /// three.
    async fn begin_at_once(&mut self, parcel: &Parcel) -> Result<(), Verdict> {
        let commands = envelope(parcel);
        let reset = if self.is_begun { "RSET\r\n" } else { "" };
        let text = commands
            .iter()
            .fold(reset.to_owned(), |mut text, (_, command)| {
                text.push_str(command);
                text
            });
        let mut said = self.say(&text, ENVELOPE).await;
        if self.is_begun {
            match said {
                Said::Taken(_) => self.is_begun = false,
                Said::Refused(_, why) | Said::Nothing(why) => return Err(self.lose(why)),
            }
            said = self.hear().await;
        }
        let mut judged = Ok(());
        let mut is_awaiting = false;
        for (number, (stage, _)) in commands.iter().enumerate() {
            if number > 0 {
                said = self.hear().await;
            }
            if let Said::Nothing(why) = said {
                // What the others would have said does not come any more.
                return judged.and_then(|()| Err(self.lose(why)));
            }
            is_awaiting = *stage == Stage::Message && matches!(said, Said::Taken(_));
            let one = self.judge(*stage, said);
            said = Said::Nothing(String::new());
            judged = judged.and(one);
        }
        // The relay waits for a message although it refused whom it is for (RFC 2920, section 3.1):
        // it gets an empty one, which goes to nobody.
        if judged.is_err() && is_awaiting {
            match self.say(".\r\n", ENVELOPE).await {
                Said::Taken(_) | Said::Refused(..) => {}
                Said::Nothing(_) => self.is_usable = false,
            }
        }
        judged
    }

    /// What a reply to a command of the envelope means for the mail.
    fn judge(&mut self, stage: Stage, said: Said) -> Result<(), Verdict> {
        match said {
            Said::Taken(_) => {
                self.is_begun = true;
                Ok(())
            }
            Said::Refused(421, why) if self.count > 1 && stage == Stage::Sender => {
                Err(self.lose(why))
            }
            Said::Refused(code, why) => {
                self.is_usable &= code != 421;
                Err(refused(stage, code, why))
            }
            Said::Nothing(why) => Err(self.lose(why)),
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
        said(timeout(patience, self.connection.command(text)).await)
    }

    /// Reads the reply to a command that was said together with others.
    async fn hear(&mut self) -> Said {
        said(timeout(ENVELOPE, self.connection.read_response()).await)
    }
}

fn said(heard: Result<Result<Response, Error>, Elapsed>) -> Said {
    match heard {
        Ok(Ok(response)) => Said::Taken(reply(&response)),
        Ok(Err(error)) => match error.status() {
            Some(code) => Said::Refused(code.into(), why(&error)),
            None => Said::Nothing(why(&error)),
        },
        Err(_) => Said::Nothing("no reply in time".to_owned()),
    }
}

/// The commands before the message.
fn envelope(parcel: &Parcel) -> [(Stage, String); 3] {
    [
        (Stage::Sender, format!("MAIL FROM:<{}>\r\n", parcel.from)),
        (Stage::Recipient, format!("RCPT TO:<{}>\r\n", parcel.to)),
        (Stage::Message, "DATA\r\n".to_owned()),
    ]
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

/// Connects; says whether commands may go together.
async fn connect(relay: &Relay) -> Result<(AsyncSmtpConnection, bool), String> {
    let tls =
        || TlsParameters::new(relay.host.clone()).map_err(|error| bounded(&error.to_string()));
    let address = (relay.host.as_str(), relay.port);
    let hello = ClientId::default();
    if relay.is_implicit_tls {
        let connecting =
            AsyncSmtpConnection::connect_tokio1(address, Some(STEP), &hello, Some(tls()?), None);
        let mut connection = step("connect", connecting).await?;
        let is_pipelined = offers_pipelining(&mut connection, &hello).await?;
        authenticate(relay, &mut connection).await?;
        return Ok((connection, is_pipelined));
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
    let is_pipelined = offers_pipelining(&mut connection, &hello).await?;
    authenticate(relay, &mut connection).await?;
    Ok((connection, is_pipelined))
}

/// lettre greets, but does not keep whether commands may go together: asked once more.
async fn offers_pipelining(
    connection: &mut AsyncSmtpConnection,
    hello: &ClientId,
) -> Result<bool, String> {
    match timeout(STEP, connection.command(format!("EHLO {hello}\r\n"))).await {
        Ok(Ok(response)) => {
            let mut offers = response.message();
            Ok(offers.any(|offer| offer.trim().eq_ignore_ascii_case("PIPELINING")))
        }
        // It will say why to what comes next.
        Ok(Err(error)) if error.status().is_some() => Ok(false),
        Ok(Err(error)) => Err(bounded(&format!("greeting: {}", why(&error)))),
        Err(_) => Err("greeting: no reply in time".to_owned()),
    }
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
