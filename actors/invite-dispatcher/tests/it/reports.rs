//! What comes back after sending: twice, late, in any order, and about mails of nobody.

use contract::{
    Caller, Clock as _, Kind, Service,
    ids::InviteId,
    suppressions::{About, MailReport, ReportKind, TakeReports},
};
use rstest::rstest;
use testkit::Engine;

use crate::{
    invited::{Invited, address, refused},
    scene::NOON,
    suppressions::{suppress, suppressed},
};

const HARD: ReportKind = ReportKind::HardBounce;

fn report(about: About, kind: ReportKind, event_id: Option<&str>) -> MailReport {
    MailReport {
        about,
        recipient: None,
        kind,
        detail: "550 5.1.1 no\r\nsuch user".to_owned(),
        event_id: event_id.map(str::to_owned),
    }
}

async fn take(on: &Invited, reports: Vec<MailReport>) -> u64 {
    let caller = Caller::public(Service::HttpEdge, on.scene.clock.now());
    let provider = "standard".to_owned();
    let take = TakeReports { provider, reports };
    on.scene.ask_as(caller, take).await.unwrap().changed
}

/// A report with the token of the invite's mail.
pub(crate) async fn hear(on: &Invited, invite: InviteId, kind: ReportKind) -> u64 {
    let about = About::ReturnPath(on.return_path(invite, 1));
    take(on, vec![report(about, kind, None)]).await
}

#[rstest]
#[actix_rt::test]
async fn a_hard_bounce_is_told_and_suppresses_in_its_organisation(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let on = Invited::open(engine).await;
    let (a, b) = (on.a, on.b);
    let invite = on.invite(a, "ann@uni.edu", "sent").await;
    let elsewhere = on.invite(b, "ann@uni.edu", "sent").await;
    for changed in [1, 0] {
        assert_eq!(hear(&on, invite, HARD).await, changed);
    }
    let seen = on.get(a, invite).await.unwrap();
    assert_eq!(seen.reason.as_deref(), Some("user-unknown"));
    assert_eq!(
        seen.last_reply.as_deref(),
        Some("550 5.1.1 no  such user"),
        "one line"
    );
    assert_eq!(suppressed(&on, a).await, ["ann@uni.edu"]);
    assert!(suppressed(&on, b).await.is_empty());
    assert_eq!(on.state(elsewhere).await, "sent");
    assert_eq!(on.events(a, "invite-bounced").await, 1);
}

#[rstest]
#[actix_rt::test]
async fn every_other_report_has_its_own_meaning(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let on = Invited::open(engine).await;
    let a = on.a;
    for (kind, state, reason) in [
        (ReportKind::Delivered, "delivered", ""),
        (ReportKind::Delayed, "sent", ""),
        (ReportKind::SoftBounce, "bounced", "returned"),
        (ReportKind::Complaint, "complained", "complained"),
        (ReportKind::Unsubscribed, "sent", ""),
    ] {
        let email = format!("{}@uni.edu", format!("{kind:?}").to_lowercase());
        let invite = on.invite(a, &email, "sent").await;
        assert_eq!(hear(&on, invite, kind).await, 1, "{kind:?}");
        let stand = on.stand(invite).await;
        assert_eq!(
            (stand.state.as_str(), stand.reason.as_str()),
            (state, reason),
            "{kind:?}"
        );
    }
    assert_eq!(suppressed(&on, a).await, ["unsubscribed@uni.edu"]);
    assert_eq!(
        on.wishes("complaint@uni.edu").await,
        1,
        "everywhere, and nobody is told"
    );
    assert_eq!(on.events(a, "invite-complained").await, 1);
}

#[rstest]
#[actix_rt::test]
async fn an_event_is_taken_once_and_a_mail_only_gets_worse(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let on = Invited::open(engine).await;
    let invite = on.invite(on.a, "ann@uni.edu", "sent").await;
    let named = |kind, event| {
        report(
            About::MessageId(format!("<{invite}@mail.example>")),
            kind,
            Some(event),
        )
    };
    let all = || {
        vec![
            named(HARD, "1"),
            named(HARD, "1"),
            named(ReportKind::Delivered, "2"),
            named(ReportKind::Complaint, "3"),
            named(HARD, "4"),
        ]
    };
    assert_eq!(take(&on, all()).await, 2);
    assert_eq!(on.state(invite).await, "complained");
    on.set_state(invite, "sent").await;
    assert_eq!(
        take(&on, all()).await,
        0,
        "known, whatever has changed since"
    );
    assert_eq!(on.state(invite).await, "sent");
    assert_eq!(take(&on, vec![named(HARD, "5")]).await, 1);
}

#[rstest]
#[actix_rt::test]
async fn a_report_about_a_mail_of_nobody_changes_nothing(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let on = Invited::open(engine).await;
    let a = on.a;
    let invite = on.invite(a, "ann@uni.edu", "sent").await;
    let draft = on.invite(on.draft(a).await, "bob@uni.edu", "draft").await;
    let nobody = InviteId::new(on.scene.clock.ulid());
    let mut forged = on.return_path(invite, 1);
    forged.replace_range(40..41, if &forged[40..41] == "a" { "b" } else { "a" });
    let reports = [
        About::ReturnPath(forged),
        About::ReturnPath(on.return_path(invite, 2)),
        About::ReturnPath(on.return_path(nobody, 1)),
        About::ReturnPath(on.return_path(draft, 1)),
        About::ReturnPath("\0".to_owned()),
        About::MessageId(format!("{nobody}@mail.example")),
        About::MessageId("20261124.1@elsewhere.example".to_owned()),
    ];
    let reports = reports.map(|about| report(about, HARD, Some("1\0"))).into();
    assert_eq!(take(&on, reports).await, 0);
    assert_eq!(on.state(invite).await, "sent");
    assert_eq!(on.state(draft).await, "draft");
    assert!(suppressed(&on, a).await.is_empty());
    let about = About::MessageId(String::new());
    let many = TakeReports {
        provider: "standard".to_owned(),
        reports: vec![report(about, HARD, None); 1_001],
    };
    assert_eq!(refused(on.scene.ask(many).await), Some(Kind::Invalid));
}

#[rstest]
#[actix_rt::test]
async fn after_acceptance_only_what_its_owner_says_counts(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let on = Invited::open(engine).await;
    let invite = on.invite(on.a, "ann@uni.edu", "sent").await;
    on.accept(on.a, invite).await;
    for kind in [HARD, ReportKind::SoftBounce, ReportKind::Delivered] {
        assert_eq!(hear(&on, invite, kind).await, 0);
    }
    assert_eq!(on.state(invite).await, "sent");
    assert!(suppressed(&on, on.a).await.is_empty());
    assert_eq!(hear(&on, invite, ReportKind::Unsubscribed).await, 1);
    assert_eq!(suppressed(&on, on.a).await, ["ann@uni.edu"]);
}

#[rstest]
#[actix_rt::test]
async fn what_comes_back_before_the_courier_has_recorded_its_reply_is_known_then(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let on = Invited::open(engine).await;
    for (kind, state) in [(HARD, "bounced"), (ReportKind::Delivered, "delivered")] {
        let invite = on.invite(on.a, &format!("{state}@uni.edu"), "queued").await;
        on.lease(invite).await;
        assert_eq!(hear(&on, invite, kind).await, 1);
        let stand = on.stand(invite).await;
        assert_eq!(
            (stand.state.as_str(), stand.is_due, stand.is_leased),
            (state, false, true)
        );
    }
}

#[rstest]
#[actix_rt::test]
async fn what_comes_back_of_an_old_address_is_about_that_address(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let on = Invited::open(engine).await;
    let a = on.a;
    let invite = on.invite(a, "anm@uni.edu", "sent").await;
    readdress(&on, invite, "ann@uni.edu").await;
    hear(&on, invite, HARD).await;
    assert_eq!(on.state(invite).await, "queued");
    assert_eq!(suppressed(&on, a).await, ["anm@uni.edu"]);
}

/// What a provider says of the mail with this Message-ID, and to whom it went.
fn named(local: &str, to: Option<&str>, kind: ReportKind) -> MailReport {
    let about = About::MessageId(format!("<{local}@mail.example>"));
    MailReport {
        recipient: to.map(address),
        ..report(about, kind, None)
    }
}

#[rstest]
#[actix_rt::test]
async fn a_resend_or_a_reminder_that_comes_back_is_known_by_the_message_id_that_it_had(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let on = Invited::open(engine).await;
    for (n, behind) in (0..).zip([".resend-1", ".reminder-2", ".first-1.g1", ".first-1.g2"]) {
        let email = format!("p{n}@uni.edu");
        let invite = on.invite(on.a, &email, "sent").await;
        let changed = take(&on, vec![named(&format!("{invite}{behind}"), None, HARD)]).await;
        let known = u64::from(n < 2);
        assert_eq!(
            changed, known,
            "{behind}: of a form and a generation that it has had"
        );
        assert_eq!(on.state(invite).await == "bounced", known == 1, "{behind}");
    }
    assert_eq!(suppressed(&on, on.a).await, ["p0@uni.edu", "p1@uni.edu"]);
}

#[rstest]
#[actix_rt::test]
async fn a_message_id_is_about_the_address_that_its_mail_went_to(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let on = Invited::open(engine).await;
    let a = on.a;
    let (old, new) = ("anm@uni.edu", "ann@uni.edu");
    let invite = on.invite(a, old, "sent").await;
    let first = invite.to_string();
    let second = format!("{invite}.first-1.g2");
    let early = named(&second, Some(old), HARD);
    assert_eq!(take(&on, vec![early]).await, 0, "there is no second yet");
    readdress(&on, invite, new).await;
    on.set_state(invite, "sent").await;
    // Once both mails had the first name: without a receiver nothing says which.
    for to in [None, Some("forwarded@uni.edu")] {
        for kind in [
            HARD,
            ReportKind::Complaint,
            ReportKind::Unsubscribed,
            ReportKind::Delivered,
        ] {
            assert_eq!(
                take(&on, vec![named(&first, to, kind)]).await,
                0,
                "{to:?} {kind:?}"
            );
        }
    }
    take(&on, vec![named(&first, Some(old), HARD)]).await;
    take(&on, vec![named(&first, Some(old), ReportKind::Complaint)]).await;
    assert_eq!(on.state(invite).await, "sent", "the new address got it");
    assert_eq!(suppressed(&on, a).await, [old]);
    assert_eq!((on.wishes(old).await, on.wishes(new).await), (1, 0));
    // Sent to the new address before names had a generation.
    let upgraded = vec![named(&first, Some(new), ReportKind::Delivered)];
    assert_eq!(take(&on, upgraded).await, 1);
    assert_eq!(on.state(invite).await, "delivered");
    assert_eq!(take(&on, vec![named(&second, None, HARD)]).await, 1);
    assert_eq!(on.state(invite).await, "bounced");
    assert_eq!(suppressed(&on, a).await, [old, new]);
}

async fn readdress(on: &Invited, invite: InviteId, to: &str) {
    let readdress = contract::invites::ReaddressInvite {
        organisation: on.a.id,
        invite_id: invite,
        email: address(to),
    };
    on.scene.ask(readdress).await.unwrap();
}

#[rstest]
#[actix_rt::test]
async fn a_later_mail_that_arrives_lifts_a_bounce_and_nothing_else(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let on = Invited::open(engine).await;
    let (a, b) = (on.a, on.b);
    let bounced = on.invite(a, "ann@uni.edu", "sent").await;
    hear(&on, bounced, HARD).await;
    hear(&on, bounced, ReportKind::Delivered).await;
    assert_eq!(suppressed(&on, a).await, ["ann@uni.edu"], "the same mail");
    let later = on.invite(b, "ann@uni.edu", "sent").await;
    on.mailed(later, NOON.plus_seconds(1)).await;
    suppress(&on, b, "ann@uni.edu").await.unwrap();
    hear(&on, later, ReportKind::Delivered).await;
    assert!(suppressed(&on, a).await.is_empty());
    assert_eq!(
        suppressed(&on, b).await,
        ["ann@uni.edu"],
        "said by somebody"
    );
}
