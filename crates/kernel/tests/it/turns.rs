//! What a turn is.

use contract::{Service, caller::Principal};
use futures_util::future::{join, join_all};
use kernel::supervise::Intensity;
use testkit::BusKind;

use crate::{
    probe::{Ask, Reserved},
    scene::Scene,
};

#[actix_rt::test]
async fn turns_of_one_instance_never_overlap_whatever_their_kind() {
    let scene = Scene::open(BusKind::Local).await;
    let stage = scene.probe().await;
    let held = scene.send(Ask::Wait("held".to_owned()));
    scene.gate.wait_for_a_turn().await;
    let edge = scene.bus_of(Service::HttpEdge);
    let operator = scene.cx().on_behalf_of(Principal::Operator, None);
    let others = join_all([(); 3].map(|()| edge.call(&Reserved, &operator)));
    let meanwhile = async {
        // The first of the other kind has left its inbox and stands before the instance.
        scene.wait_queued::<Reserved>(2).await;
        assert_eq!(scene.journal.lines(), Vec::<String>::new());
        scene.gate.let_through(1);
    };
    let (others, ()) = join(others, meanwhile).await;
    assert!(others.iter().all(Result::is_ok));
    held.await.unwrap().unwrap();
    let turns = ["held", "reserved", "reserved", "reserved"];
    assert_eq!(scene.journal.lines(), turns);
    stage.stop().await;
}

#[actix_rt::test]
async fn two_instances_take_their_turns_side_by_side() {
    let scene = Scene::open(BusKind::Local).await;
    let stage = scene.probes(2, Intensity::default()).await;
    let calls = ["a", "b"].map(|text| scene.send(Ask::Wait(text.to_owned())));
    // Both are in a turn before either may end it.
    scene.gate.wait_for_a_turn().await;
    scene.gate.wait_for_a_turn().await;
    scene.gate.let_through(2);
    for call in calls {
        call.await.unwrap().unwrap();
    }
    stage.stop().await;
}
