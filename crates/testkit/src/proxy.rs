//! A wire that can be cut, or falls silent.

use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::time::Duration;

use anyhow::{Context as _, Result};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use crate::background::Background;
use crate::{eventually_some, or_fail};

/// A proxy on the loopback in front of a server. It can cut its connections, refuse new ones, forget
/// those that there are, and keep the answer to a request for itself: what a lost commit is made of.
#[derive(Debug)]
pub struct TcpProxy {
    address: SocketAddr,
    replies: watch::Sender<Replies>,
    forgotten: watch::Sender<u64>,
    orders: mpsc::UnboundedSender<Order>,
    _background: Background,
}

/// What happens to what the server says.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Replies {
    Pass,
    /// They pass until a client has said this.
    HoldAfter(Vec<u8>),
    Hold,
}

/// What the listening task is told, and where it answers when that is done.
#[derive(Debug)]
struct Order {
    listen: bool,
    done: std::sync::mpsc::Sender<()>,
}

impl TcpProxy {
    /// A proxy in front of `server`, as `127.0.0.1:4222`.
    pub fn start(server: impl Into<String>) -> Self {
        or_fail(Self::try_start(server.into()))
    }

    fn try_start(server: String) -> Result<Self> {
        let listener = std::net::TcpListener::bind(("127.0.0.1", 0))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let replies = watch::Sender::new(Replies::Pass);
        let forgotten = watch::Sender::new(0);
        let (orders, inbox) = mpsc::unbounded_channel();
        let wire = Wire {
            server,
            replies: replies.clone(),
            forgotten: forgotten.clone(),
        };
        let background = Background::run(async move {
            // an error here ends the orders, which the test then notices
            let _ = wire.serve(listener, inbox).await;
        })?;
        Ok(Self {
            address,
            replies,
            forgotten,
            orders,
            _background: background,
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Drops all connections, with whatever is under way in them, and refuses new ones.
    pub fn cut(&self) {
        or_fail(self.order(false));
    }

    /// Listens again on the same port, and lets everything pass.
    pub fn restore(&self) {
        self.replies.send_replace(Replies::Pass);
        or_fail(self.order(true));
    }

    /// Keeps back all answers from the moment a client has said `needle`, which itself goes through.
    ///
    /// With `COMMIT` in front of a database, the [`cut`](Self::cut) after it leaves a transaction
    /// that is committed and not known to be.
    pub fn hold_replies_after(&self, needle: impl Into<Vec<u8>>) {
        self.replies.send_replace(Replies::HoldAfter(needle.into()));
    }

    /// From now on nothing passes over the connections that there are, whose ends hear nothing of it; new
    /// ones are as ever. So is a host that vanished, and a translation of addresses that forgot them.
    pub fn forget(&self) {
        self.forgotten.send_modify(|times| *times += 1);
    }

    /// Waits until the needle has been said and sent on.
    pub async fn wait_held(&self, deadline: Duration) {
        let held = async || (*self.replies.borrow() == Replies::Hold).then_some(());
        eventually_some(deadline, "the proxy holds the replies", held).await;
    }

    fn order(&self, listen: bool) -> Result<()> {
        let (done, wait) = std::sync::mpsc::channel();
        self.orders
            .send(Order { listen, done })
            .context("the proxy has ended")?;
        wait.recv().context("the proxy has ended")
    }
}

/// What the tasks of a proxy share.
#[derive(Debug, Clone)]
struct Wire {
    server: String,
    replies: watch::Sender<Replies>,
    forgotten: watch::Sender<u64>,
}

impl Wire {
    async fn serve(
        self,
        listener: std::net::TcpListener,
        mut orders: mpsc::UnboundedReceiver<Order>,
    ) -> io::Result<()> {
        let address = listener.local_addr()?;
        let mut listener = Some(TcpListener::from_std(listener)?);
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                order = orders.recv() => {
                    let Some(order) = order else { return Ok(()) };
                    if !order.listen {
                        listener = None;
                        connections.shutdown().await;
                    } else if listener.is_none() {
                        listener = Some(TcpListener::bind(address).await?);
                    }
                    // who gave the order may have gone away since
                    let _ = order.done.send(());
                }
                Some(client) = accept(listener.as_ref()) => {
                    connections.spawn(self.clone().connect(client));
                }
            }
        }
    }

    async fn connect(self, client: TcpStream) -> io::Result<()> {
        let mut forgotten = self.forgotten.subscribe();
        let server = TcpStream::connect(&self.server).await?;
        client.set_nodelay(true)?;
        server.set_nodelay(true)?;
        let (from_client, to_client) = client.into_split();
        let (from_server, to_server) = server.into_split();
        // either side may close its half first: the other still has something to say
        let mut talk = pin!(async {
            let (asked, answered) = tokio::join!(
                self.requests(from_client, to_server),
                self.replies(from_server, to_client),
            );
            asked.and(answered)
        });
        tokio::select! {
            biased;
            // it stays open, and nobody carries on what is said
            _ = forgotten.changed() => std::future::pending().await,
            ended = talk.as_mut() => ended,
        }
    }

    async fn requests(&self, mut from: OwnedReadHalf, mut to: OwnedWriteHalf) -> io::Result<()> {
        let mut buffer = vec![0; 64 * 1024];
        loop {
            let count = from.read(&mut buffer).await?;
            let said = buffer.get(..count).unwrap_or_default();
            if said.is_empty() {
                return to.shutdown().await;
            }
            // before it is sent on, or the answer could slip through
            self.replies.send_if_modified(|replies| {
                let hold = matches!(replies, Replies::HoldAfter(needle) if contains(said, needle));
                if hold {
                    *replies = Replies::Hold;
                }
                hold
            });
            to.write_all(said).await?;
        }
    }

    async fn replies(&self, mut from: OwnedReadHalf, mut to: OwnedWriteHalf) -> io::Result<()> {
        let mut replies = self.replies.subscribe();
        let mut buffer = vec![0; 64 * 1024];
        loop {
            let count = from.read(&mut buffer).await?;
            let said = buffer.get(..count).unwrap_or_default();
            // ends with an error only when the proxy does
            let passing = replies
                .wait_for(|replies| *replies != Replies::Hold)
                .await
                .is_ok();
            if !passing || said.is_empty() {
                return to.shutdown().await;
            }
            to.write_all(said).await?;
        }
    }
}

/// The next client; never one while nothing is listened to.
async fn accept(listener: Option<&TcpListener>) -> Option<TcpStream> {
    match listener {
        Some(listener) => listener.accept().await.ok().map(|(client, _)| client),
        None => std::future::pending().await,
    }
}

fn contains(said: &[u8], needle: &[u8]) -> bool {
    !needle.is_empty() && said.windows(needle.len()).any(|window| window == needle)
}
