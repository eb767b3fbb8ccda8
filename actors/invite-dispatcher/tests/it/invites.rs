//! What administrators do with single invites.

use contract::{
    Kind, Problem,
    caller::Role,
    ids::{InviteId, OrganisationId},
    invites::{
        CancelInvite, DeclineInvite, GetInvite, Invite, InviteFilter, InviteState, Life,
        ListInvites, ReaddressInvite, ResendInvite, ResendPending,
    },
    page::PageRequest,
};
use futures_util::future::join;
use rstest::rstest;
use testkit::Engine;

use crate::{
    invited::{House, Invited, address, refused},
    scene::NOON,
};

async fn list(on: &Invited, house: House, filter: InviteFilter) -> Vec<InviteId> {
    let list = ListInvites {
        organisation: house.id,
        filter,
        page: PageRequest::default(),
    };
    let page = on.scene.ask(list).await.unwrap();
    page.items.iter().map(|invite| invite.id).collect()
}

pub(crate) async fn resend(
    on: &Invited,
    organisation: OrganisationId,
    invite_id: InviteId,
) -> Result<Invite, Problem> {
    let resend = ResendInvite {
        organisation,
        invite_id,
    };
    on.scene.ask(resend).await
}

async fn cancel(
    on: &Invited,
    organisation: OrganisationId,
    invite_id: InviteId,
) -> Result<Invite, Problem> {
    let cancel = CancelInvite {
        organisation,
        invite_id,
    };
    on.scene.ask(cancel).await
}

pub(crate) async fn readdress(
    on: &Invited,
    organisation: OrganisationId,
    invite_id: InviteId,
    to: &str,
) -> Result<Invite, Problem> {
    let readdress = ReaddressInvite {
        organisation,
        invite_id,
        email: address(to),
    };
    on.scene.ask(readdress).await
}

async fn suppress(on: &Invited, house: House, email: &str) {
    crate::suppressions::suppress(on, house, email)
        .await
        .unwrap();
}

#[rstest]
#[actix_rt::test]
async fn what_was_sent_is_listed_the_newest_first_and_nothing_else(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let on = Invited::open(engine).await;
    let (a, draft) = (on.a, on.draft(on.a).await);
    let first = on.invite(a, "ann@uni.edu", "sent").await;
    let second = on.invite(a, "Bob_1@uni.edu", "bounced").await;
    on.invite(a, "skipped@uni.edu", "skipped").await;
    on.invite(a, "waits@uni.edu", "draft").await;
    let unsent = on.invite(draft, "draft@uni.edu", "draft").await;
    on.invite(on.b, "ann@uni.edu", "sent").await;
    let all = InviteFilter::default();
    assert_eq!(list(&on, a, all.clone()).await, [second, first]);
    assert_eq!(refused(on.get(a, unsent).await), Some(Kind::NotFound));
    let of = |batch| InviteFilter {
        batch: Some(batch),
        ..InviteFilter::default()
    };
    assert_eq!(list(&on, a, of(a.batch)).await, [second, first]);
    assert_eq!(list(&on, a, of(draft.batch)).await, []);
    let bounced = InviteFilter {
        state: Some(InviteState::Bounced),
        ..all.clone()
    };
    assert_eq!(list(&on, a, bounced).await, [second]);
    for (text, found) in [
        ("BOB_", vec![second]),
        ("b%b", vec![]),
        ("ann l", vec![second, first]),
        ("nobody", vec![]),
    ] {
        let q = Some(text.to_owned());
        let filter = InviteFilter { q, ..all.clone() };
        assert_eq!(list(&on, a, filter).await, found, "{text}");
    }
    let page = |cursor| ListInvites {
        organisation: a.id,
        filter: InviteFilter::default(),
        page: PageRequest {
            cursor,
            limit: Some(1),
        },
    };
    let one = on.scene.ask(page(None)).await.unwrap();
    let other = on.scene.ask(page(one.next_cursor)).await.unwrap();
    assert_eq!((one.items[0].id, other.items[0].id), (second, first));
    assert_eq!(other.next_cursor, None);
}

#[rstest]
#[actix_rt::test]
async fn life_is_told_and_the_token_only_to_managers_and_while_it_works(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let on = Invited::open(engine).await;
    let a = on.a;
    let pending = on.invite(a, "pending@uni.edu", "sent").await;
    let accepted = on.invite(a, "accepted@uni.edu", "delivered").await;
    let cancelled = on.invite(a, "cancelled@uni.edu", "sent").await;
    let declined = on.invite(a, "declined@uni.edu", "sent").await;
    let expired = on.invite_until(a, "expired@uni.edu", "sent", NOON).await;
    on.accept(a, accepted).await;
    cancel(&on, a.id, cancelled).await.unwrap();
    let token = on.token("invite", declined, 1);
    on.scene.ask(DeclineInvite { token }).await.unwrap();
    for (invite, life, works) in [
        (pending, Life::Pending, true),
        (accepted, Life::Accepted, false),
        (cancelled, Life::Cancelled, false),
        (declined, Life::Declined, true),
        (expired, Life::Expired, false),
    ] {
        let filter = InviteFilter {
            life: Some(life),
            ..InviteFilter::default()
        };
        assert_eq!(list(&on, a, filter).await, [invite], "{life:?}");
        // The page of whoever holds it says the same.
        assert_eq!(on.open_url(invite, 1).await.unwrap().life, life);
        for (role, may) in [
            (Role::Viewer, false),
            (Role::Manager, true),
            (Role::Owner, true),
        ] {
            let get = GetInvite {
                organisation: a.id,
                invite_id: invite,
            };
            let seen = on.scene.ask_as(on.caller(a, role), get).await.unwrap();
            let token = seen.token.map(|token| token.expose().to_owned());
            let made = on.token("invite", invite, 1).expose().to_owned();
            assert_eq!(token, (may && works).then_some(made), "{life:?} {role:?}");
        }
    }
}

#[rstest]
#[actix_rt::test]
async fn another_organisation_sees_and_changes_nothing(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let on = Invited::open(engine).await;
    let (a, b) = (on.a, on.b);
    let ours = on.invite(a, "ann@uni.edu", "sent").await;
    let theirs = on.invite(b, "ann@uni.edu", "sent").await;
    for refused in [
        refused(on.get(a, theirs).await),
        refused(resend(&on, a.id, theirs).await),
        refused(cancel(&on, a.id, theirs).await),
        refused(readdress(&on, a.id, theirs, "bob@uni.edu").await),
    ] {
        assert_eq!(refused, Some(Kind::NotFound));
    }
    let pending = ResendPending {
        organisation: a.id,
        batch_id: b.batch,
        behind: None,
    };
    assert_eq!(refused(on.scene.ask(pending).await), Some(Kind::NotFound));
    assert_eq!(list(&on, a, InviteFilter::default()).await, [ours]);
    // What one does with theirs leaves the other's as it is.
    on.accept(a, ours).await;
    suppress(&on, a, "ann@uni.edu").await;
    assert_eq!(on.get(b, theirs).await.unwrap().life, Life::Pending);
    assert_eq!(
        on.type_code("ann@uni.edu", &on.code(theirs, 1))
            .await
            .unwrap()
            .id,
        theirs
    );
    assert_eq!(
        resend(&on, b.id, theirs).await.unwrap().state,
        InviteState::Queued
    );
}

#[rstest]
#[actix_rt::test]
async fn sent_again_an_invite_keeps_its_token_and_works_longer(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let on = Invited::open(engine).await;
    let a = on.a;
    let expired = on.invite_until(a, "ann@uni.edu", "sent", NOON).await;
    let long = on
        .invite_until(a, "bob@uni.edu", "sent", NOON.plus_days(60))
        .await;
    let resent = resend(&on, a.id, expired).await.unwrap();
    assert_eq!(
        (resent.state, resent.life),
        (InviteState::Queued, Life::Pending)
    );
    assert_eq!(resent.expires_at, Some(NOON.plus_days(30)));
    assert_eq!(on.open_url(expired, 1).await.unwrap().life, Life::Pending);
    let stand = on.stand(expired).await;
    assert_eq!((stand.occasion.as_str(), stand.mailing), ("resend", 2));
    assert!(stand.is_due && !stand.is_batch_finished);
    let resent = resend(&on, a.id, long).await.unwrap();
    assert_eq!(resent.expires_at, Some(NOON.plus_days(60)), "never shorter");
    assert_eq!(on.told(a, "invite.resend").await.0, 2);
}

#[rstest]
#[actix_rt::test]
async fn nobody_is_written_to_twice_within_an_hour_or_when_it_is_over(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let on = Invited::open(engine).await;
    let a = on.a;
    let invite = on.invite(a, "ann@uni.edu", "sent").await;
    resend(&on, a.id, invite).await.unwrap();
    let again = resend(&on, a.id, invite).await;
    assert_eq!(refused(again), Some(Kind::Conflict), "on its way");
    on.set_state(invite, "sent").await;
    let again = resend(&on, a.id, invite).await.unwrap_err();
    assert_eq!(again.kind, Kind::TooManyRequests);
    assert!((3_000..=3_600).contains(&again.retry_after.unwrap()));
    let get = || GetInvite {
        organisation: a.id,
        invite_id: invite,
    };
    let told = on.scene.ask(get()).await.unwrap().resend_from.unwrap();
    assert!(told > NOON.plus_seconds(3_000) && told <= NOON.plus_seconds(3_600));
    on.rest(invite).await;
    assert_eq!(on.scene.ask(get()).await.unwrap().resend_from, None);
    resend(&on, a.id, invite).await.unwrap();
    for state in ["queued", "sending", "deferred"] {
        let busy = on.invite(a, &format!("{state}@uni.edu"), state).await;
        assert_eq!(
            refused(resend(&on, a.id, busy).await),
            Some(Kind::Conflict),
            "{state}"
        );
    }
    let failed = on.invite(a, "failed@uni.edu", "failed").await;
    suppress(&on, a, "failed@uni.edu").await;
    let unwanted = resend(&on, a.id, failed).await.unwrap_err();
    assert_eq!(
        (unwanted.kind, unwanted.errors[0].code.as_str()),
        (Kind::Invalid, "suppressed")
    );
    let accepted = on.invite(a, "accepted@uni.edu", "sent").await;
    on.accept(a, accepted).await;
    assert_eq!(
        refused(resend(&on, a.id, accepted).await),
        Some(Kind::Conflict)
    );
    let cancelled = on.invite(a, "cancelled@uni.edu", "sent").await;
    cancel(&on, a.id, cancelled).await.unwrap();
    assert_eq!(
        refused(resend(&on, a.id, cancelled).await),
        Some(Kind::Conflict)
    );
}

#[rstest]
#[actix_rt::test]
async fn sending_the_pending_again_leaves_everybody_else_alone(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let on = Invited::open(engine).await;
    let a = on.a;
    let mut wanted = Vec::new();
    for state in ["sent", "delivered", "unknown"] {
        wanted.push(on.invite(a, &format!("{state}@uni.edu"), state).await);
    }
    let mut left = Vec::new();
    for state in [
        "bounced",
        "failed",
        "complained",
        "suppressed",
        "queued",
        "expired",
    ] {
        left.push((
            on.invite(a, &format!("{state}@uni.edu"), state).await,
            state,
        ));
    }
    left.push((
        on.invite_until(a, "late@uni.edu", "sent", NOON).await,
        "sent",
    ));
    let accepted = on.invite(a, "accepted@uni.edu", "sent").await;
    on.accept(a, accepted).await;
    left.push((accepted, "sent"));
    left.push((on.invite(a, "unwanted@uni.edu", "sent").await, "sent"));
    suppress(&on, a, "unwanted@uni.edu").await;
    let declined = on.invite(a, "declined@uni.edu", "sent").await;
    let token = on.token("invite", declined, 1);
    on.scene.ask(DeclineInvite { token }).await.unwrap();
    left.push((declined, "sent"));
    let elsewhere = on.invite(on.b, "sent@uni.edu", "sent").await;
    left.push((elsewhere, "sent"));
    let again = || ResendPending {
        organisation: a.id,
        batch_id: a.batch,
        behind: None,
    };
    assert_eq!(on.scene.ask(again()).await.unwrap().count, 3);
    assert_eq!(
        on.scene.ask(again()).await.unwrap().count,
        0,
        "on their way"
    );
    for invite in wanted {
        let stand = on.stand(invite).await;
        assert_eq!(
            (stand.state.as_str(), stand.mailing, stand.is_due),
            ("queued", 2, true)
        );
    }
    for (invite, state) in left {
        let stand = on.stand(invite).await;
        assert_eq!((stand.state.as_str(), stand.mailing), (state, 1));
    }
}

#[rstest]
#[actix_rt::test]
async fn a_cancelled_invite_is_dead_and_its_mail_does_not_leave(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let on = Invited::open(engine).await;
    let a = on.a;
    let queued = on.unsent(a, "ann@uni.edu", "queued").await;
    let sent = on.invite(a, "bob@uni.edu", "sent").await;
    for _ in 0..2 {
        let cancelled = cancel(&on, a.id, queued).await.unwrap();
        assert_eq!(
            (cancelled.life, cancelled.token.is_none()),
            (Life::Cancelled, true)
        );
        assert_eq!(cancelled.cancelled_at, Some(NOON));
    }
    assert_eq!(
        on.told(a, "invite.cancel").await,
        (1, 1),
        "the second time nothing"
    );
    let stand = on.stand(queued).await;
    assert_eq!((stand.state.as_str(), stand.is_due), ("cancelled", false));
    cancel(&on, a.id, sent).await.unwrap();
    assert_eq!(on.state(sent).await, "sent", "that much is true");
    assert_eq!(on.open_url(sent, 1).await.unwrap().life, Life::Cancelled);
    let accepted = on.invite(a, "eve@uni.edu", "sent").await;
    on.accept(a, accepted).await;
    assert_eq!(
        refused(cancel(&on, a.id, accepted).await),
        Some(Kind::Conflict)
    );
}

#[rstest]
#[actix_rt::test]
async fn cancelling_waits_for_an_admission_that_is_under_way(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let on = Invited::open(engine).await;
    let invite = on.invite(on.a, "ann@uni.edu", "sent").await;
    let tx = on.accepting(on.a, invite).await;
    let (cancelled, committed) = join(cancel(&on, on.a.id, invite), tx.commit()).await;
    committed.unwrap();
    assert_eq!(refused(cancelled), Some(Kind::Conflict));
    assert_eq!(on.get(on.a, invite).await.unwrap().life, Life::Accepted);
}

#[rstest]
#[actix_rt::test]
async fn a_corrected_address_kills_what_went_to_the_old_one(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let on = Invited::open(engine).await;
    let a = on.a;
    let invite = on.invite(a, "anm@uni.edu", "bounced").await;
    let sent = readdress(&on, a.id, invite, "Ann@uni.edu").await.unwrap();
    assert_eq!(
        (sent.email.as_str(), sent.state),
        ("Ann@uni.edu", InviteState::Queued)
    );
    let stand = on.stand(invite).await;
    assert_eq!((stand.generation, stand.is_due), (2, true));
    let unknown = Some(Kind::InviteUnknown);
    assert_eq!(refused(on.open_url(invite, 1).await), unknown);
    let token = on.token("invite", invite, 1);
    assert_eq!(
        refused(on.scene.ask(DeclineInvite { token }).await),
        unknown
    );
    for (email, generation) in [("anm@uni.edu", 1), ("ann@uni.edu", 1), ("anm@uni.edu", 2)] {
        let code = on.code(invite, generation);
        assert_eq!(
            refused(on.type_code(email, &code).await),
            unknown,
            "{email} {generation}"
        );
    }
    assert_eq!(
        on.open_url(invite, 2).await.unwrap().email.as_str(),
        "Ann@uni.edu"
    );
    let code = on.code(invite, 2);
    assert_eq!(on.type_code("ann@uni.edu", &code).await.unwrap().id, invite);
}

#[rstest]
#[actix_rt::test]
async fn an_address_that_an_intake_would_not_take_is_no_correction(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let on = Invited::open(engine).await;
    let a = on.a;
    let invite = on.invite(a, "anm@uni.edu", "bounced").await;
    on.invite(a, "invited@uni.edu", "sent").await;
    on.invite(on.b, "elsewhere@uni.edu", "sent").await;
    on.seat(a, "seated@uni.edu").await;
    suppress(&on, a, "unwanted@uni.edu").await;
    for (to, kind) in [
        ("invited@uni.edu", Kind::Conflict),
        ("Seated@uni.edu", Kind::Conflict),
        ("unwanted@uni.edu", Kind::Invalid),
        ("ann@other.edu", Kind::Invalid),
        ("ANM@uni.edu", Kind::Invalid),
    ] {
        assert_eq!(
            refused(readdress(&on, a.id, invite, to).await),
            Some(kind),
            "{to}"
        );
    }
    assert_eq!(on.stand(invite).await.generation, 1);
    readdress(&on, a.id, invite, "elsewhere@uni.edu")
        .await
        .unwrap();
    let busy = readdress(&on, a.id, invite, "ann@uni.edu").await;
    assert_eq!(refused(busy), Some(Kind::Conflict), "on its way");
}
