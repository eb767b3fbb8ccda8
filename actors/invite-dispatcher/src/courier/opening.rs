//! Mails that connections are opened for. Until its connection has come about, which may take long, a mail can still
//! be taken back; another takes its place.

use std::collections::BTreeMap;

use super::{hall::Packed, parcel::Leased};

/// Mails by the connections that are to take them.
#[derive(Debug, Default)]
pub(super) struct Opening {
    places: BTreeMap<u64, Option<Packed>>,
    count: u64,
}

/// The place of a connection that is being opened.
#[derive(Debug)]
pub(super) struct Ticket(u64);

impl Opening {
    /// A connection is opened for this mail.
    pub(super) fn place(&mut self, mail: Packed) -> Ticket {
        self.count += 1;
        self.places.insert(self.count, Some(mail));
        Ticket(self.count)
    }

    /// The connection has come about, or does not: what it was opened for, unless that was taken back.
    #[expect(clippy::needless_pass_by_value, reason = "a ticket is good once")]
    pub(super) fn claim(&mut self, ticket: Ticket) -> Option<Packed> {
        self.places.remove(&ticket.0).flatten()
    }

    /// Mails that are here.
    pub(super) fn mails(&self) -> impl Iterator<Item = &Leased> {
        self.places.values().flatten().map(|(mail, _)| mail)
    }

    /// Takes back what does not go on.
    pub(super) fn recall(&mut self, goes_on: impl Fn(&Leased) -> bool) -> Vec<Leased> {
        let places = self.places.values_mut();
        let back = places.filter_map(|place| place.take_if(|(mail, _)| !goes_on(mail)));
        back.map(|(mail, _)| mail).collect()
    }

    /// Fills a place whose mail was taken back, unless there is none.
    pub(super) fn fill(&mut self, next: impl FnOnce() -> Option<Packed>) -> bool {
        let Some(place) = self.places.values_mut().find(|place| place.is_none()) else {
            return false;
        };
        *place = next();
        place.is_some()
    }
}
