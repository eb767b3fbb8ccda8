//! A connection that is ready for mail.

use std::net::SocketAddr;

use rustls_pki_types::ServerName;
use tokio::{
    net::{TcpStream, lookup_host},
    time::timeout,
};
use tokio_rustls::{
    TlsConnector,
    rustls::{CertificateError, Error as TlsError},
};
use tracing::debug;

use crate::{
    Limits, Offers, Relay, Reply, Source, Stage, Timeouts, Tls, Trouble, Verdict,
    carry::Carrier,
    login::log_in,
    verdict::End,
    wire::{Duplex, Wire, failed},
};

/// Why there is no connection. No recipient is to blame for it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConnectError {
    /// Nobody is there: no such host, or none of its addresses answers.
    #[error("the relay cannot be reached: {0}")]
    Unreachable(String),
    /// The greeting, EHLO, STARTTLS or AUTH was refused, and that may pass.
    #[error("{stage}: {reply}")]
    Refused {
        /// What was refused.
        stage: Stage,
        /// How.
        reply: Reply,
    },
    /// The relay offers no STARTTLS, and it is required.
    #[error("the relay offers no TLS")]
    NoTls,
    /// No secure connection came about.
    #[error("TLS: {0}")]
    Tls(String),
    /// A password is not sent without TLS.
    #[error("the relay offers no TLS, and a password is not sent without")]
    PasswordWithoutTls,
    /// The relay offers no AUTH that we know.
    #[error("the relay offers neither AUTH PLAIN nor AUTH LOGIN")]
    NoMechanism,
    /// The password is refused.
    #[error("the relay refuses the password: {0}")]
    Credentials(Reply),
    /// The connection failed on the way.
    #[error(transparent)]
    Lost(#[from] Trouble),
}

impl ConnectError {
    /// Trying again changes nothing before somebody changes a setting, here or there.
    pub const fn needs_somebody(&self) -> bool {
        matches!(
            self,
            Self::Credentials(_)
                | Self::NoMechanism
                | Self::PasswordWithoutTls
                | Self::NoTls
                | Self::Tls(_)
        )
    }
}

/// A connection that is ready for mail. It belongs to one task; dropped, it is gone.
#[derive(Debug)]
pub struct Session {
    wire: Wire,
    offers: Offers,
    is_encrypted: bool,
}

impl Session {
    /// Connects, encrypts, greets and logs in, as the relay is set.
    pub async fn connect(relay: &Relay, timeouts: &Timeouts) -> Result<Self, ConnectError> {
        let stream = reach(relay, timeouts).await?;
        let is_loopback = stream.peer_addr().is_ok_and(|peer| peer.ip().is_loopback());
        let mut is_encrypted = relay.tls == Tls::Implicit;
        let stream: Box<dyn Duplex> = if is_encrypted {
            encrypt(Box::new(stream), relay, timeouts).await?
        } else {
            Box::new(stream)
        };
        let mut wire = Wire::new(stream, *timeouts);
        let greeting = wire.hear(Stage::Greeting).await?.reply();
        expect(Stage::Greeting, greeting)?;
        let mut offers = hello(&mut wire, relay).await?;
        let wants_tls = matches!(relay.tls, Tls::StartTlsIfOffered | Tls::StartTlsRequired);
        if wants_tls && offers.has_starttls {
            let reply = wire.ask(Stage::StartTls, b"STARTTLS\r\n").await?.reply();
            expect(Stage::StartTls, reply)?;
            let stream = encrypt(wire.into_stream(), relay, timeouts).await?;
            wire = Wire::new(stream, *timeouts);
            // What was offered before may be anybody's words.
            offers = hello(&mut wire, relay).await?;
            is_encrypted = true;
        } else if relay.tls == Tls::StartTlsRequired {
            wire.quit().await;
            return Err(ConnectError::NoTls);
        }
        if let Some(login) = &relay.login {
            if !is_encrypted && !is_loopback {
                wire.quit().await;
                return Err(ConnectError::PasswordWithoutTls);
            }
            log_in(&mut wire, &offers, login).await?;
        }
        debug!(host = relay.host, is_encrypted, "connected to the relay");
        Ok(Self {
            wire,
            offers,
            is_encrypted,
        })
    }

    /// What the relay offers.
    pub const fn offers(&self) -> &Offers {
        &self.offers
    }

    /// Whether nobody on the way reads along.
    pub const fn is_encrypted(&self) -> bool {
        self.is_encrypted
    }

    /// Carries mail after mail until there is no more, or the connection ends; says why it ended.
    ///
    /// Every mail taken from the source gets exactly one verdict, also when this is dropped: then
    /// within the drop. A source is only asked for what can be announced at once.
    pub async fn carry<S: Source>(
        self,
        mails: &mut S,
        verdicts: impl FnMut(S::Key, Verdict),
        limits: &Limits,
    ) -> End {
        let carrier = Carrier::new(self.wire, self.offers, mails, verdicts, *limits);
        carrier.run().await
    }

    /// Ends it as it should be, without having carried anything.
    pub async fn quit(self) {
        self.wire.quit().await;
    }
}

/// The first address of the host that answers.
async fn reach(relay: &Relay, timeouts: &Timeouts) -> Result<TcpStream, ConnectError> {
    let unreachable = |why: &dyn std::fmt::Display| ConnectError::Unreachable(why.to_string());
    let host = relay.host.trim_start_matches('[').trim_end_matches(']');
    let found = timeout(timeouts.connect, lookup_host((host, relay.port))).await;
    let addresses = found
        .map_err(|_| unreachable(&"its name is not found in time"))?
        .map_err(|error| unreachable(&error))?;
    let mut last = unreachable(&"its name has no address");
    for address in addresses {
        match timeout(timeouts.connect, connect_to(address)).await {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(error)) => last = unreachable(&format!("{address}: {error}")),
            Err(_) => last = unreachable(&format!("{address}: no answer in time")),
        }
    }
    Err(last)
}

async fn connect_to(address: SocketAddr) -> std::io::Result<TcpStream> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

async fn encrypt(
    stream: Box<dyn Duplex>,
    relay: &Relay,
    timeouts: &Timeouts,
) -> Result<Box<dyn Duplex>, ConnectError> {
    let config = relay.trust.config();
    let config = config.map_err(|error| ConnectError::Tls(error.to_string()))?;
    let host = relay.host.trim_start_matches('[').trim_end_matches(']');
    let name = ServerName::try_from(host.to_owned());
    let name = name.map_err(|error| ConnectError::Tls(error.to_string()))?;
    let handshake = TlsConnector::from(config).connect(name, stream);
    match timeout(timeouts.hello, handshake).await {
        Ok(Ok(stream)) => Ok(Box::new(stream)),
        // What the network does is not what a certificate says.
        Ok(Err(error)) => Err(match failed(&error) {
            Trouble::Closed => Trouble::Closed.into(),
            _ => ConnectError::Tls(told(&error)),
        }),
        Err(_) => Err(Trouble::Late(Stage::StartTls).into()),
    }
}

/// Why a handshake failed; in words where rustls has only a name for it.
fn told(error: &std::io::Error) -> String {
    let inner = error
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<TlsError>());
    match inner {
        Some(TlsError::InvalidCertificate(CertificateError::UnknownIssuer)) => {
            "no authority that is trusted here vouches for the relay's certificate".to_owned()
        }
        _ => error.to_string(),
    }
}

async fn hello(wire: &mut Wire, relay: &Relay) -> Result<Offers, ConnectError> {
    let name: String = relay.hello.chars().filter(char::is_ascii_graphic).collect();
    let name = if name.is_empty() { "localhost" } else { &name };
    let lines = wire
        .ask(Stage::Hello, format!("EHLO {name}\r\n").as_bytes())
        .await?;
    expect(Stage::Hello, lines.reply())?;
    Ok(Offers::read(&lines))
}

fn expect(stage: Stage, reply: Reply) -> Result<(), ConnectError> {
    match reply.code {
        220 | 250 => Ok(()),
        530 | 534 | 535 => Err(ConnectError::Credentials(reply)),
        _ => Err(ConnectError::Refused { stage, reply }),
    }
}
