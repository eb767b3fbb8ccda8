//! Who they are that the history of an organisation names.

use contract::{
    Kind,
    ids::{InviteId, MembershipId, Ulid},
    seats::Status,
    users::{NameUsers, USERS_NAMED_MOST, UserName, UserNames},
};
use rstest::rstest;
use testkit::Engine;

use crate::scene::{Campus, Scene};

fn nobody(campus: Campus) -> NameUsers {
    NameUsers {
        organisation: campus.id,
        memberships: [].into(),
        accounts: [].into(),
        invites: [].into(),
    }
}

impl Scene {
    async fn named(&self, name: NameUsers) -> UserNames {
        self.ask_as(name.organisation, name).await.unwrap()
    }
}

fn first_names(names: &UserNames) -> Vec<&str> {
    let users = names.users.iter();
    users.map(|user| user.first_name.as_str()).collect()
}

#[rstest]
#[actix_rt::test]
async fn an_organisation_learns_who_its_own_people_are_and_nobody_elses(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::open(engine).await;
    let ann = scene.person("Ann Lee", Status::Assigned, &[]).await;
    let bob = scene.person("Bob Roe", Status::Revoked, &[]).await;
    let eve = scene
        .member(scene.theirs, "Eve Moe", Status::Assigned, &[])
        .await;
    let gone = MembershipId::new(Ulid::nil());
    let memberships = [ann, bob, eve, gone];

    let everybody = async |campus| {
        let name = NameUsers {
            memberships: memberships.into(),
            ..nobody(campus)
        };
        scene.named(name).await
    };
    let ours = everybody(scene.ours).await;
    assert_eq!(first_names(&ours), ["Ann", "Bob"]);
    let theirs = everybody(scene.theirs).await;
    assert_eq!(first_names(&theirs), ["Eve"]);

    // whoever acted is known by their account; once, however they are named
    let accounts = |names: &UserNames| {
        let users = names.users.iter();
        users.map(|user| user.account_id).collect::<Vec<_>>()
    };
    let name = NameUsers {
        memberships: [ann].into(),
        accounts: [accounts(&ours), accounts(&theirs)]
            .concat()
            .into_iter()
            .collect(),
        ..nobody(scene.ours)
    };
    let named = scene.named(name).await;
    assert_eq!(named, ours);
    let UserName { id, email, .. } = &named.users[0];
    assert_eq!(*id, ann);
    assert!(email.as_str().starts_with("Ann@"), "{email}");

    let foreign = NameUsers {
        memberships: [ann].into(),
        ..nobody(scene.ours)
    };
    let refused = scene.ask_as(scene.theirs.id, foreign).await.unwrap_err();
    assert_eq!(refused.kind, Kind::NotFound);
}

#[rstest]
#[actix_rt::test]
async fn an_organisation_learns_where_its_own_invites_went(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::open(engine).await;
    let (_, ours) = scene.invited(scene.ours, &["Ann Lee"]).await;
    let (_, theirs) = scene.invited(scene.theirs, &["Eve Moe"]).await;
    let invites = [&ours[..], &theirs[..], &[InviteId::new(Ulid::nil())]].concat();
    for (campus, own) in [(scene.ours, ours), (scene.theirs, theirs)] {
        let name = NameUsers {
            invites: invites.iter().copied().collect(),
            ..nobody(campus)
        };
        let named = scene.named(name).await;
        let ids: Vec<_> = named.invites.iter().map(|invite| invite.id).collect();
        assert_eq!(ids, own);
        assert_eq!(named.users, []);
    }
}

#[actix_rt::test]
async fn as_many_are_named_as_a_page_names_and_no_more() {
    let scene = Scene::open(Engine::Sqlite).await;
    let many = |count: usize| NameUsers {
        memberships: (0..count)
            .map(|number| MembershipId::new(Ulid::from_parts(1, number as u128)))
            .collect(),
        ..nobody(scene.ours)
    };
    let most = scene.named(many(USERS_NAMED_MOST)).await;
    assert_eq!(most, UserNames::default());
    let refused = scene
        .ask_as(scene.ours.id, many(USERS_NAMED_MOST + 1))
        .await;
    assert_eq!(refused.unwrap_err().errors[0].code, "too-many");
}
