//! Dropped at every await, a session gives each mail it took one verdict, and never a wrong one.

use std::{cell::RefCell, collections::VecDeque, pin::pin, task::Poll, time::Duration};

use proptest::prelude::*;
use smtp::{Limits, Mail, Session, Timeouts, Verdict};
use testkit::{SmtpAct, SmtpAt, SmtpScript, SmtpSink, eventually};

use crate::scene::{Book, SOON, mail, relay};

const NAMES: [&str; 6] = ["p0", "p1", "p2", "p3", "p4", "p5"];

/// How a server treats the mails: by number, refused at RCPT, at the dot, or lost; a while before each
/// reply makes more awaits.
#[derive(Clone, Debug)]
struct Weather {
    treats: Vec<u8>,
    is_pipelined: bool,
    is_bytewise: bool,
}

impl Weather {
    fn server(&self) -> SmtpSink {
        let treats = self.treats.clone();
        let mut script = SmtpScript::new().on(move |moment| {
            let number = moment.recipient.get(1..2)?.parse::<usize>().ok()?;
            match (*treats.get(number)?, moment.at) {
                (1, SmtpAt::Rcpt) => Some(SmtpAct::reply("550 5.1.1 nobody")),
                (2, SmtpAt::Dot) => Some(SmtpAct::reply("554 5.6.0 rejected as spam")),
                (3, SmtpAt::Dot) => Some(SmtpAct::later(Duration::from_millis(3))),
                (4, SmtpAt::Dot) => {
                    let reject = SmtpAct::reply("554 5.7.1 late no");
                    Some(reject.after(Duration::from_millis(3)))
                }
                (5, SmtpAt::Dot) => Some(SmtpAct::close()),
                (6, SmtpAt::Data) => Some(SmtpAct::reply("421 4.3.2 no more").and_close()),
                _ => None,
            }
        });
        if !self.is_pipelined {
            script = script.sequential();
        }
        if self.is_bytewise {
            script = script.bytewise();
        }
        SmtpSink::start_with(script)
    }
}

/// Carries the mails and drops the future after so many polls; whether it ended by itself.
async fn carry_for(sink: &SmtpSink, polls: usize) -> (bool, Book, VecDeque<Mail<String>>) {
    let mut rest: VecDeque<_> = NAMES.iter().map(|name| mail(name)).collect();
    let book = RefCell::new(Book::default());
    let session = Session::connect(&relay(sink), &Timeouts::default()).await;
    let session = session.unwrap();
    let limits = Limits::default();
    let has_ended = {
        let verdicts = |key, verdict| book.borrow_mut().note(key, verdict);
        let mut carrying = pin!(session.carry(&mut rest, verdicts, &limits));
        let mut count = 0;
        std::future::poll_fn(|context| {
            if count == polls {
                return Poll::Ready(false);
            }
            count += 1;
            carrying.as_mut().poll(context).map(|_| true)
        })
        .await
    };
    (has_ended, book.into_inner(), rest)
}

async fn holds(weather: &Weather, polls: usize) -> bool {
    let sink = weather.server();
    let (has_ended, book, rest) = carry_for(&sink, polls).await;
    // What is still on its way gets there, or not.
    eventually(SOON, "the server is done", async || sink.open() == 0).await;
    let kept = sink.messages();
    for name in NAMES {
        let address = format!("{name}@uni.example");
        let copies = kept
            .iter()
            .filter(|mail| mail.recipients.contains(&address))
            .count();
        let was_taken = !rest.iter().any(|mail| mail.key == name);
        let verdict = book.0.get(name);
        assert_eq!(verdict.is_some(), was_taken, "{name}: {book:?}");
        match verdict {
            Some(Verdict::Accepted { .. }) => assert_eq!(copies, 1, "{name}: {book:?}"),
            Some(Verdict::Unknown { .. }) => assert!(copies <= 1, "{name}: {book:?}"),
            _ => assert_eq!(copies, 0, "{name} {weather:?}: {book:?}"),
        }
    }
    has_ended
}

#[tokio::test]
async fn dropped_at_every_await_it_says_nothing_wrong() {
    for is_pipelined in [true, false] {
        let weather = Weather {
            treats: vec![3, 1, 4, 0, 2, 0],
            is_pipelined,
            is_bytewise: false,
        };
        let mut polls = 0;
        while !holds(&weather, polls).await {
            polls += 1;
        }
        assert!(polls > 3, "dropped {polls} times only");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn dropped_at_any_await_in_any_weather_it_says_nothing_wrong(
        treats in prop::collection::vec(0_u8..7, NAMES.len()),
        is_pipelined: bool,
        is_bytewise: bool,
        polls in 0_usize..80,
    ) {
        let weather = Weather { treats, is_pipelined, is_bytewise };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(holds(&weather, polls));
    }
}
