//! Who is let go while somebody else gives them an office, or lets them go as well. PostgreSQL alone: SQLite has one
//! writer.

use std::pin::pin;

use contract::{
    Role,
    administrators::{RemoveAdministrator, UpdateAdministrator},
    ids::OrganisationId,
};
use futures_util::future::{Either, join, select};
use rstest::rstest;
use testkit::Engine;

use crate::{scene::Scene, sql};

const ANN: &str = "ann@x.edu";

impl Scene {
    /// Asks for something, and ends what others are about once so many wait for them.
    async fn while_held<T>(
        &self,
        waiters: usize,
        asked: impl Future<Output = T>,
        end: impl Future<Output = ()>,
    ) -> T {
        let waiting = async {
            loop {
                let mut reader = self.db.read().await.unwrap();
                let waiting = sql::WAITING.fetch_all(&mut reader).await.unwrap();
                if waiting.len() >= waiters {
                    return;
                }
            }
        };
        match select(pin!(asked), pin!(waiting)).await {
            // Whoever does not wait is done too early: the rows tell.
            Either::Left((done, _)) => {
                end.await;
                done
            }
            Either::Right(((), asked)) => {
                end.await;
                asked.await
            }
        }
    }

    async fn lines(&self, kind: &str) -> Vec<String> {
        let rows = self.rows().await.into_iter();
        rows.filter(|row| row.starts_with(kind)).collect()
    }

    /// Two organisations, each with an owner of its own.
    async fn two(&self) -> (OrganisationId, OrganisationId) {
        let (one, other) = (
            self.organisation("One").await.id,
            self.organisation("Other").await.id,
        );
        self.owner(one, "one@x.edu").await;
        self.owner(other, "other@x.edu").await;
        (one, other)
    }
}

#[rstest]
#[actix_rt::test]
async fn whoever_is_given_an_office_while_they_are_let_go_of_another_keeps_it(
    #[values(Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::open(engine).await;
    let (organisation, other) = scene.two().await;
    let id = scene.owner(organisation, ANN).await;
    let mut giving = scene.begin().await;
    sql::HAVE.bind(id).fetch_one(&mut giving).await.unwrap();
    let removed = scene.ask_as(
        Role::Owner,
        organisation,
        RemoveAdministrator { organisation, id },
    );
    let end = async {
        let give = sql::GIVE_OFFICE.bind(id).bind(other);
        give.execute(&mut giving).await.unwrap();
        giving.commit().await.unwrap();
    };
    scene.while_held(1, removed, end).await.unwrap();
    let offices = scene.lines("office ").await;
    let theirs: Vec<_> = offices
        .iter()
        .filter(|line| line.contains(&id.to_string()))
        .collect();
    assert_eq!(theirs, [&format!("office {id} {other} viewer")]);
    assert_eq!(scene.colleagues(other).await[1].id, id);
}

#[rstest]
#[actix_rt::test]
async fn whoever_is_let_go_of_their_last_two_offices_at_once_is_nobody_any_more(
    #[values(Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::open(engine).await;
    let (one, other) = scene.two().await;
    let id = scene.owner(one, ANN).await;
    scene.appoint(other, ANN, Role::Viewer).await.unwrap();
    let mut held = scene.begin().await;
    sql::HAVE.bind(id).fetch_one(&mut held).await.unwrap();
    let remove = |organisation| {
        let remove = RemoveAdministrator { organisation, id };
        scene.ask_as(Role::Owner, organisation, remove)
    };
    let end = async { held.commit().await.unwrap() };
    let both = join(remove(one), remove(other));
    let (first, second) = scene.while_held(2, both, end).await;
    first.unwrap();
    second.unwrap();
    let left = scene.lines("administrator ").await;
    assert!(left.iter().all(|line| !line.contains(ANN)), "{left:?}");
    assert_eq!(left.len(), 2);
}

#[rstest]
#[actix_rt::test]
async fn whoever_is_let_go_while_they_are_invited_elsewhere_is_made_anew(
    #[values(Engine::Postgres)] engine: Engine,
    #[values(true, false)] by_operator: bool,
) {
    let scene = Scene::open(engine).await;
    let (one, other) = scene.two().await;
    let id = scene.owner(one, ANN).await;
    let mut leaving = scene.begin().await;
    sql::HAVE.bind(id).fetch_one(&mut leaving).await.unwrap();
    let invited = async {
        if by_operator {
            return scene.appoint(other, ANN, Role::Viewer).await;
        }
        let draft = crate::scene::office(other, ANN, Role::Viewer);
        scene.ask_as(Role::Owner, other, draft).await
    };
    let end = async {
        let leave = sql::LEAVE.bind(id);
        leave.execute(&mut leaving).await.unwrap();
        leaving.commit().await.unwrap();
    };
    let invited = scene.while_held(1, invited, end).await.unwrap();
    assert!(invited.id != id && invited.setup_token.is_some() && !invited.is_elsewhere);
    assert_eq!(scene.colleagues(other).await[1].id, invited.id);
}

#[rstest]
#[actix_rt::test]
async fn whoever_chooses_a_password_while_they_are_taken_back_is_the_last_who_can_sign_in(
    #[values(Engine::Postgres)] engine: Engine,
    #[values(true, false)] is_demoted: bool,
) {
    let scene = Scene::open(engine).await;
    let organisation = scene.organisation("Uni").await.id;
    let id = scene.appoint(organisation, ANN, Role::Owner).await;
    let id = id.unwrap().id;
    let other = scene.appoint(organisation, "bob@x.edu", Role::Owner);
    other.await.unwrap();
    let mut choosing = scene.begin().await;
    let choose = sql::CHOOSE.bind(id);
    choose.execute(&mut choosing).await.unwrap();
    let taken_back = async {
        if is_demoted {
            let role = Role::Viewer;
            let demote = UpdateAdministrator {
                organisation,
                id,
                role,
            };
            let demoted = scene.ask_as(Role::Owner, organisation, demote).await;
            return demoted.map(drop);
        }
        let remove = RemoveAdministrator { organisation, id };
        scene.ask_as(Role::Owner, organisation, remove).await
    };
    let end = async { choosing.commit().await.unwrap() };
    let refused = scene.while_held(1, taken_back, end).await.unwrap_err();
    assert_eq!(refused.errors[0].code, "last-owner");
    assert_eq!(scene.colleagues(organisation).await[0].role, Role::Owner);
}
