//! A wire of some length in front of a server: what is said arrives a while later, in both directions,
//! however much is under way. It counts who comes.

use std::{
    io,
    net::SocketAddr,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use anyhow::{Result, ensure};
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

/// How long the ends of connections may take to come through.
const PATIENCE: Duration = Duration::from_secs(10);

/// Such a wire.
#[derive(Clone)]
pub(crate) struct Wire {
    pub(crate) address: SocketAddr,
    count: Arc<Count>,
}

#[derive(Default)]
struct Count {
    counts: Mutex<Counts>,
    ended: Condvar,
}

#[derive(Default)]
struct Counts {
    open: usize,
    most: usize,
    opened: usize,
}

impl Count {
    fn lock(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn one_more(&self) {
        let mut counts = self.lock();
        counts.opened += 1;
        counts.open += 1;
        counts.most = counts.most.max(counts.open);
    }

    fn one_less(&self) {
        let mut counts = self.lock();
        counts.open = counts.open.saturating_sub(1);
        drop(counts);
        self.ended.notify_all();
    }
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
    pub(crate) fn count_anew(&self) -> Result<()> {
        let is_used = |counts: &mut Counts| counts.open > 0;
        let waited = self
            .count
            .ended
            .wait_timeout_while(self.count.lock(), PATIENCE, is_used);
        let (counts, _) = waited.unwrap_or_else(PoisonError::into_inner);
        let open = counts.open;
        drop(counts);
        ensure!(open == 0, "{open} connections have not ended");
        self.counted();
        Ok(())
    }

    /// The most connections that were open together, and how many were opened, since the last time.
    pub(crate) fn counted(&self) -> (usize, usize) {
        let mut counts = self.count.lock();
        let counted = (counts.most, counts.opened);
        (counts.most, counts.opened) = (counts.open, 0);
        counted
    }
}

async fn count_in(count: Arc<Count>, client: TcpStream, server: SocketAddr, way: Duration) {
    count.one_more();
    // how it ends is said by whoever is at its ends
    let _ = connect(client, server, way).await;
    count.one_less();
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
