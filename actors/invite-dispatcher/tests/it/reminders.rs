//! Reminders, ends, and bounces that are long past.

use contract::suppressions::{About, MailReport, ReportKind, TakeReports};
use futures_util::future::join_all;
use rstest::rstest;
use testkit::Engine;

use crate::{
    invited::{Invited, UNSENT},
    scene::NOON,
    suppressions::{suppress, suppressed},
};

const DAY: i64 = 24 * 60 * 60;

#[rstest]
#[actix_rt::test]
async fn a_pending_invite_is_brought_to_mind_once_before_its_end(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let on = Invited::open(engine).await;
    let (a, soon) = (on.a, NOON.plus_days(2));
    on.set_policies(a, r#"{"remind_days": 1}"#).await;
    let invite = on
        .invite_until(a, "ann@uni.edu", "sent", soon.plus_days(1))
        .await;
    on.mailed(invite, NOON).await;
    on.sweep().await;
    assert_eq!(on.state(invite).await, "sent", "not yet");
    on.scene.clock.advance_seconds(2 * DAY);
    let mut workers: Vec<_> = (0..4).map(|_| on.reminder()).collect();
    let done = join_all(workers.iter_mut().map(kernel::Work::work)).await;
    assert!(done.iter().all(Result::is_ok), "{done:?}");
    let stand = on.stand(invite).await;
    assert_eq!(
        (stand.state.as_str(), stand.occasion.as_str()),
        ("queued", "reminder")
    );
    assert_eq!(
        (stand.mailing, stand.is_due, stand.is_batch_finished),
        (2, true, false)
    );
    assert_eq!(on.told(a, "invite.remind").await.0, 1);
    on.set_state(invite, "sent").await;
    on.sweep().await;
    assert_eq!(on.stand(invite).await.mailing, 2, "once");
}

#[rstest]
#[actix_rt::test]
async fn whoever_needs_no_reminder_gets_none(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let on = Invited::open(engine).await;
    let (a, b, soon) = (on.a, on.b, NOON.plus_days(2));
    on.set_policies(a, r#"{"remind_days": 1}"#).await;
    let short = on
        .invite_until(a, "short@uni.edu", "sent", NOON.plus_days(1))
        .await;
    on.set_policies(b, r#"{"remind_days": 0}"#).await;
    let never = on.invite_until(b, "never@uni.edu", "sent", soon).await;
    let accepted = on.invite_until(a, "accepted@uni.edu", "sent", soon).await;
    on.accept(a, accepted).await;
    let unwanted = on.invite_until(a, "unwanted@uni.edu", "sent", soon).await;
    suppress(&on, a, "unwanted@uni.edu").await.unwrap();
    let bounced = on.invite_until(a, "bounced@uni.edu", "bounced", soon).await;
    let due = on
        .invite_until(a, "due@uni.edu", "delivered", soon.plus_days(1))
        .await;
    for invite in [short, never, accepted, unwanted, bounced, due] {
        on.mailed(invite, NOON).await;
    }
    for seconds in [3_600, DAY, DAY - 3_600] {
        on.scene.clock.advance_seconds(seconds);
        on.sweep().await;
    }
    for invite in [short, never, accepted, unwanted, bounced] {
        assert_eq!(on.stand(invite).await.mailing, 1);
    }
    assert_eq!(on.stand(due).await.mailing, 2);
}

#[rstest]
#[actix_rt::test]
async fn what_did_not_leave_in_time_is_expired(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let on = Invited::open(engine).await;
    let late = on
        .invite_until(on.a, "late@uni.edu", "deferred", NOON)
        .await;
    on.run(UNSENT.bind(late)).await;
    let good = on.invite(on.a, "good@uni.edu", "queued").await;
    let sent = on.invite_until(on.a, "sent@uni.edu", "sent", NOON).await;
    on.reopen(on.a).await;
    on.sweep().await;
    let stand = on.stand(late).await;
    assert_eq!((stand.state.as_str(), stand.is_due), ("expired", false));
    assert_eq!(on.state(good).await, "queued");
    assert_eq!(on.state(sent).await, "sent");
}

#[rstest]
#[actix_rt::test]
async fn what_was_accepted_or_is_over_is_closed_until_it_is_sent_again(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let on = Invited::open(engine).await;
    let over = on.invite_until(on.a, "over@uni.edu", "sent", NOON).await;
    let moved = on.invite_until(on.a, "moved@uni.edu", "sent", NOON).await;
    let accepted = on.invite(on.a, "accepted@uni.edu", "sent").await;
    let open = on.invite(on.a, "open@uni.edu", "sent").await;
    on.accept(on.a, accepted).await;
    let mut sweeper = on.reminder();
    while kernel::Work::work(&mut sweeper).await.unwrap() == kernel::Pace::Again {}
    for (invite, is_closed) in [(over, true), (moved, true), (accepted, true), (open, false)] {
        assert_eq!(on.stand(invite).await.is_closed, is_closed);
    }
    // The same sweeper sees later ones, too.
    on.scene.clock.advance_seconds(DAY);
    on.accept(on.a, open).await;
    while kernel::Work::work(&mut sweeper).await.unwrap() == kernel::Pace::Again {}
    assert!(on.stand(open).await.is_closed);
    crate::invites::resend(&on, on.a.id, over).await.unwrap();
    let readdressed = crate::invites::readdress(&on, on.a.id, moved, "new@uni.edu").await;
    readdressed.unwrap();
    for invite in [over, moved] {
        assert!(!on.stand(invite).await.is_closed);
    }
}

#[rstest]
#[actix_rt::test]
async fn many_that_were_accepted_are_closed_piece_by_piece_and_who_ends_late_as_well(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let on = Invited::open(engine).await;
    let late = on.invite(on.a, "late@uni.edu", "sent").await;
    let mut many = Vec::new();
    for number in 0..505 {
        let email = format!("ann{number}@uni.edu");
        let invite = on.invite(on.a, &email, "sent").await;
        on.accept(on.a, invite).await;
        on.scene.clock.advance_seconds(1);
        many.push(invite);
    }
    let mut sweeper = on.reminder();
    let pace = kernel::Work::work(&mut sweeper).await.unwrap();
    assert_eq!(pace, kernel::Pace::Again, "one piece is not all");
    // An admission that began before all of them ends only now.
    on.scene.clock.advance_seconds(-600);
    on.accept(on.a, late).await;
    on.scene.clock.advance_seconds(600);
    for _ in 0..2 {
        let pace = kernel::Work::work(&mut sweeper).await.unwrap();
        assert_ne!(pace, kernel::Pace::Again, "two pieces are all");
    }
    for invite in many.into_iter().chain([late]) {
        assert!(on.stand(invite).await.is_closed);
    }
}

#[rstest]
#[actix_rt::test]
async fn a_bounce_suppresses_for_ninety_days(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let on = Invited::open(engine).await;
    let invite = on.invite(on.a, "ann@uni.edu", "sent").await;
    let report = MailReport {
        about: About::ReturnPath(on.return_path(invite, 1)),
        recipient: None,
        kind: ReportKind::HardBounce,
        detail: String::new(),
        event_id: None,
    };
    let take = TakeReports {
        provider: "standard".to_owned(),
        reports: vec![report],
    };
    on.scene.ask(take).await.unwrap();
    suppress(&on, on.a, "manual@uni.edu").await.unwrap();
    on.scene.clock.advance_seconds(90 * DAY);
    on.sweep().await;
    assert_eq!(
        suppressed(&on, on.a).await,
        ["ann@uni.edu", "manual@uni.edu"]
    );
    on.scene.clock.advance_seconds(1);
    on.sweep().await;
    assert_eq!(suppressed(&on, on.a).await, ["manual@uni.edu"]);
    assert_eq!(on.told(on.a, "suppression.lift").await.0, 1);
}
