//! What of a batch counts, when it is looked whether it is to rest.

use contract::{
    Kind, Secret,
    batches::{PauseReason, Steer, SteerBatch},
    ids::InviteId,
    suppressions::{About, MailReport, ReportKind, TakeReports},
};
use kernel::{Pace, Work as _};
use rstest::rstest;
use store::{Query, vault::Vault};
use testkit::Engine;

use crate::{
    invited::{refused, return_path},
    posted::{FINISHED, House, number, open, run},
    scene::Scene,
};

store::statements! {
    /// What became of rows, and whether they are due again.
    BECOME = "
        update invites
        set state = $2, reason = $3, last_reply = $4, settled_at = now_micros(),
            due_at = case when cast($5 as bigint) = 1 then now_micros() + 60000000 end
        where id in (select rows.value ->> 'id' from rows($1))";

    /// What an organisation decided cannot be read any more.
    BREAK_POLICIES = "update organisations set policies = 'no JSON' where id = $1";

    RESTS = "select coalesce(pause_reason, '') as reason from batches where id = $1";
}

#[derive(serde::Serialize)]
struct Of {
    id: InviteId,
}

/// Where rows of a batch stand; with what was said of them.
#[derive(Clone, Copy)]
struct Stand {
    state: &'static str,
    reason: Option<&'static str>,
    reply: &'static str,
    is_due: bool,
}

const SENT: Stand = Stand {
    state: "sent",
    reason: None,
    reply: "250 taken",
    is_due: false,
};

const NOBODY: Stand = Stand {
    state: "bounced",
    reason: Some("user-unknown"),
    reply: "550 5.1.1 no such user",
    is_due: false,
};

fn uni(_: usize) -> String {
    "uni.edu".to_owned()
}

fn become_of(ids: &[InviteId], stand: Stand) -> Query {
    let of: Vec<_> = ids.iter().map(|id| Of { id: *id }).collect();
    let query = BECOME.bind_rows(&of).bind(stand.state).bind(stand.reason);
    query.bind(stand.reply).bind(i64::from(stand.is_due))
}

/// Adds such rows to a batch, so many of each.
async fn fill(scene: &Scene, house: House, rows: &[(usize, Stand)]) {
    let mut first = 10;
    for (count, stand) in rows {
        let ids = scene.many(house, "queued", first..first + count, uni).await;
        first += count;
        run(scene, become_of(&ids, *stand)).await;
    }
}

/// For what a batch of such rows rests, and of one more that waits.
async fn rests(scene: &Scene, house: House, rows: &[(usize, Stand)]) -> Option<PauseReason> {
    scene.many(house, "queued", 9..10, uni).await;
    fill(scene, house, rows).await;
    looked_at(scene, house).await
}

/// For what a batch rests once all are looked at.
async fn looked_at(scene: &Scene, house: House) -> Option<PauseReason> {
    let mut enlister = scene.enlister();
    while enlister.work().await.unwrap() == Pace::Again {}
    let mut reader = scene.db.read().await.unwrap();
    let row = RESTS.bind(house.batch).fetch_one(&mut reader).await;
    let row = row.unwrap();
    match row.get::<String>("reason").unwrap().as_str() {
        "bounces" => Some(PauseReason::Bounces),
        "refusals" => Some(PauseReason::Refusals),
        "" => None,
        other => panic!("{other}"),
    }
}

#[rstest]
#[case::what_is_tried_again("deferred", true)]
#[case::what_is_repeated("unknown", true)]
#[case::what_nobody_knows("unknown", false)]
#[case::what_was_taken_back("cancelled", false)]
#[case::what_nobody_wants("suppressed", false)]
#[case::what_nobody_needs("unneeded", false)]
#[case::what_came_too_late("expired", false)]
#[actix_rt::test]
async fn what_is_no_result_does_not_hide_what_came_back(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
    #[case] state: &'static str,
    #[case] is_due: bool,
) {
    let (_sink, scene, house) = open(engine).await;
    let none = Stand {
        state,
        is_due,
        ..SENT
    };
    let rows = [(900, none), (90, SENT), (10, NOBODY)];
    assert_eq!(
        rests(&scene, house, &rows).await,
        Some(PauseReason::Bounces),
        "10 of 100"
    );
    let few = scene.house().await;
    let rows = [(900, none), (9, SENT), (90, NOBODY)];
    assert_eq!(rests(&scene, few, &rows).await, None, "99 tell nothing");
}

#[rstest]
#[actix_rt::test]
async fn a_batch_of_which_nothing_is_left_is_finished_and_does_not_rest(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (_sink, scene, house) = open(engine).await;
    fill(&scene, house, &[(90, SENT), (10, NOBODY)]).await;
    assert_eq!(looked_at(&scene, house).await, None);
    let pause = SteerBatch {
        organisation: house.id,
        batch_id: house.batch,
        steer: Steer::Pause,
    };
    assert_eq!(refused(scene.ask(pause).await), Some(Kind::Conflict));
    scene.deliver().await;
    assert_eq!(number(&scene, FINISHED.query(), "n").await, 1);
}

#[rstest]
#[actix_rt::test]
async fn a_batch_that_cannot_be_let_rest_holds_up_no_other(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (_sink, scene, broken) = open(engine).await;
    let (other, fresh) = (scene.house().await, scene.house().await);
    assert!(broken.batch < other.batch);
    run(&scene, BREAK_POLICIES.bind(broken.id)).await;
    let draft = scene.many(fresh, "draft", 0..1, uni).await[0];
    let rows = [(90, SENT), (10, NOBODY)];
    for house in [broken, other] {
        scene.many(house, "queued", 9..10, uni).await;
        fill(&scene, house, &rows).await;
    }
    assert_eq!(
        looked_at(&scene, other).await,
        Some(PauseReason::Bounces),
        "it is let rest"
    );
    assert_eq!(scene.see(draft).await.state, "queued");
    assert_eq!(looked_at(&scene, broken).await, None);
}

#[rstest]
#[case::by_a_host("552 5.2.2 mailbox full (mx [195.7.23.1])", None)]
#[case::by_a_hosts_name("552 5.2.2 mailbox full, said mx5.7.mail.example", None)]
#[case::as_a_word("550 5.7.1 blocked", Some(PauseReason::Refusals))]
#[case::behind_a_hyphen("550-5.7.26 not authenticated", Some(PauseReason::Refusals))]
#[case::in_brackets("550 refused (#5.7.1)", Some(PauseReason::Refusals))]
#[actix_rt::test]
async fn a_code_says_that_we_are_refused_and_no_part_of_another_word_does(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
    #[case] said: &'static str,
    #[case] expected: Option<PauseReason>,
) {
    let (_sink, scene, house) = open(engine).await;
    let ids = scene.many(house, "queued", 0..9, uni).await;
    let became = become_of(&ids, SENT);
    run(&scene, became).await;
    let vault = Vault::new(&Secret::new("sealing key")).unwrap();
    let reports = ids.iter().map(|id| MailReport {
        about: About::ReturnPath(return_path(&vault, *id, 1)),
        recipient: None,
        kind: ReportKind::SoftBounce,
        detail: said.to_owned(),
        event_id: None,
    });
    let take = TakeReports {
        provider: "standard".to_owned(),
        reports: reports.collect(),
    };
    scene.ask(take).await.unwrap();
    let rows = [(111, SENT)];
    assert_eq!(rests(&scene, house, &rows).await, expected);
}
