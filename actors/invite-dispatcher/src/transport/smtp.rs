//! One message over one connection of our own (RFC 5321).
//!
//! lettre's pool is not used: it reports a rejected message as sent when a send is cancelled and its
//! connection reused, and it never sets `TCP_NODELAY`, which costs 43 ms a message.

use std::{error::Error as _, time::Duration};

use lettre::{
    Message,
    transport::smtp::{
        Error,
        authentication::{Credentials, DEFAULT_MECHANISMS},
        client::{AsyncSmtpConnection, TlsParameters},
        commands::{Data, Mail, Rcpt},
        extension::ClientId,
        response::Response,
    },
};
use tokio::{net::TcpStream, time::timeout};

use super::Verdict;
use crate::options::Relay;

/// How long connecting, and each of greeting, STARTTLS and AUTH, may take.
const STEP: Duration = Duration::from_secs(15);
/// How long the sender and the recipient may take.
const ENVELOPE: Duration = Duration::from_secs(30);
/// How long the message may take, the reply to the final dot included.
const BODY: Duration = Duration::from_mins(1);
/// How much of a reply is kept.
const REPLY_MOST: usize = 500;

pub(super) async fn hand_over(relay: &Relay, message: &Message, wire: &[u8]) -> Verdict {
    let mut connection = match connect(relay).await {
        Ok(connection) => connection,
        // Refused credentials may be mended by the operator within the day.
        Err(why) => return Verdict::Deferred(why),
    };
    let verdict = transact(&mut connection, message, wire).await;
    // The verdict stands; how the connection ends changes nothing.
    let _ = timeout(STEP, connection.abort()).await;
    verdict
}

/// One mail transaction. Before the final dot nothing has gone over; after it only a reply tells.
async fn transact(connection: &mut AsyncSmtpConnection, message: &Message, wire: &[u8]) -> Verdict {
    match timeout(ENVELOPE, envelope(connection, message)).await {
        Ok(Ok(())) => {}
        Ok(Err(verdict)) => return verdict,
        Err(_) => return Verdict::Deferred("no reply to the envelope in time".to_owned()),
    }
    match timeout(BODY, connection.message(wire)).await {
        Ok(Ok(response)) => Verdict::Accepted(reply(&response)),
        Ok(Err(error)) if error.is_permanent() => Verdict::Rejected(why(&error)),
        Ok(Err(error)) if error.is_transient() => Verdict::Deferred(why(&error)),
        Ok(Err(error)) => Verdict::Unknown(format!("the reply was lost: {}", why(&error))),
        Err(_) => Verdict::Unknown("no reply to the message in time".to_owned()),
    }
}

async fn envelope(connection: &mut AsyncSmtpConnection, message: &Message) -> Result<(), Verdict> {
    let refused = |error: Error| {
        if error.is_permanent() {
            Verdict::Rejected(why(&error))
        } else {
            Verdict::Deferred(why(&error))
        }
    };
    let envelope = message.envelope();
    let sender = Mail::new(envelope.from().cloned(), Vec::new());
    let begun = connection.command(sender).await;
    // Who we are is refused, not whom we write to: the operator may mend that within the day.
    begun.map_err(|error| Verdict::Deferred(why(&error)))?;
    for recipient in envelope.to() {
        let recipient = Rcpt::new(recipient.clone(), Vec::new());
        connection.command(recipient).await.map_err(refused)?;
    }
    connection.command(Data).await.map(drop).map_err(refused)
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
    step("auth", connection.auth(DEFAULT_MECHANISMS, &login))
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
