//! Who can be invited once more: the same for a list, for its sending and for a corrected address.

use contract::{
    Kind,
    ids::{BatchId, LinkId},
    invites::InviteState,
};
use kernel::{Pace, Work as _};
use rstest::rstest;
use testkit::Engine;

use crate::{
    drafts::{draft, send},
    invited::{House, Invited, refused},
    invites::readdress,
    posted::SUPPRESS,
};

store::statements! {
    /// Another link of an organisation, beside that of `$3`.
    BESIDE = "
        insert into links (id, organisation_id, plan_id, name, token_hash, token_sealed, tags,
            allowed_domains, created_by, created_at)
        select $1, $2, plan_id, 'Second year', $1, 'sealed', '[]', '[]', 'operator', 0
        from links
        where id = $3";

    DELETE_LINK = "update links set archived_at = 1 where id = $1";

    SENT = "update batches set sent_at = 1 where id = $1";

    CANCELLED = "update invites set cancelled_at = 1 where id = $1";

    /// What became of the address of a batch.
    STATES = "
        select state, coalesce(reason, '') as reason
        from invites
        where batch_id = $1";
}

/// A house that invites through another link.
async fn beside(on: &Invited, mut house: House) -> House {
    let link = LinkId::new(contract::Clock::ulid(&*on.scene.clock));
    on.run(BESIDE.bind(link).bind(house.id).bind(house.link))
        .await;
    house.link = link;
    house
}

/// Why a list says that an address is not taken.
async fn reason(on: &Invited, house: House, email: &str) -> Option<String> {
    let draft = draft(on, house, email).await;
    let mut refused = draft.refused.into_keys();
    refused.find(|why| why != "not-an-address")
}

async fn enlisted(on: &Invited, batch: BatchId) -> (String, String) {
    let mut enlister = on.scene.enlister();
    while enlister.work().await.unwrap() == Pace::Again {}
    let mut reader = on.scene.db.read().await.unwrap();
    let row = STATES.bind(batch).fetch_one(&mut reader).await.unwrap();
    (row.get("state").unwrap(), row.get("reason").unwrap())
}

#[rstest]
#[actix_rt::test]
async fn whoever_was_invited_through_a_link_that_is_deleted_is_invited_through_another_at_once(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let on = Invited::open(engine).await;
    let (a, other) = (on.a, beside(&on, on.a).await);
    for email in ["ann@uni.edu", "bob@uni.edu", "cat@uni.edu"] {
        on.invite(a, email, "sent").await;
    }
    let accepted = on.invite(a, "dan@uni.edu", "sent").await;
    on.accept(a, accepted).await;
    let in_vain = draft(&on, other, "eve@uni.edu").await.id;
    let moved = on.draft(other).await;
    let invite = on.invite(moved, "bbo@uni.edu", "bounced").await;
    on.run(SENT.bind(moved.batch)).await;
    let already = Some("already-invited".to_owned());
    assert_eq!(reason(&on, other, "ann@uni.edu").await, already);
    let taken = readdress(&on, a.id, invite, "bob@uni.edu").await;
    assert_eq!(refused(taken), Some(Kind::Conflict));
    // Invited meanwhile, and through a link that is deleted before it is sent.
    on.invite(a, "eve@uni.edu", "sent").await;
    on.run(DELETE_LINK.bind(a.link)).await;
    let again = draft(&on, other, "ann@uni.edu").await;
    assert_eq!(again.states.get(&InviteState::Draft), Some(&1), "{again:?}");
    for batch in [again.id, in_vain] {
        send(&on, a, batch).await.unwrap();
        let queued = ("queued".to_owned(), String::new());
        assert_eq!(enlisted(&on, batch).await, queued);
    }
    let sent = readdress(&on, a.id, invite, "bob@uni.edu").await.unwrap();
    assert_eq!(sent.email.as_str(), "bob@uni.edu");
    // Once: the new one stands.
    for email in ["ann@uni.edu", "bob@uni.edu"] {
        assert_eq!(reason(&on, other, email).await, already);
    }
}

#[rstest]
#[actix_rt::test]
async fn whoever_wants_no_invites_is_told_as_that_though_one_is_still_open(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let on = Invited::open(engine).await;
    let (a, other) = (on.a, beside(&on, on.a).await);
    let moved = on.draft(other).await;
    on.run(SENT.bind(moved.batch)).await;
    let invite = on.invite(moved, "bbo@uni.edu", "bounced").await;
    let before = draft(&on, other, "ann@uni.edu").await.id;
    on.invite(a, "ann@uni.edu", "sent").await;
    on.run(SUPPRESS.bind("ann@uni.edu").bind(a.id)).await;
    let told = reason(&on, other, "ann@uni.edu").await;
    assert_eq!(told.as_deref(), Some("suppressed"));
    send(&on, a, before).await.unwrap();
    let skipped = ("skipped".to_owned(), "suppressed".to_owned());
    assert_eq!(enlisted(&on, before).await, skipped);
    let corrected = readdress(&on, a.id, invite, "ann@uni.edu").await;
    assert_eq!(corrected.unwrap_err().errors[0].code, "suppressed");
}

#[rstest]
#[actix_rt::test]
async fn an_invite_is_in_the_way_of_a_list_and_of_a_correction_alike(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let on = Invited::open(engine).await;
    let (a, other) = (on.a, beside(&on, on.a).await);
    let moved = on.draft(other).await;
    on.run(SENT.bind(moved.batch)).await;
    let mut cases = Vec::new();
    for state in InviteState::ALL {
        let email = format!("{}@uni.edu", state.name());
        on.invite(a, &email, state.name()).await;
        let stands = matches!(
            state,
            InviteState::Queued
                | InviteState::Sending
                | InviteState::Deferred
                | InviteState::Unknown
                | InviteState::Sent
                | InviteState::Delivered
        );
        cases.push((email, stands));
    }
    let cancelled = on.invite(a, "taken.back@uni.edu", "sent").await;
    on.run(CANCELLED.bind(cancelled)).await;
    on.invite_until(a, "over@uni.edu", "sent", crate::scene::NOON)
        .await;
    let of_draft = on.draft(a).await;
    on.invite(of_draft, "unsent@uni.edu", "draft").await;
    let names = ["taken.back@uni.edu", "over@uni.edu", "unsent@uni.edu"];
    cases.extend(names.map(|email| (email.to_owned(), false)));
    for (number, (email, stands)) in cases.iter().enumerate() {
        let listed = reason(&on, other, email).await;
        assert_eq!(listed.is_some(), *stands, "{email}: {listed:?}");
        let from = format!("from{number}@uni.edu");
        let invite = on.invite(moved, &from, "bounced").await;
        let corrected = readdress(&on, a.id, invite, email).await;
        assert_eq!(corrected.is_err(), *stands, "{email}: {corrected:?}");
    }
    // Nobody has two of one batch, whatever became of the first.
    on.invite(moved, "failed.here@uni.edu", "failed").await;
    let invite = on.invite(moved, "here@uni.edu", "bounced").await;
    let twice = readdress(&on, a.id, invite, "failed.here@uni.edu").await;
    assert_eq!(refused(twice), Some(Kind::Conflict));
}
