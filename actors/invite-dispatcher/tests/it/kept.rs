//! The mailbox of the demo.

use std::collections::BTreeSet;

use contract::{
    Clock as _, Cursor, Kind, PageRequest,
    ids::MailId,
    mails::{ListKeptMails, ReadKeptMail},
};
use rstest::rstest;
use testkit::{Engine, SmtpSink};

use crate::scene::{Scene, TOKEN, proof};

fn page(cursor: Option<Cursor>, limit: u32) -> ListKeptMails {
    let limit = Some(limit);
    ListKeptMails {
        page: PageRequest { cursor, limit },
    }
}

#[rstest]
#[actix_rt::test]
async fn kept_letters_are_listed_the_newest_first_in_pages_and_can_be_read(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::keeping(engine).await;
    let empty = scene.ask(page(None, 50)).await.unwrap();
    assert!(empty.items.is_empty(), "before the first there is none");
    let mut ids = Vec::new();
    for n in 0..5 {
        let to = format!("person{n}@uni.edu");
        ids.push(scene.queue_to(&to, &to, proof("Ann")).await);
        scene.clock.advance_seconds(1);
        scene.deliver().await;
    }
    ids.reverse();
    let (mut seen, mut cursor) = (Vec::new(), None);
    loop {
        let answer = scene.ask(page(cursor, 2)).await.unwrap();
        seen.extend(answer.items);
        cursor = answer.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(seen.iter().map(|mail| mail.id).collect::<Vec<_>>(), ids);
    assert_eq!(seen[0].to, "person4@uni.edu");
    assert_eq!(seen[0].subject, "Confirm your e-mail address");
    assert_eq!(seen[0].sent_at, scene.clock.now());

    let id = ids[0];
    let read = scene.ask(ReadKeptMail { id }).await.unwrap();
    assert_eq!(read.mail, seen[0]);
    assert!(read.text.contains(TOKEN) && read.html.contains(TOKEN));
}

#[rstest]
#[actix_rt::test]
async fn a_letter_that_was_not_kept_is_not_found_and_a_foreign_cursor_is_refused(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::keeping(engine).await;
    scene.queue("proof:1").await;
    let id = MailId::new(scene.clock.ulid());
    let refused = scene.ask(ReadKeptMail { id }).await.unwrap_err();
    assert_eq!(refused.kind, Kind::NotFound);
    let foreign = page(Some(Cursor("../../etc/passwd".to_owned())), 2);
    let refused = scene.ask(foreign).await.unwrap_err();
    assert_eq!(refused.errors[0].field, "cursor");
}

#[rstest]
#[actix_rt::test]
async fn a_broken_file_hides_no_other_letter(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::keeping(engine).await;
    let ids = [scene.queue("proof:1").await, scene.queue("proof:2").await];
    scene.deliver().await;
    let directory = scene.directory();
    let files: BTreeSet<_> = std::fs::read_dir(&directory)
        .unwrap()
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .collect();
    let expected = ids
        .iter()
        .flat_map(|id| [format!("{id}.eml"), format!("{id}.json")]);
    assert_eq!(files, expected.collect());

    std::fs::write(directory.join(format!("{}.json", ids[1])), "{").unwrap();
    std::fs::write(directory.join("notes.json"), "{}").unwrap();
    let listed = scene.ask(page(None, 50)).await.unwrap().items;
    assert_eq!(
        listed.iter().map(|mail| mail.id).collect::<Vec<_>>(),
        [ids[0]]
    );
}

#[rstest]
#[actix_rt::test]
async fn letters_that_went_to_a_relay_are_not_shown(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let sink = SmtpSink::start();
    let scene = Scene::sending(engine, &sink).await;
    let id = scene.queue("proof:1").await;
    scene.deliver().await;
    let listed = scene.ask(page(None, 50)).await.unwrap_err();
    let read = scene.ask(ReadKeptMail { id }).await.unwrap_err();
    assert_eq!((listed.kind, read.kind), (Kind::NotFound, Kind::NotFound));
}

#[rstest]
#[actix_rt::test]
async fn a_directory_that_cannot_be_written_loses_nothing(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::keeping(engine).await;
    let id = scene.queue("proof:1").await;
    std::fs::write(scene.directory(), "in the way").unwrap();
    scene.deliver().await;
    let look = scene.look(id).await;
    assert!(look.waits(5), "{look:?}");
    std::fs::remove_file(scene.directory()).unwrap();
    scene.deliver_later().await;
    assert!(scene.look(id).await.is_sent);
}
