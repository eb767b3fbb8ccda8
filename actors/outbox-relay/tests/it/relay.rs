//! The relay when nothing breaks.

use contract::Kind;
use kernel::{Pace, Work as _};
use outbox_relay::Prunable;
use rstest::rstest;
use serde_json::json;
use testkit::{Engine, NatsServer};

use crate::{
    house::{House, settle},
    stream::{self, holds_exactly_the_events},
};

#[rstest]
#[actix_rt::test]
async fn every_event_is_published_once_and_in_order(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let nats = NatsServer::start();
    let house = House::open(engine).await;
    house.commit(house.ours, 1_500).await;
    house.commit(house.theirs, 7).await;
    let mut relay = house.relay(&nats.url()).await;
    settle(&mut relay).await.unwrap();
    holds_exactly_the_events(&house, &nats.url()).await;

    house.commit(house.theirs, 30).await;
    assert_eq!(relay.work().await.unwrap(), Pace::Again);
    house.commit(house.ours, 30).await;
    settle(&mut relay).await.unwrap();
    holds_exactly_the_events(&house, &nats.url()).await;
    assert_eq!(house.number("usher_relay_published_total"), "1567");
    assert_eq!(house.number("usher_relay_unpublished"), "0");
    assert_eq!(house.number("usher_relay_errors_total"), "0");
}

#[rstest]
#[actix_rt::test]
async fn more_organisations_than_a_page_are_all_served(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let nats = NatsServer::start();
    let house = House::open(engine).await;
    for _ in 0..260 {
        let organisation = contract::ids::OrganisationId::new(contract::Clock::ulid(&*house.clock));
        house.commit(organisation, 2).await;
    }
    house.commit(house.ours, 40).await;
    settle(&mut house.relay(&nats.url()).await).await.unwrap();
    holds_exactly_the_events(&house, &nats.url()).await;
}

#[rstest]
#[actix_rt::test]
async fn a_message_is_a_cloud_event_of_ids(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let nats = NatsServer::start();
    let house = House::open(engine).await;
    house.commit(house.ours, 2).await;
    settle(&mut house.relay(&nats.url()).await).await.unwrap();
    let ours = house.ours.to_string();
    let seen = stream::read(&nats.url()).await;
    assert_eq!(
        seen[0].subject,
        format!("usher.events.v1.{ours}.organisation-updated")
    );
    assert_eq!(seen[0].body["subject"], ours);
    assert_eq!(
        seen[1].body,
        json!({
            "specversion": "1.0",
            "id": format!("{ours}-2"),
            "source": format!("/organisations/{ours}"),
            "type": "usher.events.v1.link-created",
            "subject": "lnk_00000000000000000000000000",
            "time": "2026-11-24T12:00:00Z",
            "datacontenttype": "application/json",
            "data": {
                "organisation_id": ours,
                "seq": 2,
                "link_id": "lnk_00000000000000000000000000",
                "plan_id": "pln_00000000000000000000000000",
            },
        })
    );
}

#[rstest]
#[actix_rt::test]
async fn two_relays_at_once_publish_once(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let nats = NatsServer::start();
    stream::make_forgetful(&nats.url()).await;
    let house = House::open(engine).await;
    let mut relays = (
        house.relay(&nats.url()).await,
        house.relay(&nats.url()).await,
    );
    for _ in 0..10 {
        house.commit(house.ours, 50).await;
        let (first, second) = tokio::join!(relays.0.work(), relays.1.work());
        let resting = [first.unwrap(), second.unwrap()]
            .iter()
            .filter(|pace| **pace != Pace::Again)
            .count();
        assert_eq!(resting, 1, "one works, the other stands by");
    }
    settle(&mut relays.0).await.unwrap();
    settle(&mut relays.1).await.unwrap();
    holds_exactly_the_events(&house, &nats.url()).await;
}

#[rstest]
#[actix_rt::test]
async fn a_relay_that_lost_its_lease_unawares_stores_nothing(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let nats = NatsServer::start();
    stream::make_forgetful(&nats.url()).await;
    let house = House::open(engine).await;
    house.commit(house.ours, 20).await;
    let mut stale = house.relay(&nats.url()).await;
    settle(&mut stale).await.unwrap();

    house.end_leases().await;
    house.commit(house.ours, 20).await;
    let mut next = house.relay(&nats.url()).await;
    settle(&mut next).await.unwrap();
    house.commit(house.ours, 20).await;
    let refused = stale.work().await.unwrap_err();
    assert_eq!(refused.kind, Kind::Unavailable);
    assert_eq!(house.number("usher_relay_errors_total"), "1");
    assert_eq!(stream::read(&nats.url()).await.len(), 40);

    settle(&mut next).await.unwrap();
    holds_exactly_the_events(&house, &nats.url()).await;
}

#[rstest]
#[actix_rt::test]
async fn a_relay_that_takes_the_work_of_another_for_its_own_stores_nothing(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let nats = NatsServer::start();
    stream::make_forgetful(&nats.url()).await;
    let house = House::open(engine).await;
    house.commit(house.ours, 20).await;
    let mut stale = house.relay(&nats.url()).await;
    settle(&mut stale).await.unwrap();

    house.end_leases().await;
    house.commit(house.ours, 20).await;
    settle(&mut house.relay(&nats.url()).await).await.unwrap();
    house.forget_beyond(20).await;
    // The server says that they are there already, or that this is not their place.
    let _ = stale.work().await;

    house.end_leases().await;
    settle(&mut house.relay(&nats.url()).await).await.unwrap();
    holds_exactly_the_events(&house, &nats.url()).await;
}

#[rstest]
#[actix_rt::test]
async fn events_that_were_deleted_unpublished_do_not_stop_the_rest(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let nats = NatsServer::start();
    let house = House::open(engine).await;
    house.commit(house.ours, 1_200).await;
    house.commit(house.theirs, 5).await;
    house.clock.advance_seconds(31 * 86_400);
    house.commit(house.ours, 3).await;
    house.prune(Prunable::All).await;
    settle(&mut house.relay(&nats.url()).await).await.unwrap();
    holds_exactly_the_events(&house, &nats.url()).await;
}

#[rstest]
#[case::answers_requests("OTHER", "usher.v1.>")]
#[case::answers_one_request("OTHER", "usher.v1.events.list")]
#[case::holds_more("USHER_EVENTS", "usher.>")]
#[case::holds_something_else("USHER_EVENTS", "orders.>")]
#[actix_rt::test]
async fn a_stream_that_is_not_as_it_should_be_is_refused(
    #[case] name: &str,
    #[case] subject: &str,
) {
    let nats = NatsServer::start();
    let house = House::open(Engine::Sqlite).await;
    house.commit(house.ours, 1).await;
    let context = stream::context(&nats.url()).await;
    let config = async_nats::jetstream::stream::Config {
        name: name.to_owned(),
        subjects: vec![subject.to_owned()],
        ..Default::default()
    };
    context.create_stream(config).await.unwrap();
    let mut relay = house.relay(&nats.url()).await;
    let refused = settle(&mut relay).await.unwrap_err();
    assert_eq!(refused.kind, Kind::Unavailable);
    assert_eq!(house.number("usher_relay_unpublished"), "1");
    context.delete_stream(name).await.unwrap();
    settle(&mut relay).await.unwrap();
    holds_exactly_the_events(&house, &nats.url()).await;
}

#[actix_rt::test]
async fn the_stream_is_made_with_what_it_needs() {
    let nats = NatsServer::start();
    let house = House::open(Engine::Sqlite).await;
    settle(&mut house.relay(&nats.url()).await).await.unwrap();
    let stream = stream::stream(&nats.url()).await;
    let config = &stream.cached_info().config;
    assert_eq!(config.subjects, ["usher.events.v1.>"]);
    assert_eq!(config.max_age.as_secs(), 30 * 86_400);
    assert_eq!(
        config.storage,
        async_nats::jetstream::stream::StorageType::File
    );
}
