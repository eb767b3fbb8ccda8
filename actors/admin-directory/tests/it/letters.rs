//! How often an organisation has an address mailed by inviting it to administer.

use admin_directory::AttemptSweeper;
use contract::{
    Kind, Problem, Role,
    administrators::{AdministratorCreated, RemoveAdministrator},
    ids::OrganisationId,
};
use futures_util::future::join_all;
use kernel::{Pace, Work as _};
use rstest::rstest;
use testkit::Engine;

use crate::scene::{PASSWORD, Scene, office};

/// Whoever is new.
const BERT: &str = "bert@x.edu";
/// Whoever administers elsewhere.
const ANNA: &str = "anna@x.edu";
const AN_HOUR: i64 = 3_600;

impl Scene {
    /// An owner of the organisation invites an address.
    async fn invite(
        &self,
        organisation: OrganisationId,
        email: &str,
    ) -> Result<AdministratorCreated, Problem> {
        let draft = office(organisation, email, Role::Viewer);
        self.ask_as(Role::Owner, organisation, draft).await
    }

    async fn let_go(&self, organisation: OrganisationId, invited: &AdministratorCreated) {
        let id = invited.id;
        let remove = RemoveAdministrator { organisation, id };
        let removed = self.ask_as(Role::Owner, organisation, remove);
        removed.await.unwrap();
    }
}

#[rstest]
#[actix_rt::test]
async fn an_organisation_has_an_address_mailed_ten_times_a_day_and_then_once_an_hour(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
    #[values(BERT, ANNA)] email: &str,
) {
    let scene = Scene::open(engine).await;
    let (here, elsewhere) = (
        scene.organisation("Here").await.id,
        scene.organisation("Elsewhere").await.id,
    );
    scene.owner(elsewhere, ANNA).await;
    for letter in 0..10 {
        let invited = scene.invite(here, email).await.unwrap();
        // Whoever lets them go in between begins no new count.
        if letter % 3 == 0 {
            scene.let_go(here, &invited).await;
        }
    }
    scene.clock.advance_seconds(AN_HOUR - 1);
    let refused = scene.invite(here, &email.to_uppercase()).await.unwrap_err();
    assert_eq!(refused.kind, Kind::TooManyRequests);
    assert_eq!(refused.retry_after, Some(1));
    // another address, and another organisation, which learns nothing by that
    scene.invite(here, "another@x.edu").await.unwrap();
    let third = scene.organisation("Third").await.id;
    scene.invite(third, "another@x.edu").await.unwrap();
    for _ in 0..10 {
        scene.invite(third, email).await.unwrap();
    }
    scene.clock.advance_seconds(1);
    for _ in 0..3 {
        scene.invite(here, email).await.unwrap();
        let refused = scene.invite(here, email).await.unwrap_err();
        assert_eq!(refused.retry_after, Some(3_600));
        scene.clock.advance_seconds(AN_HOUR);
    }
    // the operator is not bound, nor does that count
    scene.appoint(third, email, Role::Viewer).await.unwrap();
    scene.clock.advance_seconds(24 * AN_HOUR);
    for _ in 0..10 {
        scene.invite(here, email).await.unwrap();
    }
    scene.invite(here, email).await.unwrap_err();
}

#[rstest]
#[actix_rt::test]
async fn an_invitation_that_is_one_too_many_leaves_the_link_in_the_mailbox_good(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::open(engine).await;
    let here = scene.organisation("Here").await.id;
    let mut last = None;
    for _ in 0..10 {
        last = scene.invite(here, BERT).await.unwrap().setup_token;
    }
    scene.invite(here, BERT).await.unwrap_err();
    scene.set_up(&last.unwrap(), PASSWORD).await.unwrap();
}

#[rstest]
#[actix_rt::test]
async fn of_many_invitations_at_once_no_more_than_ten_are_mailed(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::open(engine).await;
    let here = scene.organisation("Here").await.id;
    let invited = join_all((0..14).map(|_| scene.invite(here, BERT))).await;
    let mailed = invited.iter().filter(|invited| invited.is_ok());
    assert_eq!(mailed.count(), 10);
}

#[rstest]
#[actix_rt::test]
async fn which_address_was_mailed_is_forgotten_after_a_day(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::open(engine).await;
    let here = scene.organisation("Here").await.id;
    scene.invite(here, BERT).await.unwrap();
    let kept = async || {
        let rows = scene.rows().await.into_iter();
        rows.filter(|row| row.starts_with("letter ")).count()
    };
    let mut sweeper = AttemptSweeper::new(scene.db.clone(), scene.clock.clone());
    assert!(matches!(sweeper.work().await.unwrap(), Pace::Rest(_)));
    assert_eq!(kept().await, 1);
    scene.clock.advance_seconds(24 * AN_HOUR);
    assert_eq!(sweeper.work().await.unwrap(), Pace::Again);
    assert_eq!(kept().await, 0);
}
