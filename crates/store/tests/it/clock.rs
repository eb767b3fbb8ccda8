//! How far a node's clock is from the database's.

use contract::{Clock as _, SystemClock};
use rstest::rstest;
use testkit::Engine;

use crate::scene::Scene;

const SECOND: i64 = 1_000_000;

#[rstest]
#[tokio::test]
async fn the_offset_says_how_far_ahead_the_database_is(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::open(engine).await;
    let clock = SystemClock::default();
    for ahead in [-3_600, 0, 3_600] {
        // A node that is so far behind finds the database so far ahead.
        let node = clock.now().plus_seconds(-ahead);
        let offset = scene.database.clock_offset(node).await.unwrap();
        let error = (offset - ahead * SECOND).abs();
        assert!(error < 2 * SECOND, "{ahead}: {offset}");
    }
}
