//! Who looks at lists, and at batches.

use std::time::Duration;

use contract::{
    PageRequest, Problem,
    batches::ListBatches,
    ids::OrganisationId,
    invites::{InviteFilter, ListInvites},
    suppressions::ListSuppressions,
};
use rstest::rstest;
use testkit::{Engine, eventually};

use crate::{
    invited::{Invited, begin},
    posted::{SUPPRESS, WAITING, number},
    scene::Scene,
};

store::statements! {
    /// Neither invites nor suppressions can be read until the transaction ends.
    HIDE = "lock table invites, suppressions in access exclusive mode";

    /// A batch as large as this.
    GROWN = "update batches set given = $2 where id = $1";
}

#[derive(Clone, Copy, Debug)]
enum List {
    Batches,
    Invites,
    Suppressions,
}

impl List {
    /// How many there are.
    async fn ask(self, scene: &Scene, organisation: OrganisationId) -> Result<usize, Problem> {
        let (page, q) = (PageRequest::default(), Some("ann".to_owned()));
        Ok(match self {
            Self::Batches => {
                let list = ListBatches { organisation, page };
                scene.ask(list).await?.items.len()
            }
            Self::Invites => {
                let filter = InviteFilter {
                    q,
                    ..InviteFilter::default()
                };
                let list = ListInvites {
                    organisation,
                    filter,
                    page,
                };
                scene.ask(list).await?.items.len()
            }
            Self::Suppressions => {
                let list = ListSuppressions {
                    organisation,
                    reason: None,
                    q,
                    page,
                };
                scene.ask(list).await?.items.len()
            }
        })
    }
}

#[rstest]
#[actix_rt::test]
async fn whoever_lists_counts_and_searches_holds_up_no_letter(
    #[values(List::Batches, List::Invites, List::Suppressions)] list: List,
) {
    let scene = Scene::keeping(Engine::Postgres).await;
    let house = scene.house().await;
    scene.invite(house, "ann@uni.edu").await;
    let mut tx = begin(&scene).await;
    let suppress = SUPPRESS.bind("annie@uni.edu").bind(house.id);
    suppress.execute(&mut tx).await.unwrap();
    tx.commit().await.unwrap();
    let mut hides = begin(&scene).await;
    HIDE.query().execute(&mut hides).await.unwrap();
    let list = || list.ask(&scene, house.id);
    let story = async {
        eventually(Duration::from_secs(20), "they wait", async || {
            number(&scene, WAITING.query(), "n").await >= 2
        })
        .await;
        let mail = scene.queue("proof:1").await;
        assert!(!scene.look(mail).await.is_sent);
        hides.commit().await.unwrap();
    };
    let (one, two, three, ()) = tokio::join!(list(), list(), list(), story);
    for listed in [one, two, three] {
        assert_eq!(listed, Ok(1));
    }
}

#[rstest]
#[actix_rt::test]
async fn a_page_counts_so_many_rows_and_no_batch_is_left_out(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let on = Invited::open(engine).await;
    let mut batches = vec![on.a.batch];
    for _ in 0..5 {
        on.scene.clock.advance_seconds(1);
        batches.push(on.draft(on.a).await.batch);
    }
    batches.reverse();
    let rows = [100_000_u64, 100_000, 250_000, 10, 199_990, 1];
    for (batch, rows) in batches.iter().zip(rows) {
        on.run(GROWN.bind(*batch).bind(rows)).await;
    }
    for (limit, expected) in [(200, vec![2, 1, 2, 1]), (1, vec![1; 6])] {
        let (mut lengths, mut seen, mut cursor) = (Vec::new(), Vec::new(), None);
        loop {
            let limit = Some(limit);
            let list = ListBatches {
                organisation: on.a.id,
                page: PageRequest { cursor, limit },
            };
            let page = on.scene.ask(list).await.unwrap();
            lengths.push(page.items.len());
            seen.extend(page.items.into_iter().map(|batch| batch.id));
            cursor = page.next_cursor;
            if cursor.is_none() {
                break;
            }
        }
        assert_eq!((&lengths, &seen), (&expected, &batches));
    }
}
