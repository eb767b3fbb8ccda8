//! A relay, mails for it, and what became of them.

use std::{
    collections::{BTreeMap, VecDeque},
    time::Duration,
};

use smtp::{
    ConnectError, End, Limits, Mail, Path, Relay, Session, Source, Timeouts, Tls, Trust, Verdict,
};
use testkit::{SmtpAct, SmtpAt, SmtpScript, SmtpSink};

pub(crate) const SOON: Duration = Duration::from_secs(10);

pub(crate) fn relay(sink: &SmtpSink) -> Relay {
    Relay {
        host: "127.0.0.1".to_owned(),
        port: sink.address().port(),
        tls: Tls::Off,
        login: None,
        hello: "usher.example".to_owned(),
        trust: Trust::of_the_machine(),
    }
}

/// A server that answers this at that moment of a mail to this recipient.
pub(crate) fn answering(at: SmtpAt, recipient: &'static str, act: SmtpAct) -> SmtpScript {
    SmtpScript::new()
        .on(move |moment| (moment.at == at && moment.recipient == recipient).then(|| act.clone()))
}

pub(crate) async fn connect(sink: &SmtpSink) -> Session {
    Session::connect(&relay(sink), &Timeouts::default())
        .await
        .unwrap()
}

pub(crate) async fn refused(relay: &Relay) -> ConnectError {
    Session::connect(relay, &Timeouts::default())
        .await
        .unwrap_err()
}

pub(crate) fn mail(name: &str) -> Mail<String> {
    Mail {
        key: name.to_owned(),
        from: Path::parse("usher@uni.example").unwrap(),
        to: Path::parse(&format!("{name}@uni.example")).unwrap(),
        message: format!("Subject: to {name}\r\n\r\nHello {name}\r\n").into_bytes(),
        is_eight_bit: false,
    }
}

pub(crate) fn mails(names: &[&str]) -> VecDeque<Mail<String>> {
    names.iter().map(|name| mail(name)).collect()
}

/// What became of each; a second verdict of one fails the test.
#[derive(Debug, Default)]
pub(crate) struct Book(pub(crate) BTreeMap<String, Verdict>);

impl Book {
    pub(crate) fn note(&mut self, key: String, verdict: Verdict) {
        let before = self.0.insert(key.clone(), verdict);
        assert_eq!(before, None, "a second verdict of {key}");
    }

    /// The verdict in a few words.
    pub(crate) fn of(&self, key: &str) -> String {
        match self.0.get(key) {
            None => "none".to_owned(),
            Some(Verdict::Accepted { .. }) => "accepted".to_owned(),
            Some(Verdict::Refused { stage, reply }) => format!("{stage:?} {}", reply.code),
            Some(Verdict::Unfit { why }) => format!("unfit: {why}"),
            Some(Verdict::NotSent { why }) => format!("not sent: {why}"),
            Some(Verdict::Unknown { why }) => format!("unknown: {why}"),
        }
    }

    pub(crate) fn accepted(&self) -> usize {
        let accepted = |verdict: &&Verdict| matches!(verdict, Verdict::Accepted { .. });
        self.0.values().filter(accepted).count()
    }
}

pub(crate) async fn carry<S: Source<Key = String>>(session: Session, mails: &mut S) -> (End, Book) {
    carry_within(session, mails, &Limits::default()).await
}

pub(crate) async fn carry_within<S: Source<Key = String>>(
    session: Session,
    mails: &mut S,
    limits: &Limits,
) -> (End, Book) {
    let mut book = Book::default();
    let verdicts = |key, verdict| book.note(key, verdict);
    let end = tokio::time::timeout(SOON, session.carry(mails, verdicts, limits)).await;
    (end.unwrap(), book)
}

/// Sends these over one connection.
pub(crate) async fn send(sink: &SmtpSink, names: &[&str]) -> (End, Book) {
    carry(connect(sink).await, &mut mails(names)).await
}
