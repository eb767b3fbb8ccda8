//! A connection that comes about while the database is silent.

use std::rc::Rc;

use contract::{
    EmailAddress, ManualClock, Secret, Timestamp,
    ids::{MailId, Ulid},
    mails::Letter,
    text::{Language, PersonName},
};
use futures_util::FutureExt as _;
use smtp::Source as _;
use store::vault::Vault;

use super::{
    CourierMetrics,
    connection::Connection,
    hall::Hall,
    parcel::{Desk, Leased, LeasedLetter},
};
use crate::{options::MailOptions, tokens::Tokens};

/// A hall in which a letter waits for the one connection that may be.
fn hall() -> Rc<Hall> {
    let vault = Vault::new(&Secret::new("sealing key")).unwrap();
    let url = Secret::new("smtp://127.0.0.1:1");
    let desk = Desk {
        clock: ManualClock::at(Timestamp::from_micros(0)),
        tokens: Tokens::new(vault.clone()),
        vault,
        options: MailOptions::parse(&url, "Usher <usher@hill.edu>").unwrap(),
    };
    let id = MailId::new(Ulid::from_parts(1, 1));
    let letter = Letter::Proof {
        first_name: PersonName::parse("Ann").unwrap(),
        proof_url: Secret::new("https://usher.example/proofs/token"),
        code: Secret::new("040506"),
        language: Language::default(),
    };
    let text = Secret::new(serde_json::to_string(&letter).unwrap());
    let letter = LeasedLetter {
        id,
        to: EmailAddress::parse("ann@uni.edu").unwrap(),
        letter: desk.vault.seal(&id.to_string(), &text).unwrap(),
        attempts: 1,
        unknowns: 0,
        age: 0,
    };
    let hall = Rc::new(Hall::new(desk, CourierMetrics::unscraped().unwrap()));
    hall.allow(1);
    hall.bring(Leased::Letter(letter));
    hall
}

#[test]
fn a_mail_does_not_begin_on_a_connection_that_comes_about_while_the_database_is_silent() {
    let hall = hall();
    let mut connection = Connection::open(&hall).unwrap();
    hall.close();
    let mut next = Box::pin(connection.next());
    assert!(next.as_mut().now_or_never().is_none(), "it waits");
    assert_eq!((hall.count(), hall.wants_more()), (1, false));
    hall.open_again();
    assert!(next.now_or_never().flatten().is_some(), "now it goes");
}

#[test]
fn what_waits_for_the_database_on_a_connection_that_came_about_goes_back_with_the_others() {
    let hall = hall();
    let mut connection = Connection::open(&hall).unwrap();
    hall.close();
    assert!(connection.next().now_or_never().is_none());
    assert_eq!(hall.withdraw(|_| false).len(), 1);
    hall.open_again();
    assert!(connection.next().now_or_never().is_none());
    assert_eq!(hall.count(), 0);
}
