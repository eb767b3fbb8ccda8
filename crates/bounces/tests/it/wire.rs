//! A listener, and a sender to talk to it word by word.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use bounces::{
    ReturnPath,
    listener::{Incoming, Limits, Listener, NotKept},
};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::TcpStream,
    sync::oneshot,
    task::JoinSet,
    time::timeout,
};

/// Long enough for anything that should happen.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// A listener on a free port, what it took, and the way to stop it.
pub(crate) struct Post {
    pub(crate) address: SocketAddr,
    taken: Arc<Mutex<Vec<Incoming>>>,
    stop: Option<oneshot::Sender<()>>,
    running: JoinSet<()>,
}

impl Post {
    /// One that keeps everything.
    pub(crate) async fn open(limits: Limits) -> Self {
        Self::with(limits, |_| async { Ok(()) }).await
    }

    /// One that asks what to answer; what came is noted either way.
    pub(crate) async fn with<F>(limits: Limits, answer: fn(Incoming) -> F) -> Self
    where
        F: Future<Output = Result<(), NotKept>> + Send + 'static,
    {
        let path = ReturnPath::parse("b@bounce.usher.test").unwrap();
        let free = "127.0.0.1:0".parse().unwrap();
        let listener = Listener::bind(free, path, limits).await.unwrap();
        let address = listener.address().unwrap();
        let taken = Arc::new(Mutex::new(Vec::new()));
        let noted = taken.clone();
        let handle = move |incoming: Incoming| {
            noted.lock().unwrap().push(incoming.clone());
            answer(incoming)
        };
        let (stop, stopped) = oneshot::channel();
        let mut running = JoinSet::new();
        running.spawn(listener.run(handle, async move {
            let _ = stopped.await;
        }));
        Self {
            address,
            taken,
            stop: Some(stop),
            running,
        }
    }

    /// What came so far.
    pub(crate) fn taken(&self) -> Vec<Incoming> {
        self.taken.lock().unwrap().clone()
    }

    /// Tells it to stop, without waiting.
    pub(crate) fn tell_to_stop(&mut self) {
        drop(self.stop.take());
    }

    /// Waits until it has stopped.
    pub(crate) async fn stopped(mut self) {
        timeout(PATIENCE, self.running.join_next())
            .await
            .expect("it stops")
            .unwrap()
            .unwrap();
    }

    /// A sender that was greeted.
    pub(crate) async fn sender(&self) -> Sender {
        let mut sender = Sender(BufReader::new(
            TcpStream::connect(self.address).await.unwrap(),
        ));
        assert_eq!(sender.hear().await, "220 bounce.usher.test ESMTP");
        sender
    }

    /// A sender that has announced a mail and may send it.
    pub(crate) async fn sender_with_data(&self) -> Sender {
        let mut sender = self.sender().await;
        sender.say("EHLO mx.example.edu").await;
        sender.ask("MAIL FROM:<>", "250").await;
        sender.ask("RCPT TO:<b+tok@bounce.usher.test>", "250").await;
        sender.ask("DATA", "354").await;
        sender
    }
}

/// One end of the wire.
pub(crate) struct Sender(BufReader<TcpStream>);

impl Sender {
    /// Writes bytes as they are.
    pub(crate) async fn write(&mut self, bytes: &[u8]) {
        self.0.write_all(bytes).await.unwrap();
    }

    /// Writes a command; gives its reply, the last line of it.
    pub(crate) async fn say(&mut self, line: &str) -> String {
        self.write(format!("{line}\r\n").as_bytes()).await;
        self.hear().await
    }

    /// The same, and the reply begins so.
    pub(crate) async fn ask(&mut self, line: &str, reply: &str) {
        let heard = self.say(line).await;
        assert!(heard.starts_with(reply), "{line}: {heard}");
    }

    /// The next reply, the last line of it.
    pub(crate) async fn hear(&mut self) -> String {
        loop {
            let mut line = String::new();
            let read = timeout(PATIENCE, self.0.read_line(&mut line)).await;
            read.expect("a reply in time").unwrap();
            if line.as_bytes().get(3) != Some(&b'-') {
                return line.trim_end().to_owned();
            }
        }
    }

    /// Everything up to the end of the connection, which must come.
    pub(crate) async fn rest(mut self) -> String {
        let mut rest = Vec::new();
        let _ = timeout(PATIENCE, self.0.read_to_end(&mut rest))
            .await
            .expect("the connection ends");
        String::from_utf8(rest).unwrap()
    }
}
