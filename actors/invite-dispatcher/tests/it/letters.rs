//! Every letter, as it is read.

use contract::{
    Secret,
    batches::{PauseReason, Said},
    invites::InviteState,
    mails::{Letter, ReadKeptMail},
    seats::Status,
    text::{Language, Name, PersonName},
};
use invite_dispatcher::Templates;
use rstest::rstest;
use testkit::Engine;

use crate::scene::{NOON, Scene, confirmation, proof};

fn joined(status: Status, days: Option<i64>) -> Letter {
    let due = days.map(|days| NOON.plus_days(days));
    confirmation("Ann", "Green & Co <Law>", status, due)
}

fn given(status: Status, is_proved: bool) -> Letter {
    Letter::SeatGiven {
        first_name: PersonName::parse("Ann").unwrap(),
        organisation: Name::parse("Green & Co <Law>").unwrap(),
        status,
        proof_due_at: (!is_proved).then(|| NOON.plus_days(7)),
        proof_url: (!is_proved).then(|| secret("proofs/token")),
        product_url: "https://read.example/".parse().unwrap(),
        language: Language::default(),
    }
}

fn secret(text: &str) -> Secret {
    Secret::new(format!("https://usher.example/{text}"))
}

fn reset() -> Letter {
    Letter::PasswordReset {
        first_name: PersonName::parse("Ann").unwrap(),
        reset_url: secret("reset/token"),
        code: Secret::new("123456"),
        language: Language::default(),
    }
}

fn address_change() -> Letter {
    Letter::AddressChange {
        first_name: PersonName::parse("Ann").unwrap(),
        change_url: secret("account/address/token"),
        code: Secret::new("123456"),
        language: Language::default(),
    }
}

fn address_changed() -> Letter {
    Letter::AddressChanged {
        first_name: PersonName::parse("Ann").unwrap(),
        language: Language::default(),
    }
}

fn administrator_elsewhere() -> Letter {
    Letter::AdministratorElsewhere {
        organisation: Name::parse("Green & Co <Law>").unwrap(),
        language: Language::default(),
    }
}

fn administrator_invite() -> Letter {
    Letter::AdministratorInvite {
        organisation: Name::parse("Green & Co <Law>").unwrap(),
        setup_url: secret("admin/set-up/token"),
        language: Language::default(),
    }
}

/// The same letter in this language.
fn in_language(letter: Letter, tag: &str) -> Letter {
    let mut letter = letter;
    let (Letter::JoinConfirmation { language, .. }
    | Letter::SeatGiven { language, .. }
    | Letter::Proof { language, .. }
    | Letter::PasswordReset { language, .. }
    | Letter::AddressChange { language, .. }
    | Letter::AddressChanged { language, .. }
    | Letter::AdministratorElsewhere { language, .. }
    | Letter::AdministratorInvite { language, .. }
    | Letter::BatchPaused { language, .. }
    | Letter::AdministratorReset { language, .. }) = &mut letter;
    *language = Language::parse(tag).unwrap();
    letter
}

fn in_german(letter: Letter) -> Letter {
    in_language(letter, "de-AT")
}

fn batch_paused(reason: PauseReason, said: Vec<Said>, waiting: u64) -> Letter {
    Letter::BatchPaused {
        organisation: Name::parse("Green & Co <Law>").unwrap(),
        link: Name::parse("First <year>").unwrap(),
        reason,
        said,
        waiting,
        batch_url: "https://usher.example/admin/org/invites/batch"
            .parse()
            .unwrap(),
        language: Language::default(),
    }
}

fn paused() -> Letter {
    let said = |count, state, text: &str| Said {
        count,
        state,
        code: None,
        text: text.to_owned(),
    };
    let said = vec![
        said(12, InviteState::Bounced, "550 5.1.1 <b>nobody</b> here"),
        said(3, InviteState::Failed, "550 5.7.1 blocked"),
        said(1, InviteState::Complained, ""),
    ];
    batch_paused(PauseReason::Bounces, said, 1_204)
}

fn refused() -> Letter {
    batch_paused(PauseReason::Refusals, Vec::new(), 1)
}

fn administrator_reset() -> Letter {
    Letter::AdministratorReset {
        reset_url: secret("admin/set-up/token"),
        language: Language::default(),
    }
}

#[rstest]
#[case::assigned("assigned", joined(Status::Assigned, Some(7)))]
#[case::proved_by_policy("assigned_without_a_date", joined(Status::Assigned, None))]
#[case::held("held", joined(Status::Held, Some(2)))]
#[case::waiting("waiting", joined(Status::Waiting, None))]
#[case::given("given", given(Status::Assigned, true))]
#[case::given_to_be_proved("given_to_be_proved", given(Status::Assigned, false))]
#[case::given_held("given_held", given(Status::Held, false))]
#[case::given_in_german("given_de", in_german(given(Status::Assigned, true)))]
#[case::given_to_be_proved_in_german(
    "given_to_be_proved_de",
    in_german(given(Status::Assigned, false))
)]
#[case::given_held_in_german("given_held_de", in_german(given(Status::Held, false)))]
#[case::proof("proof", proof("Ann"))]
#[case::reset("reset", reset())]
#[case::address_change("address_change", address_change())]
#[case::address_changed("address_changed", address_changed())]
#[case::administrator_elsewhere("administrator_elsewhere", administrator_elsewhere())]
#[case::administrator_elsewhere_in_german(
    "administrator_elsewhere_de",
    in_german(administrator_elsewhere())
)]
#[case::administrator_invite("administrator_invite", administrator_invite())]
#[case::administrator_reset("administrator_reset", administrator_reset())]
#[case::paused("paused", paused())]
#[case::refused("refused", refused())]
#[case::paused_in_german("paused_de", in_german(paused()))]
#[case::refused_in_german("refused_de", in_german(refused()))]
#[case::assigned_in_german("assigned_de", in_german(joined(Status::Assigned, Some(7))))]
#[case::held_in_german("held_de", in_german(joined(Status::Held, Some(2))))]
#[case::waiting_in_german("waiting_de", in_german(joined(Status::Waiting, None)))]
#[case::administrator_invite_in_german(
    "administrator_invite_de",
    in_german(administrator_invite())
)]
#[case::proof_in_german("proof_de", in_german(proof("Ann")))]
#[case::reset_in_german("reset_de", in_german(reset()))]
#[case::address_change_in_german("address_change_de", in_german(address_change()))]
#[case::address_changed_in_german("address_changed_de", in_german(address_changed()))]
#[case::administrator_reset_in_german("administrator_reset_de", in_german(administrator_reset()))]
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

#[rstest]
fn a_letter_is_whole_in_every_language(
    #[values(
        joined(Status::Assigned, Some(7)),
        joined(Status::Held, Some(7)),
        joined(Status::Waiting, None),
        given(Status::Assigned, true),
        given(Status::Assigned, false),
        given(Status::Held, false),
        proof("Ann"),
        reset(),
        address_change(),
        address_changed(),
        administrator_elsewhere(),
        administrator_invite(),
        paused(),
        administrator_reset()
    )]
    letter: Letter,
    #[values(("en-GB", "en"), ("de", "de"), ("de-CH", "de"), ("xx", "en"))] language: (&str, &str),
) {
    let templates = Templates::load(None, None).unwrap();
    let (asked, written) = language;
    let words = templates.letter(&in_language(letter.clone(), asked));
    let words = words.unwrap();
    let english = templates.letter(&letter).unwrap();
    assert_eq!(words.subject == english.subject, written == "en");
    assert!(!words.subject.is_empty() && !words.text.is_empty());
    let html_begins = format!("<!doctype html>\n<html lang=\"{written}\" dir=\"ltr\">");
    assert!(words.html.starts_with(&html_begins), "{}", words.html);
    if let Some(link) = link_of(&letter) {
        assert!(words.text.contains(link), "{}", words.text);
        let button = format!("href=\"{link}\"");
        assert!(words.html.contains(&button), "{}", words.html);
    }
}

fn link_of(letter: &Letter) -> Option<&str> {
    let url = match letter {
        Letter::SeatGiven {
            proof_url,
            product_url,
            ..
        } => {
            return Some(
                proof_url
                    .as_ref()
                    .map_or(product_url.as_str(), Secret::expose),
            );
        }
        Letter::JoinConfirmation { proof_url, .. } | Letter::Proof { proof_url, .. } => proof_url,
        Letter::PasswordReset { reset_url, .. } | Letter::AdministratorReset { reset_url, .. } => {
            reset_url
        }
        Letter::AddressChange { change_url, .. } => change_url,
        Letter::AdministratorInvite { setup_url, .. } => setup_url,
        Letter::BatchPaused { batch_url, .. } => return Some(batch_url.as_str()),
        Letter::AddressChanged { .. } | Letter::AdministratorElsewhere { .. } => return None,
    };
    Some(url.expose())
}
