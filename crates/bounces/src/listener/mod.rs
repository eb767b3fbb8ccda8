//! Mail that is sent here by SMTP: the return path's own small receiver.
//!
//! It takes mail for the return path and for nothing else, so it can be no relay. It is for the
//! loopback, or for the network of the server that the domain's mail comes to; it offers neither TLS
//! nor a sign-in. A mail is answered with 250 only when its handler has kept it; until then it is
//! the sender's, who tries again after 451 and after silence.

mod command;
mod line;
mod session;

use std::{io, net::SocketAddr, pin::pin, sync::Arc, time::Duration};

use tokio::{
    io::AsyncWriteExt as _,
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinSet,
    time::{sleep, timeout},
};

use self::session::Session;
use crate::{mail::MOST_BYTES, return_path::ReturnPath};

/// How long the door stays shut when the system has no more sockets.
const NO_SOCKETS: Duration = Duration::from_millis(100);

/// A mail that was sent here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Incoming {
    /// `MAIL FROM`, empty for a report.
    pub from: String,
    /// `RCPT TO`: an address of the return path.
    pub to: String,
    /// Header and body, without the dots of the transport.
    pub bytes: Vec<u8>,
}

/// The handler could not keep the mail; its sender shall come again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotKept;

/// What a sender may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The largest mail.
    pub bytes: usize,
    /// Connections at once.
    pub connections: usize,
    /// How long a sender may be silent.
    pub silence: Duration,
    /// How long a connection may last.
    pub session: Duration,
    /// How long a handler may take before the mail counts as not kept.
    pub handling: Duration,
    /// How long a mail that is on its way may still take when the listener stops.
    pub grace: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            bytes: MOST_BYTES,
            connections: 32,
            silence: Duration::from_mins(1),
            session: Duration::from_mins(5),
            handling: Duration::from_secs(30),
            grace: Duration::from_secs(10),
        }
    }
}

/// A bound socket.
#[derive(Debug)]
pub struct Listener {
    socket: TcpListener,
    path: ReturnPath,
    limits: Limits,
}

impl Listener {
    /// Binds the address; port 0 takes a free one.
    pub async fn bind(address: SocketAddr, path: ReturnPath, limits: Limits) -> io::Result<Self> {
        Ok(Self {
            socket: TcpListener::bind(address).await?,
            path,
            limits,
        })
    }

    /// Where it listens.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    /// Takes mail until `stop` is ready, and then finishes the mail that is on its way.
    pub async fn run<H, F>(self, handle: H, stop: impl Future<Output = ()>)
    where
        H: Fn(Incoming) -> F + Send + Sync + 'static,
        F: Future<Output = Result<(), NotKept>> + Send + 'static,
    {
        let Self {
            socket,
            path,
            limits,
        } = self;
        let (stopping, heard) = watch::channel(false);
        let (path, handle) = (Arc::new(path), Arc::new(handle));
        // A panic of a handler ends its own session: nothing was answered, so nothing is lost.
        let mut sessions = JoinSet::new();
        let mut stop = pin!(stop);
        loop {
            tokio::select! {
                () = &mut stop => break,
                Some(_) = sessions.join_next() => {}
                accepted = socket.accept() => match accepted {
                    Ok((stream, _)) if sessions.len() >= limits.connections => {
                        turn_away(stream).await;
                    }
                    Ok((stream, _)) => {
                        let session = Session::new(stream, path.clone(), limits, heard.clone());
                        sessions.spawn(session.run(handle.clone()));
                    }
                    Err(_) => sleep(NO_SOCKETS).await,
                },
            }
        }
        drop(socket);
        stopping.send_replace(true);
        let finished = async { while sessions.join_next().await.is_some() {} };
        // Whoever is cut off here was not answered, and comes again.
        let _ = timeout(limits.grace, finished).await;
    }
}

async fn turn_away(mut stream: TcpStream) {
    let busy = b"421 4.3.2 Too many connections, try again later\r\n";
    let _ = timeout(NO_SOCKETS, stream.write_all(busy)).await;
}
