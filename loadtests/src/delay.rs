//! A wire of some length in front of a server: what is said arrives a while later, in both directions,
//! however much is under way. It counts who comes.

use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use anyhow::Result;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::mpsc,
    task::JoinSet,
    time::{Instant, sleep_until},
};

use crate::thread;

/// Such a wire.
#[derive(Clone)]
pub(crate) struct Wire {
    pub(crate) address: SocketAddr,
    count: Arc<Count>,
}

#[derive(Default)]
struct Count {
    open: AtomicUsize,
    most: AtomicUsize,
    opened: AtomicUsize,
}

impl Wire {
    /// In front of `server`, so long that a question and its answer take twice `way`.
    pub(crate) fn start(server: SocketAddr, way: Duration) -> Result<Self> {
        let count = Arc::<Count>::default();
        let counted = Arc::clone(&count);
        let address = thread::run(move || async move {
            let listener = TcpListener::bind("127.0.0.1:0").await?;
            let address = listener.local_addr()?;
            let serve = async move {
                let mut connections = JoinSet::new();
                loop {
                    tokio::select! {
                        Ok((client, _)) = listener.accept() => {
                            connections.spawn(count_in(Arc::clone(&counted), client, server, way));
                        }
                        Some(_) = connections.join_next() => {}
                    }
                }
            };
            Ok((address, serve))
        })?;
        Ok(Self { address, count })
    }

    /// Waits until the ends of earlier connections have come through, and counts anew.
    pub(crate) fn count_anew(&self) {
        while self.count.open.load(Ordering::Relaxed) > 0 {
            std::thread::sleep(Duration::from_millis(1));
        }
        self.counted();
    }

    /// The most connections that were open together, and how many were opened, since the last time.
    pub(crate) fn counted(&self) -> (usize, usize) {
        let open = self.count.open.load(Ordering::Relaxed);
        (
            self.count.most.swap(open, Ordering::Relaxed),
            self.count.opened.swap(0, Ordering::Relaxed),
        )
    }
}

async fn count_in(count: Arc<Count>, client: TcpStream, server: SocketAddr, way: Duration) {
    count.opened.fetch_add(1, Ordering::Relaxed);
    let open = count.open.fetch_add(1, Ordering::Relaxed) + 1;
    count.most.fetch_max(open, Ordering::Relaxed);
    // how it ends is said by whoever is at its ends
    let _ = connect(client, server, way).await;
    count.open.fetch_sub(1, Ordering::Relaxed);
}

async fn connect(client: TcpStream, server: SocketAddr, way: Duration) -> io::Result<()> {
    let server = TcpStream::connect(server).await?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let (asked, answered) = tokio::join!(
        carry(from_client, to_server, way),
        carry(from_server, to_client, way),
    );
    asked.and(answered)
}

async fn carry(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, way: Duration) -> io::Result<()> {
    let (put, mut under_way) = mpsc::unbounded_channel::<(Instant, Vec<u8>)>();
    let reads = async move {
        loop {
            let mut bytes = Vec::with_capacity(64 * 1_024);
            let count = from.read_buf(&mut bytes).await?;
            if count == 0 || put.send((Instant::now() + way, bytes)).is_err() {
                return Ok(());
            }
        }
    };
    let writes = async move {
        while let Some((at, bytes)) = under_way.recv().await {
            sleep_until(at).await;
            to.write_all(&bytes).await?;
        }
        to.shutdown().await
    };
    let (read, written): (io::Result<()>, io::Result<()>) = tokio::join!(reads, writes);
    read.and(written)
}
