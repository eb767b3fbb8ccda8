//! AUTH (RFC 4954): PLAIN, or LOGIN where only that is offered.

use data_encoding::BASE64;
use zeroize::Zeroizing;

use crate::{ConnectError, Login, Offers, Reply, Stage, decoder::Lines, wire::Wire};

/// Says who we are.
pub(crate) async fn log_in(
    wire: &mut Wire,
    offers: &Offers,
    login: &Login,
) -> Result<(), ConnectError> {
    let reply = if offers.has_plain {
        let secret = Zeroizing::new(format!("\0{}\0{}", login.user, login.password.expose()));
        say(wire, "AUTH PLAIN ", &secret).await?.reply()
    } else if offers.has_login {
        by_login(wire, login).await?
    } else {
        return Err(ConnectError::NoMechanism);
    };
    judge(reply)
}

async fn by_login(wire: &mut Wire, login: &Login) -> Result<Reply, ConnectError> {
    let asked = wire.ask(Stage::Auth, b"AUTH LOGIN\r\n").await?;
    if asked.code != 334 {
        return Ok(asked.reply());
    }
    let asked = say(wire, "", &login.user).await?;
    if asked.code != 334 {
        return Ok(asked.reply());
    }
    Ok(say(wire, "", login.password.expose()).await?.reply())
}

async fn say(wire: &mut Wire, command: &str, secret: &str) -> Result<Lines, ConnectError> {
    let encoded = Zeroizing::new(BASE64.encode(secret.as_bytes()));
    let line = Zeroizing::new(format!("{command}{}\r\n", *encoded));
    Ok(wire.ask(Stage::Auth, line.as_bytes()).await?)
}

fn judge(reply: Reply) -> Result<(), ConnectError> {
    match reply.code {
        200..=299 => Ok(()),
        // Unlike 454, waiting does not mend it.
        500..=599 => Err(ConnectError::Credentials(reply)),
        _ => Err(ConnectError::Refused {
            stage: Stage::Auth,
            reply,
        }),
    }
}
