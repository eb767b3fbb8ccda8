//! Signatures, verified by somebody else's code.

use std::{
    env,
    io::Write as _,
    process::{Command, Stdio},
};

use aws_lc_rs::{
    encoding::{AsDer as _, Pkcs8V1Der, PublicKeyX509Der},
    rsa::{KeyPair as RsaKeyPair, KeySize},
    signature::{Ed25519KeyPair, KeyPair as _},
};
use contract::{EmailAddress, Secret};
use data_encoding::BASE64;
use invite_dispatcher::{DkimError, DkimOptions, MailOptions, MailWritten, Signer, compose};
use kernel::{Pace, Work as _};
use rstest::rstest;
use serde_json::{Value, json};
use testkit::{Engine, SmtpSink};

use crate::{
    invitation::{invitation, on_the_wire, sender, templates},
    scene::{NOON, Scene, proof},
};

const MISSING: &str = "signatures are verified by python with dkimpy==1.1.8 and PyNaCl==1.6.2: `pip \
                       install` them, and name the interpreter by DKIM_PYTHON";

/// An RSA key of 1024 bits, PKCS#8: nothing here makes one.
const SHORT: [&str; 14] = [
    "MIICeAIBADANBgkqhkiG9w0BAQEFAASCAmIwggJeAgEAAoGBAMQPfwjiMeUAbmGD",
    "GizskCEPDgQ3EAkxYuLNorPOGG0giWhogl8+XoqFGA5BjzvruEP4LiXxagIq8UYM",
    "/vfCebJG75pxiqc8iLyTiQSTpziI4ghamcL9qL0BkkzH8RN8SkYYQNG11nNRziS2",
    "/z7M/mm5+z/KAElf4ahLza/EPZHDAgMBAAECgYEAjlKJbxN0EL6tYg/fcnkPb1AU",
    "Zq7p7yJwnB+WWlvjk2QpGyeybB1EV92hxseEiITmsEB6j4Sd5ZDysF1CwOvllmVF",
    "JCd65t1qtwTKrncqgSEaR30hY/rrFOeykDmx5Z73ZpBb2ZHbg5ccQME5gQdbLZyK",
    "gMKpx+323YQjdMCtpDECQQDnZixE10Lb6xa79CZIXyesWFK3zhR+VSClct/GC4zD",
    "fW6qbIxaS+vBXezQbcRg7Or9WK3BzcAXPC09GkqHnRUdAkEA2OeJuPKju476BAqs",
    "17kGLT8oHc15En5kMteGKwHo6U+B98QNfh/8p0QKU1yc7oxDyz0bvRXRz71i5BPJ",
    "mqzsXwJBAN7G4EHamHTPrVCAqsasTa7ATcrFrbc+z7JZmRS7E+c1gHC1Fp7sTuoY",
    "OiEkPJcwIMCOOqLGKnR0K/2SrURIuAUCQQCjJHutFStbri2Ujqb0VqEztRYqXFqd",
    "M12P9BVhEb2qhne98MMpQ0vYT0/o5XbP4cY3/o13igrWUp8n504yva/HAkAuYxdF",
    "M3GR06+J+PK0bbVGazdxt8WczPp1rggMNtRA76OSh5hbEd4sY4L4sv9ISMQt+WFt",
    "d6Jn/+6eDlx55zxh",
];

/// A private key in PEM, and the record of its public one.
struct Keys {
    private: String,
    record: String,
}

fn pem(der: &[u8]) -> String {
    let text = BASE64.encode(der);
    let lines = text.as_bytes().chunks(64).map(String::from_utf8_lossy);
    let lines = lines.collect::<Vec<_>>().join("\n");
    format!("-----BEGIN PRIVATE KEY-----\n{lines}\n-----END PRIVATE KEY-----\n")
}

fn rsa(size: KeySize) -> Keys {
    let key = RsaKeyPair::generate(size).unwrap();
    let private: Pkcs8V1Der<'_> = key.as_der().unwrap();
    let public: PublicKeyX509Der<'_> = key.public_key().as_der().unwrap();
    Keys {
        private: pem(private.as_ref()),
        record: format!("v=DKIM1; k=rsa; p={}", BASE64.encode(public.as_ref())),
    }
}

fn ed25519() -> Keys {
    let key = Ed25519KeyPair::generate().unwrap();
    let public = BASE64.encode(key.public_key().as_ref());
    Keys {
        private: pem(key.to_pkcs8().unwrap().as_ref()),
        record: format!("v=DKIM1; k=ed25519; p={public}"),
    }
}

fn signer(keys: &Keys) -> Signer {
    let options = DkimOptions {
        selector: "s2026",
        domain: "Mail.Example",
        key: &Secret::new(keys.private.as_str()),
    };
    Signer::parse(options).unwrap().unwrap()
}

/// What the verifier finds.
fn verify(message: &[u8], record: &str) -> Value {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/verify.py");
    let mut python = Command::new(env::var_os("DKIM_PYTHON").expect(MISSING))
        .args([script, record])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect(MISSING);
    let mut stdin = python.stdin.take().unwrap();
    stdin.write_all(message).unwrap();
    drop(stdin);
    let output = python.wait_with_output().unwrap();
    assert!(output.status.success(), "{MISSING}");
    serde_json::from_slice(&output.stdout).unwrap()
}

#[rstest]
#[case::rsa_2048(rsa(KeySize::Rsa2048))]
#[case::rsa_4096(rsa(KeySize::Rsa4096))]
#[case::ed25519(ed25519())]
fn an_independent_verifier_accepts_what_was_signed_and_nothing_else(#[case] keys: Keys) {
    let signed = signer(&keys).sign(&on_the_wire(&invitation())).unwrap();
    assert!(signed.is_ascii());
    assert!(
        signed
            .split(|byte| *byte == b'\n')
            .all(|line| line.len() <= 79 + 998)
    );
    assert_eq!(
        verify(&signed, &keys.record),
        json!({
            "valid": true,
            "asked": ["s2026._domainkey.mail.example."],
            "signed": [
                "from", "to", "subject", "date", "message-id", "mime-version", "content-type",
                "reply-to", "list-unsubscribe", "list-unsubscribe-post", "feedback-id", "from",
            ],
        })
    );
    let text = String::from_utf8(signed).unwrap();
    for (what, changed) in [
        ("the body", text.replace("7KQ2MXPA", "7KQ2MXPB")),
        ("the subject", text.replace("invited you", "invited us")),
        ("another From", format!("From: eve@evil.example\r\n{text}")),
        ("the button", text.replace("One-Click", "No-Click")),
    ] {
        assert_ne!(changed, text, "{what}");
        assert_eq!(
            verify(changed.as_bytes(), &keys.record)["valid"],
            false,
            "{what}"
        );
    }
    let relaxed = text
        .replace("Subject: Green", "SUBJECT:  Green")
        .replace("Hello Ann,\r\n", "Hello  Ann, \t\r\n");
    assert_ne!(relaxed, text);
    assert_eq!(verify(relaxed.as_bytes(), &keys.record)["valid"], true);
}

#[actix_rt::test]
async fn a_letter_arrives_signed_when_that_is_set() {
    let (keys, sink) = (ed25519(), SmtpSink::start());
    let scene = Scene::sending(Engine::Sqlite, &sink).await;
    scene.queue("proof:1").await;
    let written = MailWritten {
        url: &Secret::new(sink.url()),
        from: "usher@mail.example",
        reply_to: "",
        return_path: "",
        templates: "",
        dkim: DkimOptions {
            selector: "s2026",
            domain: "mail.example",
            key: &Secret::new(keys.private.as_str()),
        },
    };
    let mut courier = scene.courier_as(MailOptions::read(written).unwrap());
    while courier.work().await.unwrap() == Pace::Again {}
    let mails = sink.messages();
    assert_eq!(mails.len(), 1);
    assert_eq!(verify(&mails[0].raw, &keys.record)["valid"], true);
}

#[test]
fn a_letter_is_signed_with_the_headers_that_it_has() {
    let keys = ed25519();
    let words = templates().letter(&proof("Zoë")).unwrap();
    let to = EmailAddress::parse("ann@uni.edu").unwrap();
    let id = "mail_01JDF4W8000000000000000001".parse().unwrap();
    let message = compose(id, &sender(), &to, &words, NOON).unwrap();
    let signed = signer(&keys).sign(&message.formatted()).unwrap();
    let found = verify(&signed, &keys.record);
    assert_eq!(found["valid"], true);
    let names = found["signed"].as_array().unwrap();
    assert!(!names.contains(&json!("list-unsubscribe")), "{names:?}");
}

#[test]
fn a_short_key_is_refused() {
    let short = BASE64.decode(SHORT.concat().as_bytes()).unwrap();
    let options = DkimOptions {
        selector: "s2026",
        domain: "mail.example",
        key: &Secret::new(pem(&short)),
    };
    assert_eq!(Signer::parse(options).unwrap_err(), DkimError::Key);
}
