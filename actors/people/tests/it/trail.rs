//! What the audit trail tells of an account.

use contract::{
    Caller, Clock as _, EmailAddress, Kind, Secret, Service,
    accounts::{ChangePassword, NoteRefusedSignIn, PersonSession, SignOutPerson},
    ids::{AccountId, MembershipId, OrganisationId},
    people::{ConfirmProof, StartProof},
};
use futures_util::future::join_all;
use rstest::rstest;
use testkit::Engine;

use crate::scene::{Scene, confirm, token, wrong};

const PASSWORD: &str = "correct horse";
const ANOTHER: &str = "another horse";
const AN_HOUR: i64 = 3_600;

impl Scene {
    /// What the trails tell since `seen` entries, without whose trails they are and on what.
    async fn told_since(&self, seen: usize) -> Vec<String> {
        let told = self.told().await;
        let parts = told[seen..].iter().map(|line| {
            let mut words = line.splitn(5, ' ');
            let (_, actor, action) = (words.next(), words.next(), words.next());
            let change = words.nth(1).unwrap();
            format!("{} {} {change}", actor.unwrap(), action.unwrap())
        });
        parts.collect()
    }
}

fn sign_out(session: &PersonSession, everywhere: bool) -> SignOutPerson {
    SignOutPerson {
        token: session.token.clone(),
        everywhere,
    }
}

#[rstest]
#[actix_rt::test]
async fn each_change_of_an_account_is_told_once_in_each_organisation_of_the_person(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::open(engine).await;
    let (account, proof) = scene.registered("ann@uni.edu").await;
    assert_eq!(scene.told().await, [""; 0], "nobody's person has no trail");
    let places = [scene.seat(account).await, scene.seat(account).await];
    let (stranger, _) = scene.registered("bob@uni.edu").await;
    scene.seat(stranger).await;

    scene.ask(confirm(token(&proof))).await.unwrap();
    let told = scene.told().await;
    let expected = |(organisation, place): &(OrganisationId, MembershipId)| {
        let change = r#"{"by":"letter","password":"dropped"}"#;
        format!("{organisation} person:{account} account.prove {place} {change}")
    };
    assert_eq!(told, places.iter().map(expected).collect::<Vec<_>>());
    scene.ask(confirm(token(&proof))).await.unwrap();
    assert_eq!(scene.told().await, told, "nothing changed");
}

#[rstest]
#[actix_rt::test]
async fn the_trail_tells_who_did_what_to_an_account(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::open(engine).await;
    let (account, proof) = scene.registered("ann@uni.edu").await;
    scene.seat(account).await;
    let chosen = ConfirmProof {
        new_password: Some(Secret::new(PASSWORD)),
        ..confirm(token(&proof))
    };
    scene.ask(confirm(token(&proof))).await.unwrap();
    scene.ask(chosen).await.unwrap();
    let reset = scene.reset("ann@uni.edu").await.unwrap();
    scene.finish(&reset, ANOTHER).await.unwrap();
    let session = scene.sign_in("ann@uni.edu", ANOTHER).await.unwrap();
    let change = ChangePassword {
        password: Secret::new(ANOTHER),
        new_password: Secret::new(PASSWORD),
        session: session.token.clone(),
    };
    scene.ask_as(account, change).await.unwrap();
    let moved = scene.start_change(account, "new@uni.edu").await.unwrap();
    let evidence = token(&moved.unwrap());
    scene
        .finish_change(account, evidence, &session)
        .await
        .unwrap();
    let other = scene.sign_in("new@uni.edu", PASSWORD).await.unwrap();
    scene.ask(sign_out(&other, false)).await.unwrap();
    scene.ask(sign_out(&session, true)).await.unwrap();

    let person = format!("person:{account}");
    let expected = [
        format!(r#"{person} account.prove {{"by":"letter","password":"dropped"}}"#),
        format!(r#"{person} account.set-password {{"by":"letter","password":"set"}}"#),
        "public account.start-reset {}".to_owned(),
        format!(r#"{person} account.reset {{"proved":{{"from":true,"to":true}}}}"#),
        format!("{person} account.change-password {{}}"),
        format!("{person} account.start-address-change {{}}"),
        format!(
            r#"{person} account.change-address {{"email":{{"from":"ann@uni.edu","to":"new@uni.edu"}}}}"#
        ),
        format!(r#"{person} account.sign-out {{"everywhere":true}}"#),
    ];
    assert_eq!(scene.told_since(0).await, expected);
}

#[rstest]
#[actix_rt::test]
async fn the_end_of_the_attempts_at_a_code_is_told_once_however_many_guess(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::open(engine).await;
    let (account, proof) = scene.registered("ann@uni.edu").await;
    scene.seat(account).await;
    for n in 0..4 {
        scene.ask(confirm(wrong(&proof, n))).await.unwrap_err();
    }
    assert_eq!(scene.told().await, [""; 0]);
    let guesses = (4..30).map(|n| scene.ask(confirm(wrong(&proof, n))));
    assert!(join_all(guesses).await.iter().all(Result::is_err));
    let expected = [r#"public account.refuse-code {"attempts":5,"purpose":"address"}"#];
    assert_eq!(scene.told_since(0).await, expected);
}

#[rstest]
#[actix_rt::test]
async fn that_sign_ins_were_refused_is_told_once_an_hour_and_nothing_of_nobody(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::open(engine).await;
    let account: AccountId = scene.proved("ann@uni.edu").await;
    scene.seat(account).await;
    let refused = |email| {
        let email = EmailAddress::parse(email).unwrap();
        scene.ask(NoteRefusedSignIn { email })
    };
    refused("nobody@uni.edu").await.unwrap();
    assert_eq!(scene.told().await, [""; 0]);
    let many = (0..8).map(|_| refused("ann@uni.edu"));
    assert!(join_all(many).await.iter().all(Result::is_ok));
    let told = ["public account.refuse-sign-in {}"];
    assert_eq!(scene.told_since(0).await, told);
    scene.clock.advance_seconds(AN_HOUR);
    refused("ann@uni.edu").await.unwrap();
    assert_eq!(scene.told_since(1).await, told);
}

#[rstest]
#[actix_rt::test]
async fn what_did_not_happen_is_not_told(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::open(engine).await;
    let account = scene.proved("ann@uni.edu").await;
    scene.seat(account).await;
    let session = scene.sign_in("ann@uni.edu", PASSWORD).await.unwrap();
    let change = ChangePassword {
        password: Secret::new(ANOTHER),
        new_password: Secret::new("a third horse"),
        session: session.token.clone(),
    };
    let wrong = scene.ask_as(account, change).await.unwrap_err();
    assert_eq!(wrong.kind, Kind::Invalid);
    assert!(scene.sign_in("ann@uni.edu", ANOTHER).await.is_err());
    let (_, proof) = scene.registered("bob@uni.edu").await;
    let foreign = scene.finish_change(account, token(&proof), &session).await;
    foreign.unwrap_err();
    assert_eq!(scene.told().await, [""; 0]);
}

#[rstest]
#[actix_rt::test]
async fn a_proof_is_told_where_somebody_asked_for_it_and_not_where_the_system_did(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::open(engine).await;
    let (account, _) = scene.registered("ann@uni.edu").await;
    let (organisation, place) = scene.seat(account).await;
    scene.clock.advance_seconds(120);
    let email = EmailAddress::parse("ann@uni.edu").unwrap();
    let system = Caller::system(Service::InviteDispatcher, scene.clock.now());
    let started = scene.send(system, StartProof { email }).await.unwrap();
    assert!(started.proof.is_some());
    assert_eq!(scene.told().await, [""; 0]);
    scene.clock.advance_seconds(120);
    assert!(scene.start("ann@uni.edu").await.proof.is_some());
    let told = format!("{organisation} public account.start-proof {place} {{}}");
    assert_eq!(scene.told().await, [told]);
}
