//! What crosses the bus, kept as it is: a change shows in a snapshot before it breaks a neighbour
//! of another version.

use std::{collections::BTreeSet, fmt::Display};

use contract::{
    Call as _, Caller, FieldError, Kind, Principal, Problem, Role, Service, Timestamp,
    events::Event,
    ids::{AdministratorId, OrganisationId, Ulid},
    mails::{Letter, QueueMail},
    subjects,
};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::samples::{self, Wire};

/// The fields of an object without which it is refused: what an older sender must have written.
fn required(wire: &Wire) -> Vec<String> {
    let fields = wire.json.as_object().cloned().unwrap_or_default();
    let without = |field: &String| {
        let mut rest = fields.clone();
        rest.remove(field);
        wire.read(&Value::Object(rest)).is_err()
    };
    fields
        .keys()
        .filter(|field| without(field))
        .cloned()
        .collect()
}

/// The names that an enum takes, as serde lists them when it is given another.
fn variants<T: DeserializeOwned>(unknown: Value) -> BTreeSet<String> {
    let Err(error) = serde_json::from_value::<T>(unknown) else {
        panic!("an unknown variant is taken");
    };
    let error = error.to_string();
    let (_, names) = error.split_once("expected one of ").unwrap();
    names
        .split('`')
        .skip(1)
        .step_by(2)
        .map(str::to_owned)
        .collect()
}

/// Variants that are written as the one key of an object, beside those of `evidence`.
const VARIANTS: [&str; 6] = [
    "begun",
    "answered",
    "token",
    "code",
    "return-path",
    "message-id",
];

/// Objects whose keys are values, not fields.
const OPEN: [&str; 3] = ["change", "refused", "states"];

/// Every place of a JSON value that holds an object in which the contract reads fields.
fn objects(value: &Value, at: String, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            // Where a variant is the one key, another key is another variant.
            let is_variant = fields.len() == 1
                && (at.ends_with("/evidence") || VARIANTS.iter().any(|v| fields.contains_key(*v)));
            if !is_variant {
                found.push(at.clone());
            }
            for (field, value) in fields
                .iter()
                .filter(|(field, _)| !OPEN.contains(&field.as_str()))
            {
                objects(value, format!("{at}/{field}"), found);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                objects(item, format!("{at}/{index}"), found);
            }
        }
        _ => {}
    }
}

fn each_sample(check: impl Fn(&Wire, &dyn Display)) {
    for sample in samples::all() {
        for wire in sample.messages.iter().chain(&sample.replies) {
            check(wire, &format_args!("{}: {}", sample.subject, wire.json));
        }
    }
}

#[test]
fn every_message_and_every_reply_is_on_the_wire_as_it_was() {
    insta::with_settings!({snapshot_path => "snapshots/wire", prepend_module_to_snapshot => false}, {
        for sample in samples::all() {
            let json = |wires: &[Wire]| wires.iter().map(|wire| wire.json.clone()).collect::<Vec<_>>();
            let golden = json!({
                "subject": sample.subject,
                "messages": json(&sample.messages),
                "replies": json(&sample.replies),
                "required": {
                    "message": sample.messages.first().map(required),
                    "reply": sample.replies.first().map(required),
                },
            });
            insta::assert_json_snapshot!(sample.subject, golden);
        }
    });
}

#[test]
fn every_message_has_a_sample_and_every_sample_a_message() {
    let sampled: Vec<_> = samples::all().iter().map(|sample| sample.subject).collect();
    let sampled_once: BTreeSet<_> = sampled.iter().copied().collect();
    let listed = subjects::ALL
        .iter()
        .map(|subject| subject.subject)
        .collect();
    assert_eq!(sampled_once, listed);
    assert_eq!(
        sampled.len(),
        sampled_once.len(),
        "a message is sampled twice"
    );
}

#[test]
fn every_snapshot_has_a_message() {
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/snapshots/wire");
    let kept: BTreeSet<_> = std::fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    let listed = subjects::ALL
        .iter()
        .map(|subject| format!("{}.snap", subject.subject))
        .collect();
    let orphans: Vec<_> = kept.difference(&listed).collect();
    assert!(orphans.is_empty(), "delete {orphans:?}");
}

#[test]
fn what_is_written_is_read_as_the_same() {
    each_sample(|wire, about| assert_eq!(wire.read(&wire.json).unwrap(), wire.json, "{about}"));
}

#[test]
fn a_field_from_the_future_is_ignored_wherever_it_stands() {
    each_sample(|wire, about| {
        let mut places = Vec::new();
        objects(&wire.json, String::new(), &mut places);
        for place in places {
            let mut newer = wire.json.clone();
            let object = newer.pointer_mut(&place).unwrap();
            object["from-the-future"] = json!([{"new": true}]);
            let read = wire
                .read(&newer)
                .map_err(|error| format!("{about} at {place}: {error}"));
            assert_eq!(read.unwrap(), wire.json, "{about} at {place}");
        }
    });
}

#[test]
fn a_sender_that_knows_only_the_required_fields_is_understood() {
    each_sample(|wire, about| {
        let required = required(wire);
        let mut older = wire.json.clone();
        if let Some(fields) = older.as_object_mut() {
            fields.retain(|field, _| required.contains(field));
        }
        let read = wire
            .read(&older)
            .map_err(|error| format!("{about}: {error}"));
        for field in required {
            assert_eq!(read.as_ref().unwrap()[&field], wire.json[&field], "{about}");
        }
    });
}

#[test]
fn every_event_is_on_the_wire_as_it_was() {
    let events = samples::events();
    let names: BTreeSet<_> = events.iter().map(|event| event.name().to_owned()).collect();
    assert_eq!(
        names,
        variants::<Event>(json!({"type": "?"})),
        "one sample of each"
    );
    for event in &events {
        assert_eq!(serde_json::to_value(event).unwrap()["type"], event.name());
    }
    insta::assert_json_snapshot!("events", events);
}

#[test]
fn every_letter_has_a_sample() {
    let samples = samples::all();
    let queue = samples
        .iter()
        .find(|sample| sample.subject == QueueMail::SUBJECT)
        .unwrap();
    let kind = |wire: &Wire| wire.json["letter"]["kind"].as_str().unwrap().to_owned();
    let kinds: BTreeSet<_> = queue.messages.iter().map(kind).collect();
    assert_eq!(kinds, variants::<Letter>(json!({"kind": "?"})));
}

#[test]
fn every_problem_is_on_the_wire_as_it_was() {
    let slugs: BTreeSet<_> = Kind::ALL
        .iter()
        .map(|kind| kind.slug().to_owned())
        .collect();
    assert_eq!(
        slugs,
        variants::<Kind>(json!("?")),
        "Kind::ALL has all of them"
    );
    assert_eq!(
        slugs.len(),
        Kind::ALL.len(),
        "Kind::ALL has each of them once"
    );
    for kind in Kind::ALL {
        assert_eq!(serde_json::to_value(kind).unwrap(), kind.slug());
        assert!((400..600).contains(&kind.status()), "{kind:?}");
    }
    let problems: Vec<_> = Kind::ALL.iter().copied().map(Problem::new).collect();
    insta::assert_json_snapshot!("problems", problems);
}

#[test]
fn a_problem_with_everything_in_it_is_on_the_wire_as_it_was() {
    let problem = Problem {
        kind: Kind::Invalid,
        title: Kind::Invalid.title().to_owned(),
        status: 422,
        detail: Some("Two fields were refused.".to_owned()),
        instance: Some("req-1".to_owned()),
        errors: vec![FieldError {
            field: "email".to_owned(),
            code: "not-an-address".to_owned(),
            detail: "is not an e-mail address".to_owned(),
        }],
        retry_after: Some(3),
    };
    let wire = Wire::of(problem);
    assert_eq!(wire.read(&wire.json).unwrap(), wire.json);
    assert_eq!(required(&wire), ["status", "title", "type"]);
    insta::assert_json_snapshot!("a_whole_problem", wire.json);
}

#[test]
fn a_caller_is_on_the_wire_as_it_was() {
    let now = Timestamp::from_micros(1_795_521_600_000_000);
    let ulid = Ulid::from_parts(now.millis(), 7);
    let office = (OrganisationId::new(ulid), Role::Manager);
    let administrator = Principal::Administrator(AdministratorId::new(ulid));
    let callers = [
        Caller::public(Service::HttpEdge, now),
        Caller::system(Service::SeatPool, now),
        Caller::operator(Service::Node, now),
        Caller::within(Service::HttpEdge, administrator, office, now),
    ];
    for caller in &callers {
        let wire = Wire::of(caller.clone());
        assert_eq!(wire.read(&wire.json).unwrap(), wire.json);
    }
    insta::assert_json_snapshot!("callers", callers);
}

/// A dependency of a test may switch this on for every crate: tests would look at another program then.
#[test]
fn keys_are_sorted_as_in_the_program_that_ships() {
    let object = serde_json::json!({ "b": 1, "a": 2 });
    assert_eq!(object.to_string(), r#"{"a":2,"b":1}"#);
}
