//! A relay with a certificate of a private authority, as an operator sees it.

use std::fs;

use serde_json::{Value, json};
use testkit::{BusKind, Engine, SmtpScript, SmtpSink, SmtpTls, eventually};

use crate::{
    mailroom::{Mailroom, addresses, count},
    node::PATIENCE,
};

const REASON: &str = "TLS: no authority that is trusted here vouches for the relay's certificate";

fn relay(tls: SmtpTls) -> (SmtpSink, &'static str) {
    let scheme = match tls {
        SmtpTls::Implicit => "smtps",
        SmtpTls::Off | SmtpTls::Offered => "smtp",
    };
    (SmtpSink::start_with(SmtpScript::new().tls(tls)), scheme)
}

#[tokio::test]
async fn the_setting_lets_mail_through_beside_what_the_machine_trusts() {
    let ((private, smtps), (public, smtp)) = (relay(SmtpTls::Implicit), relay(SmtpTls::Offered));
    let urls = [(smtps, &private), (smtp, &public)]
        .map(|(scheme, sink)| format!("{scheme}://{}", sink.address()));
    let folder = tempfile::tempdir().unwrap();
    let [ours, machines] =
        [("ours.pem", &private), ("machine.pem", &public)].map(|(name, sink)| {
            let path = folder.path().join(name);
            fs::write(&path, sink.authority_pem()).unwrap();
            path.to_str().unwrap().to_owned()
        });

    // Nobody vouches for it: said in the log, and nothing is lost.
    let mut room = Mailroom::open(Engine::Sqlite, BusKind::Local, &urls[0]).await;
    let batch = room.invite(&addresses(0, 3)).await;
    eventually(PATIENCE, "the log says why", async || {
        room.node.process.stderr_text().contains(REASON)
    })
    .await;
    let wait = |batch: &Value| batch["states"] == json!({ "queued": 3 });
    room.until(&batch, "all of them wait", wait).await;
    assert!(room.shows("usher_mail_held_up 1").await);
    assert_eq!(private.commands("MAIL"), 0);

    let trusting = [("USHER_MAIL__TLS_CA_FILE", ours.as_str())];
    room.change(&trusting);
    let is_finished = |batch: &Value| !batch["finished_at"].is_null();
    let stands = room.until(&batch, "the invites are sent", is_finished);
    assert_eq!(count(&stands.await, "sent"), 3);
    assert_eq!(private.messages().len(), 3);

    // What the machine trusts is trusted still.
    let also = ("SSL_CERT_FILE", machines.as_str());
    room.change(&[also, ("USHER_MAIL__URL", &urls[1])]);
    let batch = room.invite(&addresses(3, 2)).await;
    let stands = room.until(&batch, "the invites are sent", is_finished);
    assert_eq!(count(&stands.await, "sent"), 2);
    assert_eq!(public.messages().len(), 2);
    assert_eq!(public.commands("STARTTLS"), public.connections());
}
