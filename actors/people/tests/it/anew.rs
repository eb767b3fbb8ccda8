//! An account without a place that is made anew keeps nothing of whoever had it before, and a
//! password that dies while somebody is being asked for it begins nothing.

use std::time::Duration;

use contract::{
    EmailAddress, Kind, Secret,
    accounts::{ChangePassword, StartAddressChange},
};
use futures_util::future::join;
use rstest::rstest;
use testkit::{Engine, eventually};

use crate::{
    scene::{Scene, code, confirm, token},
    sql,
};

const STRANGERS: &str = "correct horse";
const OWNERS: &str = "another horse";

/// Long enough for a busy machine; nothing takes it when all is well.
const SOON: Duration = Duration::from_secs(20);

#[rstest]
#[actix_rt::test]
async fn a_stranger_keeps_neither_session_nor_change_of_an_account_that_its_owner_makes_anew(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
    #[values(true, false)] by_link: bool,
) {
    // Unexpired session and unexpired change: the stranger was refused a seat, or it went back to
    // the pool, so nothing hangs on the account. The owner registers in their own browser.
    let scene = Scene::open(engine).await;
    let (account, _) = scene.registered("ann@uni.edu").await;
    let strangers = scene.sign_in("ann@uni.edu", STRANGERS).await.unwrap();
    let change = scene.start_change(account, "eve@evil.edu").await;
    let change = change.unwrap().unwrap();
    scene.clock.advance_seconds(60);

    let proof = scene.registered_in("her browser", OWNERS).await;
    scene.seat(account).await;
    let ended = scene.whose(&strangers).await.unwrap_err();
    assert_eq!(ended.kind, Kind::Unauthenticated);
    let mut hers = confirm(if by_link { token(&proof) } else { code(&proof) });
    hers.registrant = Some(Secret::new("her browser"));
    let proved = scene.ask(hers).await.unwrap();
    assert_eq!((proved.account_id, proved.has_password), (account, true));

    assert!(scene.whose(&strangers).await.is_err());
    let finished = scene.finish_change(account, token(&change), &strangers);
    assert_eq!(finished.await.unwrap_err().kind, Kind::ProofRefused);
    assert!(scene.sign_in("ann@uni.edu", STRANGERS).await.is_err());
    assert!(scene.sign_in("eve@evil.edu", STRANGERS).await.is_err());
    let owners = scene.sign_in("ann@uni.edu", OWNERS).await.unwrap();
    let person = scene.whose(&owners).await.unwrap();
    assert_eq!(
        (person.email.as_str(), person.is_proved),
        ("ann@uni.edu", true)
    );
}

/// What needs a password, and how many hashes go by before it is written.
#[derive(Clone, Copy, Debug)]
enum Begun {
    Password,
    Address,
    Joining,
}

#[rstest]
#[actix_rt::test]
async fn a_password_that_dies_while_it_is_looked_at_begins_nothing(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
    #[values(Begun::Password, Begun::Address, Begun::Joining)] begun: Begun,
) {
    let scene = Scene::open(engine).await;
    let (account, _) = scene.registered("ann@uni.edu").await;
    let session = scene.sign_in("ann@uni.edu", STRANGERS).await.unwrap();
    let live = scene.count(&sql::COUNT_LIVE_PROOFS).await;
    scene.clock.advance_seconds(60);
    // A reset that has the account, and is not done yet.
    let mut reset = scene.begin().await;
    let locked = sql::LOCK.bind(account).execute(&mut reset);
    locked.await.unwrap();

    let made = scene.passwords.made();
    let email = || EmailAddress::parse("eve@evil.edu").unwrap();
    let password = || Secret::new(STRANGERS);
    let begin = async || match begun {
        Begun::Password => {
            let change = ChangePassword {
                password: password(),
                new_password: Secret::new("a third horse"),
                session: session.token.clone(),
            };
            scene.ask_as(account, change).await.map(drop)
        }
        Begun::Address => {
            let (email, password) = (email(), password());
            let start = StartAddressChange { email, password };
            scene.ask_as(account, start).await.map(drop)
        }
        Begun::Joining => scene.enrol("ann@uni.edu", STRANGERS).await.map(drop),
    };
    let hashes = if matches!(begun, Begun::Password) {
        2
    } else {
        1
    };
    let finish = async {
        // Its password was right when it was looked at.
        eventually(SOON, "the hashes are made", async || {
            scene.passwords.made() - made == hashes
        })
        .await;
        let set = sql::REPLACE_PASSWORD.bind(account).execute(&mut reset);
        set.await.unwrap();
        reset.commit().await.unwrap();
    };
    let (answer, ()) = join(begin(), finish).await;

    let refused = answer.unwrap_err();
    match begun {
        Begun::Joining => assert_eq!(refused.kind, Kind::Conflict),
        Begun::Password | Begun::Address => assert_eq!(refused.errors[0].field, "password"),
    }
    assert_eq!(scene.count(&sql::COUNT_LIVE_PROOFS).await, live);
    let rows = scene.rows().await;
    let kept = rows.iter().any(|row| row.ends_with(" set by a reset -"));
    assert!(kept, "{rows:#?}");
}
