//! What every connection to a nats-server may see of what passes it, whoever it is for: subjects and
//! headers.

use async_nats::{Client, Subscriber};
use futures_util::StreamExt as _;

use crate::node::Ground;

/// Ends what is listened to.
const MARK: &str = "a-mark";

/// Somebody who listens.
pub(crate) struct Overheard {
    client: Client,
    messages: Subscriber,
}

impl Overheard {
    /// Hears everything from now on; nobody does where the bus is no server.
    pub(crate) async fn on(ground: &Ground) -> Option<Self> {
        let server = ground.nats.as_ref()?;
        let client = async_nats::connect(server.url()).await.unwrap();
        let messages = client.subscribe(">").await.unwrap();
        let mut heard = Self { client, messages };
        heard.until_now().await;
        Some(heard)
    }

    /// What was heard since the last time.
    pub(crate) async fn until_now(&mut self) -> Vec<String> {
        self.client.publish(MARK, "".into()).await.unwrap();
        let mut lines = Vec::new();
        loop {
            let message = self.messages.next().await.unwrap();
            if message.subject.as_str() == MARK {
                return lines;
            }
            let (subject, reply) = (message.subject, message.reply);
            let headers = message.headers.unwrap_or_default();
            lines.push(format!("{subject} {reply:?} {headers:?}"));
        }
    }
}
