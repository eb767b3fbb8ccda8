//! Fresh letters: who learns what, and how often.

use contract::{Clock as _, Secret, text::Language};
use futures_util::future::join_all;
use rstest::rstest;
use testkit::Engine;

use crate::{
    scene::{Scene, code, confirm, token, wrong},
    sql,
};

#[rstest]
#[actix_rt::test]
async fn a_fresh_proof_is_answered_alike_whether_or_not_anybody_has_the_address(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::open(engine).await;
    scene.registered("claimed@uni.edu").await;
    let proof = scene.registered_in("my browser", "correct horse").await;
    let mut mine = confirm(token(&proof));
    mine.registrant = Some(Secret::new("my browser"));
    scene.ask(mine).await.unwrap();
    scene.clock.advance_seconds(60);

    let claimed = scene.start("claimed@uni.edu").await;
    let before = scene.rows().await;
    let recent = scene.start("claimed@uni.edu").await;
    let proved = scene.start("ann@uni.edu").await;
    let nobody = scene.start("nobody@uni.edu").await;
    assert_eq!(scene.rows().await, before, "only the first wrote anything");

    assert_eq!(claimed.proof.map(|proof| proof.id), Some(claimed.id));
    for other in [recent, proved, nobody] {
        assert!(other.proof.is_none(), "nothing to be mailed");
        // What the asker sees: a name that nobody has seen before, of the same form.
        let (name, known) = (other.id.to_string(), claimed.id.to_string());
        assert_ne!(name, known);
        assert_eq!((name.len(), &name[..4]), (known.len(), &known[..4]));
    }
}

#[rstest]
#[actix_rt::test]
async fn an_address_gets_one_letter_a_minute(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::open(engine).await;
    let (_, first) = scene.registered("ann@uni.edu").await;
    scene.clock.advance_seconds(59);
    assert!(scene.start("ann@uni.edu").await.proof.is_none());
    let again = scene.enrol("ann@uni.edu", "correct horse").await.unwrap();
    assert!(again.proof.is_none());
    assert!(
        scene.ask(confirm(token(&first))).await.is_ok(),
        "a letter that was not sent ends none"
    );
}

#[rstest]
#[actix_rt::test]
async fn many_who_ask_at_once_get_one_letter(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::open(engine).await;
    scene.registered("ann@uni.edu").await;
    scene.clock.advance_seconds(60);
    let started = join_all((0..16).map(|_| scene.start("ann@uni.edu"))).await;
    let letters = started.iter().filter(|started| started.proof.is_some());
    assert_eq!(letters.count(), 1);
    assert_eq!(scene.count(&sql::COUNT_LIVE_PROOFS).await, 1);
}

#[rstest]
#[actix_rt::test]
async fn an_address_gets_ten_letters_a_day_and_the_last_of_them_stays_good(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::open(engine).await;
    let (account, mut last) = scene.registered("ann@uni.edu").await;
    let mut letters = 1;
    for _ in 0..20 {
        scene.clock.advance_seconds(60);
        if let Some(proof) = scene.start("ann@uni.edu").await.proof {
            (letters, last) = (letters + 1, proof);
        }
    }
    assert_eq!(letters, 10);
    let proved = scene.ask(confirm(token(&last))).await.unwrap();
    assert_eq!(proved.account_id, account);
    let (_, _) = scene.registered("bob@uni.edu").await;

    // A stranger who keeps asking cannot make it more, and a day later there are letters again.
    scene.clock.advance_seconds(86_400);
    assert!(scene.start("bob@uni.edu").await.proof.is_some());
}

#[rstest]
#[actix_rt::test]
async fn a_stranger_who_keeps_asking_never_leaves_the_owner_without_a_letter_that_is_good(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::open(engine).await;
    scene.registered("ann@uni.edu").await;
    let (mut letters, mut last) = (0, None);
    let minutes = std::iter::repeat_n(1, 10).chain(std::iter::repeat_n(10, 143));
    for minutes in minutes {
        scene.clock.advance_seconds(minutes * 60);
        if let Some(reset) = scene.reset("ann@uni.edu").await {
            (letters, last) = (letters + 1, Some(reset));
        }
        assert!(last.as_ref().unwrap().expires_at > scene.clock.now());
    }
    assert_eq!(letters, 10 + 23, "one an hour after ten");
    // Nor do letters for one purpose keep those for another away.
    assert!(scene.start("ann@uni.edu").await.proof.is_some());
    let last = last.unwrap();
    assert!(scene.finish(&last, "another horse").await.is_ok());
}

#[rstest]
#[actix_rt::test]
async fn an_account_has_fifty_guesses_at_codes_a_day_however_many_letters_it_gets(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::open(engine).await;
    let (_, mut last) = scene.registered("ann@uni.edu").await;
    for letter in 0..11 {
        if letter > 0 {
            scene.clock.advance_seconds(3_600);
            last = scene.start("ann@uni.edu").await.proof.unwrap();
        }
        for n in 0..5 {
            scene.ask(confirm(wrong(&last, n))).await.unwrap_err();
        }
    }
    assert_eq!(scene.count(&sql::SUM_ATTEMPTS).await, 50);
    assert!(scene.ask(confirm(code(&last))).await.is_err());
    scene.clock.advance_seconds(15 * 3_600);
    let next = scene.start("ann@uni.edu").await.proof.unwrap();
    assert!(scene.ask(confirm(code(&next))).await.is_ok(), "a day later");
    assert!(scene.ask(confirm(token(&next))).await.is_ok());
}

#[rstest]
#[actix_rt::test]
async fn whoever_is_signed_in_has_ten_letters_a_day_sent_to_another_address_and_no_more(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::open(engine).await;
    let (account, _) = scene.registered("ann@uni.edu").await;
    let mut letters = 0;
    for minutes in std::iter::repeat_n(1, 10).chain(std::iter::repeat_n(60, 22)) {
        scene.clock.advance_seconds(minutes * 60);
        let change = scene.start_change(account, "bob@uni.edu").await.unwrap();
        letters += u32::from(change.is_some());
    }
    assert_eq!(letters, 10);
}

#[rstest]
#[actix_rt::test]
async fn a_letter_is_in_the_language_of_the_organisation_that_was_joined_last(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::open(engine).await;
    let (ann, first) = scene.registered("ann@uni.edu").await;
    let (bob, _) = scene.registered("bob@uni.edu").await;
    scene.seat_in(bob, "fr").await;
    let mut written = vec![first.language];
    for joined in [None, Some("de"), Some("pt-br")] {
        if let Some(language) = joined {
            scene.seat_in(ann, language).await;
        }
        scene.clock.advance_seconds(60);
        written.push(scene.start("ann@uni.edu").await.proof.unwrap().language);
    }
    let written: Vec<_> = written.iter().map(Language::as_str).collect();
    assert_eq!(written, ["en", "en", "de", "pt-br"]);
}
