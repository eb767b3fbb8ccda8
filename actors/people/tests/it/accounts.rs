//! Sign-in, sessions, reset, change of address and password, being forgotten.

use contract::{
    Call, Caller, Clock as _, EmailAddress, Kind, Principal, Problem, Secret, Service,
    accounts::{
        AddressChanged, AuthenticatePerson, ChangePassword, FinishAddressChange, FinishReset,
        PasswordReset, PersonSession, SignInPerson, SignOutPerson, SignedInPerson,
        StartAddressChange, StartReset,
    },
    ids::AccountId,
    people::{Enrol, Evidence, ProofIssued},
};
use rstest::rstest;
use testkit::Engine;

use crate::{
    scene::{Scene, confirm, form, token},
    sql,
};

const PASSWORD: &str = "correct horse";
const ANOTHER: &str = "another horse";

impl Scene {
    pub(crate) async fn sign_in(
        &self,
        email: &str,
        password: &str,
    ) -> Result<PersonSession, Problem> {
        let email = EmailAddress::parse(email).unwrap();
        let password = Secret::new(password);
        self.ask(SignInPerson { email, password }).await
    }

    pub(crate) async fn whose(&self, session: &PersonSession) -> Result<SignedInPerson, Problem> {
        let token = session.token.clone();
        self.ask(AuthenticatePerson { token }).await
    }

    pub(crate) async fn ask_as<M: Call>(
        &self,
        account: AccountId,
        message: M,
    ) -> Result<M::Reply, Problem> {
        let caller = Caller {
            principal: Principal::Person(account),
            ..Caller::public(Service::HttpEdge, self.clock.now())
        };
        self.send(caller, message).await
    }

    /// Somebody whose address is proved by the browser that registered.
    pub(crate) async fn proved(&self, email: &str) -> AccountId {
        let (account, proof) = self.registered(email).await;
        self.ask(confirm(token(&proof))).await.unwrap();
        // The password died with a proof without the browser's token: it is set by a reset.
        self.clock.advance_seconds(60);
        let reset = self.reset(email).await.unwrap();
        self.finish(&reset, PASSWORD).await.unwrap();
        account
    }

    pub(crate) async fn reset(&self, email: &str) -> Option<ProofIssued> {
        let email = EmailAddress::parse(email).unwrap();
        self.ask(StartReset { email }).await.unwrap().proof
    }

    pub(crate) async fn finish(
        &self,
        proof: &ProofIssued,
        password: &str,
    ) -> Result<PasswordReset, Problem> {
        self.ask(FinishReset {
            evidence: token(proof),
            new_password: Secret::new(password),
        })
        .await
    }

    pub(crate) async fn start_change(
        &self,
        account: AccountId,
        email: &str,
    ) -> Result<Option<ProofIssued>, Problem> {
        let start = StartAddressChange {
            email: EmailAddress::parse(email).unwrap(),
            password: Secret::new(PASSWORD),
        };
        Ok(self.ask_as(account, start).await?.proof)
    }

    pub(crate) async fn finish_change(
        &self,
        account: AccountId,
        evidence: Evidence,
        session: &PersonSession,
    ) -> Result<AddressChanged, Problem> {
        let finish = FinishAddressChange {
            evidence,
            session: session.token.clone(),
        };
        self.ask_as(account, finish).await
    }
}

#[rstest]
#[actix_rt::test]
async fn an_unknown_address_is_refused_like_a_wrong_password(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::open(engine).await;
    scene.registered("ann@uni.edu").await;
    let session = scene.sign_in("Ann@UNI.edu", PASSWORD).await.unwrap();
    let person = scene.whose(&session).await.unwrap();
    assert_eq!(
        (person.email.as_str(), person.is_proved),
        ("ann@uni.edu", false)
    );
    let wrong = scene.sign_in("ann@uni.edu", ANOTHER).await.unwrap_err();
    assert_eq!(wrong.kind, Kind::SignInRefused);
    let unknown = scene.sign_in("bob@uni.edu", PASSWORD).await.unwrap_err();
    assert_eq!(unknown, wrong);
}

#[rstest]
#[actix_rt::test]
async fn every_refused_sign_in_costs_one_hash_so_that_its_time_tells_nothing(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::open(engine).await;
    scene.registered("ann@uni.edu").await;
    // Bob's password dies with the proof by somebody else, his account stays.
    let (_, proof) = scene.registered("bob@uni.edu").await;
    scene.ask(confirm(token(&proof))).await.unwrap();
    for (email, password) in [
        ("ann@uni.edu", ANOTHER),
        ("nobody@uni.edu", PASSWORD),
        ("bob@uni.edu", PASSWORD),
        ("ann@uni.edu", ""),
    ] {
        let before = scene.passwords.made();
        let refused = scene.sign_in(email, password).await.unwrap_err();
        assert_eq!(refused.kind, Kind::SignInRefused, "{email}");
        assert_eq!(scene.passwords.made() - before, 1, "{email}");
    }
}

#[rstest]
#[actix_rt::test]
async fn a_link_that_takes_nobody_new_costs_one_hash_whether_or_not_there_is_an_account(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::open(engine).await;
    let (ann, _) = scene.registered("ann@uni.edu").await;
    scene.seat(ann).await;
    for (email, password) in [("ann@uni.edu", ANOTHER), ("bob@uni.edu", PASSWORD)] {
        let before = scene.passwords.made();
        let enrol = Enrol {
            known_only: true,
            ..form(email, password)
        };
        let refused = scene.ask(enrol).await.unwrap_err();
        assert_eq!(refused.kind, Kind::NotFound, "{email}");
        assert_eq!(scene.passwords.made() - before, 1, "{email}");
    }
}

#[rstest]
#[actix_rt::test]
async fn asking_for_a_letter_costs_no_hash_whether_or_not_there_is_an_account(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::open(engine).await;
    scene.registered("ann@uni.edu").await;
    let before = scene.passwords.made();
    for email in ["ann@uni.edu", "nobody@uni.edu"] {
        scene.start(email).await;
        let email = EmailAddress::parse(email).unwrap();
        scene.ask(StartReset { email }).await.unwrap();
    }
    assert_eq!(scene.passwords.made(), before);
}

#[rstest]
#[actix_rt::test]
async fn a_session_ends_by_itself_by_signing_out_and_everywhere(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::open(engine).await;
    scene.registered("ann@uni.edu").await;
    let open = async || scene.sign_in("ann@uni.edu", PASSWORD).await.unwrap();
    let (one, two, three) = (open().await, open().await, open().await);
    let sign_out = |session: &PersonSession, everywhere| SignOutPerson {
        token: session.token.clone(),
        everywhere,
    };
    scene.ask(sign_out(&one, false)).await.unwrap();
    assert_eq!(
        scene.whose(&one).await.unwrap_err().kind,
        Kind::Unauthenticated
    );
    assert!(scene.whose(&two).await.is_ok());
    scene.ask(sign_out(&two, true)).await.unwrap();
    assert!(scene.whose(&three).await.is_err());
    let late = open().await;
    scene.clock.advance_seconds(14 * 86_400);
    assert!(scene.whose(&late).await.is_err());
}

#[rstest]
#[actix_rt::test]
async fn a_session_ends_when_a_seat_is_revoked_and_a_later_one_does_not(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::open(engine).await;
    let (account, _) = scene.registered("ann@uni.edu").await;
    scene.seat(account).await;
    let before = scene.sign_in("ann@uni.edu", PASSWORD).await.unwrap();
    scene.clock.advance_seconds(1);
    let mut tx = scene.begin().await;
    // By a clock that is ahead of this one.
    let at = scene.clock.now().plus_seconds(2);
    let revoke = sql::REVOKE.bind(account).bind(at);
    revoke.execute(&mut tx).await.unwrap();
    tx.commit().await.unwrap();
    assert!(scene.whose(&before).await.is_err());
    let after = scene.sign_in("ann@uni.edu", PASSWORD).await.unwrap();
    assert!(scene.whose(&after).await.is_ok());
}

#[rstest]
#[actix_rt::test]
async fn a_reset_proves_the_address_ends_every_session_and_works_once(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::open(engine).await;
    scene.registered("ann@uni.edu").await;
    let session = scene.sign_in("ann@uni.edu", PASSWORD).await.unwrap();
    assert!(scene.reset("nobody@uni.edu").await.is_none());
    let reset = scene.reset("ann@uni.edu").await.unwrap();
    let weak = scene.finish(&reset, "short").await.unwrap_err();
    assert_eq!(weak.errors[0].field, "new_password");
    let done = scene.finish(&reset, ANOTHER).await.unwrap();
    assert!(scene.whose(&session).await.is_err());
    let inside = scene.whose(&done.session.unwrap()).await.unwrap();
    assert_eq!(inside.account_id, done.proved.account_id);
    assert!(scene.sign_in("ann@uni.edu", PASSWORD).await.is_err());
    let fresh = scene.sign_in("ann@uni.edu", ANOTHER).await.unwrap();
    assert!(scene.whose(&fresh).await.unwrap().is_proved);
    // nothing is looked at or hashed for it any more, whatever is chosen
    for chosen in ["a third horse", "short"] {
        let again = scene.finish(&reset, chosen).await.unwrap_err();
        assert_eq!(again.kind, Kind::ProofRefused);
        let evidence = Evidence::Code {
            proof: reset.id,
            code: reset.code.clone(),
        };
        let new_password = Secret::new(chosen);
        let typed = FinishReset {
            evidence,
            new_password,
        };
        let again = scene.ask(typed).await.unwrap_err();
        assert_eq!(again.kind, Kind::ProofRefused);
    }
}

#[rstest]
#[actix_rt::test]
async fn a_proof_for_one_purpose_is_nothing_for_another(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::open(engine).await;
    let account = scene.proved("ann@uni.edu").await;
    let session = scene.sign_in("ann@uni.edu", PASSWORD).await.unwrap();
    scene.clock.advance_seconds(60);
    let change = scene
        .start_change(account, "new@uni.edu")
        .await
        .unwrap()
        .unwrap();
    let reset = scene.reset("ann@uni.edu").await.unwrap();
    let as_reset = scene.finish(&change, ANOTHER).await.unwrap_err();
    assert_eq!(as_reset.kind, Kind::ProofRefused);
    let as_proof = scene.ask(confirm(token(&reset))).await.unwrap_err();
    assert_eq!(as_proof.kind, Kind::ProofRefused);
    let as_change = scene.finish_change(account, token(&reset), &session).await;
    assert_eq!(as_change.unwrap_err().kind, Kind::ProofRefused);
}

#[rstest]
#[actix_rt::test]
async fn an_address_changes_once_the_new_mailbox_is_shown(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::open(engine).await;
    let account = scene.proved("ann@uni.edu").await;
    let here = scene.sign_in("ann@uni.edu", PASSWORD).await.unwrap();
    let there = scene.sign_in("ann@uni.edu", PASSWORD).await.unwrap();
    let wrong = StartAddressChange {
        email: EmailAddress::parse("new@uni.edu").unwrap(),
        password: Secret::new(ANOTHER),
    };
    let refused = scene.ask_as(account, wrong).await.unwrap_err();
    assert_eq!(refused.errors[0].field, "password");

    let change = scene
        .start_change(account, "New@uni.edu")
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        change.email.as_str(),
        "New@uni.edu",
        "where the letter goes"
    );
    scene.seat_in(account, "de").await;
    let changed = scene
        .finish_change(account, token(&change), &here)
        .await
        .unwrap();
    assert_eq!(
        (changed.from.as_str(), changed.to.as_str()),
        ("ann@uni.edu", "New@uni.edu")
    );
    assert_eq!(changed.language.as_str(), "de");
    assert_eq!(
        scene.whose(&here).await.unwrap().email.as_str(),
        "New@uni.edu"
    );
    assert!(scene.whose(&there).await.is_err(), "other sessions end");
    assert!(scene.sign_in("new@uni.edu", PASSWORD).await.is_ok());
    assert!(scene.sign_in("ann@uni.edu", PASSWORD).await.is_err());
}

#[rstest]
#[actix_rt::test]
async fn an_address_that_somebody_has_is_neither_told_nor_taken(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::open(engine).await;
    let account = scene.proved("ann@uni.edu").await;
    scene.registered("bob@uni.edu").await;
    assert!(
        scene
            .start_change(account, "bob@uni.edu")
            .await
            .unwrap()
            .is_none()
    );
    scene.clock.advance_seconds(60);
    let session = scene.sign_in("ann@uni.edu", PASSWORD).await.unwrap();
    let change = scene
        .start_change(account, "eve@uni.edu")
        .await
        .unwrap()
        .unwrap();
    scene.registered("eve@uni.edu").await;
    let late = scene.finish_change(account, token(&change), &session).await;
    assert_eq!(late.unwrap_err().kind, Kind::AccountExists);
    assert!(scene.sign_in("ann@uni.edu", PASSWORD).await.is_ok());
}

#[rstest]
#[actix_rt::test]
async fn a_change_that_a_stranger_began_is_dead_once_the_owner_has_the_account(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
    #[values(true, false)] by_reset: bool,
) {
    // The stranger registers Ann's address, signs in, and begins to move the account to a mailbox
    // of their own: trojan identifier, unexpired session and unexpired change in one.
    let scene = Scene::open(engine).await;
    let (account, proof) = scene.registered("ann@uni.edu").await;
    scene.seat(account).await;
    let strangers = scene.sign_in("ann@uni.edu", PASSWORD).await.unwrap();
    let change = scene
        .start_change(account, "eve@evil.example")
        .await
        .unwrap()
        .unwrap();
    scene.clock.advance_seconds(60);
    if by_reset {
        let reset = scene.reset("ann@uni.edu").await.unwrap();
        scene.finish(&reset, ANOTHER).await.unwrap();
    } else {
        scene.ask(confirm(token(&proof))).await.unwrap();
    }
    assert!(scene.whose(&strangers).await.is_err());
    let finished = scene
        .finish_change(account, token(&change), &strangers)
        .await;
    assert_eq!(finished.unwrap_err().kind, Kind::ProofRefused);
    assert!(scene.sign_in("ann@uni.edu", PASSWORD).await.is_err());
    let rows = scene.rows().await;
    assert!(
        rows.iter().any(|row| row.contains(" ann@uni.edu ")),
        "{rows:#?}"
    );
}

#[rstest]
#[actix_rt::test]
async fn somebody_elses_session_cannot_finish_a_change(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::open(engine).await;
    let ann = scene.proved("ann@uni.edu").await;
    let bob = scene.proved("bob@uni.edu").await;
    let bobs = scene.sign_in("bob@uni.edu", PASSWORD).await.unwrap();
    let change = scene
        .start_change(ann, "new@uni.edu")
        .await
        .unwrap()
        .unwrap();
    let refused = scene.finish_change(bob, token(&change), &bobs).await;
    assert_eq!(refused.unwrap_err().kind, Kind::ProofRefused);
}

#[rstest]
#[actix_rt::test]
async fn a_changed_password_ends_the_other_sessions(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::open(engine).await;
    let account = scene.proved("ann@uni.edu").await;
    let here = scene.sign_in("ann@uni.edu", PASSWORD).await.unwrap();
    let there = scene.sign_in("ann@uni.edu", PASSWORD).await.unwrap();
    let change = |password| ChangePassword {
        password: Secret::new(password),
        new_password: Secret::new(ANOTHER),
        session: here.token.clone(),
    };
    let refused = scene.ask_as(account, change(ANOTHER)).await.unwrap_err();
    assert_eq!(refused.errors[0].field, "password");
    scene.ask_as(account, change(PASSWORD)).await.unwrap();
    assert!(scene.whose(&here).await.is_ok());
    assert!(scene.whose(&there).await.is_err());
    assert!(scene.sign_in("ann@uni.edu", ANOTHER).await.is_ok());
}

#[rstest]
#[actix_rt::test]
async fn what_needs_a_person_is_refused_to_everybody_else(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::open(engine).await;
    let start = StartAddressChange {
        email: EmailAddress::parse("new@uni.edu").unwrap(),
        password: Secret::new(PASSWORD),
    };
    assert_eq!(scene.ask(start).await.unwrap_err().kind, Kind::Forbidden);
}
