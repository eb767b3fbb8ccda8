//! A node one of whose actors panics too often.

use std::process::ExitCode;

use contract::Service;
use testkit::{BusKind, Engine};
use usher::{ground::Purpose, node::Node, roles::Roles, settings::load};

use crate::node::Ground;

#[test]
fn a_node_that_gave_an_actor_up_stops_and_does_not_exit_with_0() {
    let ground = Ground::new(Engine::Sqlite, BusKind::Local);
    let roles = Roles::all();
    let settings = load(None, ground.settings(), &roles).unwrap().settings;
    // No message makes an actor of the product panic, so the kernel's verdict is given here.
    let ended = Node::run(settings, &roles, Purpose::Work, None, async |node| {
        node.ground().health.give_up(Service::SeatPool);
        Ok(())
    });
    let failure = ended.unwrap_err();
    let code = format!("{:?}", failure.code());
    assert_eq!(code, format!("{:?}", ExitCode::from(1)));
    assert_eq!(failure.to_string(), "seat-pool panicked too often");
}
