//! Who is not believed, and who may not.

use contract::{
    Call as _, Caller, Kind, Problem, Role, Secret, Service,
    caller::Principal,
    ids::{AccountId, AdministratorId, OrganisationId, TokenId},
};
use kernel::{
    BusKey, Cx,
    bus::{Headers, Parcel},
};
use rstest::rstest;
use testkit::BusKind;

use crate::{
    probe::{Ask, Guarded, Reserved},
    scene::{Scene, key},
};

impl Scene {
    /// Sends bytes past [`kernel::Bus`], as somebody would who has only the transport.
    async fn raw(&self, caller: Option<String>, body: &[u8]) -> Problem {
        let headers = Headers {
            caller,
            deadline: None,
            request_id: None,
        };
        let body = body.to_vec().into();
        let parcel = Parcel { headers, body };
        let answer = self.transport.request(Ask::SUBJECT, parcel).await.unwrap();
        let problem: Problem = serde_json::from_slice(&answer.body).unwrap();
        assert_eq!(
            answer.error,
            Some((problem.status, problem.title.clone())),
            "the headers say what the body says"
        );
        problem
    }

    fn administrator(&self, organisation: OrganisationId, role: Role) -> Cx {
        let id = AdministratorId::new(self.clock.ulid());
        self.cx()
            .on_behalf_of(Principal::Administrator(id), Some((organisation, role)))
    }
}

#[rstest]
#[actix_rt::test]
async fn a_caller_that_is_missing_forged_expired_or_of_another_message_is_not_believed(
    #[values(BusKind::Local, BusKind::Nats)] bus: BusKind,
) {
    let (scene, _) = Scene::with_manual_clock(bus).await;
    let stage = scene.probe().await;
    let body = serde_json::to_vec(&Ask::Echo("secret".to_owned())).unwrap();
    let now = scene.clock.now();
    let operator = Caller::operator(Service::HttpEdge, now);
    let public = Caller::public(Service::HttpEdge, now);
    let sign = |key: &BusKey, subject, caller: &Caller, body: &[u8]| {
        Some(key.sign(subject, caller, body).unwrap())
    };
    let expiring = |seconds| Caller {
        expires_at: now.plus_seconds(seconds),
        ..operator.clone()
    };
    let stranger = BusKey::new(&Secret::new("another key of 32 characters...."));
    let promoted = sign(&key(), Ask::SUBJECT, &public, &body)
        .unwrap()
        .replace("public", "operator");

    for (what, caller) in [
        ("missing", None),
        ("nonsense", Some("nonsense".to_owned())),
        (
            "another key",
            sign(&stranger, Ask::SUBJECT, &operator, &body),
        ),
        ("a changed principal", Some(promoted)),
        ("expired", sign(&key(), Ask::SUBJECT, &expiring(-3), &body)),
        (
            "too long",
            sign(&key(), Ask::SUBJECT, &expiring(3_600), &body),
        ),
        (
            "another subject",
            sign(&key(), Reserved::SUBJECT, &operator, &body),
        ),
        ("another body", sign(&key(), Ask::SUBJECT, &operator, b"{}")),
    ] {
        let problem = scene.raw(caller, &body).await;
        let refused = (problem.kind, problem.status);
        assert_eq!(refused, (Kind::Unauthenticated, 401), "{what}");
    }
    assert_eq!(scene.journal.lines(), Vec::<String>::new());
    assert_eq!(
        scene.call(Ask::Echo("open".to_owned())).await.unwrap(),
        "open"
    );
    stage.stop().await;
}

#[rstest]
#[actix_rt::test]
async fn a_message_that_cannot_be_read_is_malformed_and_is_not_quoted(
    #[values(BusKind::Local, BusKind::Nats)] bus: BusKind,
) {
    let scene = Scene::open(bus).await;
    let stage = scene.probe().await;
    let body = br#"{"Password":"hunter2"}"#;
    let caller = Caller::public(Service::HttpEdge, scene.clock.now());
    let header = key().sign(Ask::SUBJECT, &caller, body).unwrap();
    let problem = scene.raw(Some(header), body).await;
    assert_eq!(problem.kind, Kind::Malformed);
    let text = serde_json::to_string(&problem).unwrap();
    assert!(
        !text.contains("hunter2") && !text.contains("Password"),
        "{text}"
    );
    stage.stop().await;
}

#[rstest]
#[actix_rt::test]
async fn only_a_manager_of_the_organisation_may_send_what_needs_one(
    #[values(BusKind::Local, BusKind::Nats)] bus: BusKind,
) {
    let scene = Scene::open(bus).await;
    let stage = scene.probe().await;
    let edge = scene.bus_of(Service::HttpEdge);
    let [organisation, other] = [(); 2].map(|()| OrganisationId::new(scene.clock.ulid()));
    let guarded = Guarded { organisation };
    let token = |role| {
        let token = Principal::Token(TokenId::new(scene.clock.ulid()));
        scene.cx().on_behalf_of(token, Some((organisation, role)))
    };
    let as_ = |principal| scene.cx().on_behalf_of(principal, None);

    for allowed in [
        scene.administrator(organisation, Role::Manager),
        scene.administrator(organisation, Role::Owner),
        token(Role::Manager),
        as_(Principal::Operator),
    ] {
        edge.call(&guarded, &allowed).await.unwrap();
    }
    let person = Principal::Person(AccountId::new(scene.clock.ulid()));
    for (refused, kind) in [
        (
            scene.administrator(organisation, Role::Viewer),
            Kind::Forbidden,
        ),
        (token(Role::Viewer), Kind::Forbidden),
        // As if it did not exist: whether it does is theirs to know.
        (scene.administrator(other, Role::Owner), Kind::NotFound),
        (as_(Principal::Public), Kind::Forbidden),
        (as_(person), Kind::Forbidden),
        (as_(Principal::System), Kind::Forbidden),
    ] {
        let problem = edge.call(&guarded, &refused).await.unwrap_err();
        assert_eq!(problem.kind, kind, "{:?}", refused.caller);
    }
    assert_eq!(scene.journal.lines().len(), 4, "a refused one had a turn");
    stage.stop().await;
}

#[rstest]
#[actix_rt::test]
async fn only_the_operator_may_send_what_is_the_operators(
    #[values(BusKind::Local, BusKind::Nats)] bus: BusKind,
) {
    let scene = Scene::open(bus).await;
    let stage = scene.probe().await;
    let edge = scene.bus_of(Service::HttpEdge);
    let operator = scene.cx().on_behalf_of(Principal::Operator, None);
    edge.call(&Reserved, &operator).await.unwrap();
    let organisation = OrganisationId::new(scene.clock.ulid());
    let owner = scene.administrator(organisation, Role::Owner);
    for refused in [owner, scene.cx()] {
        let problem = edge.call(&Reserved, &refused).await.unwrap_err();
        assert_eq!(problem.kind, Kind::Forbidden);
    }
    assert_eq!(scene.journal.lines(), ["reserved"]);
    stage.stop().await;
}

#[rstest]
#[actix_rt::test]
async fn a_part_of_the_system_that_the_message_does_not_name_is_refused(
    #[values(BusKind::Local, BusKind::Nats)] bus: BusKind,
) {
    let scene = Scene::open(bus).await;
    let stage = scene.probe().await;
    let organisation = OrganisationId::new(scene.clock.ulid());
    let owner = scene.administrator(organisation, Role::Owner);
    // Who it says it is in the context does not matter: the bus signs for its own service.
    for service in [Service::Roster, Service::Probe] {
        let bus = scene.bus_of(service);
        let guarded = Guarded { organisation };
        let problem = bus.call(&guarded, &owner).await.unwrap_err();
        assert_eq!(problem.kind, Kind::Forbidden, "{service:?}");
    }
    assert_eq!(scene.journal.lines(), Vec::<String>::new());
    stage.stop().await;
}
