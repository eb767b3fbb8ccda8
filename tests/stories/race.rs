//! A thousand people, three hundred seats, two nodes, and one of them dies.

use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::{StreamExt as _, stream};
use reqwest::Client;
use testkit::{BusKind, Engine, eventually_some};
use tokio::sync::Notify;

use crate::{
    institution::{Institution, Seats},
    node::{Ground, PATIENCE},
    person::{Outcome, Person, crowd_client},
};

const PEOPLE: usize = 1_000;
const SEATS: u64 = 300;
const AT_ONCE: usize = 64;
/// So many have an answer when the node is killed: some hundred seats are given by then.
const KILLED_AFTER: usize = 200;

/// What somebody was told: at first, and when they asked again at the node that lives on.
#[derive(Debug)]
struct Told {
    /// `None` when the answer was lost, or was not definite.
    first: Option<Outcome>,
    again: Outcome,
}

/// Tries until there is a definite answer, as somebody would who sees that the page does not load.
async fn insist(person: &Person, client: &Client, url: &str) -> Outcome {
    eventually_some(PATIENCE, "a definite answer", async || {
        let answer = person.post(client, url).await.ok()?;
        answer.is_definite().then_some(answer)
    })
    .await
}

#[tokio::test]
async fn no_seat_is_lost_or_sold_twice_when_one_of_two_nodes_is_killed() {
    let ground = Ground::new(Engine::Postgres, BusKind::Nats);
    let (survivor, mut victim) = (ground.start(), ground.start());
    let (institution, one) = Institution::with_link(&ground, &survivor, SEATS, &[]).await;
    let other = institution.link("Law", &[]).await;

    let client = crowd_client();
    // half of them come in through the node that dies, half of each through each link
    let doors = [
        one.at(&survivor),
        other.at(&victim),
        other.at(&survivor),
        one.at(&victim),
    ];
    let safe_doors = [&doors[0], &doors[2], &doors[2], &doors[0]];
    let (answered, enough) = (AtomicUsize::new(0), Notify::new());
    let racing = (0..PEOPLE).map(async |number| {
        let person = Person::numbered(number);
        let answer = person.post(&client, &doors[number % 4]).await.ok();
        let first = answer.filter(|answer| answer.is_definite());
        if first.is_some() && answered.fetch_add(1, Ordering::Relaxed) + 1 == KILLED_AFTER {
            enough.notify_one();
        }
        let again = insist(&person, &client, safe_doors[number % 4]).await;
        Told { first, again }
    });
    let race = stream::iter(racing)
        .buffer_unordered(AT_ONCE)
        .collect::<Vec<_>>();
    let kill = async {
        enough.notified().await;
        victim.process.sigkill();
    };
    let (told, ()) = futures_util::join!(race, kill);

    // the kill was felt, and yet nobody was told two things
    let lost = told.iter().filter(|told| told.first.is_none()).count();
    assert!(lost > 0, "nobody noticed that a node was killed");
    for told in &told {
        assert!(
            told.first.is_none_or(|first| first == told.again),
            "{told:?}"
        );
    }
    let count = |outcome: Outcome| told.iter().filter(|told| told.again == outcome).count();
    let seats = usize::try_from(SEATS).unwrap();
    assert_eq!(
        (count(Outcome::Assigned), count(Outcome::Waiting)),
        (seats, PEOPLE - seats)
    );

    let full = Seats {
        purchased: SEATS,
        assigned: SEATS,
        waiting: u64::try_from(PEOPLE).unwrap() - SEATS,
        ..Seats::default()
    };
    assert_eq!(institution.seats("Law").await, full);
    let links = institution.open("/links").await.rows();
    let uses: u64 = links.iter().map(|row| row[3].parse::<u64>().unwrap()).sum();
    assert_eq!(uses, SEATS);
    assert_eq!(
        ground.usher(&["verify"]),
        "every number is what its rows say"
    );
}
