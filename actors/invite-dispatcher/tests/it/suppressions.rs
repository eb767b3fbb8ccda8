//! Who gets no invites: said by administrators, and by those who are invited.

use contract::{
    Caller, Clock as _, Kind, Problem, Secret, Service,
    page::PageRequest,
    suppressions::{
        AddSuppression, LiftSuppression, ListSuppressions, ResolveUnsubscribe, Suppression,
        SuppressionReason, Unsubscribe, UnsubscribeFace, UnsubscribeScope,
    },
};
use rstest::rstest;
use testkit::Engine;

use crate::invited::{House, Invited, address, refused};

pub(crate) async fn suppress(
    on: &Invited,
    house: House,
    email: &str,
) -> Result<Suppression, Problem> {
    let (organisation, email) = (house.id, address(email));
    let add = AddSuppression {
        organisation,
        email,
        reason: SuppressionReason::Manual,
    };
    on.scene.ask(add).await
}

pub(crate) async fn lift(on: &Invited, house: House, email: &str) -> Result<(), Problem> {
    let (organisation, email) = (house.id, address(email));
    let lift = LiftSuppression {
        organisation,
        email,
    };
    on.scene.ask(lift).await
}

/// The addresses that an organisation sees in its list.
pub(crate) async fn suppressed(on: &Invited, house: House) -> Vec<String> {
    let (organisation, limit) = (house.id, Some(1));
    let mut page = PageRequest {
        cursor: None,
        limit,
    };
    let mut all = Vec::new();
    loop {
        let list = ListSuppressions {
            organisation,
            reason: None,
            q: None,
            page,
        };
        let answer = on.scene.ask(list).await.unwrap();
        all.extend(answer.items.iter().map(|row| row.email.key()));
        page = PageRequest {
            cursor: answer.next_cursor,
            limit,
        };
        if page.cursor.is_none() {
            return all;
        }
    }
}

pub(crate) async fn unsubscribe(
    on: &Invited,
    token: Secret,
    scope: UnsubscribeScope,
) -> Result<UnsubscribeFace, Problem> {
    let caller = Caller::public(Service::HttpEdge, on.scene.clock.now());
    let unsubscribe = Unsubscribe { token, scope };
    on.scene.ask_as(caller, unsubscribe).await
}

#[rstest]
#[actix_rt::test]
async fn an_administrator_suppresses_lists_and_lifts(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let on = Invited::open(engine).await;
    let (a, b) = (on.a, on.b);
    let queued = on.unsent(a, "Bob@uni.edu", "queued").await;
    let again = on.invite(on.draft(a).await, "bob@uni.edu", "queued").await;
    let elsewhere = on.invite(b, "bob@uni.edu", "queued").await;
    suppress(&on, a, "bob@uni.edu").await.unwrap();
    let repeated = suppress(&on, a, "BOB@uni.edu").await.unwrap();
    assert_eq!(
        (repeated.reason, repeated.email.as_str()),
        (SuppressionReason::Manual, "bob@uni.edu")
    );
    suppress(&on, a, "ann@uni.edu").await.unwrap();
    assert_eq!(
        on.told(a, "suppression.add").await.0,
        2,
        "the same again is nothing"
    );
    assert_eq!(on.stand(queued).await.state, "suppressed");
    assert!(!on.stand(queued).await.is_due);
    let again = on.stand(again).await;
    assert_eq!((again.state.as_str(), again.is_due), ("sent", false));
    assert_eq!(again.reason, "", "its mail had left");
    assert_eq!(on.state(elsewhere).await, "queued", "theirs");
    assert_eq!(suppressed(&on, a).await, ["ann@uni.edu", "bob@uni.edu"]);
    assert!(suppressed(&on, b).await.is_empty());
    lift(&on, b, "bob@uni.edu").await.unwrap();
    lift(&on, a, "bob@uni.edu").await.unwrap();
    lift(&on, a, "bob@uni.edu").await.unwrap();
    assert_eq!(suppressed(&on, a).await, ["ann@uni.edu"]);
    assert_eq!(on.told(a, "suppression.lift").await.0, 1);
}

#[rstest]
#[actix_rt::test]
async fn suppressions_are_found_by_reason_and_by_a_part_of_the_address(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let on = Invited::open(engine).await;
    let organisation = on.a.id;
    let add = async |email: &str, reason| {
        let email = address(email);
        let add = AddSuppression {
            organisation,
            email,
            reason,
        };
        on.scene.ask(add).await
    };
    add("ann@uni.edu", SuppressionReason::Bounce).await.unwrap();
    add("Bob_1@uni.edu", SuppressionReason::Manual)
        .await
        .unwrap();
    let said = add("ann@uni.edu", SuppressionReason::Unsubscribed).await;
    assert_eq!(said.unwrap().reason, SuppressionReason::Unsubscribed);
    let complaint = add("cy@uni.edu", SuppressionReason::Complaint).await;
    assert_eq!(refused(complaint), Some(Kind::Invalid));
    let found = async |reason, q: Option<&str>| {
        let list = ListSuppressions {
            organisation,
            reason,
            q: q.map(str::to_owned),
            page: PageRequest::default(),
        };
        let page = on.scene.ask(list).await.unwrap();
        let keys = page.items.iter().map(|row| row.email.key());
        keys.collect::<Vec<_>>()
    };
    assert_eq!(found(None, None).await, ["ann@uni.edu", "bob_1@uni.edu"]);
    assert_eq!(found(None, Some("B_")).await, ["bob_1@uni.edu"]);
    let manual = Some(SuppressionReason::Manual);
    assert_eq!(found(manual, Some("uni")).await, ["bob_1@uni.edu"]);
    assert!(found(manual, Some("ann")).await.is_empty());
}

#[rstest]
#[actix_rt::test]
async fn whoever_unsubscribes_gets_no_more_at_once_and_only_they_can_take_it_back(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let on = Invited::open(engine).await;
    let (a, b) = (on.a, on.b);
    let invite = on.invite(a, "ann@uni.edu", "sent").await;
    let queued = on.unsent(on.draft(a).await, "Ann@uni.edu", "queued").await;
    let elsewhere = on.invite(b, "ann@uni.edu", "deferred").await;
    let token = || on.token("unsubscribe", invite, 1);
    let resolve = ResolveUnsubscribe { token: token() };
    let face = on.scene.ask(resolve).await.unwrap();
    assert_eq!(
        (face.email.as_str(), face.organisation_name.as_str()),
        ("ann@uni.edu", "Law School")
    );
    assert!(
        suppressed(&on, a).await.is_empty(),
        "looking changes nothing"
    );
    suppress(&on, a, "ann@uni.edu").await.unwrap();
    for _ in 0..2 {
        let done = unsubscribe(&on, token(), UnsubscribeScope::Organisation).await;
        assert_eq!(done.unwrap(), face);
    }
    assert_eq!(on.told(a, "invite.unsubscribe").await.0, 1);
    assert_eq!(on.state(queued).await, "suppressed");
    assert_eq!(on.state(elsewhere).await, "deferred");
    assert_eq!(
        refused(lift(&on, a, "ann@uni.edu").await),
        Some(Kind::Conflict)
    );
    assert_eq!(suppressed(&on, a).await, ["ann@uni.edu"]);
}

#[rstest]
#[actix_rt::test]
async fn whoever_wants_no_invite_of_anybody_is_left_alone_and_nobody_is_told(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let on = Invited::open(engine).await;
    let (a, b) = (on.a, on.b);
    let invite = on.invite(a, "ann@uni.edu", "sent").await;
    let elsewhere = on.unsent(b, "ann@uni.edu", "queued").await;
    on.accept(a, invite).await;
    let token = on.token("unsubscribe", invite, 1);
    unsubscribe(&on, token, UnsubscribeScope::Everybody)
        .await
        .unwrap();
    assert_eq!(on.state(elsewhere).await, "suppressed");
    for house in [a, b] {
        assert!(suppressed(&on, house).await.is_empty());
        lift(&on, house, "ann@uni.edu").await.unwrap();
    }
    suppress(&on, b, "ann@uni.edu").await.unwrap();
    lift(&on, b, "ann@uni.edu").await.unwrap();
    assert_eq!(on.wishes("ann@uni.edu").await, 1, "stays");
}

#[rstest]
#[actix_rt::test]
async fn only_the_token_of_the_mail_unsubscribes_also_one_that_went_to_a_wrong_address(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let on = Invited::open(engine).await;
    let a = on.a;
    let invite = on.invite(a, "anm@uni.edu", "sent").await;
    for token in [
        on.token("invite", invite, 1),
        on.token("unsubscribe", invite, 2),
        Secret::new("x"),
    ] {
        let refusal = unsubscribe(&on, token, UnsubscribeScope::Everybody).await;
        assert_eq!(refused(refusal), Some(Kind::InviteUnknown));
    }
    let readdress = contract::invites::ReaddressInvite {
        organisation: a.id,
        invite_id: invite,
        email: address("ann@uni.edu"),
    };
    on.scene.ask(readdress).await.unwrap();
    let old = on.token("unsubscribe", invite, 1);
    let face = unsubscribe(&on, old, UnsubscribeScope::Organisation).await;
    assert_eq!(face.unwrap().email.as_str(), "anm@uni.edu");
    assert_eq!(
        on.state(invite).await,
        "queued",
        "the right address hears of it"
    );
    let new = on.token("unsubscribe", invite, 2);
    unsubscribe(&on, new, UnsubscribeScope::Organisation)
        .await
        .unwrap();
    assert_eq!(on.state(invite).await, "suppressed");
    assert_eq!(suppressed(&on, a).await, ["anm@uni.edu", "ann@uni.edu"]);
}
