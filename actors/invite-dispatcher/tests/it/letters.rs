//! Every letter, as it is read.

use contract::{
    mails::{Letter, ReadKeptMail},
    seats::Status,
};
use rstest::rstest;
use testkit::Engine;

use crate::scene::{NOON, Scene, confirmation, proof};

fn joined(status: Status, days: Option<i64>) -> Letter {
    let due = days.map(|days| NOON.plus_days(days));
    confirmation("Ann", "Green & Co <Law>", status, due)
}

#[rstest]
#[case::assigned("assigned", joined(Status::Assigned, Some(7)))]
#[case::proved_by_policy("assigned_without_a_date", joined(Status::Assigned, None))]
#[case::held("held", joined(Status::Held, Some(2)))]
#[case::waiting("waiting", joined(Status::Waiting, None))]
#[case::proof("proof", proof("Ann"))]
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
