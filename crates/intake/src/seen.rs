//! What comes twice.

use std::{
    collections::{HashSet, hash_map::RandomState},
    hash::BuildHasher as _,
};

use contract::address::EmailAddress;

use crate::{Given, Oddity, Reason, known};

/// The addresses that were taken so far.
///
/// Kept as 128 bits of two keyed hashes each, 16 bytes whatever the address: two of 100,000 addresses
/// are taken for one another once in 10^28 files, and the keys are drawn anew for each, so that nobody
/// can look for such two.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    hashers: [RandomState; 2],
    addresses: HashSet<u128>,
    /// Where the provider delivers, of those addresses whose provider ignores a part of them.
    mailboxes: HashSet<u128>,
}

impl Seen {
    /// How many different addresses were taken.
    pub(crate) fn distinct(&self) -> usize {
        self.addresses.len()
    }

    /// Refuses an address that was taken before.
    pub(crate) fn note(&mut self, given: &mut Given) {
        let Ok(address) = &given.outcome else {
            return;
        };
        let key = address.key();
        let mailbox = mailbox(address, &key);
        if !self.addresses.insert(self.hash(&key)) {
            given.outcome = Err(Reason::Duplicate.into());
            given.warning = None;
            return;
        }
        if let Some(mailbox) = mailbox
            && !self.mailboxes.insert(self.hash(&mailbox))
        {
            given.warn(Oddity::SameMailbox);
        }
    }

    fn hash(&self, key: &str) -> u128 {
        let [high, low] = &self.hashers;
        (u128::from(high.hash_one(key)) << 64) | u128::from(low.hash_one(key))
    }
}

/// The mailbox behind an address, for providers that ignore dots and what follows a `+`.
fn mailbox(address: &EmailAddress, key: &str) -> Option<String> {
    let (_, domain) = address.as_str().rsplit_once('@')?;
    if !known::ignores_dots(domain) {
        return None;
    }
    let (local, _) = key.rsplit_once('@')?;
    let (local, _) = local.split_once('+').unwrap_or((local, ""));
    Some(local.replace('.', ""))
}
