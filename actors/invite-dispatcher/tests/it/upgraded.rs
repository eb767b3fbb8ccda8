//! Nodes are replaced one after the other: couriers of the last release work beside those of this one.

use rstest::rstest;
use testkit::Engine;

use crate::posted::{self, open, run};

store::statements! {
    /// As a courier took an invite before there were notes.
    pub(crate) TAKE_WITHOUT_NOTE = "
        update invites
        set state = 'sending', attempts = 1, leased_by = 'an older courier',
            leased_until = now_micros() - 120000000
        where id = $1";
}

#[rstest]
#[actix_rt::test]
async fn what_an_older_courier_had_that_ended_in_the_middle_is_taken_over(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (sink, scene, house) = open(engine).await;
    let forgotten = scene.invite(house, "ann@uni.edu").await;
    let kept = scene.invite(house, "bob@uni.edu").await;
    run(&scene, TAKE_WITHOUT_NOTE.bind(forgotten)).await;
    run(&scene, posted::TAKE.bind(kept)).await;
    scene.deliver().await;
    let look = scene.see(forgotten).await;
    assert_eq!(
        (look.state.as_str(), look.crashes),
        ("unknown", 1),
        "{look:?}"
    );
    assert_eq!(scene.see(kept).await.state, "sending", "its courier lives");
    assert!(sink.messages().is_empty());
    scene.carry_later().await;
    assert_eq!(scene.see(forgotten).await.state, "sent");
    assert_eq!(sink.messages().len(), 1);
}
