//! Who looks at batches.

use std::time::Duration;

use contract::batches::ListBatches;
use testkit::{Engine, eventually};

use crate::{
    invited::begin,
    posted::{WAITING, number},
    scene::Scene,
};

store::statements! {
    /// No invite can be read until the transaction ends.
    HIDE = "lock table invites in access exclusive mode";
}

#[actix_rt::test]
async fn whoever_counts_batches_holds_up_no_letter() {
    let scene = Scene::keeping(Engine::Postgres).await;
    let house = scene.house().await;
    let mut hides = begin(&scene).await;
    HIDE.query().execute(&mut hides).await.unwrap();
    let list = async || {
        let (organisation, page) = (house.id, contract::PageRequest::default());
        scene.ask(ListBatches { organisation, page }).await.unwrap()
    };
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
    for page in [one, two, three] {
        assert_eq!(page.items[0].id, house.batch);
    }
}
