//! Batches from the first row to the courier's queue.

use contract::{
    EmailAddress, Timestamp,
    batches::{
        AddToBatch, Batch, GetBatch, GivenRow, ListBatchRows, OpenBatch, PauseReason, SealBatch,
        SendBatch, Source, Steer, SteerBatch,
    },
    ids::{BatchId, LinkId, OrganisationId, Ulid},
    invites::InviteState,
};
use kernel::Work as _;
use rstest::rstest;
use testkit::Engine;

use crate::scene::Scene;

store::statements! {
    /// An organisation with a plan and a link for one domain, and an address that wants no mail.
    pub(crate) SETTLE_ORGANISATION = "
        insert into organisations (id, name, product_url, policies, created_at)
        values ($1, 'Law School', 'https://read.example/', '{}', 0)";
    pub(crate) SETTLE_LINK = "
        insert into links (id, organisation_id, plan_id, name, token_hash, token_sealed, tags,
            allowed_domains, created_by, created_at)
        values ($2, $1, 'plan', 'First year', 'h', 's', '[]', '[\"x.edu\"]', 'operator', 0)";
    pub(crate) SETTLE_PLAN = "
        insert into plans (id, organisation_id, name, purchased, created_at)
        values ('plan', $1, 'Law', 10, 0)";
    pub(crate) SUPPRESS = "
        insert into suppressions (email_key, organisation_id, email, reason, created_by, created_at)
        values ($1, '', $1, 'complaint', 'system', 0)";
    /// What became of so many rows.
    pub(crate) SETTLE_ROWS = "
        update invites
        set state = $1, due_at = null, settled_at = now_micros(),
            reason = case when $1 = 'bounced' then 'user-unknown' end
        where position >= $2 and position < $3";
}

const NOON: Timestamp = Timestamp::from_micros(1_795_521_600_000_000);

pub(crate) fn organisation() -> OrganisationId {
    OrganisationId::new(Ulid::from_parts(NOON.millis(), 1))
}

pub(crate) fn row(line: u32, email: &str) -> GivenRow {
    GivenRow {
        line,
        input: email.to_owned(),
        email: EmailAddress::parse(email).ok(),
        name: None,
        reason: None,
        suggestion: None,
    }
}

impl Scene {
    async fn suppress(&self, email: &str) {
        let stamp = contract::Stamp {
            now: NOON,
            actor: "operator".to_owned(),
            request_id: "fixture".to_owned(),
        };
        let mut tx = self.db.write(&stamp).await.unwrap();
        SUPPRESS.bind(email).execute(&mut tx).await.unwrap();
        tx.commit().await.unwrap();
    }

    pub(crate) async fn open_batch(&self, limit: u64) -> BatchId {
        let (organisation, link_id) = (organisation(), LinkId::new(Ulid::from_parts(1, 1)));
        let stamp = contract::Stamp {
            now: NOON,
            actor: "operator".to_owned(),
            request_id: "fixture".to_owned(),
        };
        let mut tx = self.db.write(&stamp).await.unwrap();
        let settle = SETTLE_ORGANISATION.bind(organisation);
        settle.execute(&mut tx).await.unwrap();
        let settle = SETTLE_PLAN.bind(organisation);
        settle.execute(&mut tx).await.unwrap();
        let settle = SETTLE_LINK.bind(organisation).bind(link_id);
        settle.execute(&mut tx).await.unwrap();
        tx.commit().await.unwrap();
        let open = OpenBatch {
            organisation,
            link_id,
            source: Source::Paste,
            message: None,
            inviter: None,
            limit,
        };
        self.ask(open).await.unwrap().id
    }

    async fn batch(&self, batch_id: BatchId) -> Batch {
        let organisation = organisation();
        let get = GetBatch {
            organisation,
            batch_id,
        };
        let batch = self.ask(get).await.unwrap();
        let sum: u64 = batch.states.values().chain(batch.refused.values()).sum();
        assert_eq!(sum, batch.given, "{batch:?}");
        batch
    }

    async fn settle(&self, state: &str, from: u64, to: u64) {
        let stamp = contract::Stamp {
            now: NOON,
            actor: "operator".to_owned(),
            request_id: "fixture".to_owned(),
        };
        let mut tx = self.db.write(&stamp).await.unwrap();
        let settle = SETTLE_ROWS.bind(state).bind(from).bind(to);
        settle.execute(&mut tx).await.unwrap();
        tx.commit().await.unwrap();
    }

    async fn enlist(&self) {
        let mut worker = self.enlister();
        while worker.work().await.unwrap() == kernel::Pace::Again {}
    }
}

#[rstest]
#[actix_rt::test]
async fn every_row_is_counted_once_from_the_first_piece_to_the_queue(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::keeping(engine).await;
    let batch_id = scene.open_batch(5).await;
    let organisation = organisation();
    scene.suppress("no@x.edu").await;
    let mut unread = row(4, "nobody");
    unread.reason = Some("not-an-address".to_owned());
    let add = AddToBatch {
        organisation,
        batch_id,
        first_row: 0,
        rows: vec![
            row(1, "Ann@x.edu"),
            row(2, "ann@x.edu"),
            row(3, "bob@y.edu"),
            unread,
            row(5, "no@x.edu"),
        ],
    };
    let added = scene.ask(add.clone()).await.unwrap();
    assert_eq!(added.given, 5);
    assert_eq!(scene.ask(add).await.unwrap(), added, "the same piece again");
    let more = AddToBatch {
        organisation,
        batch_id,
        first_row: 5,
        rows: vec![row(6, "eve@x.edu")],
    };
    assert_eq!(
        scene.ask(more).await.unwrap_err().errors[0].code,
        "too-many"
    );
    let refused = scene.batch(batch_id).await.refused;
    for reason in [
        "duplicate",
        "domain-not-allowed",
        "not-an-address",
        "suppressed",
    ] {
        assert_eq!(refused.get(reason), Some(&1), "{reason}");
    }
    let send = SendBatch {
        organisation,
        batch_id,
    };
    assert_eq!(scene.ask(send.clone()).await.unwrap_err().status, 409);
    let seal = |given| SealBatch {
        organisation,
        batch_id,
        given,
    };
    assert_eq!(scene.ask(seal(4)).await.unwrap_err().status, 409);
    scene.ask(seal(5)).await.unwrap();
    let sent = scene.ask(send.clone()).await.unwrap();
    assert_eq!(scene.ask(send).await.unwrap().sent_at, sent.sent_at);
    scene.enlist().await;
    let queued = scene.batch(batch_id).await;
    assert_eq!(queued.states.get(&InviteState::Queued), Some(&1));
    let rows = ListBatchRows {
        organisation,
        batch_id,
        state: None,
        refused: false,
        reason: None,
        page: contract::PageRequest::default(),
    };
    let rows = scene.ask(rows).await.unwrap().items;
    let order: Vec<_> = rows.iter().map(|row| row.row).collect();
    assert_eq!(order, [0, 1, 2, 3, 4]);
}

#[rstest]
#[actix_rt::test]
async fn what_changed_since_the_dry_run_is_skipped_and_what_is_cancelled_does_not_leave(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::keeping(engine).await;
    let batch_id = scene.open_batch(500).await;
    let organisation = organisation();
    let rows = vec![row(1, "ann@x.edu"), row(2, "bob@x.edu")];
    let add = AddToBatch {
        organisation,
        batch_id,
        first_row: 0,
        rows,
    };
    scene.ask(add).await.unwrap();
    scene
        .ask(SealBatch {
            organisation,
            batch_id,
            given: 2,
        })
        .await
        .unwrap();
    let steer = |steer| SteerBatch {
        organisation,
        batch_id,
        steer,
    };
    let early = scene.ask(steer(Steer::Pause)).await.unwrap_err();
    assert_eq!(
        early.detail.as_deref(),
        Some("This batch was not sent yet.")
    );
    scene
        .ask(SendBatch {
            organisation,
            batch_id,
        })
        .await
        .unwrap();
    scene.suppress("ann@x.edu").await;
    scene.enlist().await;
    let states = scene.batch(batch_id).await.states;
    assert_eq!(states.get(&InviteState::Skipped), Some(&1));
    assert_eq!(states.get(&InviteState::Queued), Some(&1));
    assert!(
        scene
            .ask(steer(Steer::Pause))
            .await
            .unwrap()
            .paused_at
            .is_some()
    );
    assert!(
        scene
            .ask(steer(Steer::Resume))
            .await
            .unwrap()
            .paused_at
            .is_none()
    );
    scene.ask(steer(Steer::Cancel)).await.unwrap();
    assert_eq!(
        scene.ask(steer(Steer::Resume)).await.unwrap_err().status,
        409
    );
    scene.enlist().await;
    scene.deliver().await;
    let over = scene.batch(batch_id).await;
    assert_eq!(over.states.get(&InviteState::Cancelled), Some(&1));
    assert!(over.finished_at.is_some());
}

#[rstest]
#[actix_rt::test]
async fn a_batch_of_which_too_much_comes_back_rests_until_somebody_resumes_it(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::keeping(engine).await;
    let batch_id = scene.open_batch(500).await;
    let organisation = organisation();
    let rows: Vec<_> = (0..120).map(|n| row(n, &format!("p{n}@x.edu"))).collect();
    let add = AddToBatch {
        organisation,
        batch_id,
        first_row: 0,
        rows,
    };
    scene.ask(add).await.unwrap();
    let seal = SealBatch {
        organisation,
        batch_id,
        given: 120,
    };
    scene.ask(seal).await.unwrap();
    let send = SendBatch {
        organisation,
        batch_id,
    };
    scene.ask(send).await.unwrap();
    scene.enlist().await;
    scene.settle("sent", 0, 95).await;
    scene.settle("bounced", 95, 100).await;
    scene.enlist().await;
    assert_eq!(
        scene.batch(batch_id).await.pause_reason,
        None,
        "5 % is borne"
    );
    scene.settle("bounced", 90, 100).await;
    scene.enlist().await;
    let paused = scene.batch(batch_id).await;
    assert_eq!(paused.pause_reason, Some(PauseReason::Bounces));
    let resume = SteerBatch {
        organisation,
        batch_id,
        steer: Steer::Resume,
    };
    assert_eq!(scene.ask(resume).await.unwrap().paused_at, None);
}
