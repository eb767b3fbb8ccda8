//! An organisation never loses its last way in, and whoever was invited to own it can be taken back.

use contract::{
    Kind, Problem, Role, Secret,
    administrators::{RemoveAdministrator, UpdateAdministrator},
    ids::{AdministratorId, OrganisationId},
};
use rstest::rstest;
use testkit::Engine;

use crate::scene::{PASSWORD, Scene};

/// How an owner becomes none.
#[derive(Clone, Copy, Debug)]
enum Way {
    Removed,
    Demoted,
}

/// An organisation whose owners are invited.
struct Uni {
    scene: Scene,
    id: OrganisationId,
}

impl Uni {
    async fn open(engine: Engine) -> Self {
        let scene = Scene::open(engine).await;
        let id = scene.organisation("Uni").await.id;
        Self { scene, id }
    }

    /// Invites an owner; answers who it is, and their link.
    async fn invite(&self, email: &str) -> (AdministratorId, Secret) {
        let made = self.scene.appoint(self.id, email, Role::Owner).await;
        let made = made.unwrap();
        (made.id, made.setup_token.unwrap())
    }

    async fn take_back(&self, id: AdministratorId, way: Way) -> Result<(), Problem> {
        let organisation = self.id;
        match way {
            Way::Removed => {
                let remove = RemoveAdministrator { organisation, id };
                self.scene.ask_as(Role::Owner, organisation, remove).await
            }
            Way::Demoted => {
                let role = Role::Viewer;
                let demote = UpdateAdministrator {
                    organisation,
                    id,
                    role,
                };
                let demoted = self.scene.ask_as(Role::Owner, organisation, demote).await;
                demoted.map(drop)
            }
        }
    }

    /// Neither way leads out of this one's office.
    async fn keeps(&self, id: AdministratorId) {
        for way in [Way::Removed, Way::Demoted] {
            let refused = self.take_back(id, way).await.unwrap_err();
            assert_eq!(refused.kind, Kind::Conflict, "{way:?}");
            let codes = refused.errors.iter().map(|error| error.code.as_str());
            assert_eq!(codes.collect::<Vec<_>>(), ["last-owner"], "{way:?}");
        }
    }

    async fn owners(&self) -> Vec<AdministratorId> {
        let listed = self.scene.colleagues(self.id).await.into_iter();
        let owners = listed.filter(|one| one.role == Role::Owner);
        owners.map(|one| one.id).collect()
    }
}

#[rstest]
#[actix_rt::test]
async fn where_nobody_has_come_yet_all_but_the_last_who_may_can_be_taken_back(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
    #[values(Way::Removed, Way::Demoted)] way: Way,
) {
    let uni = Uni::open(engine).await;
    let (ann, hers) = uni.invite("ann@x.edu").await;
    let (bob, his) = uni.invite("bob@x.edu").await;
    uni.take_back(bob, way).await.unwrap();
    assert_eq!(uni.owners().await, [ann]);
    uni.keeps(ann).await;
    // whoever is removed has no way in any more; whoever looks on has
    let used = uni.scene.set_up(&his, PASSWORD).await;
    match way {
        Way::Removed => assert_eq!(used.unwrap_err().kind, Kind::SetUpRefused),
        Way::Demoted => assert!(used.is_ok()),
    }
    uni.keeps(ann).await;
    uni.scene.set_up(&hers, PASSWORD).await.unwrap();
    uni.keeps(ann).await;
    // and beside her nobody who has not come counts
    let (eve, link) = uni.invite("eve@x.edu").await;
    uni.keeps(ann).await;
    uni.take_back(eve, way).await.unwrap();
    let used = uni.scene.set_up(&link, PASSWORD).await;
    assert_eq!(used.is_err(), matches!(way, Way::Removed));
    assert_eq!(uni.owners().await, [ann]);
}

#[rstest]
#[actix_rt::test]
async fn whoever_did_not_come_in_time_is_no_way_in_and_still_not_the_only_owner_less(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
    #[values(Way::Removed, Way::Demoted)] way: Way,
) {
    const WEEK: i64 = 7 * 86_400;
    let uni = Uni::open(engine).await;
    let (ann, _) = uni.invite("ann@x.edu").await;
    let (eve, _) = uni.invite("eve@x.edu").await;
    uni.scene.clock.advance_seconds(WEEK);
    let (bob, link) = uni.invite("bob@x.edu").await;
    uni.keeps(bob).await;
    uni.take_back(eve, way).await.unwrap();
    uni.scene.clock.advance_seconds(WEEK);
    // of two whose links have ended one may go
    uni.take_back(ann, way).await.unwrap();
    assert_eq!(uni.owners().await, [bob]);
    uni.keeps(bob).await;
    let late = uni.scene.set_up(&link, PASSWORD).await;
    assert_eq!(late.unwrap_err().kind, Kind::SetUpRefused);
}

#[rstest]
#[actix_rt::test]
async fn of_two_who_have_not_come_and_are_taken_back_at_once_one_stays(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
    #[values(Way::Removed, Way::Demoted)] way: Way,
) {
    let uni = Uni::open(engine).await;
    let (ann, _) = uni.invite("ann@x.edu").await;
    let (bob, _) = uni.invite("bob@x.edu").await;
    let (one, two) = futures_util::join!(uni.take_back(ann, way), uni.take_back(bob, way));
    assert_eq!(usize::from(one.is_ok()) + usize::from(two.is_ok()), 1);
    let stays = if one.is_ok() { bob } else { ann };
    assert_eq!(uni.owners().await, [stays]);
}
