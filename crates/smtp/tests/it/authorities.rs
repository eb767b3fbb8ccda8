use std::{fs, path::PathBuf};

use smtp::{Authorities, AuthoritiesError, ConnectError, Relay, Session, Timeouts, Tls, Trust};
use tempfile::TempDir;
use testkit::{SmtpScript, SmtpSink, SmtpTls};

use crate::scene::{refused, relay};

/// A file with this in it.
fn file(text: impl AsRef<[u8]>) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ca.pem");
    fs::write(&path, text).unwrap();
    (folder, path)
}

fn read(text: impl AsRef<[u8]>) -> Result<usize, String> {
    let (_folder, path) = file(text);
    let read = Authorities::read(&path).map(|found| found.into_iter().count());
    let name = path.display().to_string();
    read.map_err(|error| {
        assert!(error.to_string().contains(&name), "{error}");
        error.to_string().replace(&name, "FILE")
    })
}

fn relay_with_tls(tls: SmtpTls) -> SmtpSink {
    SmtpSink::start_with(SmtpScript::new().tls(tls))
}

#[test]
fn a_file_holds_one_certificate_or_several_and_words_around_them() {
    let [one, two] = [(); 2].map(|()| relay_with_tls(SmtpTls::Implicit).authority_pem());
    assert_eq!(read(&one), Ok(1));
    assert_eq!(read(one.replace('\n', "\r\n")), Ok(1));
    let several = format!("# ours\n{one}\n# and theirs\n{two}");
    assert_eq!(read(several), Ok(2));
}

#[test]
fn a_file_that_cannot_be_used_is_refused_with_its_name_and_why() {
    let one = relay_with_tls(SmtpTls::Implicit).authority_pem();
    for empty in ["", " \r\n\n"] {
        assert_eq!(read(empty).unwrap_err(), "FILE is empty");
    }
    let key = one.replace("CERTIFICATE", "PRIVATE KEY");
    for none in ["hello", "\0\x01", &key] {
        let said = read(none).unwrap_err();
        assert_eq!(said, "FILE holds no certificate in PEM");
    }
    let (whole, padding) = (one.len(), 1024 * 1024);
    let fits = format!("{one}{}", "\n".repeat(padding - whole));
    assert_eq!(read(&fits), Ok(1));
    let said = read(format!("{fits}\n")).unwrap_err();
    assert_eq!(said, "FILE is larger than 1 MiB");

    // Not base64, no end, and base64 of something else.
    let broken = one.replace("\nMII", "\n!!!");
    let cut = one.replace("-----END", "END");
    let other = "-----BEGIN CERTIFICATE-----\naGVsbG8=\n-----END CERTIFICATE-----\n";
    for second in [broken.as_str(), cut.as_str(), other] {
        let said = read(format!("{one}{second}")).unwrap_err();
        let start = "certificate 2 of FILE cannot be used: ";
        assert!(said.starts_with(start), "{said}");
    }
}

#[test]
fn what_is_not_there_or_not_a_file_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    for path in [folder.path().join("ca.pem"), folder.path().to_owned()] {
        let error = Authorities::read(&path).unwrap_err();
        assert!(
            matches!(&error, AuthoritiesError::Unreadable(named, _) if *named == path),
            "{error:?}"
        );
    }
}

#[tokio::test]
async fn a_relay_of_a_private_authority_is_believed_with_its_file_alone_and_by_its_name_alone() {
    for (offered, tls) in [
        (SmtpTls::Implicit, Tls::Implicit),
        (SmtpTls::Offered, Tls::StartTlsIfOffered),
        (SmtpTls::Offered, Tls::StartTlsRequired),
    ] {
        let (sink, other) = (relay_with_tls(offered), relay_with_tls(offered));
        let misnamed = SmtpScript::new().tls(offered).named("mail.hill.edu");
        let misnamed = SmtpSink::start_with(misnamed);
        let (_folder, path) = file(other.authority_pem() + &sink.authority_pem());
        let authorities = || Authorities::read(&path).unwrap();
        let to = |sink: &SmtpSink, trust: Trust| Relay {
            tls,
            trust,
            ..relay(sink)
        };
        let trusted = to(&sink, Trust::with_roots(authorities()));
        let session = Session::connect(&trusted, &Timeouts::default()).await;
        session.unwrap().quit().await;

        let why = |error: ConnectError| {
            assert!(error.needs_somebody(), "{error:?}");
            error.to_string()
        };
        let said = why(refused(&to(&sink, Trust::of_the_machine())).await);
        assert_eq!(
            said,
            "TLS: no authority that is trusted here vouches for the relay's certificate"
        );
        let (_folder, path) = file(misnamed.authority_pem());
        let its_own = Trust::with_roots(Authorities::read(&path).unwrap());
        let said = why(refused(&to(&misnamed, its_own)).await);
        assert!(said.contains("not valid for name \"127.0.0.1\""), "{said}");
        assert!(said.contains("mail.hill.edu"), "{said}");
        let another = Trust::with_roots([other.authority().into()]);
        assert!(why(refused(&to(&sink, another)).await).starts_with("TLS: "));
        assert_eq!(sink.commands("MAIL") + misnamed.commands("MAIL"), 0);
    }
}
