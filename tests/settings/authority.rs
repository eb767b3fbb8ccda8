//! The file of `mail.tls_ca_file` is looked at before the start.

use std::fs;

use testkit::{SmtpScript, SmtpSink, SmtpTls};
use usher::roles::Roles;

use crate::{cli::usher, lines, loaded_for, problems};

const VARIABLE: &str = "USHER_MAIL__TLS_CA_FILE";

#[test]
fn a_file_of_certificates_is_checked_before_the_start_where_mail_leaves() {
    let folder = tempfile::tempdir().unwrap();
    let relay = SmtpSink::start_with(SmtpScript::new().tls(SmtpTls::Implicit));
    let certificate = relay.authority_pem();
    let large = format!("{certificate}{}", "\n".repeat(1024 * 1024));
    for (text, fault) in [
        (Some(certificate.as_str()), None),
        (None, Some("cannot be read: ")),
        (Some("\n"), Some("is empty")),
        (Some(large.as_str()), Some("is larger than 1 MiB")),
        (Some("hello"), Some("holds no certificate in PEM")),
    ] {
        let path = folder.path().join("ca.pem");
        let file = path.to_str().unwrap();
        let _ = fs::remove_file(&path);
        if let Some(text) = text {
            fs::write(&path, text).unwrap();
        }
        let told = problems("", &[(VARIABLE, file)]);
        match fault {
            None => assert_eq!(told, Vec::<String>::new()),
            Some(fault) => {
                let start = format!("mail.tls_ca_file ({VARIABLE}): {file} {fault}");
                assert_eq!(told.len(), 1, "{told:?}");
                assert!(told[0].starts_with(&start), "{told:?}");
            }
        }
        // Its key in a file of settings, and not a secret that is read from the file it names.
        let settings = format!("[mail]\ntls_ca_file = '{file}'\n");
        assert_eq!(problems(&settings, &[]).is_empty(), fault.is_none());
    }

    let absent = [
        (VARIABLE, "/nowhere/ca.pem"),
        ("USHER_BUS__URL", "nats://127.0.0.1:4222"),
    ];
    let of = |role| lines(loaded_for(&Roles::named(["links", role]), "", &absent));
    assert_eq!(of("courier").len(), 1);
    assert_eq!(of("invites"), Vec::<String>::new());
}

#[test]
fn a_node_does_not_start_with_a_file_that_it_cannot_use() {
    let settings = tempfile::NamedTempFile::new().unwrap();
    fs::write(settings.path(), "[mail]\ntls_ca_file = '/nowhere/ca.pem'\n").unwrap();
    for command in [&["serve"][..], &["config", "check"]] {
        let place = ["--config", settings.path().to_str().unwrap()];
        let refused = usher(&[command, &place].concat());
        assert_eq!(refused.status.code(), Some(2), "{command:?}");
        let said = String::from_utf8_lossy(&refused.stderr);
        assert!(said.contains("mail.tls_ca_file ("), "{said}");
        assert!(said.contains("/nowhere/ca.pem cannot be read"), "{said}");
    }
}
