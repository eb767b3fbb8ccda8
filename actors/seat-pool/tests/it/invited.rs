//! The second door: an invite is accepted with the place that it gives.

use contract::{
    Clock as _, Kind, Problem,
    ids::{AccountId, BatchId, InviteId, LinkId},
    plans::UpdatePlan,
    seats::{Admit, Admitted, Door, Status},
};
use futures_util::future::join_all;
use rstest::rstest;
use serde_json::json;
use store::Query;
use testkit::Engine;

use crate::house::House;

store::statements! {
    PUT_BATCH = "
        insert into batches (id, organisation_id, link_id, source, language, most, created_by,
            created_at, sent_at)
        values ($1, $2, $3, 'paste', 'en', 500, 'test', 1, 1)";
    PUT_INVITE = "
        insert into invites (id, organisation_id, batch_id, link_id, position, line, email,
            email_key, domain, state, expires_at, created_at)
        values ($1, $2, $3, $4, 0, 1, $5, $5, 'uni.edu', 'sent', $6, 1)";
    CANCEL_INVITE = "update invites set cancelled_at = 1 where id = $1";
    CANCEL_BATCH = "
        update batches set cancelled_at = 1
        where id = (select batch_id from invites where id = $1)";
    UNSEND_BATCH = "
        update batches set sent_at = null
        where id = (select batch_id from invites where id = $1)";
    DELETE_LINK = "
        update links set archived_at = 1
        where id = (select link_id from invites where id = $1)";
    COUNT_USES = "select count(*) as n from invite_uses where invite_id = $1";
}

async fn write(house: &House, query: Query) {
    let stamp = house.public().stamp(&*house.clock);
    let mut tx = house.db.write(&stamp).await.unwrap();
    query.execute(&mut tx).await.unwrap();
    tx.commit().await.unwrap();
}

/// An invite for one more day.
pub(crate) async fn invite(house: &House, link: LinkId, email: &str) -> InviteId {
    let (batch, invite) = (
        BatchId::new(house.clock.ulid()),
        InviteId::new(house.clock.ulid()),
    );
    let organisation = house.organisation;
    let put = PUT_BATCH.bind(batch).bind(organisation).bind(link);
    write(house, put).await;
    let put = PUT_INVITE.bind(invite).bind(organisation).bind(batch);
    let put = put.bind(link).bind(email);
    write(house, put.bind(house.clock.now().plus_days(1))).await;
    invite
}

fn shows(house: &House, account_id: AccountId, invite_id: InviteId) -> Admit {
    Admit {
        organisation: house.organisation,
        account_id,
        door: Door::Invite { invite_id },
    }
}

pub(crate) async fn accept(
    house: &House,
    who: AccountId,
    invite: InviteId,
) -> Result<Admitted, Problem> {
    let admit = shows(house, who, invite);
    house.bus.call(&admit, &house.public()).await
}

async fn uses(house: &House, invite: InviteId) -> i64 {
    let mut reader = house.db.read().await.unwrap();
    let count = COUNT_USES.bind(invite).fetch_one(&mut reader).await;
    count.unwrap().get("n").unwrap()
}

#[rstest]
#[actix_rt::test]
async fn an_invite_gives_a_place_with_the_tags_of_its_link_and_is_no_use_of_it(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let house = House::open(engine).await;
    let plan = house.plan(5).await;
    let link = house.link(plan, Some(1)).await;
    house.disable(link).await;
    let ann = house.person("ann@uni.edu").await;
    house.prove(ann).await;
    let invite = invite(&house, link, "ann@uni.edu").await;
    let first = accept(&house, ann, invite).await.unwrap();
    assert_eq!((first.status, first.is_new), (Status::Assigned, true));
    let again = accept(&house, ann, invite).await.unwrap();
    assert_eq!(
        (again.membership_id, again.is_new),
        (first.membership_id, false)
    );
    assert_eq!(house.tags(ann).await, ["law", "year-1"]);
    assert_eq!((house.uses(link).await, uses(&house, invite).await), (0, 1));
    house.close().await;
}

#[rstest]
#[actix_rt::test]
async fn many_who_show_one_invite_at_once_get_one_place(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let policies = json!({ "invite_acceptance": "lenient" });
    let house = House::with_policies(engine, policies).await;
    let plan = house.plan(50).await;
    let link = house.link(plan, None).await;
    let people = house.people(12).await;
    let invite = invite(&house, link, "ann@uni.edu").await;
    let asks = people.iter().map(|person| accept(&house, *person, invite));
    let answers = join_all(asks).await;
    let seated = answers.iter().filter(|answer| answer.is_ok()).count();
    let refused = answers
        .iter()
        .filter(|answer| matches!(answer, Err(problem) if problem.kind == Kind::InviteUsed));
    assert_eq!((seated, refused.count()), (1, 11));
    assert_eq!(house.look(plan).await.seats.assigned, 1);
    house.close().await;
}

#[rstest]
#[actix_rt::test]
async fn a_strict_organisation_takes_the_invited_address_only(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let house = House::open(engine).await;
    let plan = house.plan(5).await;
    let link = house.link(plan, None).await;
    let bob = house.person("bob@uni.edu").await;
    let invite = invite(&house, link, "ann@uni.edu").await;
    let refused = accept(&house, bob, invite).await.unwrap_err();
    assert_eq!(refused.kind, Kind::InviteForAnother);
    assert_eq!(
        (house.place(bob).await, uses(&house, invite).await),
        (None, 0)
    );
    house.close().await;
}

#[rstest]
#[actix_rt::test]
async fn an_invite_that_is_not_to_be_accepted_gives_nothing_and_says_why(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
    #[values(
        ("cancelled", Kind::InviteCancelled), ("batch cancelled", Kind::InviteCancelled),
        ("link deleted", Kind::InviteCancelled), ("over", Kind::InviteExpired),
        ("draft", Kind::InviteUnknown), ("unknown", Kind::InviteUnknown)
    )]
    (why, kind): (&str, Kind),
) {
    let house = House::open(engine).await;
    let plan = house.plan(5).await;
    let link = house.link(plan, None).await;
    let ann = house.person("ann@uni.edu").await;
    let mut invite = invite(&house, link, "ann@uni.edu").await;
    match why {
        "cancelled" => write(&house, CANCEL_INVITE.bind(invite)).await,
        "batch cancelled" => write(&house, CANCEL_BATCH.bind(invite)).await,
        "link deleted" => write(&house, DELETE_LINK.bind(invite)).await,
        "over" => house.clock.advance_seconds(2 * 86_400),
        "draft" => write(&house, UNSEND_BATCH.bind(invite)).await,
        _ => invite = InviteId::new(house.clock.ulid()),
    }
    assert_eq!(accept(&house, ann, invite).await.unwrap_err().kind, kind);
    assert_eq!(house.place(ann).await, None);
    house.close().await;
}

#[rstest]
#[actix_rt::test]
async fn who_is_invited_to_a_full_plan_waits_and_is_promoted_whatever_the_link_allows(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let house = House::open(engine).await;
    let plan = house.plan(1).await;
    let link = house.link(plan, Some(1)).await;
    let first = house.person("first@uni.edu").await;
    house.admit(first, link).await.unwrap();
    let ann = house.person("ann@uni.edu").await;
    house.prove(ann).await;
    let invite = invite(&house, link, "ann@uni.edu").await;
    let waiting = accept(&house, ann, invite).await.unwrap();
    assert_eq!(waiting.status, Status::Waiting);
    let more = UpdatePlan {
        organisation: house.organisation,
        plan_id: plan,
        name: None,
        seats: Some(2),
        ends_at: None,
    };
    house.bus.call(&more, &house.owner()).await.unwrap();
    let seated = accept(&house, ann, invite).await.unwrap();
    assert_eq!(seated.status, Status::Assigned);
    assert_eq!(house.uses(link).await, 1, "the link gave one seat, not two");
    house.close().await;
}

#[rstest]
#[actix_rt::test]
async fn who_has_a_place_already_keeps_it_and_the_invite_counts_as_accepted(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let house = House::open(engine).await;
    let plan = house.plan(5).await;
    let link = house.link(plan, None).await;
    let ann = house.person("ann@uni.edu").await;
    let place = house.admit(ann, link).await.unwrap();
    let invite = invite(&house, link, "ann@uni.edu").await;
    let asks = [accept(&house, ann, invite), accept(&house, ann, invite)];
    for answer in join_all(asks).await {
        let answer = answer.unwrap();
        assert_eq!(answer.membership_id, place.membership_id);
        assert!(!answer.is_new);
    }
    assert_eq!(uses(&house, invite).await, 1);
    house.revoke(place.membership_id).await.unwrap();
    let refused = accept(&house, ann, invite).await.unwrap_err();
    assert_eq!(refused.kind, Kind::MembershipRevoked);
    house.close().await;
}
