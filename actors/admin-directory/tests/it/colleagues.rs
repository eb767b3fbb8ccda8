//! Administrators of one organisation among themselves: list, roles, removal, reset, tokens.

use contract::{
    EmailAddress, Kind, PageRequest, Role,
    administrators::{
        Colleague, ListAdministrators, RemoveAdministrator, ResetLink, SignOutAdministrator,
        StartAdministratorReset, UpdateAdministrator,
    },
    ids::{AdministratorId, OrganisationId},
    text::{Language, Name},
    tokens::{AuthenticateToken, CreateToken, ListTokens, RevokeToken},
};
use rstest::rstest;
use testkit::Engine;

use crate::scene::{PASSWORD, Scene, draft};

impl Scene {
    pub(crate) async fn owner(&self, organisation: OrganisationId, email: &str) -> AdministratorId {
        let made = self.appoint(organisation, email, Role::Owner).await;
        let made = made.unwrap();
        self.set_up(&made.setup_token.unwrap(), PASSWORD)
            .await
            .unwrap();
        made.id
    }

    pub(crate) async fn colleagues(&self, organisation: OrganisationId) -> Vec<Colleague> {
        let list = ListAdministrators {
            organisation,
            page: PageRequest::default(),
        };
        let listed = self.ask_as(Role::Viewer, organisation, list).await;
        listed.unwrap().items
    }

    async fn organisation_in(&self, language: &str) -> OrganisationId {
        let mut draft = draft("Uni");
        draft.policies.language = Language::parse(language).unwrap();
        self.operate(draft).await.unwrap().id
    }

    async fn reset(&self, email: &str) -> Option<ResetLink> {
        let email = EmailAddress::parse(email).unwrap();
        let started = self.ask(StartAdministratorReset { email }).await;
        started.unwrap().link
    }
}

#[rstest]
#[actix_rt::test]
async fn an_organisation_sees_its_own_administrators_and_who_has_not_set_up_yet(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::open(engine).await;
    let (uni, other) = (
        scene.organisation("Uni").await.id,
        scene.organisation("Other").await.id,
    );
    scene.owner(uni, "ann@x.edu").await;
    scene.appoint(uni, "bob@x.edu", Role::Viewer).await.unwrap();
    scene.owner(other, "eve@y.edu").await;
    let seen: Vec<_> = scene
        .colleagues(uni)
        .await
        .into_iter()
        .map(|one| {
            (
                one.email.as_str().to_owned(),
                one.role,
                one.setup_expires_at.is_some(),
            )
        })
        .collect();
    assert_eq!(
        seen,
        [
            ("ann@x.edu".to_owned(), Role::Owner, false),
            ("bob@x.edu".to_owned(), Role::Viewer, true),
        ]
    );
    scene.reset("ann@x.edu").await.unwrap();
    assert_eq!(scene.colleagues(uni).await[0].setup_expires_at, None);
}

#[rstest]
#[actix_rt::test]
async fn the_last_owner_can_neither_be_removed_nor_given_another_role(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::open(engine).await;
    let organisation = scene.organisation("Uni").await.id;
    let (ann, bob) = (
        scene.owner(organisation, "ann@x.edu").await,
        scene.owner(organisation, "bob@x.edu").await,
    );
    let remove = |id| RemoveAdministrator { organisation, id };
    let demote = |id| UpdateAdministrator {
        organisation,
        id,
        role: Role::Manager,
    };
    // Both at once: one of them stays.
    let (one, two) = futures_util::join!(
        scene.ask_as(Role::Owner, organisation, demote(ann)),
        scene.ask_as(Role::Owner, organisation, demote(bob)),
    );
    assert_eq!(usize::from(one.is_ok()) + usize::from(two.is_ok()), 1);
    let last = if one.is_ok() { bob } else { ann };
    let refused = scene.ask_as(Role::Owner, organisation, remove(last)).await;
    assert_eq!(refused.unwrap_err().kind, Kind::Conflict);
    let refused = scene.ask_as(Role::Owner, organisation, demote(last)).await;
    assert_eq!(refused.unwrap_err().errors[0].code, "last-owner");
    let gone = if last == ann { bob } else { ann };
    for _ in 0..2 {
        let removed = scene.ask_as(Role::Owner, organisation, remove(gone)).await;
        removed.unwrap();
    }
    assert_eq!(scene.colleagues(organisation).await.len(), 1);
}

#[rstest]
#[actix_rt::test]
async fn an_owner_who_has_not_set_up_yet_is_none_to_leave_it_to(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::open(engine).await;
    let organisation = scene.organisation("Uni").await.id;
    let first = scene.appoint(organisation, "ann@x.edu", Role::Owner).await;
    // nor does a second invitation make less of the only one
    let again = scene.appoint(organisation, "ann@x.edu", Role::Viewer).await;
    assert_eq!(again.unwrap_err().errors[0].code, "last-owner");
    let token = first.unwrap().setup_token.unwrap();
    scene.set_up(&token, PASSWORD).await.unwrap();
    let ann = scene.colleagues(organisation).await[0].id;
    let bob = scene.appoint(organisation, "bob@x.edu", Role::Owner).await;
    let remove = |id| RemoveAdministrator { organisation, id };
    let refused = scene.ask_as(Role::Owner, organisation, remove(ann)).await;
    assert_eq!(refused.unwrap_err().errors[0].code, "last-owner");
    let token = bob.unwrap().setup_token.unwrap();
    scene.set_up(&token, PASSWORD).await.unwrap();
    let removed = scene.ask_as(Role::Owner, organisation, remove(ann)).await;
    removed.unwrap();
    let left = scene.colleagues(organisation).await;
    assert_eq!((left.len(), left[0].role), (1, Role::Owner));
}

#[rstest]
#[actix_rt::test]
async fn an_address_gets_one_reset_letter_a_minute_and_after_ten_one_an_hour(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::open(engine).await;
    // each of them with two offices, and so with two traces in the audit
    let (uni, other) = (
        scene.organisation("Uni").await.id,
        scene.organisation("Other").await.id,
    );
    for email in ["ann@x.edu", "bob@x.edu"] {
        scene.owner(uni, email).await;
        let office = scene.appoint(other, email, Role::Viewer);
        office.await.unwrap();
    }
    let first = scene.reset("ann@x.edu").await.unwrap();
    scene.clock.advance_seconds(59);
    // told as if there were no administrator, and without harm to the link in the mailbox
    assert!(scene.reset("Ann@X.edu").await.is_none());
    assert!(scene.reset("nobody@x.edu").await.is_none());
    assert!(scene.reset("bob@x.edu").await.is_some());
    assert!(
        scene
            .set_up(&first.token, "another few words")
            .await
            .is_ok()
    );
    for _ in 1..10 {
        scene.clock.advance_seconds(60);
        assert!(scene.reset("ann@x.edu").await.is_some());
    }
    for _ in 0..2 {
        scene.clock.advance_seconds(3_599);
        assert!(scene.reset("ann@x.edu").await.is_none());
        scene.clock.advance_seconds(1);
        assert!(scene.reset("ann@x.edu").await.is_some());
    }
    scene.clock.advance_seconds(86_400);
    for _ in 0..2 {
        scene.clock.advance_seconds(60);
        assert!(scene.reset("ann@x.edu").await.is_some());
    }
}

#[rstest]
#[actix_rt::test]
async fn many_who_ask_for_a_reset_at_once_get_one_letter(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::open(engine).await;
    let uni = scene.organisation("Uni").await.id;
    scene.owner(uni, "ann@x.edu").await;
    let asking = (0..8).map(|_| scene.reset("ann@x.edu"));
    let letters = futures_util::future::join_all(asking).await;
    assert_eq!(letters.iter().flatten().count(), 1);
}

#[rstest]
#[actix_rt::test]
async fn a_reset_is_in_the_language_of_the_organisation_of_the_last_office(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::open(engine).await;
    let mut written = Vec::new();
    for language in ["de", "pt-br"] {
        let organisation = scene.organisation_in(language).await;
        if written.is_empty() {
            scene.owner(organisation, "ann@x.edu").await;
        } else {
            let office = scene.appoint(organisation, "ann@x.edu", Role::Viewer);
            office.await.unwrap();
        }
        scene.clock.advance_seconds(60);
        written.push(scene.reset("ann@x.edu").await.unwrap().language);
    }
    let written: Vec<_> = written.iter().map(Language::as_str).collect();
    assert_eq!(written, ["de", "pt-br"]);
}

#[rstest]
#[actix_rt::test]
async fn whoever_is_removed_is_signed_out_and_keeps_other_offices(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::open(engine).await;
    let (uni, other) = (
        scene.organisation("Uni").await.id,
        scene.organisation("Other").await.id,
    );
    scene.owner(uni, "ann@x.edu").await;
    let bob = scene.owner(uni, "bob@x.edu").await;
    let session = scene.sign_in("bob@x.edu", PASSWORD).await.unwrap();
    scene
        .appoint(other, "bob@x.edu", Role::Viewer)
        .await
        .unwrap();
    let remove = |organisation| RemoveAdministrator {
        organisation,
        id: bob,
    };
    scene.ask_as(Role::Owner, uni, remove(uni)).await.unwrap();
    let offices = scene.whose(&session).await.unwrap().organisations;
    assert_eq!(offices.len(), 1);
    scene
        .ask_as(Role::Owner, other, remove(other))
        .await
        .unwrap();
    let gone = scene.whose(&session).await.unwrap_err();
    assert_eq!(gone.kind, Kind::Unauthenticated);
    let refused = scene.sign_in("bob@x.edu", PASSWORD).await.unwrap_err();
    assert_eq!(refused.kind, Kind::SignInRefused);
}

#[rstest]
#[actix_rt::test]
async fn a_reset_ends_every_session_works_once_and_says_nothing_of_unknown_addresses(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::open(engine).await;
    let uni = scene.organisation("Uni").await.id;
    scene.owner(uni, "ann@x.edu").await;
    let session = scene.sign_in("ann@x.edu", PASSWORD).await.unwrap();
    assert!(scene.reset("nobody@x.edu").await.is_none());
    let older = scene.reset("ann@x.edu").await.unwrap();
    scene.clock.advance_seconds(60);
    let link = scene.reset("Ann@X.edu").await.unwrap();
    let dead = scene.set_up(&older.token, "another horse battery").await;
    assert_eq!(dead.unwrap_err().kind, Kind::SetUpRefused);
    assert!(scene.whose(&session).await.is_ok(), "until it is used");

    let fresh = scene.set_up(&link.token, "another horse battery").await;
    assert!(scene.whose(&fresh.unwrap()).await.is_ok());
    assert!(scene.whose(&session).await.is_err());
    assert!(scene.sign_in("ann@x.edu", PASSWORD).await.is_err());
    let again = scene.set_up(&link.token, "a third horse battery").await;
    assert_eq!(again.unwrap_err().kind, Kind::SetUpRefused);
}

#[rstest]
#[actix_rt::test]
async fn a_reset_link_ends_after_an_hour_and_none_is_made_before_the_set_up(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::open(engine).await;
    let uni = scene.organisation("Uni").await.id;
    scene.owner(uni, "ann@x.edu").await;
    scene.appoint(uni, "bob@x.edu", Role::Viewer).await.unwrap();
    assert!(scene.reset("bob@x.edu").await.is_none());
    let link = scene.reset("ann@x.edu").await.unwrap();
    scene.clock.advance_seconds(3_600);
    let late = scene.set_up(&link.token, "another horse battery").await;
    assert_eq!(late.unwrap_err().kind, Kind::SetUpRefused);
    assert!(scene.sign_in("ann@x.edu", PASSWORD).await.is_ok());
}

#[rstest]
#[actix_rt::test]
async fn signing_out_everywhere_ends_every_session(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::open(engine).await;
    let uni = scene.organisation("Uni").await.id;
    scene.owner(uni, "ann@x.edu").await;
    let here = scene.sign_in("ann@x.edu", PASSWORD).await.unwrap();
    let there = scene.sign_in("ann@x.edu", PASSWORD).await.unwrap();
    let sign_out = SignOutAdministrator {
        token: here.token.clone(),
        everywhere: true,
    };
    scene.ask(sign_out).await.unwrap();
    assert!(scene.whose(&here).await.is_err());
    assert!(scene.whose(&there).await.is_err());
}

#[rstest]
#[actix_rt::test]
async fn an_owner_makes_and_revokes_tokens_of_their_own_organisation_only(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::open(engine).await;
    let (uni, other) = (
        scene.organisation("Uni").await.id,
        scene.organisation("Other").await.id,
    );
    let draft = |organisation| CreateToken {
        organisation,
        name: Name::parse("import").unwrap(),
        role: Role::Manager,
        expires_at: None,
    };
    let made = scene.ask_as(Role::Owner, uni, draft(Some(uni))).await;
    let made = made.unwrap();
    for (role, organisation, kind) in [
        (Role::Owner, Some(other), Kind::NotFound),
        (Role::Owner, None, Kind::NotFound),
        (Role::Manager, Some(uni), Kind::Forbidden),
    ] {
        let refused = scene.ask_as(role, uni, draft(organisation)).await;
        assert_eq!(refused.unwrap_err().kind, kind, "{role:?} {organisation:?}");
    }
    let foreign = RevokeToken {
        organisation: Some(other),
        id: made.id,
    };
    let refused = scene.ask_as(Role::Owner, other, foreign).await;
    assert_eq!(refused.unwrap_err().kind, Kind::NotFound);

    let revoke = RevokeToken {
        organisation: Some(uni),
        id: made.id,
    };
    for _ in 0..2 {
        scene
            .ask_as(Role::Owner, uni, revoke.clone())
            .await
            .unwrap();
    }
    let asked = AuthenticateToken { token: made.token };
    assert_eq!(
        scene.ask(asked).await.unwrap_err().kind,
        Kind::Unauthenticated
    );
    let list = ListTokens {
        organisation: Some(uni),
        page: PageRequest::default(),
    };
    let listed = scene.ask_as(Role::Owner, uni, list).await.unwrap().items;
    assert_eq!(listed.len(), 1);
    assert!(listed[0].revoked_at.is_some());
    let trail = scene.rows().await;
    let revoked = trail.iter().filter(|row| row.contains(" token.revoke "));
    assert_eq!(revoked.count(), 1);
}

#[rstest]
#[actix_rt::test]
async fn the_operator_lists_and_revokes_tokens_of_their_own(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::open(engine).await;
    let uni = scene.organisation("Uni").await.id;
    let draft = |organisation| CreateToken {
        organisation,
        name: Name::parse("backup").unwrap(),
        role: Role::Owner,
        expires_at: None,
    };
    let operators = scene.operate(draft(None)).await.unwrap();
    let unis = scene.operate(draft(Some(uni))).await.unwrap();

    let list = |organisation| ListTokens {
        organisation,
        page: PageRequest::default(),
    };
    for (whose, made) in [(None, &operators), (Some(uni), &unis)] {
        let listed = scene.operate(list(whose)).await.unwrap().items;
        assert_eq!(
            listed.iter().map(|token| token.id).collect::<Vec<_>>(),
            [made.id]
        );
    }
    let refused = scene.ask_as(Role::Owner, uni, list(None)).await;
    assert_eq!(refused.unwrap_err().kind, Kind::NotFound);

    let revoke = |organisation| RevokeToken {
        organisation,
        id: operators.id,
    };
    for organisation in [None, Some(uni)] {
        let refused = scene.ask_as(Role::Owner, uni, revoke(organisation)).await;
        assert_eq!(refused.unwrap_err().kind, Kind::NotFound);
    }
    let token = || AuthenticateToken {
        token: operators.token.clone(),
    };
    scene.ask(token()).await.unwrap();
    assert!(
        scene
            .operate(revoke(None))
            .await
            .unwrap()
            .revoked_at
            .is_some()
    );
    let refused = scene.ask(token()).await;
    assert_eq!(refused.unwrap_err().kind, Kind::Unauthenticated);
}
