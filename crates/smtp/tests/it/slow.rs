//! A relay that falls silent at a step: the timer of that step finds it out, and ends the connection.

use std::time::{Duration, Instant};

use contract::Secret;
use rstest::rstest;
use smtp::{ConnectError, End, Login, Relay, Session, Stage, Timeouts, Tls, Trouble};
use testkit::{SmtpAct, SmtpScript, SmtpSink};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufStream},
    net::{TcpListener, TcpSocket, TcpStream},
    sync::oneshot,
    time::timeout,
};

use crate::scene::{SOON, carry, mails, relay};

const SHORT: Duration = Duration::from_millis(200);
const LONG: Duration = Duration::from_mins(1);

/// Only this one is short: if another timer counted, the test would not end in time.
fn short(stage: Stage) -> Timeouts {
    let of = |ours: &[Stage]| if ours.contains(&stage) { SHORT } else { LONG };
    Timeouts {
        connect: of(&[Stage::Connect]),
        greeting: of(&[Stage::Greeting]),
        hello: of(&[Stage::Hello, Stage::Auth, Stage::StartTls]),
        envelope: of(&[Stage::Mail, Stage::Rcpt, Stage::Reset]),
        data: of(&[Stage::Data]),
        write: of(&[Stage::Write]),
        dot: of(&[Stage::Dot]),
        // What a relay says at its end is listened for as long as to its goodbye.
        quit: of(&[Stage::Quit, Stage::Write]),
    }
}

/// The line that is waited for, and what is said then.
type Step = (&'static str, &'static str);

/// No line at all, and one byte of anything.
const AT_ONCE: &str = "-";
const A_BYTE: &str = "";

const GREETING: Step = (AT_ONCE, "220 slow\r\n");
const BARE: Step = ("EHLO", "250 slow\r\n");
const PIPELINED: Step = ("EHLO", "250-slow\r\n250 PIPELINING\r\n");
const ENCRYPTED: Step = ("EHLO", "250-slow\r\n250 STARTTLS\r\n");
const PLAIN: Step = ("EHLO", "250-slow\r\n250 AUTH PLAIN\r\n");
const LOGIN: Step = ("EHLO", "250-slow\r\n250 AUTH LOGIN\r\n");
const STARTTLS: Step = ("STARTTLS", "220 go\r\n");
const NAME: Step = ("AUTH LOGIN", "334 VXNlcm5hbWU6\r\n");
const PASSWORD: Step = ("dXNoZXI=", "334 UGFzc3dvcmQ6\r\n");
const MAIL: Step = ("MAIL", "250 ok\r\n");
const RCPT: Step = ("RCPT", "250 ok\r\n");
const NOBODY: Step = ("RCPT", "550 5.1.1 nobody\r\n");
const DATA: Step = ("DATA", "354 go\r\n");
const DOT: Step = (".", "250 kept\r\n");
/// The envelope came at once, and only so many of its commands are answered.
const ONE: Step = ("DATA", "250 ok\r\n");
const TWO: Step = ("DATA", "250 ok\r\n250 ok\r\n");
const THREE: Step = ("DATA", "250 ok\r\n250 ok\r\n354 go\r\n");

/// A relay at a free port of the loopback.
struct Slow(TcpListener);

impl Slow {
    async fn start() -> Self {
        Self(TcpListener::bind(("127.0.0.1", 0)).await.unwrap())
    }

    fn relay(&self, tls: Tls) -> Relay {
        Relay {
            port: self.0.local_addr().unwrap().port(),
            tls,
            ..relay(&SmtpSink::start())
        }
    }

    /// Goes through its steps, waits for one more line, and is silent until the other side has given
    /// up; the connection must be closed then. Answers what came after that line.
    async fn serve(&self, steps: &[Step], until: &str, given_up: oneshot::Receiver<()>) -> Vec<u8> {
        let (stream, _) = self.0.accept().await.unwrap();
        let mut stream = BufStream::new(stream);
        for (until, say) in steps {
            hear(&mut stream, until).await;
            stream.write_all(say.as_bytes()).await.unwrap();
            stream.flush().await.unwrap();
        }
        hear(&mut stream, until).await;
        given_up.await.unwrap();
        let mut rest = Vec::new();
        let ended = timeout(SOON, stream.read_to_end(&mut rest)).await;
        // One that is dropped may end with a reset.
        assert!(ended.is_ok(), "the connection is still there");
        let another = timeout(Duration::ZERO, self.0.accept()).await;
        assert!(another.is_err(), "there is another connection");
        rest
    }
}

async fn hear(stream: &mut BufStream<TcpStream>, until: &str) {
    if until == A_BYTE {
        stream.read_u8().await.unwrap();
        return;
    }
    let mut line = String::new();
    while until != AT_ONCE && !line.starts_with(until) {
        line.clear();
        let count = stream.read_line(&mut line).await.unwrap();
        assert!(count > 0, "gone before {until}");
    }
}

#[rstest]
#[case::greeting(Tls::Off, &[], AT_ONCE, Stage::Greeting)]
#[case::hello(Tls::Off, &[GREETING], "EHLO", Stage::Hello)]
#[case::starttls(Tls::StartTlsRequired, &[GREETING, ENCRYPTED], "STARTTLS", Stage::StartTls)]
#[case::handshake(
    Tls::StartTlsRequired, &[GREETING, ENCRYPTED, STARTTLS], A_BYTE, Stage::StartTls
)]
#[case::implicit(Tls::Implicit, &[], A_BYTE, Stage::StartTls)]
#[case::plain(Tls::Off, &[GREETING, PLAIN], "AUTH PLAIN", Stage::Auth)]
#[case::login(Tls::Off, &[GREETING, LOGIN], "AUTH LOGIN", Stage::Auth)]
#[case::name(Tls::Off, &[GREETING, LOGIN, NAME], "dXNoZXI=", Stage::Auth)]
#[case::password(Tls::Off, &[GREETING, LOGIN, NAME, PASSWORD], "czNjcmV0", Stage::Auth)]
#[tokio::test]
async fn silence_before_the_first_mail_is_the_relays_and_ends_the_connection(
    #[case] tls: Tls,
    #[case] steps: &[Step],
    #[case] until: &str,
    #[case] stage: Stage,
) {
    let slow = Slow::start().await;
    let login = Login {
        user: "usher".to_owned(),
        password: Secret::new("s3cret"),
    };
    let relay = Relay {
        login: (stage == Stage::Auth).then_some(login),
        ..slow.relay(tls)
    };
    let (over, given_up) = oneshot::channel();
    let client = async {
        let begun = Instant::now();
        let session = timeout(SOON, Session::connect(&relay, &short(stage))).await;
        assert!(begun.elapsed() >= SHORT);
        over.send(()).unwrap();
        session.unwrap().unwrap_err()
    };
    let (rest, error) = tokio::join!(slow.serve(steps, until, given_up), client);
    assert_eq!(error, ConnectError::Lost(Trouble::Late(stage)));
    // Of a handshake only the first byte was read.
    assert!(rest.is_empty() || until == A_BYTE, "{rest:?}");
}

#[rstest]
#[case::mail(&[GREETING, BARE], "MAIL", Stage::Mail)]
#[case::rcpt(&[GREETING, BARE, MAIL], "RCPT", Stage::Rcpt)]
#[case::data(&[GREETING, BARE, MAIL, RCPT], "DATA", Stage::Data)]
#[case::dot(&[GREETING, BARE, MAIL, RCPT, DATA], ".", Stage::Dot)]
#[case::write(&[GREETING, BARE, MAIL, RCPT, DATA], A_BYTE, Stage::Write)]
#[case::mail_at_once(&[GREETING, PIPELINED], "DATA", Stage::Mail)]
#[case::rcpt_at_once(&[GREETING, PIPELINED, ONE], AT_ONCE, Stage::Rcpt)]
#[case::data_at_once(&[GREETING, PIPELINED, TWO], AT_ONCE, Stage::Data)]
#[case::dot_at_once(&[GREETING, PIPELINED, THREE], ".", Stage::Dot)]
#[case::reset(&[GREETING, BARE, MAIL, NOBODY], "RSET", Stage::Reset)]
#[tokio::test]
async fn silence_is_found_out_by_the_timer_of_its_step_and_ends_the_connection(
    #[case] steps: &[Step],
    #[case] until: &str,
    #[case] stage: Stage,
) {
    let slow = Slow::start().await;
    let is_reset = stage == Stage::Reset;
    let mut mails = mails(if is_reset { &["bob", "ada"] } else { &["ada"] });
    if stage == Stage::Write {
        // Larger than what lies in the buffers between us.
        mails[0].message = b"0123456789 0123456789 0123456789 0123456789\r\n".repeat(800_000);
    }
    let relay = slow.relay(Tls::Off);
    let (over, given_up) = oneshot::channel();
    let client = async {
        let begun = Instant::now();
        let session = Session::connect(&relay, &short(stage)).await;
        let carried = carry(session.unwrap(), &mut mails).await;
        assert!(begun.elapsed() >= SHORT);
        over.send(()).unwrap();
        carried
    };
    let (rest, (end, book)) = tokio::join!(slow.serve(steps, until, given_up), client);
    assert_eq!(end, End::Broken(Trouble::Late(stage)));
    let expected = if stage == Stage::Dot {
        "unknown: the message: not in time".to_owned()
    } else {
        format!("not sent: {stage}: not in time")
    };
    assert_eq!(book.of("ada"), expected);
    assert_eq!(book.of("bob"), if is_reset { "Rcpt 550" } else { "none" });
    assert!(rest.is_empty() || until == A_BYTE, "{rest:?}");
}

#[tokio::test]
async fn a_relay_that_does_not_say_goodbye_holds_nobody_up() {
    let slow = Slow::start().await;
    let relay = slow.relay(Tls::Off);
    let (over, given_up) = oneshot::channel();
    let client = async {
        let session = Session::connect(&relay, &short(Stage::Quit)).await;
        let carried = carry(session.unwrap(), &mut mails(&["ada"])).await;
        over.send(()).unwrap();
        carried
    };
    let steps = [GREETING, BARE, MAIL, RCPT, DATA, DOT];
    let (rest, (end, book)) = tokio::join!(slow.serve(&steps, "QUIT", given_up), client);
    assert_eq!((end, book.accepted()), (End::Drained, 1));
    assert_eq!(rest, b"");
}

#[tokio::test]
async fn a_host_that_does_not_answer_is_given_up() {
    // Whoever comes after the one that waits at its door hears nothing.
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(([127, 0, 0, 1], 0).into()).unwrap();
    let silent = Slow(socket.listen(0).unwrap());
    let address = silent.0.local_addr().unwrap();
    let _waiting = TcpStream::connect(address).await.unwrap();
    let relay = silent.relay(Tls::Off);
    let session = timeout(SOON, Session::connect(&relay, &short(Stage::Connect))).await;
    let error = session.unwrap().unwrap_err();
    let said = format!("{address}: no answer in time");
    assert_eq!(error, ConnectError::Unreachable(said));
}

#[test]
fn each_step_has_the_time_that_its_requirement_gives_it() {
    let times = Timeouts::default();
    for (time, seconds) in [
        (times.connect, 10),
        (times.greeting, 30),
        (times.hello, 30),
        (times.envelope, 60),
        (times.data, 60),
        (times.write, 60),
        (times.dot, 300),
        (times.quit, 2),
    ] {
        assert_eq!(time, Duration::from_secs(seconds));
    }
}

#[tokio::test]
async fn a_slow_relay_is_waited_for() {
    let script = SmtpScript::new().on(|_| Some(SmtpAct::later(SHORT / 4)));
    let sink = SmtpSink::start_with(script);
    let session = Session::connect(&relay(&sink), &Timeouts::default()).await;
    let (end, book) = carry(session.unwrap(), &mut mails(&["ada", "bob"])).await;
    assert_eq!((end, book.accepted()), (End::Drained, 2));
}
