//! Every subject and who may call it.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    path::Path,
};

use contract::{
    Service,
    subjects::{self, Subject},
};

fn names(services: &[Service]) -> String {
    let names: Vec<_> = services.iter().map(|service| service.name()).collect();
    names.join(", ")
}

#[test]
fn every_subject_and_who_may_call_it() {
    let mut table = String::new();
    for Subject {
        subject,
        owner,
        from,
        needs,
    } in subjects::ALL
    {
        let (owner, from) = (owner.name(), names(from));
        writeln!(
            table,
            "{subject:<34} {owner:<17} from {from:<15} needs {needs:?}"
        )
        .unwrap();
    }
    insta::assert_snapshot!("subjects", table);
}

#[test]
fn a_subject_is_usher_v1_noun_verb_and_stands_once() {
    let word = |word: &str| {
        word.starts_with(|c: char| c.is_ascii_lowercase())
            && word.ends_with(|c: char| c.is_ascii_lowercase())
            && word.bytes().all(|b| b.is_ascii_lowercase() || b == b'-')
    };
    let mut seen = BTreeSet::new();
    for Subject { subject, .. } in subjects::ALL {
        let parts: Vec<_> = subject.split('.').collect();
        assert!(
            matches!(parts[..], ["usher", "v1", noun, verb] if word(noun) && word(verb)),
            "{subject}"
        );
        assert!(seen.insert(subject), "{subject} stands twice");
    }
}

#[test]
fn every_message_of_the_contract_is_listed() {
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/src");
    let mut written = BTreeSet::new();
    for entry in std::fs::read_dir(directory).unwrap() {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        for line in text.lines() {
            let line = line.trim();
            if let Some(rest) = line.strip_prefix("const SUBJECT: &'static str = \"") {
                written.insert(rest.trim_end_matches("\";").to_owned());
            }
        }
    }
    let listed = subjects::ALL
        .iter()
        .map(|subject| subject.subject.to_owned());
    assert_eq!(written, listed.collect());
}

#[test]
fn somebody_may_send_every_message_and_nobody_twice() {
    for Subject { subject, from, .. } in subjects::ALL {
        let distinct: BTreeSet<_> = from.iter().collect();
        assert!(
            !from.is_empty() && distinct.len() == from.len(),
            "{subject}"
        );
        assert!(!from.contains(&Service::Probe), "{subject}");
    }
}

/// Who calls whom.
fn calls() -> BTreeMap<Service, BTreeSet<Service>> {
    let mut calls = BTreeMap::<_, BTreeSet<_>>::new();
    for Subject { owner, from, .. } in subjects::ALL {
        for service in *from {
            calls.entry(*service).or_default().insert(*owner);
        }
    }
    calls
}

/// Takes away who calls nobody that is left, again and again; what stays is a cycle.
fn cycle(mut calls: BTreeMap<Service, BTreeSet<Service>>) -> BTreeMap<Service, BTreeSet<Service>> {
    loop {
        let callers: BTreeSet<_> = calls.keys().copied().collect();
        let before = calls.len();
        calls.retain(|_, called| !called.is_disjoint(&callers));
        if calls.len() == before {
            return calls;
        }
    }
}

#[test]
fn no_two_actors_wait_for_each_other() {
    assert_eq!(cycle(calls()), BTreeMap::new());
    let circle = [
        (Service::SeatPool, BTreeSet::from([Service::People])),
        (Service::People, BTreeSet::from([Service::SeatPool])),
        (Service::HttpEdge, BTreeSet::from([Service::Roster])),
    ];
    assert_eq!(cycle(circle.into()).len(), 2, "a cycle is found");
}

#[test]
fn nobody_calls_the_edge_or_the_command_line() {
    for Subject { subject, owner, .. } in subjects::ALL {
        assert!(
            !matches!(owner, Service::HttpEdge | Service::Node | Service::Probe),
            "{subject}"
        );
    }
}

#[test]
fn the_seat_pool_calls_nobody() {
    assert_eq!(calls().get(&Service::SeatPool), None);
}

#[test]
fn a_message_without_an_organisation_is_not_for_administrators() {
    // Whose organisation would the kernel compare? Such a call could never be allowed.
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for entry in std::fs::read_dir(source).unwrap() {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        for message in text.split("impl Call for ").skip(1) {
            let (body, _) = message.split_once("\n}").unwrap();
            if body.contains("Need::Administrator") {
                assert!(body.contains("fn organisation"), "{body}");
            }
        }
    }
}
