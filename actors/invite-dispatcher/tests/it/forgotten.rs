//! What an erasure leaves alone: letters, rows and erasures of others.

use contract::Clock as _;
use rstest::rstest;
use testkit::Engine;

use crate::{
    erased::{ANN, END_LEASE, KEY, over},
    invited::Invited,
    scene::proof,
};

store::statements! {
    /// An entry of the trail that nobody can read.
    BREAK_TRAIL = "
        insert into audit (id, organisation_id, at, actor, action, target, change, request_id)
        values ('aud_0', $1, 0, 'public', 'suppression.add', $2, 'no JSON', 'broken')";

    BREAK_TRAILS = "
        insert into audit (id, organisation_id, at, actor, action, target, change, request_id)
        values ('aud_' || $2, $1, 0, 'public', 'suppression.add', $2, 'no JSON', 'broken')";

    MEND_TRAILS = "update audit set change = '{}' where request_id = 'broken'";

    ADMINISTRATOR = "
        insert into administrators (id, email, email_key, created_at)
        values ('adm_bob', $1, lower($1), 0)";

    REFUSAL = "
        insert into refusals (batch_id, position, line, input, reason)
        values ($1, $2, 1, $3, 'not-an-address')";

    GIVEN = "
        select input as line from refusals where batch_id = $1 and position >= 900 order by position";

    SENT = "update batches set sent_at = 0, finished_at = 0 where id = $1";

    LEFT = "select cast(count(*) as text) as line from unforgotten";

    LETTERS = "select recipient || '|' || coalesce(last_reply, '') as line from mails";
}

#[rstest]
#[actix_rt::test]
async fn a_letter_goes_to_whoever_was_erased_and_administers(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let on = Invited::open(engine).await;
    let bob = on.account("bob@uni.edu").await;
    on.run(ADMINISTRATOR.bind("Bob@uni.edu")).await;
    let letter = proof("Bob");
    on.scene.queue_to("bobs", "Bob@uni.edu", letter).await;
    on.erase(on.a, bob).await;
    on.forget(90).await;
    assert!(on.is_forgotten(on.a, bob).await);
    on.scene.deliver().await;
    assert_eq!(on.lines(LETTERS.query()).await, ["|kept"]);
}

#[rstest]
#[actix_rt::test]
async fn whoever_cannot_be_forgotten_holds_up_nobody_nor_does_a_long_address(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let on = Invited::open(engine).await;
    let (a, b) = (on.a, on.b);
    let ann = on.account(ANN).await;
    on.run(BREAK_TRAIL.bind(a.id).bind(KEY)).await;
    on.erase(a, ann).await;
    on.scene.clock.advance_seconds(1);
    let long = format!("{}@{}.edu", "l".repeat(64), "d".repeat(60));
    let lee = on.account(&long).await;
    on.invite(b, &long, "sent").await;
    on.erase(b, lee).await;
    let now = on.scene.clock.now();
    let old = over(&on, b, "old@uni.edu", "sent", now.plus_days(-91)).await;
    on.run(SENT.bind(b.batch)).await;
    on.forget(90).await;
    assert!(!on.is_forgotten(a, ann).await);
    assert!(on.is_forgotten(b, lee).await);
    let dump = on.dump(b).await;
    let pseudonym = old.to_string().to_lowercase();
    assert!(
        dump.iter().any(|line| line.contains(&pseudonym)),
        "{dump:#?}"
    );
    assert!(!dump.iter().any(|line| line.contains(&long)), "{dump:#?}");
}

#[rstest]
#[actix_rt::test]
async fn whoever_cannot_be_forgotten_steps_aside_for_longer_each_time_however_many_they_are(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let on = Invited::open(engine).await;
    let mut broken = Vec::new();
    for n in 0..25 {
        let email = format!("ann{n}@uni.edu");
        let ann = on.account(&email).await;
        on.run(BREAK_TRAILS.bind(on.a.id).bind(email)).await;
        on.erase(on.a, ann).await;
        broken.push(ann);
    }
    let bob = on.account("bob@uni.edu").await;
    on.scene.clock.advance_seconds(1);
    on.erase(on.a, bob).await;
    on.forget(90).await;
    assert!(!on.is_forgotten(on.a, broken[0]).await);
    assert!(on.is_forgotten(on.a, bob).await, "behind them");
    for pause in [60, 300, 900, 3_600] {
        on.scene.clock.advance_seconds(pause);
        on.forget(90).await;
    }
    on.run(MEND_TRAILS.query()).await;
    on.scene.clock.advance_seconds(3_599);
    on.forget(90).await;
    assert!(!on.is_forgotten(on.a, broken[0]).await, "not yet");
    on.scene.clock.advance_seconds(1);
    on.forget(90).await;
    for ann in broken {
        assert!(on.is_forgotten(on.a, ann).await);
    }
    let left = on.lines(LEFT.query()).await;
    assert_eq!(left, ["0"], "nothing is kept of failures that are over");
}

#[rstest]
#[actix_rt::test]
async fn whoever_is_forgotten_once_a_courier_gives_them_back_holds_up_nobody_however_many_they_are(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let on = Invited::open(engine).await;
    let mut held = Vec::new();
    for n in 0..25 {
        let email = format!("ann{n}@uni.edu");
        let ann = on.account(&email).await;
        let invite = on.invite(on.a, &email, "queued").await;
        on.lease(invite).await;
        on.erase(on.a, ann).await;
        held.push((ann, invite));
    }
    let bob = on.account("bob@uni.edu").await;
    on.scene.clock.advance_seconds(1);
    on.erase(on.a, bob).await;
    on.forget(90).await;
    assert!(on.is_forgotten(on.a, bob).await, "behind them");
    for (ann, invite) in &held {
        assert!(!on.is_forgotten(on.a, *ann).await);
        on.run(END_LEASE.bind(*invite)).await;
    }
    on.scene.clock.advance_seconds(30);
    on.forget(90).await;
    for (ann, _) in held {
        assert!(on.is_forgotten(on.a, ann).await);
    }
    assert_eq!(on.lines(LEFT.query()).await, ["0"]);
}

#[rstest]
#[actix_rt::test]
async fn a_batch_whose_invites_cannot_be_forgotten_holds_up_no_other(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let on = Invited::open(engine).await;
    let (a, b) = (on.a, on.b);
    let long_ago = on.scene.clock.now().plus_days(-91);
    let broken = over(&on, a, ANN, "sent", long_ago).await;
    let target = broken.to_string();
    on.run(BREAK_TRAIL.bind(a.id).bind(target)).await;
    let other = over(&on, b, "bob@uni.edu", "sent", long_ago).await;
    assert!(a.batch < b.batch);
    for house in [a, b] {
        on.run(SENT.bind(house.batch)).await;
    }
    let email = async |house, invite| on.get(house, invite).await.unwrap().email;
    let is_kept = async |house, invite| {
        let email = email(house, invite).await;
        !email.as_str().ends_with("@forgotten.invalid")
    };
    on.forget(90).await;
    assert!(is_kept(a, broken).await && !is_kept(b, other).await);
    on.run(MEND_TRAILS.query()).await;
    on.scene.clock.advance_seconds(3_600);
    on.forget(90).await;
    assert!(!is_kept(a, broken).await, "it is tried again");
}

#[rstest]
#[actix_rt::test]
async fn what_was_given_of_others_with_a_longer_address_stays(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let on = Invited::open(engine).await;
    let ann = on.account(ANN).await;
    let given = ["joann@uni.edu", "Ann <ann@UNI.edu>", "ann@uni.edu.au"];
    for (position, input) in (900_i64..).zip(given) {
        let refused = REFUSAL.bind(on.a.batch).bind(position).bind(input);
        on.run(refused).await;
    }
    on.erase(on.a, ann).await;
    on.forget(90).await;
    let kept = on.lines(GIVEN.bind(on.a.batch)).await;
    assert_eq!(kept, ["joann@uni.edu", "", "ann@uni.edu.au"]);
}

#[rstest]
#[actix_rt::test]
async fn who_accepted_before_the_mail_left_is_not_counted_as_cancelled_when_erased(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let on = Invited::open(engine).await;
    let ann = on.account(ANN).await;
    let invite = on.unsent(on.a, ANN, "queued").await;
    on.accept_as(on.a, ann, invite).await;
    on.erase(on.a, ann).await;
    on.forget(90).await;
    let dump = on.dump(on.a).await;
    assert!(
        dump.iter()
            .any(|line| line.starts_with("invite unneeded inv_")),
        "{dump:#?}"
    );
}
