use std::time::{Duration, Instant};

use smtp::{ConnectError, End, Session, Stage, Timeouts, Trouble};
use testkit::{SmtpAct, SmtpAt, SmtpScript, SmtpSink};

use crate::scene::{carry, mails, relay};

const SHORT: Duration = Duration::from_millis(200);
const LONG: Duration = Duration::from_mins(1);

/// Only this one is short.
fn short(stage: Stage) -> Timeouts {
    let of = |ours: &[Stage]| if ours.contains(&stage) { SHORT } else { LONG };
    Timeouts {
        connect: LONG,
        greeting: of(&[Stage::Greeting]),
        hello: of(&[Stage::Hello, Stage::Auth, Stage::StartTls]),
        envelope: of(&[Stage::Mail, Stage::Rcpt, Stage::Reset]),
        data: of(&[Stage::Data]),
        write: LONG,
        dot: of(&[Stage::Dot]),
        quit: of(&[Stage::Quit]),
    }
}

fn silent_at(at: SmtpAt) -> SmtpScript {
    SmtpScript::new().on(move |moment| (moment.at == at).then(|| SmtpAct::later(LONG)))
}

#[tokio::test]
async fn silence_before_the_first_mail_is_the_relays() {
    for (at, stage) in [
        (SmtpAt::Greeting, Stage::Greeting),
        (SmtpAt::Hello, Stage::Hello),
    ] {
        let sink = SmtpSink::start_with(silent_at(at));
        let begun = Instant::now();
        let session = Session::connect(&relay(&sink), &short(stage)).await;
        assert_eq!(
            session.unwrap_err(),
            ConnectError::Lost(Trouble::Late(stage))
        );
        assert!((SHORT..SHORT * 10).contains(&begun.elapsed()));
    }
}

#[tokio::test]
async fn silence_is_found_out_by_the_timer_of_its_step_and_ends_the_connection() {
    for (at, stage) in [
        (SmtpAt::Mail, Stage::Mail),
        (SmtpAt::Rcpt, Stage::Rcpt),
        (SmtpAt::Data, Stage::Data),
        (SmtpAt::Dot, Stage::Dot),
    ] {
        for script in [silent_at(at), silent_at(at).sequential()] {
            let sink = SmtpSink::start_with(script);
            let session = Session::connect(&relay(&sink), &short(stage)).await;
            let begun = Instant::now();
            let (end, book) = carry(session.unwrap(), &mut mails(&["ada"])).await;
            assert!((SHORT..SHORT * 10).contains(&begun.elapsed()), "{stage}");
            assert_eq!(end, End::Broken(Trouble::Late(stage)));
            let expected = if stage == Stage::Dot {
                "unknown: the message: not in time".to_owned()
            } else {
                format!("not sent: {stage}: not in time")
            };
            assert_eq!(book.of("ada"), expected);
        }
    }
}

#[tokio::test]
async fn a_relay_that_does_not_say_goodbye_holds_nobody_up() {
    let sink = SmtpSink::start_with(silent_at(SmtpAt::Quit));
    let session = Session::connect(&relay(&sink), &short(Stage::Quit)).await;
    let begun = Instant::now();
    let (end, book) = carry(session.unwrap(), &mut mails(&["ada"])).await;
    assert_eq!((end, book.accepted()), (End::Drained, 1));
    assert!(begun.elapsed() < SHORT * 10);
}

#[tokio::test]
async fn a_slow_relay_is_waited_for() {
    let script = SmtpScript::new().on(|_| Some(SmtpAct::later(SHORT / 4)));
    let sink = SmtpSink::start_with(script);
    let session = Session::connect(&relay(&sink), &Timeouts::default()).await;
    let (end, book) = carry(session.unwrap(), &mut mails(&["ada", "bob"])).await;
    assert_eq!((end, book.accepted()), (End::Drained, 2));
}
