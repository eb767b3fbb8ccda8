//! One message over one connection of our own (RFC 5321).
//!
//! lettre's pool is not used: it reports a rejected message as sent when a send is cancelled and its
//! connection reused, and it never sets `TCP_NODELAY`, which costs 43 ms a message.

use std::time::Duration;

use lettre::{
    Message,
    transport::smtp::{
        Error,
        authentication::{Credentials, DEFAULT_MECHANISMS},
        client::{AsyncSmtpConnection, TlsParameters},
        extension::ClientId,
        response::Response,
    },
};
use tokio::{net::TcpStream, time::timeout};

use super::Verdict;
use crate::options::Relay;

/// How long connecting, and each of greeting, STARTTLS and AUTH, may take.
const STEP: Duration = Duration::from_secs(15);
/// How long the transaction may take, the reply to the final dot included.
const TRANSACTION: Duration = Duration::from_secs(60);
/// How much of a reply is kept.
const REPLY_MOST: usize = 500;

pub(super) async fn hand_over(relay: &Relay, message: &Message) -> Verdict {
    let mut connection = match connect(relay).await {
        Ok(connection) => connection,
        // Refused credentials may be mended by the operator within the day.
        Err(why) => return Verdict::Deferred(why),
    };
    let bytes = message.formatted();
    let sent = connection.send(message.envelope(), &bytes);
    let verdict = match timeout(TRANSACTION, sent).await {
        Ok(Ok(response)) => Verdict::Accepted(reply(&response)),
        Ok(Err(error)) if error.is_permanent() => Verdict::Rejected(bounded(&error.to_string())),
        // A 4xx, or a reply that was lost: the relay may have the message all the same.
        Ok(Err(error)) => Verdict::Deferred(bounded(&error.to_string())),
        Err(_) => Verdict::Deferred("no reply in time".to_owned()),
    };
    // The verdict stands; how the connection ends changes nothing.
    let _ = timeout(STEP, connection.abort()).await;
    verdict
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
        Ok(Err(error)) => Err(bounded(&format!("{name}: {error}"))),
        Err(_) => Err(format!("{name}: no reply in time")),
    }
}

fn reply(response: &Response) -> String {
    let words = response.message().collect::<Vec<_>>().join(" ");
    bounded(&format!("{} {words}", response.code()))
}

/// What is kept of what the other side says: one line, bounded.
fn bounded(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(REPLY_MOST)
        .collect()
}
