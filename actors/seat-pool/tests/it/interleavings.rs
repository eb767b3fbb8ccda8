//! Random interleavings of everything that moves seats, by two instances at once.

use contract::{
    Kind, Problem,
    ids::{AccountId, LinkId, PlanId},
    memberships::EraseMembership,
    plans::UpdatePlan,
    seats::SettleProof,
};
use futures_util::future::join_all;
use proptest::{
    prelude::*,
    strategy::{Strategy, ValueTree as _},
    test_runner::{Config, TestRunner},
};
use rstest::rstest;
use serde_json::json;
use testkit::Engine;

use crate::house::House;

#[derive(Clone, Debug)]
enum Step {
    Admit { person: usize, link: usize },
    Prove { person: usize },
    Resize { seats: u64 },
    Revoke { person: usize },
    Reassign { person: usize },
    Erase { person: usize },
    Sweep,
    Later { days: i64 },
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => (0_usize..30, 0_usize..3).prop_map(|(person, link)| Step::Admit { person, link }),
        2 => (0_usize..30).prop_map(|person| Step::Prove { person }),
        1 => (0_u64..14).prop_map(|seats| Step::Resize { seats }),
        2 => (0_usize..30).prop_map(|person| Step::Revoke { person }),
        2 => (0_usize..30).prop_map(|person| Step::Reassign { person }),
        1 => (0_usize..30).prop_map(|person| Step::Erase { person }),
        1 => Just(Step::Sweep),
        1 => (1_i64..9).prop_map(|days| Step::Later { days }),
    ]
}

async fn take(house: &House, step: Step, people: &[AccountId], links: &[LinkId], plan: PlanId) {
    match step {
        Step::Admit { person, link } => {
            // A refusal is an answer; what must hold is checked at the end.
            let _ = house.admit(people[person], links[link]).await;
        }
        Step::Prove { person } => {
            house.prove(people[person]).await;
            let settle = SettleProof {
                account_id: people[person],
            };
            unless_late(house.bus.call(&settle, &house.public()).await);
        }
        Step::Resize { seats } => {
            let organisation = house.organisation;
            let (name, ends_at, seats) = (None, None, Some(seats));
            let update = UpdatePlan {
                organisation,
                plan_id: plan,
                name,
                seats,
                ends_at,
            };
            unless_late(house.bus.call(&update, &house.owner()).await);
        }
        Step::Revoke { person } => {
            if let Some(place) = house.place(people[person]).await {
                unless_late(house.revoke(place).await);
            }
        }
        Step::Reassign { person } => {
            if let Some(place) = house.place(people[person]).await {
                unless_late(house.reassign(place).await);
            }
        }
        Step::Erase { person } => {
            if let Some(membership_id) = house.place(people[person]).await {
                let organisation = house.organisation;
                let erase = EraseMembership {
                    organisation,
                    membership_id,
                };
                unless_late(house.bus.call(&erase, &house.owner()).await);
            }
        }
        Step::Sweep => house.sweep().await,
        Step::Later { days } => house.clock.advance_seconds(days * 86_400),
    }
}

/// Days that pass beside a request are past its deadline, a person may be gone meanwhile, and an
/// empty pool has no seat; nothing else may fail.
fn unless_late<T>(answer: Result<T, Problem>) {
    if let Err(problem) = answer {
        let is_late = matches!(
            problem.kind,
            Kind::DeadlinePassed | Kind::Unauthenticated | Kind::NotFound | Kind::NoSeats
        );
        assert!(is_late, "{problem}");
    }
}

#[rstest]
#[actix_rt::test]
async fn whatever_happens_in_whatever_order_the_books_are_right(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let mut runner = TestRunner::new(Config::default());
    let histories = proptest::collection::vec(proptest::collection::vec(step(), 1..8), 4..16);
    for _ in 0..12 {
        let history = histories.new_tree(&mut runner).unwrap().current();
        let house = House::with_instances(engine, 2, json!({})).await;
        let plan = house.plan(6).await;
        let links = [
            house.link(plan, Some(4)).await,
            house.link(plan, None).await,
            house.restricted_link(plan, Some(9), &["uni.edu"]).await,
        ];
        let people = house.people(30).await;
        for together in &history {
            let steps = together.iter().cloned();
            join_all(steps.map(|step| take(&house, step, &people, &links, plan))).await;
            let look = house.look(plan).await;
            let taken = look.seats.held + look.seats.assigned;
            assert!(
                look.seats.free == look.seats.purchased.saturating_sub(taken),
                "{history:?}"
            );
            assert!(house.uses(links[0]).await <= 4, "{history:?}");
            assert!(house.uses(links[2]).await <= 9, "{history:?}");
        }
        house.close().await;
    }
}
