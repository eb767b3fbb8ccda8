//! Who asks.

use crate::{fuzzer, ground::Ground};

#[tokio::test]
async fn the_operator_is_answered_as_described() {
    let ground = Ground::new().await;
    fuzzer::run(&ground, &ground.operator).await;
}

#[tokio::test]
async fn an_owner_is_answered_as_described() {
    let ground = Ground::new().await;
    fuzzer::run(&ground, &ground.owner).await;
}
