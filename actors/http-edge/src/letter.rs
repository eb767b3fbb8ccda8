//! A letter on its way to the queue.

use contract::mails::QueueMail;
use kernel::Cx;

use crate::edge::Edge;

/// Queues a letter, and says whether that went well; a refusal is told to the log alone.
pub(crate) async fn queue(edge: &Edge, cx: &Cx, mail: QueueMail) -> bool {
    match edge.bus.call(&mail, cx).await {
        Ok(_) => true,
        Err(problem) => {
            tracing::warn!(request_id = %cx.request_id, %problem, "a letter was not queued");
            false
        }
    }
}
