//! A mail to be carried, and where mails come from.

use std::collections::VecDeque;

use tokio::sync::mpsc::Receiver;

use crate::Path;

/// A mail to one recipient.
#[derive(Clone, Debug)]
pub struct Mail<K> {
    /// By what its owner knows it when its verdict comes.
    pub key: K,
    /// Whom bounces go to.
    pub from: Path,
    /// Whom it goes to.
    pub to: Path,
    /// Header and body. Line ends are made CRLF; dots are doubled on the way.
    pub message: Vec<u8>,
    /// There are bytes beyond ASCII in it, so that the relay must offer 8BITMIME.
    pub is_eight_bit: bool,
}

/// Where mails come from.
///
/// Where it can be sent to another thread, so can what carries it.
pub trait Source {
    /// By what a mail is known.
    type Key;

    /// Waits for the next; nothing if there will be none any more.
    ///
    /// It may be dropped while it waits, and must not lose a mail then.
    fn next(&mut self) -> impl Future<Output = Option<Mail<Self::Key>>>;

    /// The next, if it is there without waiting: it is announced together with the one before.
    fn at_hand(&mut self) -> Option<Mail<Self::Key>>;

    /// Makes the next ready, as far as that needs no waiting, and gives nothing away. The relay is at work
    /// meanwhile.
    fn prepare(&mut self) {}
}

impl<K> Source for Receiver<Mail<K>> {
    type Key = K;

    fn next(&mut self) -> impl Future<Output = Option<Mail<K>>> {
        self.recv()
    }

    fn at_hand(&mut self) -> Option<Mail<K>> {
        self.try_recv().ok()
    }
}

impl<K> Source for VecDeque<Mail<K>> {
    type Key = K;

    fn next(&mut self) -> impl Future<Output = Option<Mail<K>>> {
        std::future::ready(self.pop_front())
    }

    fn at_hand(&mut self) -> Option<Mail<K>> {
        self.pop_front()
    }
}
