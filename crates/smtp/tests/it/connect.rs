use std::time::Duration;

use contract::Secret;
use smtp::{ConnectError, End, Login, Path, Relay, Session, Stage, Timeouts, Tls, Trust};
use testkit::{SmtpAct, SmtpAt, SmtpScript, SmtpSink, SmtpTls};

use crate::scene::{carry, mails, refused, relay};

fn login(password: &str) -> Login {
    Login {
        user: "usher".to_owned(),
        password: Secret::new(password),
    }
}

fn trusted(sink: &SmtpSink, tls: Tls) -> Relay {
    Relay {
        tls,
        trust: Trust::with_roots([sink.authority().into()]),
        ..relay(sink)
    }
}

async fn delivers(sink: &SmtpSink, relay: &Relay) {
    let session = Session::connect(relay, &Timeouts::default()).await.unwrap();
    let (end, book) = carry(session, &mut mails(&["ada", "bob"])).await;
    assert_eq!((end, book.accepted()), (End::Drained, 2));
    assert_eq!(sink.messages().len(), 2);
}

#[tokio::test]
async fn mail_goes_over_tls_from_the_first_byte() {
    let sink = SmtpSink::start_with(SmtpScript::new().tls(SmtpTls::Implicit));
    delivers(&sink, &trusted(&sink, Tls::Implicit)).await;
}

#[tokio::test]
async fn mail_goes_over_tls_after_starttls_by_name_and_by_address() {
    for (tls, host) in [
        (Tls::StartTlsRequired, "localhost"),
        (Tls::StartTlsIfOffered, "127.0.0.1"),
    ] {
        let sink = SmtpSink::start_with(SmtpScript::new().tls(SmtpTls::Offered));
        let mut relay = trusted(&sink, tls);
        host.clone_into(&mut relay.host);
        delivers(&sink, &relay).await;
        assert_eq!((sink.commands("STARTTLS"), sink.commands("EHLO")), (1, 2));
    }
}

#[tokio::test]
async fn what_is_said_before_the_handshake_is_forgotten() {
    let injected = "\r\n250-evil\r\n250 SIZE 1";
    let script = SmtpScript::new().tls(SmtpTls::Offered).inject(injected);
    let sink = SmtpSink::start_with(script);
    delivers(&sink, &trusted(&sink, Tls::StartTlsRequired)).await;
}

#[tokio::test]
async fn a_certificate_that_nobody_trusts_ends_the_connection() {
    for (offered, tls) in [
        (SmtpTls::Offered, Tls::StartTlsIfOffered),
        (SmtpTls::Implicit, Tls::Implicit),
    ] {
        let sink = SmtpSink::start_with(SmtpScript::new().tls(offered));
        let stranger = Relay {
            tls,
            ..relay(&sink)
        };
        let error = refused(&stranger).await;
        assert!(matches!(error, ConnectError::Tls(_)), "{error:?}");
        assert_eq!(sink.commands("MAIL"), 0);
    }
}

#[tokio::test]
async fn tls_that_is_required_and_not_offered_ends_the_connection() {
    let sink = SmtpSink::start();
    let error = refused(&trusted(&sink, Tls::StartTlsRequired)).await;
    assert_eq!(error, ConnectError::NoTls);
    assert_eq!(sink.commands("QUIT"), 1);
}

#[tokio::test]
async fn both_ways_to_log_in_work() {
    for mechanisms in ["PLAIN LOGIN", "LOGIN", "CRAM-MD5 PLAIN"] {
        let script = SmtpScript::new().login("usher", "s3cret", mechanisms);
        let sink = SmtpSink::start_with(script.tls(SmtpTls::Offered));
        let mut relay = trusted(&sink, Tls::StartTlsRequired);
        relay.login = Some(login("s3cret"));
        delivers(&sink, &relay).await;
    }
}

#[tokio::test]
async fn a_wrong_password_is_told_from_all_else() {
    for mechanisms in ["PLAIN", "LOGIN"] {
        let script = SmtpScript::new().login("usher", "s3cret", mechanisms);
        let sink = SmtpSink::start_with(script);
        let mut relay = relay(&sink);
        relay.login = Some(login("wrong"));
        let error = refused(&relay).await;
        let ConnectError::Credentials(reply) = &error else {
            panic!("{error:?}");
        };
        assert_eq!(reply.code, 535);
        assert!(error.needs_somebody());
        assert!(!format!("{relay:?} {error}").contains("wrong"));
    }
}

#[tokio::test]
async fn a_password_that_is_refused_for_now_is_not_a_wrong_one() {
    let script = SmtpScript::new().login("usher", "s3cret", "PLAIN");
    let sink = SmtpSink::start_with(script.on(|moment| {
        (moment.at == SmtpAt::Auth).then(|| SmtpAct::reply("454 4.7.0 try again later"))
    }));
    let mut relay = relay(&sink);
    relay.login = Some(login("s3cret"));
    let error = refused(&relay).await;
    let stage = Stage::Auth;
    assert!(
        matches!(&error, ConnectError::Refused { stage: at, .. } if *at == stage),
        "{error:?}"
    );
    assert!(!error.needs_somebody());
}

#[tokio::test]
async fn no_known_way_to_log_in_is_said() {
    let script = SmtpScript::new().login("usher", "s3cret", "CRAM-MD5");
    let sink = SmtpSink::start_with(script);
    let mut relay = relay(&sink);
    relay.login = Some(login("s3cret"));
    assert_eq!(refused(&relay).await, ConnectError::NoMechanism);
}

#[tokio::test]
async fn a_refused_greeting_says_what_it_said() {
    let sink = SmtpSink::start_with(SmtpScript::new().on(|moment| {
        (moment.at == SmtpAt::Greeting)
            .then(|| SmtpAct::reply("554-no\r\n554 5.7.1 access denied").and_close())
    }));
    let error = refused(&relay(&sink)).await;
    assert_eq!(error.to_string(), "greeting: 554 5.7.1 no access denied");
}

#[tokio::test]
async fn nobody_there_is_said_with_the_address() {
    let gone = SmtpSink::start();
    let mut relay = relay(&gone);
    // Nobody listens at port 1 of the loopback.
    relay.port = 1;
    let error = refused(&relay).await;
    assert!(matches!(error, ConnectError::Unreachable(_)), "{error:?}");
    "no-such-host.invalid".clone_into(&mut relay.host);
    let timeouts = Timeouts {
        connect: Duration::from_secs(5),
        ..Timeouts::default()
    };
    let error = Session::connect(&relay, &timeouts).await.unwrap_err();
    assert!(matches!(error, ConnectError::Unreachable(_)), "{error:?}");
}

#[test]
fn nothing_in_a_path_can_end_its_command() {
    for text in [
        "a@b.co\r\nRCPT TO:<x@y.z>",
        "a@b.co> NOTIFY=NEVER",
        "<a@b.co",
        "a b@c.co",
        "a@b.co\n",
        "a\0@b.co",
        "a@b.co\u{85}",
        "\"a\"@b.co",
        "ä@b.co",
        "a",
        "@b.co",
        "a@",
        "",
    ] {
        assert!(Path::parse(text).is_err(), "{text:?}");
    }
    assert_eq!(
        Path::parse("usher+a=b@localhost").unwrap().to_string(),
        "usher+a=b@localhost"
    );
}
