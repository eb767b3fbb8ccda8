//! While the relay is at work, what goes next is made ready.

use std::{cell::RefCell, collections::VecDeque};

use rstest::rstest;
use smtp::{End, Limits, Mail, Source};
use testkit::{SmtpAct, SmtpAt, SmtpScript, SmtpSink};

use crate::scene::{Book, connect, mail, mails, send};

/// Notes when it is asked for what.
struct Noting<'a> {
    mails: VecDeque<Mail<String>>,
    log: &'a RefCell<Vec<String>>,
}

impl Noting<'_> {
    fn give(&mut self) -> Option<Mail<String>> {
        let mail = self.mails.pop_front()?;
        self.log.borrow_mut().push(format!("gives {}", mail.key));
        Some(mail)
    }
}

impl Source for Noting<'_> {
    type Key = String;

    async fn next(&mut self) -> Option<Mail<String>> {
        self.give()
    }

    fn at_hand(&mut self) -> Option<Mail<String>> {
        self.give()
    }

    fn prepare(&mut self) {
        self.log.borrow_mut().push("prepares".to_owned());
    }
}

async fn log_of(script: SmtpScript, limits: Limits) -> Vec<String> {
    let sink = SmtpSink::start_with(script);
    let log = RefCell::default();
    let mut source = Noting {
        mails: mails(&["ada", "bob", "eve"]),
        log: &log,
    };
    let verdicts = |key, _| log.borrow_mut().push(format!("had {key}"));
    let session = connect(&sink).await;
    session.carry(&mut source, verdicts, &limits).await;
    log.into_inner()
}

#[rstest]
#[case::with_pipelining(SmtpScript::new(), [
    "gives ada", "gives bob", "prepares", "had ada", "gives eve", "prepares", "had bob", "prepares", "had eve",
])]
#[case::without(SmtpScript::new().sequential(), [
    "gives ada", "prepares", "had ada", "gives bob", "prepares", "had bob", "gives eve", "prepares", "had eve",
])]
#[tokio::test]
async fn the_next_is_made_ready_before_the_reply_is_waited_for(
    #[case] script: SmtpScript,
    #[case] expected: [&str; 9],
) {
    assert_eq!(log_of(script, Limits::default()).await, expected);
}

#[tokio::test]
async fn nothing_is_made_ready_that_this_connection_will_not_carry() {
    let limits = Limits {
        messages: 2,
        ..Limits::default()
    };
    let expected = ["gives ada", "gives bob", "had ada", "had bob"];
    assert_eq!(log_of(SmtpScript::new(), limits).await, expected);
}

#[tokio::test]
async fn what_was_made_ready_is_the_message_of_the_right_mail_whoever_is_refused() {
    // Refused at each step in turn: what was laid out for one of them is never another's.
    let script = SmtpScript::new().on(|moment| {
        let number = moment.recipient.get(1..3)?.parse::<usize>().ok()?;
        let (at, reply) = match number % 5 {
            0 => (SmtpAt::Rcpt, "550 5.1.1 nobody"),
            1 => (SmtpAt::Data, "451 4.3.0 not now"),
            2 => (SmtpAt::Dot, "554 5.6.0 rejected as spam"),
            _ => return None,
        };
        (moment.at == at).then(|| SmtpAct::reply(reply))
    });
    let sink = SmtpSink::start_with(script);
    let names: Vec<_> = (10..40).map(|number| format!("p{number}")).collect();
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    let (end, book): (End, Book) = send(&sink, &names).await;
    assert_eq!((end, book.accepted()), (End::Drained, 12));
    let kept = sink.messages();
    assert_eq!(kept.len(), 12);
    for kept in kept {
        let [recipient] = kept.recipients.as_slice() else {
            panic!("one recipient: {kept:?}");
        };
        let (name, _) = recipient.split_once('@').unwrap();
        assert_eq!(kept.raw, mail(name).message);
    }
}
