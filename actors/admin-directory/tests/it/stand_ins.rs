//! Whoever administers elsewhere and is invited here: beside somebody new, only their mailbox tells
//! which of both they are.

use contract::{
    EmailAddress, Kind, PageRequest, Problem, Role, Secret,
    administrators::{AdministratorCreated, NoteRefusedAdministrator, RemoveAdministrator},
    audit::ListAudit,
    ids::{AdministratorId, OrganisationId},
};
use rstest::rstest;
use testkit::Engine;

use crate::scene::{PASSWORD, Scene, office};

/// Whoever administers elsewhere, and has a password.
const ANNA: &str = "anna.lee@x.edu";
/// Somebody new.
const BERT: &str = "bert.low@x.edu";

struct Two {
    scene: Scene,
    here: OrganisationId,
    elsewhere: OrganisationId,
    anna: AdministratorId,
}

impl Two {
    async fn open(engine: Engine) -> Self {
        let scene = Scene::open(engine).await;
        let here = scene.organisation("Here").await.id;
        let elsewhere = scene.organisation("Elsewhere").await.id;
        scene.owner(elsewhere, "owner@x.edu").await;
        let anna = scene.owner(elsewhere, ANNA).await;
        Self {
            scene,
            here,
            elsewhere,
            anna,
        }
    }

    /// An owner of this organisation invites an address.
    async fn invite(&self, email: &str, role: Role) -> Result<AdministratorCreated, Problem> {
        let draft = office(self.here, email, role);
        self.scene.ask_as(Role::Owner, self.here, draft).await
    }

    /// The other organisation lets her go.
    async fn let_go(&self) {
        let (organisation, id) = (self.elsewhere, self.anna);
        let remove = RemoveAdministrator { organisation, id };
        let removed = self.scene.ask_as(Role::Owner, organisation, remove);
        removed.await.unwrap();
    }

    /// What the trail of an organisation tells of one of its administrators, the newest first.
    async fn trail(&self, organisation: OrganisationId, of: AdministratorId) -> Vec<String> {
        let page = PageRequest::default();
        let list = ListAudit { organisation, page };
        let listed = self.scene.ask_as(Role::Viewer, organisation, list);
        let entries = listed.await.unwrap().items.into_iter();
        let theirs = entries.filter(|entry| entry.target == of.to_string());
        theirs
            .map(|entry| format!("{} {} {}", entry.actor, entry.action, entry.change))
            .collect()
    }
}

#[rstest]
#[actix_rt::test]
async fn the_link_of_a_stand_in_refuses_passwords_like_that_of_somebody_new(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let two = Two::open(engine).await;
    let link = async |email: &str| {
        let invited = two.invite(email, Role::Manager).await.unwrap();
        invited.setup_token.unwrap()
    };
    let (anna, bert) = (link(ANNA).await, link(BERT).await);
    for (password, code) in [
        ("eleven char", "too-short"),
        ("x".repeat(257).as_str(), "too-long"),
        ("neither anna.lee nor bert.low", "contains-address"),
    ] {
        // as often as somebody likes
        for _ in 0..2 {
            let refused = two.scene.set_up(&bert, password).await.unwrap_err();
            assert_eq!(refused.errors[0].code, code);
            let alike = two.scene.set_up(&anna, password).await.unwrap_err();
            assert_eq!(alike, refused);
        }
    }
    // nor does the length of a password tell a link that is nobody's
    let nobodys = two.scene.set_up(&Secret::new("x"), "eleven char").await;
    assert_eq!(nobodys.unwrap_err().errors[0].code, "too-short");

    // only in full use they part: somebody new is an administrator then, of whom the trail tells
    assert!(two.scene.set_up(&bert, "another few words").await.is_ok());
    let refused = two.scene.set_up(&anna, "another few words").await;
    assert_eq!(refused.unwrap_err().kind, Kind::SetUpRefused);
    assert!(two.scene.sign_in(ANNA, "another few words").await.is_err());
    let session = two.scene.sign_in(ANNA, PASSWORD).await.unwrap();
    let offices = two.scene.whose(&session).await.unwrap().organisations;
    assert_eq!(offices.len(), 1);
    assert_eq!(offices[0].organisation, two.elsewhere);
}

#[rstest]
#[actix_rt::test]
async fn a_refused_sign_in_is_told_neither_of_a_stand_in_nor_of_whoever_is_pending(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let two = Two::open(engine).await;
    let mut trails = Vec::new();
    for email in [ANNA, BERT] {
        let invited = two.invite(email, Role::Manager).await.unwrap();
        let wrong = two.scene.sign_in(email, "not their password").await;
        assert_eq!(wrong.unwrap_err().kind, Kind::SignInRefused);
        let email = EmailAddress::parse(email).unwrap();
        let note = NoteRefusedAdministrator { email };
        two.scene.ask(note).await.unwrap();
        trails.push(two.trail(two.here, invited.id).await);
    }
    assert_eq!(trails[0].len(), 1, "that they were invited: {trails:?}");
    assert_eq!(trails[0], trails[1]);
    let there = two.trail(two.elsewhere, two.anna).await;
    assert_eq!(there[0], "public administrator.refuse-sign-in {}");
}

#[rstest]
#[actix_rt::test]
async fn whoever_is_let_go_elsewhere_keeps_id_and_day_when_they_are_invited_again(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let two = Two::open(engine).await;
    let invite = async || {
        let anna = two.invite(ANNA, Role::Manager).await.unwrap();
        let bert = two.invite(BERT, Role::Manager).await.unwrap();
        [anna, bert]
    };
    let listed = async || {
        let listed = two.scene.colleagues(two.here).await.into_iter();
        listed
            .map(|one| (one.id, one.email, one.role, one.created_at))
            .collect::<Vec<_>>()
    };
    let first = invite().await;
    let before = listed().await;
    two.let_go().await;
    two.scene.clock.advance_seconds(60);
    let again = invite().await;
    assert_eq!(listed().await, before);
    for ((first, again), email) in first.into_iter().zip(again).zip([ANNA, BERT]) {
        assert_eq!(first.id, again.id);
        assert!(!again.is_elsewhere);
        let (dead, good) = (first.setup_token.unwrap(), again.setup_token.unwrap());
        let refused = two.scene.set_up(&dead, PASSWORD).await.unwrap_err();
        assert_eq!(refused.kind, Kind::SetUpRefused);
        two.scene.set_up(&good, PASSWORD).await.unwrap();
        let session = two.scene.sign_in(email, PASSWORD).await.unwrap();
        let signed_in = two.scene.whose(&session).await.unwrap();
        assert_eq!(signed_in.administrator, first.id);
        assert_eq!(signed_in.organisations[0].organisation, two.here);
    }
}

#[rstest]
#[actix_rt::test]
async fn two_organisations_invite_at_once_whoever_was_let_go_and_one_has_them(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let two = Two::open(engine).await;
    let third = two.scene.organisation("Third").await.id;
    let invite = |organisation| {
        let draft = office(organisation, ANNA, Role::Manager);
        two.scene.ask_as(Role::Owner, organisation, draft)
    };
    let before = invite(two.here).await.unwrap().id;
    two.let_go().await;
    let (here, there) = futures_util::join!(invite(two.here), invite(third));
    let (here, there) = (here.unwrap(), there.unwrap());
    assert_eq!(here.id, before);
    assert_ne!(here.is_elsewhere, there.is_elsewhere);
    for (one, organisation) in [(here, two.here), (there, third)] {
        let listed = two.scene.colleagues(organisation).await;
        assert_eq!((listed.len(), listed[0].id), (1, one.id));
        let set_up = two.scene.set_up(&one.setup_token.unwrap(), PASSWORD).await;
        assert_eq!(set_up.is_err(), one.is_elsewhere);
    }
}

#[rstest]
#[actix_rt::test]
async fn the_only_owner_is_not_made_less_by_an_invitation_though_they_stand_in(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
    #[values(false, true)] is_let_go: bool,
    #[values([ANNA, BERT], [BERT, ANNA])] emails: [&str; 2],
) {
    let two = Two::open(engine).await;
    for email in [ANNA, BERT] {
        two.invite(email, Role::Owner).await.unwrap();
    }
    if is_let_go {
        two.let_go().await;
    }
    let [first, last] = emails;
    // Whichever of both is first leaves it to the other, as nothing tells which of them may come.
    two.invite(first, Role::Viewer).await.unwrap();
    let refused = two.invite(last, Role::Viewer).await.unwrap_err();
    assert_eq!(refused.errors[0].code, "last-owner");
    let roles = async || {
        let listed = two.scene.colleagues(two.here).await.into_iter();
        listed.map(|one| one.role).collect::<Vec<_>>()
    };
    let owners = roles().await.into_iter();
    assert_eq!(owners.filter(|role| *role == Role::Owner).count(), 1);
    two.scene.owner(two.here, "another@x.edu").await;
    two.invite(last, Role::Viewer).await.unwrap();
    assert_eq!(roles().await, [Role::Viewer, Role::Viewer, Role::Owner]);
}

/// The operator alone may have given them both; a fresh link would hand the other office out.
#[rstest]
#[actix_rt::test]
async fn whoever_is_pending_in_two_organisations_is_listed_once_and_keeps_their_link(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let two = Two::open(engine).await;
    let first = two.invite(BERT, Role::Manager).await.unwrap();
    let given = two.scene.appoint(two.elsewhere, BERT, Role::Owner).await;
    let again = two.invite(BERT, Role::Viewer).await.unwrap();
    assert_eq!(again.id, first.id);
    let listed = two.scene.colleagues(two.here).await;
    assert_eq!((listed.len(), listed[0].role), (1, Role::Viewer));
    let refused = two
        .scene
        .set_up(&again.setup_token.unwrap(), PASSWORD)
        .await;
    assert_eq!(refused.unwrap_err().kind, Kind::SetUpRefused);
    let token = given.unwrap().setup_token.unwrap();
    assert!(two.scene.set_up(&token, PASSWORD).await.is_ok());
}
