//! Every letter, as it is read.

use contract::{
    Secret,
    mails::{Letter, ReadKeptMail},
    seats::Status,
    text::{Language, Name, PersonName},
};
use rstest::rstest;
use testkit::Engine;

use crate::scene::{NOON, Scene, confirmation, proof};

fn joined(status: Status, days: Option<i64>) -> Letter {
    let due = days.map(|days| NOON.plus_days(days));
    confirmation("Ann", "Green & Co <Law>", status, due)
}

fn secret(text: &str) -> Secret {
    Secret::new(format!("https://usher.example/{text}"))
}

fn reset() -> Letter {
    Letter::PasswordReset {
        first_name: PersonName::parse("Ann").unwrap(),
        reset_url: secret("reset/token"),
        code: Secret::new("123456"),
    }
}

fn address_change() -> Letter {
    Letter::AddressChange {
        first_name: PersonName::parse("Ann").unwrap(),
        change_url: secret("account/address/token"),
        code: Secret::new("123456"),
    }
}

fn address_changed() -> Letter {
    Letter::AddressChanged {
        first_name: PersonName::parse("Ann").unwrap(),
    }
}

fn administrator_invite() -> Letter {
    Letter::AdministratorInvite {
        organisation: Name::parse("Green & Co <Law>").unwrap(),
        setup_url: secret("admin/set-up/token"),
        language: Language::default(),
    }
}

/// The same letter in German.
fn in_german(letter: Letter) -> Letter {
    let mut letter = letter;
    if let Letter::JoinConfirmation { language, .. }
    | Letter::AdministratorInvite { language, .. } = &mut letter
    {
        *language = Language::parse("de-AT").unwrap();
    }
    letter
}

fn administrator_reset() -> Letter {
    Letter::AdministratorReset {
        reset_url: secret("admin/set-up/token"),
    }
}

#[rstest]
#[case::assigned("assigned", joined(Status::Assigned, Some(7)))]
#[case::proved_by_policy("assigned_without_a_date", joined(Status::Assigned, None))]
#[case::held("held", joined(Status::Held, Some(2)))]
#[case::waiting("waiting", joined(Status::Waiting, None))]
#[case::proof("proof", proof("Ann"))]
#[case::reset("reset", reset())]
#[case::address_change("address_change", address_change())]
#[case::address_changed("address_changed", address_changed())]
#[case::administrator_invite("administrator_invite", administrator_invite())]
#[case::administrator_reset("administrator_reset", administrator_reset())]
#[case::assigned_in_german("assigned_de", in_german(joined(Status::Assigned, Some(7))))]
#[case::held_in_german("held_de", in_german(joined(Status::Held, Some(2))))]
#[case::waiting_in_german("waiting_de", in_german(joined(Status::Waiting, None)))]
#[case::administrator_invite_in_german(
    "administrator_invite_de",
    in_german(administrator_invite())
)]
#[case::advertisement("proof_for_a_link", proof("win at casino.example"))]
#[actix_rt::test]
async fn a_letter_reads_as_it_should(#[case] name: &str, #[case] letter: Letter) {
    let scene = Scene::keeping(Engine::Sqlite).await;
    let id = scene.queue_to("proof:1", "ann@uni.edu", letter).await;
    scene.deliver().await;
    let kept = scene.ask(ReadKeptMail { id }).await.unwrap();
    let plain = format!("Subject: {}\n\n{}", kept.mail.subject, kept.text);
    insta::assert_snapshot!(format!("{name}_text"), plain);
    insta::assert_snapshot!(format!("{name}_html"), kept.html);
}
