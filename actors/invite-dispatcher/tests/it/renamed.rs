//! An organisation that is called otherwise while its batch is under way.

use contract::batches::{PreviewInvitation, SendBatch};
use rstest::rstest;
use testkit::Engine;

use crate::{
    posted::{open, run},
    scene::Scene,
};

store::statements! {
    UNSENT = "update batches set sent_at = null where id = $1";

    ORGANISATION = "
        update organisations set name = 'Faculty', product_url = 'https://other.example/' where id = $1";

    NUMBERED = "
        update organisations set product_url = 'http://127.0.0.1:8080/demo/product' where id = $1";

    PLAN = "update plans set name = 'Everything' where organisation_id = $1";
}

fn says(text: &str) -> bool {
    let said = crate::mime::Read::of(text).header("Subject").to_owned();
    said.contains("Law School")
        && text.contains("read.example")
        && !text.contains("other.example")
        && !text.contains("Faculty")
        && !text.contains("Everything")
}

#[rstest]
#[actix_rt::test]
async fn every_mail_of_a_batch_says_what_was_so_when_it_was_sent(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (sink, scene, house): (_, Scene, _) = open(engine).await;
    let first = scene.invite(house, "ann@uni.edu").await;
    run(&scene, UNSENT.bind(house.batch)).await;
    let send = SendBatch {
        organisation: house.id,
        batch_id: house.batch,
    };
    scene.ask(send).await.unwrap();
    scene.deliver().await;
    assert!(scene.see(first).await.is_sent);
    scene.invite(house, "bob@uni.edu").await;
    run(&scene, ORGANISATION.bind(house.id)).await;
    run(&scene, PLAN.bind(house.id)).await;
    scene.deliver().await;
    let mails = sink.messages();
    assert_eq!(mails.len(), 2);
    for mail in &mails {
        assert!(says(&mail.text()), "{}", mail.text());
    }
    let preview = PreviewInvitation {
        organisation: house.id,
        batch_id: house.batch,
    };
    let preview = scene.ask(preview).await.unwrap();
    assert!(preview.subject.contains("Law School"), "{preview:?}");
    assert!(!preview.text.contains("Everything"), "{preview:?}");
}

#[rstest]
#[actix_rt::test]
async fn a_product_whose_host_is_a_number_is_called_by_its_plan_in_preview_and_mail(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (sink, scene, house): (_, Scene, _) = open(engine).await;
    run(&scene, NUMBERED.bind(house.id)).await;
    scene.invite(house, "ann@uni.edu").await;
    let preview = PreviewInvitation {
        organisation: house.id,
        batch_id: house.batch,
    };
    let preview = scene.ask(preview).await.unwrap();
    assert_eq!(preview.subject, "Law School invited you to Law");
    scene.deliver().await;
    let sent = sink.messages()[0].text();
    let sent = crate::mime::Read::of(&sent);
    assert_eq!(sent.header("Subject"), preview.subject);
    let from = "\"Law School via Law\" <usher@mail.example>";
    assert_eq!(sent.header("From"), from);
    for part in [&preview.text, &preview.html] {
        assert!(!part.contains("127.0.0.1"), "{part}");
    }
    for (_, part) in &sent.parts {
        assert!(!part.contains("127.0.0.1"), "{part}");
    }
}
