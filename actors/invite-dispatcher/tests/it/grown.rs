//! A piece of a batch costs what its addresses cost, however many invites there are.

use std::time::Duration;

use contract::{
    EmailAddress, Stamp,
    batches::{AddToBatch, OpenBatch, Source},
    ids::{LinkId, Ulid},
};
use rstest::rstest;
use serde::Serialize;
use store::Query;
use testkit::{Engine, eventually_some};

use crate::{
    batches::{organisation, row},
    scene::{NOON, Scene},
};

store::statements! {
    /// Invites of a batch, as if they had been imported.
    pub(crate) IMPORT = "
        insert into invites (id, organisation_id, batch_id, link_id, position, line, email, email_key,
            domain, state, created_at, queued_at, expires_at)
        select 'old' || (rows.value ->> 'number'), $2, $3, 'link',
            cast(rows.value ->> 'number' as bigint), 1, rows.value ->> 'email',
            rows.value ->> 'email', 'x.edu', 'sent', 0, 0, 9223372036854775807
        from rows($1)";

    /// Statistics of what is there now.
    pub(crate) ANALYSE = "analyze";

    /// How many invites PostgreSQL wrote and read so far, once the sessions have told.
    pub(crate) TOLD = "
        select cast(n_tup_ins as bigint) as written,
            cast(seq_tup_read + coalesce(idx_tup_fetch, 0) as bigint) as read
        from pg_stat_user_tables
        where relname = 'invites'";
}

const OLD: u64 = 20_000;
const NEW: u64 = 500;

#[derive(Serialize)]
struct Old {
    number: u64,
    email: String,
}

async fn run(scene: &Scene, query: Query) {
    let stamp = Stamp {
        now: NOON,
        actor: "operator".to_owned(),
        request_id: "fixture".to_owned(),
    };
    let mut tx = scene.db.write(&stamp).await.unwrap();
    query.execute(&mut tx).await.unwrap();
    tx.commit().await.unwrap();
}

#[rstest]
#[actix_rt::test]
async fn a_piece_reads_no_other_invites_whatever_the_statistics_say(
    #[values(true, false)] is_analysed: bool,
) {
    let scene = Scene::keeping(Engine::Postgres).await;
    let (organisation, old) = (organisation(), scene.open_batch(OLD).await);
    let rows: Vec<_> = (0..OLD)
        .map(|number| Old {
            number,
            email: EmailAddress::parse(&format!("old{number}@x.edu"))
                .unwrap()
                .key(),
        })
        .collect();
    let import = IMPORT.bind_rows(&rows).bind(organisation).bind(old);
    run(&scene, import).await;
    if is_analysed {
        run(&scene, ANALYSE.query()).await;
    }
    let open = OpenBatch {
        organisation,
        link_id: LinkId::new(Ulid::from_parts(1, 1)),
        source: Source::File,
        message: None,
        inviter: None,
        limit: OLD,
    };
    let batch_id = scene.ask(open).await.unwrap().id;
    for piece in 0..4 {
        let first = piece * NEW;
        let rows = (first..first + NEW).map(|number| row(1, &format!("new{number}@x.edu")));
        let add = AddToBatch {
            organisation,
            batch_id,
            first_row: first,
            rows: rows.collect(),
        };
        scene.ask(add).await.unwrap();
    }
    let what = "the sessions have told what they read";
    let read = eventually_some(Duration::from_secs(40), what, async || {
        let mut reader = scene.db.read().await.unwrap();
        let told = TOLD.query().fetch_one(&mut reader).await.unwrap();
        let is_told = told.get::<u64>("written").unwrap() >= OLD + 4 * NEW;
        is_told.then(|| told.get::<u64>("read").unwrap())
    })
    .await;
    assert!(read < OLD, "{read} invites were read");
}
