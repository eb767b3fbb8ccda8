//! What was taken and has no verdict yet.

use crate::{Mail, Trouble, Verdict};

/// A mail on its way.
pub(crate) struct Taken<K> {
    pub(crate) mail: Mail<K>,
    /// The message as it goes over, if there was time to make that ready.
    pub(crate) laid_out: Option<Vec<u8>>,
    /// Sender, recipient and DATA were said already.
    pub(crate) is_begun: bool,
    /// A byte of the final dot may have left.
    pub(crate) is_ended: bool,
}

/// The mail in hand and the one announced behind it. Whoever drops it in the middle of something still
/// gives each its verdict.
pub(crate) struct Flight<K, F: FnMut(K, Verdict)> {
    current: Option<Taken<K>>,
    following: Option<Taken<K>>,
    give: F,
}

impl<K, F: FnMut(K, Verdict)> Flight<K, F> {
    pub(crate) const fn new(give: F) -> Self {
        Self {
            current: None,
            following: None,
            give,
        }
    }

    pub(crate) const fn current(&mut self) -> Option<&mut Taken<K>> {
        self.current.as_mut()
    }

    /// The one behind the one in hand.
    pub(crate) const fn following(&mut self) -> Option<&mut Taken<K>> {
        self.following.as_mut()
    }

    /// Takes the next mail, behind the one in hand if there is one.
    pub(crate) fn take(&mut self, mail: Mail<K>, is_begun: bool) {
        let taken = Taken {
            mail,
            laid_out: None,
            is_begun,
            is_ended: false,
        };
        if self.current.is_none() {
            self.current = Some(taken);
        } else {
            self.following = Some(taken);
        }
    }

    /// The verdict of a mail that was never on its way.
    pub(crate) fn refuse(&mut self, mail: Mail<K>, verdict: Verdict) {
        (self.give)(mail.key, verdict);
    }

    /// The verdict of the mail in hand. The one behind it is in hand now.
    pub(crate) fn settle(&mut self, verdict: Verdict) {
        let current = std::mem::replace(&mut self.current, self.following.take());
        if let Some(taken) = current {
            (self.give)(taken.mail.key, verdict);
        }
    }

    /// The connection is gone: the verdict of all.
    pub(crate) fn lose(&mut self, why: &Trouble) {
        while let Some(taken) = &self.current {
            let why = why.clone();
            self.settle(if taken.is_ended {
                Verdict::Unknown { why }
            } else {
                Verdict::NotSent { why }
            });
        }
    }
}

impl<K, F: FnMut(K, Verdict)> Drop for Flight<K, F> {
    fn drop(&mut self) {
        self.lose(&Trouble::Cancelled);
    }
}
