//! Every subject is served by the actor that the contract names, and by nobody else.

use std::collections::{BTreeMap, BTreeSet};

use contract::{Service, subjects};
use kernel::{Behaviour, behaviour::subjects_of};

use crate::workspace::{Member, members, sources};

/// An actor or a worker, and what it serves.
struct Served {
    name: &'static str,
    service: Service,
    subjects: Vec<&'static str>,
}

fn served<B: Behaviour>() -> Served {
    Served {
        name: std::any::type_name::<B>().rsplit("::").next().unwrap(),
        service: B::SERVICE,
        subjects: subjects_of::<B>(),
    }
}

fn everybody() -> Vec<Served> {
    vec![
        served::<admin_directory::AdminDirectory>(),
        served::<admin_directory::AttemptSweeper>(),
        served::<admin_directory::TokenWatch>(),
        served::<invite_dispatcher::InviteDispatcher>(),
        served::<invite_dispatcher::InviteReader>(),
        served::<invite_dispatcher::Announcer>(),
        served::<invite_dispatcher::Courier>(),
        served::<invite_dispatcher::Enlister>(),
        served::<invite_dispatcher::Forgetter>(),
        served::<invite_dispatcher::Mailbox>(),
        served::<invite_dispatcher::Reminder>(),
        served::<link_registry::LinkRegistry>(),
        served::<outbox_relay::OutboxRelay>(),
        served::<outbox_relay::Relay>(),
        served::<outbox_relay::Pruner>(),
        served::<people::People>(),
        served::<people::ProofSweeper>(),
        served::<people::ErasureSweeper>(),
        served::<roster::Roster>(),
        served::<seat_pool::SeatPool>(),
        served::<seat_pool::SeatSweeper>(),
        served::<seat_pool::BulkWorker>(),
    ]
}

#[test]
fn every_subject_is_served_by_its_owner_and_by_nobody_else() {
    let mut servers = BTreeMap::<_, Vec<_>>::new();
    for Served {
        service, subjects, ..
    } in everybody()
    {
        for subject in subjects {
            servers.entry(subject).or_default().push(service);
        }
    }
    let owners = subjects::ALL
        .iter()
        .map(|subject| (subject.subject, vec![subject.owner]));
    assert_eq!(servers, owners.collect());
}

#[test]
fn an_actor_calls_itself_what_its_crate_is_called() {
    let crates: BTreeSet<_> = members().iter().map(Member::name).collect();
    for Served { name, service, .. } in everybody() {
        assert!(
            crates.contains(service.name()),
            "{name} is {}",
            service.name()
        );
    }
}

#[test]
fn nobody_serves_who_is_not_asked_here() {
    let known: BTreeSet<_> = everybody()
        .iter()
        .map(|served| served.name.to_owned())
        .collect();
    let mut written = BTreeSet::new();
    for member in members().iter().filter(|member| member.storey == "actors") {
        for file in sources(&member.directory.join("src")) {
            let text = std::fs::read_to_string(file).unwrap();
            for rest in text.split("\nimpl Behaviour for ").skip(1) {
                written.insert(rest.split([' ', '<']).next().unwrap().to_owned());
            }
        }
    }
    assert_eq!(written, known);
}
