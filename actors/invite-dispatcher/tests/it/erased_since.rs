//! What somebody says who was erased and invited anew, and in what spelling they were handed in.

use contract::{
    Clock as _, Kind, Timestamp,
    ids::{InviteId, MembershipId},
    invites::ResendInvite,
    mails::offer_key,
    suppressions::{AddSuppression, SuppressionReason, UnsubscribeScope},
};
use rstest::rstest;
use testkit::Engine;

use crate::{
    drafts::draft,
    erased::{ANN, over},
    invited::{House, Invited, address, refused},
    scene::{self, NOON},
    suppressions::{lift, suppress, suppressed, unsubscribe},
};

store::statements! {
    CREATED = "update invites set created_at = $2 where id = $1";

    /// As if they had never been erased.
    AGAIN = "delete from erasures where account_id = $1";

    WISH = "
        insert into suppressions (email_key, organisation_id, email, reason, created_by, created_at)
        values ('ann@uni.edu', '', 'ann@uni.edu', 'unsubscribed', 'public', 0)";

    /// It went to somebody else before.
    CORRECTED = "
        insert into earlier_addresses (invite_id, generation, email, email_key)
        values ($1, 0, 'Ann@uni.edu', 'ann@uni.edu')";

    EVERYBODYS = "select email as line from suppressions where organisation_id = ''";

    REFUSAL = "
        insert into refusals (batch_id, position, line, input, reason, suggestion)
        values ($1, $2, 1, $3, 'duplicate', null)";

    /// To whom letters are to go, the first before the others.
    WAITING = "
        select recipient as line from mails where sent_at is null and failed_at is null order by id";

    GIVEN = "
        select input as line from refusals where batch_id = $1 and position >= 900 order by position";
}

async fn say(on: &Invited, house: House, reason: SuppressionReason) {
    let add = AddSuppression {
        organisation: house.id,
        email: address(ANN),
        reason,
    };
    on.scene.ask(add).await.unwrap();
}

fn now(on: &Invited) -> Timestamp {
    contract::Clock::now(&*on.scene.clock)
}

async fn resend(on: &Invited, house: House, invite_id: InviteId) -> Option<Kind> {
    let resend = ResendInvite {
        organisation: house.id,
        invite_id,
    };
    refused(on.scene.ask(resend).await)
}

#[rstest]
#[actix_rt::test]
async fn whoever_is_invited_anew_and_unsubscribes_before_they_are_forgotten_is_heeded(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let on = Invited::open(engine).await;
    let a = on.a;
    let ann = on.account(ANN).await;
    on.erase(a, ann).await;
    on.scene.clock.advance_seconds(1);
    let anew = on.invite(a, ANN, "sent").await;
    on.run(CREATED.bind(anew).bind(now(&on))).await;
    say(&on, a, SuppressionReason::Unsubscribed).await;
    on.forget(90).await;
    assert!(on.is_forgotten(a, ann).await);
    assert_eq!(on.get(a, anew).await.unwrap().email.as_str(), ANN);
    assert_eq!(resend(&on, a, anew).await, Some(Kind::Invalid));
    assert_eq!(suppressed(&on, a).await, ["ann@uni.edu"]);
}

#[rstest]
#[case(UnsubscribeScope::Organisation)]
#[case(UnsubscribeScope::Everybody)]
#[actix_rt::test]
async fn whoever_unsubscribes_by_an_old_mail_before_they_are_forgotten_is_heeded_without_the_address(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
    #[case] scope: UnsubscribeScope,
) {
    let on = Invited::open(engine).await;
    let a = on.a;
    let ann = on.account(ANN).await;
    let old = on.invite(a, ANN, "sent").await;
    on.erase(a, ann).await;
    on.scene.clock.advance_seconds(1);
    let token = on.token("unsubscribe", old, 1);
    unsubscribe(&on, token, scope).await.unwrap();
    on.forget(90).await;
    let mut said = suppressed(&on, a).await;
    said.extend(on.lines(EVERYBODYS.query()).await);
    let is_nameless = |line: &String| line.ends_with("@suppressed.invalid");
    assert!(said.len() == 1 && said.iter().all(is_nameless), "{said:?}");
    let batch = draft(&on, a, ANN).await;
    assert_eq!(batch.states.values().sum::<u64>(), 0, "heeded");
}

#[rstest]
#[actix_rt::test]
async fn what_the_owner_said_is_not_lifted_after_an_erasure_either(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let on = Invited::open(engine).await;
    let a = on.a;
    let ann = on.account(ANN).await;
    say(&on, a, SuppressionReason::Unsubscribed).await;
    on.erase(a, ann).await;
    on.forget(90).await;
    let conflict = Some(Kind::Conflict);
    assert_eq!(refused(lift(&on, a, ANN).await), conflict);
    suppress(&on, a, ANN).await.unwrap();
    assert_eq!(refused(lift(&on, a, ANN).await), conflict);
    assert_eq!(suppressed(&on, a).await.len(), 2, "nothing was lifted");
    let batch = draft(&on, a, ANN).await;
    assert_eq!(batch.states.values().sum::<u64>(), 0, "still suppressed");
}

#[rstest]
#[actix_rt::test]
async fn what_the_owner_said_outweighs_a_bounce_from_before_an_earlier_erasure(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let on = Invited::open(engine).await;
    let a = on.a;
    let ann = on.account(ANN).await;
    for reason in [SuppressionReason::Bounce, SuppressionReason::Unsubscribed] {
        say(&on, a, reason).await;
        on.scene.clock.advance_seconds(1);
        on.erase(a, ann).await;
        on.forget(90).await;
        on.run(AGAIN.bind(ann)).await;
    }
    let kept = suppressed(&on, a).await;
    assert!(kept.len() == 1 && kept[0].ends_with("@suppressed.invalid"));
    assert_eq!(refused(lift(&on, a, ANN).await), Some(Kind::Conflict));
    on.scene.clock.advance_seconds(91 * 86_400);
    on.sweep().await;
    assert_eq!(suppressed(&on, a).await, kept, "for good");
}

#[rstest]
#[actix_rt::test]
async fn what_was_given_and_not_taken_is_forgotten_in_whatever_spelling(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let on = Invited::open(engine).await;
    let ann = on.account("ann@xn--mnchen-3ya.de").await;
    let given = [
        ("Ann@münchen.de", false),
        ("Ann Lee <ANN@MÜNCHEN.de>", false),
        ("ann\u{ff20}xn--mnchen-3ya.de", false),
        ("mailto:ann%40xn--mnchen-3ya.de", false),
        ("MAILTO:Ann%40m%C3%BCnchen.de", false),
        ("ann&#64;xn--mnchen-3ya.de", false),
        ("mailto:joann%40xn--mnchen-3ya.de", true),
        ("Joann@münchen.de", true),
        ("Ann@münster.de", true),
        ("100 €", true),
    ];
    for (position, (input, _)) in (900_i64..).zip(given) {
        let refusal = REFUSAL.bind(on.a.batch).bind(position).bind(input);
        on.run(refusal).await;
    }
    on.erase(on.a, ann).await;
    on.forget(90).await;
    let expected = given.map(|(input, stays)| if stays { input } else { "" });
    assert_eq!(on.lines(GIVEN.bind(on.a.batch)).await, expected);
}

#[rstest]
#[actix_rt::test]
async fn a_wish_to_hear_of_nobody_is_without_an_address_once_the_last_invite_is_forgotten(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let on = Invited::open(engine).await;
    let ann = on.account(ANN).await;
    on.run(WISH.query()).await;
    let end = NOON.plus_days(14);
    for house in [on.a, on.b] {
        over(&on, house, ANN, "sent", end).await;
    }
    on.erase(on.a, ann).await;
    on.forget(90).await;
    let wishes = async || on.lines(EVERYBODYS.query()).await;
    assert_eq!(wishes().await, ["ann@uni.edu"], "the other has an invite");
    on.scene.clock.advance_seconds(105 * 86_400);
    on.forget(90).await;
    let wishes = wishes().await;
    assert!(
        wishes.len() == 1 && wishes[0].ends_with("@suppressed.invalid"),
        "{wishes:?}"
    );
    let batch = draft(&on, on.b, ANN).await;
    assert_eq!(batch.states.values().sum::<u64>(), 0, "heeded");
}

#[rstest]
#[actix_rt::test]
async fn a_wish_is_without_an_address_also_where_the_invite_to_it_was_corrected(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
    #[values(true, false)] is_erased: bool,
) {
    let on = Invited::open(engine).await;
    on.run(WISH.query()).await;
    let invite = over(&on, on.a, "bob@uni.edu", "sent", NOON.plus_days(14)).await;
    on.run(CORRECTED.bind(invite)).await;
    if is_erased {
        let bob = on.account("bob@uni.edu").await;
        on.erase(on.a, bob).await;
    } else {
        on.scene.clock.advance_seconds(105 * 86_400);
    }
    on.forget(90).await;
    let wishes = on.lines(EVERYBODYS.query()).await;
    assert!(
        wishes.len() == 1 && wishes[0].ends_with("@suppressed.invalid"),
        "{wishes:?}"
    );
    let batch = draft(&on, on.b, ANN).await;
    assert_eq!(batch.states.values().sum::<u64>(), 0, "heeded");
}

#[rstest]
#[actix_rt::test]
async fn a_letter_of_a_seat_that_was_erased_does_not_leave_whichever_address_it_is_for(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let on = Invited::open(engine).await;
    let tell = async |of: MembershipId, to: &str| {
        let key = offer_key(of, now(&on));
        on.scene.queue_to(&key, to, scene::proof("Ann")).await;
    };
    let erased = || MembershipId::new(on.scene.clock.ulid());
    // each was told at an address that their account does not have any more
    let ann = on.account("ann.now@uni.edu").await;
    tell(erased(), "ann@uni.edu").await;
    let bob = on.account("bob.now@uni.edu").await;
    let place = on.place(on.b, bob).await;
    tell(erased(), "bob@uni.edu").await;
    tell(place, "bob.before@uni.edu").await;
    let eve = on.account("eve.now@uni.edu").await;
    tell(on.place(on.a, eve).await, "eve@uni.edu").await;
    for account in [ann, bob] {
        on.erase(on.a, account).await;
    }
    on.forget(90).await;
    let waiting = on.lines(WAITING.query()).await;
    assert_eq!(waiting, ["bob.before@uni.edu", "eve@uni.edu"]);
}
